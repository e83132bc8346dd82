"""Which rewards grade a problem, and from when on."""

from __future__ import annotations

from collections.abc import Sequence

from aha.algorithms.schedules import first_update
from aha.config.settings import RewardSettings
from aha.types import Problem


def applies(reward: RewardSettings, problem: Problem, task: str) -> bool:
    """Whether a reward is meant for a problem of this task: its `on` names the problem's domain or the task (arguments
    behind `?` are no part of a task's name), or nothing at all."""
    names = {name.partition("?")[0] for name in reward.on}
    return not names or problem.domain in names or task.partition("?")[0] in names


def weighs_now(reward: RewardSettings, update: int, total_updates: int) -> bool:
    """Whether a reward has begun after `update` of a stage's updates."""
    return update >= first_update(reward.after, total_updates)


def graders(
    rewards: Sequence[RewardSettings], problem: Problem, task: str, update: int, total_updates: int
) -> tuple[str, ...]:
    """Names of the rewards that grade a problem now, in the order of the settings."""
    return tuple(
        reward.name
        for reward in rewards
        if applies(reward, problem, task) and weighs_now(reward, update, total_updates)
    )
