"""Contradictions in an RL stage's rewards, its tasks that begin late, and its monitor."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import ValidationError

from aha.config.model_stages import RewardModelStage
from aha.config.overrides import suggest
from aha.config.reading import FROM_STAGE
from aha.config.recipe import Recipe
from aha.config.reward_arguments import REWARD_ARGUMENTS
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
        yield from _length(stage)
        yield from _late(stage)
        yield from _monitor(stage)


def _reward(reward: RewardSettings, recipe: Recipe) -> Iterator[Found]:
    if reward.model is None and reward.sees != "response":
        problem = f"{reward.name} says what it sees, but names no model that is shown anything"
        yield ("rewards",), problem, "Give it a model, or take `sees` out."
    if reward.model is None:
        yield from _arguments(reward)
        return
    if reward.arguments:
        problem = f"{reward.name} is a reward model, which takes no arguments"
        yield ("rewards",), problem, "Take `arguments` out."
    source = recipe.stages.get(reward.model.removeprefix(FROM_STAGE))
    made_here = reward.model.startswith(FROM_STAGE) and isinstance(source, RewardModelStage)
    if made_here and isinstance(source, RewardModelStage) and source.sees != reward.sees:
        problem = f"{reward.name} shows {reward.model} the {reward.sees}, but that is trained on the {source.sees}"
        yield ("rewards",), problem, f"Write sees: {source.sees} at the reward, or train with sees: {reward.sees}."


def _arguments(reward: RewardSettings) -> Iterator[Found]:
    """Arguments that a built-in reward does not take, or not so; those of a function in a file are its own."""
    block = REWARD_ARGUMENTS.get(reward.name)
    if block is None and reward.arguments and ":" not in reward.name:
        problem = f"{reward.name} takes no arguments, and is given {', '.join(reward.arguments)}"
        yield ("rewards",), problem, f"Take `arguments` out; built-in rewards with some: {', '.join(REWARD_ARGUMENTS)}."
    if block is None:
        return
    try:
        block(**reward.arguments)
    except ValidationError as error:
        first = error.errors()[0]
        key = str(first["loc"][0])
        if first["type"] == "extra_forbidden":
            problem, known = f"{reward.name} has no argument {key!r}", list(block.model_fields)
            yield ("rewards",), problem, suggest(key, known) or f"Its arguments are {', '.join(known)}."
        else:
            what = first["msg"].removeprefix("Value error, ").removeprefix("Input should be ").removeprefix("expected ")
            yield ("rewards",), f"{reward.name}: {key} = {reward.arguments[key]!r}, expected {what}", ""


IN_GROUP = ("relative_length", "expected_length")
"""Rewards that compare the answers to one problem."""
BUDGETED = "lcpo"
"""The reward that needs a budget in the prompt."""
BUDGET_KEYS = ("think_tokens", "max_think_tokens")


def _length(stage: RLStage) -> Iterator[Found]:
    """Rewards of length that have nothing to compare with, and budgets in prompts that no reward reads."""
    names = [reward.name for reward in stage.rewards if reward.model is None]
    for name in IN_GROUP:
        if name in names and stage.sampling.group_size == 1:
            problem = f"{name} compares the answers to one problem, and sampling.group_size = 1 samples one"
            yield ("rewards",), problem, "Raise sampling.group_size, or leave the reward out."
    for reward in (each for each in stage.rewards if each.name == BUDGETED and each.model is None):
        graded = {name.partition("?")[0] for name in reward.on}
        for place, entry in enumerate(stage.data.tasks):
            name, keys = task_keys(entry)
            bare = name.partition("?")[0]
            own = bare.startswith("file:") or ".py:" in bare
            if not own and not keys & set(BUDGET_KEYS) and (not graded or bare in graded):
                problem = f"the prompts of {name} name no budget of tokens, without which {BUDGETED} has no points"
                cure = f"Write {{name: {name}, think_tokens: [100, 4000]}}, or tell {BUDGETED} its tasks (`on`)."
                yield ("data", "tasks", str(place)), problem, cure


def task_keys(entry: str | dict[str, Any]) -> tuple[str, set[str]]:
    """A task's name as it is written, and the keys given beside and behind it."""
    beside = entry if isinstance(entry, dict) else {"name": entry}
    name = str(beside.get("name", ""))
    return name, {*beside, *(part.partition("=")[0] for part in name.partition("?")[2].split("&"))}


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
