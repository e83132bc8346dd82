"""Points of reward models: one batch a sampling for each of them, after everything else is graded."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Protocol

from aha.config.settings import RewardSettings
from aha.errors import ConfigError, DataError
from aha.rollouts.grading import Grader, PendingGroup
from aha.runtime.distributed import World
from aha.text.judged import shown
from aha.types import Group, Message, Rollout, Sees


class RewardScorer(Protocol):
    """A frozen reward model: texts to raw points, one real number each, higher is better; nothing is normalised."""

    sees: Sees | None
    """What it was trained on, as its folder says; None where that says nothing."""

    def scores(self, texts: Sequence[tuple[Sequence[Message], str]]) -> list[float]:
        """Points of each (conversation up to the answer, shown part of the answer)."""


Scorers = Mapping[str, RewardScorer]
"""Reward models by the names of their rewards."""


def check_sees(rewards: Sequence[RewardSettings], scorers: Scorers) -> None:
    """Raise ConfigError where a reward shows its model something else than the model was trained on."""
    for reward in rewards:
        trained = scorers[reward.name].sees if reward.name in scorers else None
        if trained is not None and trained != reward.sees:
            raise ConfigError(
                f"rewards: {reward.name} shows {reward.model} the {reward.sees}, but it was trained on the {trained}.",
                cure=f"Write sees: {trained}, or train a reward model with sees: {reward.sees}.",
            )


def score_groups(
    groups: Sequence[Group], pending: Sequence[PendingGroup], grader: Grader, scorers: Scorers, world: World
) -> None:
    """Add the points of every reward model to the rollouts that it grades, and sum their rewards anew.

    Points are as the model gives them, not normalised. A response without a summary (its thought has no end, or nothing
    follows) gets the lowest points of the batch from a model that sees summaries; 0 where nobody has one. `groups` and
    `pending` are those of all processes; each scores its share.
    """
    for reward in grader.rewards:
        if reward.name not in scorers:
            continue
        graded = [
            rollout
            for group, waiting in zip(groups, pending, strict=True)
            if waiting.graded_by(reward.name)
            for rollout in group.rollouts
        ]
        texts = [shown(response_of(rollout), reward.sees) for rollout in graded]
        there = [(each.problem.messages, text) for each, text in zip(graded, texts, strict=True) if text is not None]
        found = iter(shared_scores(reward.name, scorers[reward.name], there, world))
        points = [None if text is None else next(found) for text in texts]
        lowest = min((each for each in points if each is not None), default=0.0)
        for rollout, each in zip(graded, points, strict=True):
            rollout.rewards[reward.name] = lowest if each is None else each
    if scorers:
        for rollout in (rollout for group in groups for rollout in group.rollouts):
            rollout.reward = grader.total(rollout.rewards)


def shared_scores(
    name: str, scorer: RewardScorer, texts: Sequence[tuple[Sequence[Message], str]], world: World
) -> list[float]:
    """Points of all texts; every process computes its share. Raises DataError for one that is no finite number."""
    own = texts[world.rank :: world.size]
    shares = world.gather_json(scorer.scores(own) if own else [])
    points = [float(shares[place % world.size][place // world.size]) for place in range(len(texts))]
    if not all(map(math.isfinite, points)):
        raise DataError(f"The reward model of {name} gave points that are no finite numbers.", cure="Train it again.")
    return points


def response_of(rollout: Rollout) -> str:
    """The whole response, after the `<think>` that the prompt opened."""
    return ("<think>" if rollout.measures.get("opened") else "") + rollout.completion.text
