"""Contradictions in an RL stage's rewards, its tasks that begin late, and its monitor."""

from __future__ import annotations

from collections.abc import Iterator

from aha.config.model_stages import RewardModelStage
from aha.config.overrides import suggest
from aha.config.reading import FROM_STAGE
from aha.config.recipe import Recipe
from aha.config.settings import EvaluateStage, RewardSettings, RLStage
from aha.config.yaml_files import KeyPath

Found = tuple[KeyPath, str, str]
"""The key below the stage, the problem, the cure."""


def reward_contradictions(stage: RLStage | EvaluateStage, recipe: Recipe) -> Iterator[Found]:
    """Everything about rewards that is valid key by key and impossible together."""
    names = [reward.name for reward in stage.rewards]
    if len(set(names)) < len(names):
        problem = f"a reward is there twice ({', '.join(names)})"
        yield ("rewards",), problem, "Give it once, with the sum of the weights."
    for reward in stage.rewards:
        yield from _reward(reward, recipe)
        if isinstance(stage, EvaluateStage) and (reward.model or reward.on or reward.after):
            problem = f"{reward.name} has model, on or after, but an evaluation gives no points"
            yield ("rewards",), problem, "Leave the reward out here."
    if isinstance(stage, RLStage):
        yield from _late(stage)
        yield from _monitor(stage)


def _reward(reward: RewardSettings, recipe: Recipe) -> Iterator[Found]:
    if reward.model is None and reward.sees != "response":
        problem = f"{reward.name} says what it sees, but names no model that is shown anything"
        yield ("rewards",), problem, "Give it a model, or take `sees` out."
    if reward.model is None:
        return
    if reward.arguments:
        problem = f"{reward.name} is a reward model, which takes no arguments"
        yield ("rewards",), problem, "Take `arguments` out."
    source = recipe.stages.get(reward.model.removeprefix(FROM_STAGE))
    made_here = reward.model.startswith(FROM_STAGE) and isinstance(source, RewardModelStage)
    if made_here and isinstance(source, RewardModelStage) and source.sees != reward.sees:
        problem = f"{reward.name} shows {reward.model} the {reward.sees}, but that is trained on the {source.sees}"
        yield ("rewards",), problem, f"Write sees: {source.sees} at the reward, or train with sees: {reward.sees}."


def _late(stage: RLStage) -> Iterator[Found]:
    starts = [entry.get("after", 0) if isinstance(entry, dict) else 0 for entry in stage.data.tasks]
    for place, start in enumerate(starts):
        if isinstance(start, bool) or not isinstance(start, int | float) or not 0 <= start < 1:
            problem = f"after = {start!r} of a task is no share of the stage's updates"
            yield ("data", "tasks", str(place)), problem, "Give a number from 0 to below 1, for example 0.76."
            return
    if starts and min(starts) > 0:
        yield ("data", "tasks"), "all tasks begin late, so there is nothing to begin with", "Set one `after` to 0."
    afters = [reward.after for reward in stage.rewards]
    if afters and (min(afters) > 0 or max(afters) == 1):
        problem = "a reward after all updates never weighs" if max(afters) == 1 else "all rewards begin late"
        yield ("rewards",), problem, "Set `after` below 1, and of one reward to 0."
    if stage.max_trained_tokens is not None and any([*starts, *afters]):
        problem = "`after` is a share of the stage's updates, and max_trained_tokens leaves open how many there are"
        yield ("max_trained_tokens",), problem, "Leave it out and set `rounds`, or take `after` out."


def _monitor(stage: RLStage) -> Iterator[Found]:
    settings, names = stage.monitor, [reward.name for reward in stage.rewards]
    if settings.reward is None:
        return
    if settings.reward not in names:
        problem = f"there is no reward {settings.reward!r}"
        yield ("monitor", "reward"), problem, suggest(settings.reward, names) or f"There are: {', '.join(names)}."
    if settings.truth not in stage.evaluate.on or not stage.evaluate.every:
        problem = f"monitor.truth = {settings.truth!r} is not scored on the way"
        there = ", ".join(stage.evaluate.on) or "none"
        yield ("monitor", "truth"), problem, f"Name a benchmark of evaluate.on ({there}), and set evaluate.every."
