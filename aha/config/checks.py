"""Contradictions between keys: each one finding with the key to change and the cure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from aha.config.overrides import suggest
from aha.config.settings import EvaluateStage, PretrainStage, Recipe, RLStage
from aha.config.yaml_files import KeyPath

FROM_STAGE = "stage/"
"""`model: stage/NAME` is the model that an earlier stage made."""


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two keys that cannot both be meant."""

    path: KeyPath
    problem: str
    cure: str


def contradictions(recipe: Recipe) -> Iterator[Contradiction]:
    """Everything in a recipe that is valid key by key and impossible together."""
    made: list[str] = []
    for name, stage in recipe.stages.items():
        if name in type(recipe).model_fields:
            problem = f"a stage cannot be called '{name}', which is a key of the recipe"
            yield Contradiction(("stages", name), problem, "Rename the stage.")
        if isinstance(stage, PretrainStage):
            yield from _pretrain(name, stage)
        else:
            yield from _model(name, stage, recipe, made)
        if isinstance(stage, RLStage):
            yield from _rl(name, stage)
        if not isinstance(stage, EvaluateStage):
            made.append(FROM_STAGE + name)


def _model(name: str, stage: RLStage | EvaluateStage, recipe: Recipe, made: list[str]) -> Iterator[Contradiction]:
    known = [*recipe.models, *made, "lab"]
    inside_run = stage.model.startswith(FROM_STAGE)
    if stage.model not in known and (inside_run or "/" not in stage.model):
        problem = f"model = {stage.model!r} is neither under `models` nor an earlier stage that makes a model"
        cure = suggest(stage.model, known) or f"Known here: {', '.join(known)}; or give a folder or a Hub name."
        yield Contradiction(("stages", name, "model"), problem, cure)
    names = [reward.name for reward in stage.rewards]
    if len(set(names)) < len(names):
        problem = f"a reward is there twice ({', '.join(names)})"
        yield Contradiction(("stages", name, "rewards"), problem, "Give it once, with the sum of the weights.")


def _rl(name: str, stage: RLStage) -> Iterator[Contradiction]:
    sampling, algorithm = stage.sampling, stage.algorithm
    block: KeyPath = ("stages", name)
    if sampling.temperature == 0:
        problem = "temperature = 0 samples one and the same completion, from which nothing can be learned"
        yield Contradiction((*block, "sampling", "temperature"), problem, "Set it above 0; the papers use 1.0.")
    if sampling.group_size == 1 and algorithm.baseline in ("group_mean", "leave_one_out"):
        problem = f"group_size = 1 makes every advantage 0 under the baseline {algorithm.baseline}"
        yield Contradiction((*block, "sampling", "group_size"), problem, "Set it to 2 or more, or baseline to none.")
    rollouts = sampling.num_problems * sampling.group_size
    if algorithm.num_updates > rollouts:
        problem = f"num_updates = {algorithm.num_updates}, but a round has only {rollouts} rollouts"
        yield Contradiction((*block, "algorithm", "num_updates"), problem, "Lower it.")
    starts = [start for start, _ in sampling.length_stages]
    if starts != sorted(set(starts)):
        problem = f"length_stages start at updates {starts}, expected rising numbers"
        yield Contradiction((*block, "sampling", "length_stages"), problem, "Sort them.")
    limit = max([sampling.max_new_tokens, *(tokens for _, tokens in sampling.length_stages)])
    if algorithm.truncated == "punish" and algorithm.overlong_buffer >= limit:
        problem = f"overlong_buffer = {algorithm.overlong_buffer} covers the whole length limit of {limit}"
        cure = f"DAPO uses a fifth of the limit: {name}.algorithm.overlong_buffer={max(1, limit // 5)}"
        yield Contradiction((*block, "algorithm", "overlong_buffer"), problem, cure)
    updates = stage.rounds * algorithm.num_updates
    if stage.optimizer.warmup >= updates:
        problem = f"warmup = {stage.optimizer.warmup} never ends in {updates} updates"
        yield Contradiction((*block, "optimizer", "warmup"), problem, "Lower it or add rounds.")


def _pretrain(name: str, stage: PretrainStage) -> Iterator[Contradiction]:
    shape = stage.shape
    block: KeyPath = ("stages", name)
    if shape.width % shape.heads or shape.heads % shape.kv_heads:
        problem = f"width {shape.width}, heads {shape.heads} and kv_heads {shape.kv_heads} do not divide"
        yield Contradiction((*block, "shape", "heads"), problem, "Make heads a divisor of width, kv_heads of heads.")
    if stage.row_tokens > shape.max_positions:
        problem = f"row_tokens = {stage.row_tokens} is more than shape.max_positions = {shape.max_positions}"
        yield Contradiction((*block, "row_tokens"), problem, "Lower it, or give the model more positions.")
    if stage.batch_tokens < stage.row_tokens:
        problem = f"batch_tokens = {stage.batch_tokens} does not hold one row of {stage.row_tokens}"
        yield Contradiction((*block, "batch_tokens"), problem, "Make it a multiple of row_tokens.")
