"""Contradictions between keys: each one finding with the key to change and the cure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from aha.config.algorithm import AlgorithmSettings
from aha.config.block import READABLE, Artifact
from aha.config.critic_checks import critic_contradictions
from aha.config.data_checks import data_contradictions
from aha.config.data_stages import CollectStage, GeneralStage, PreferenceStage, RejectionStage
from aha.config.lora import lora_contradictions
from aha.config.model_stages import MergeStage, RewardModelStage, SFTStage
from aha.config.overrides import suggest
from aha.config.packaged import PACKAGED_MODELS
from aha.config.preference_checks import preference_contradictions
from aha.config.reading import FROM_STAGE, Input, inputs, model_input
from aha.config.recipe import Recipe
from aha.config.reward_checks import reward_contradictions
from aha.config.settings import EvaluateStage, PretrainStage, RLStage
from aha.config.yaml_files import KeyPath


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Two keys that cannot both be meant."""

    path: KeyPath
    problem: str
    cure: str


def contradictions(recipe: Recipe) -> Iterator[Contradiction]:
    """Everything in a recipe that is valid key by key and impossible together."""
    made: dict[str, Artifact] = {}
    for name, stage in recipe.stages.items():
        if name in type(recipe).model_fields:
            problem = f"a stage cannot be called '{name}', which is a key of the recipe"
            yield Contradiction(("stages", name), problem, "Rename the stage.")
        for each in inputs(stage):
            yield from _input(name, each, recipe, made)
        if isinstance(stage, PretrainStage):
            yield from _pretrain(name, stage)
        if isinstance(stage, RLStage | EvaluateStage):
            for path, problem, cure in reward_contradictions(stage, recipe):
                yield Contradiction(("stages", name, *path), problem, cure)
        if isinstance(stage, RLStage):
            yield from _rl(name, stage)
        if isinstance(stage, SFTStage):
            yield from _sft(name, stage, recipe, list(made))
        if isinstance(stage, MergeStage) and stage.model == stage.other:
            problem = f"other = {stage.other!r} is the model itself, and the average of both is that model"
            yield Contradiction(("stages", name, "other"), problem, "Name another model.")
        if isinstance(stage, CollectStage | GeneralStage | RejectionStage):
            for path, problem, cure in data_contradictions(stage):
                yield Contradiction(("stages", name, *path), problem, cure)
        if isinstance(stage, PreferenceStage | RewardModelStage):
            for path, problem, cure in preference_contradictions(stage):
                yield Contradiction(("stages", name, *path), problem, cure)
        made[name] = stage.makes


def _input(name: str, each: Input, recipe: Recipe, made: Mapping[str, Artifact]) -> Iterator[Contradiction]:
    """A name that nothing stands behind, or a stage that makes something else than what is read."""
    path: KeyPath = ("stages", name, *each.key.split("."))
    key = each.key.rpartition(".")[2] if not each.key.rpartition(".")[2].isdigit() else each.key
    if each.what in ("tasks", "benchmarks"):
        return
    fitting = [f"{FROM_STAGE}{other}" for other, kind in made.items() if kind in READABLE[each.what]]
    is_data = each.what in ("examples", "pairs", "labels")
    if each.source is not None and each.source in made and each.name not in fitting:
        problem = f"{key} = {each.name!r} makes {made[each.source]}, but {each.what} is read here"
        yield Contradiction(path, problem, f"Stages that make it: {', '.join(fitting) or 'none before this one'}.")
    elif is_data and each.name not in fitting and not each.name.startswith("file:"):
        problem = f"{key} = {each.name!r} is neither an earlier stage that makes {each.what} nor a file"
        cure = suggest(each.name, fitting) or f"Known here: {', '.join(fitting) or 'no stage'}; or write file:PATH."
        yield Contradiction(path, problem, cure)
    elif not is_data:
        known = [*fitting] if each.what == "scorer" else [*recipe.models, *fitting, *PACKAGED_MODELS]
        elsewhere = "/" in each.name and each.source is None
        if each.name not in known and not elsewhere and not (each.what == "writer" and each.name == "scripted"):
            problem = f"{key} = {each.name!r} is neither under `models` nor an earlier stage that makes a model"
            cure = suggest(each.name, known) or f"Known here: {', '.join(known)}; or give a folder or a Hub name."
            yield Contradiction(path, problem, cure)


def _rl(name: str, stage: RLStage) -> Iterator[Contradiction]:
    sampling, algorithm = stage.sampling, stage.algorithm
    block: KeyPath = ("stages", name)
    if sampling.temperature == 0:
        problem = "temperature = 0 samples one and the same completion, from which nothing can be learned"
        yield Contradiction((*block, "sampling", "temperature"), problem, "Set it above 0; the papers use 1.0.")
    for path, problem, cure in (*critic_contradictions(name, stage), *lora_contradictions(stage.lora, algorithm)):
        yield Contradiction((*block, *path), problem, cure)
    for problem, cure in _alone(algorithm) if sampling.group_size == 1 else ():
        yield Contradiction((*block, "sampling", "group_size"), problem, f"Set it to 2 or more, or {cure}.")
    rollouts = sampling.num_problems * sampling.group_size
    if algorithm.num_updates > rollouts:
        problem = f"num_updates = {algorithm.num_updates}, but a round has only {rollouts} rollouts"
        yield Contradiction((*block, "algorithm", "num_updates"), problem, "Lower it.")
    starts = [start for start, _ in sampling.length_stages]
    if starts != sorted(set(starts)):
        problem = f"length_stages start at updates {starts}, expected rising numbers"
        yield Contradiction((*block, "sampling", "length_stages"), problem, "Sort them.")
    limit = max([sampling.max_new_tokens, *(tokens for _, tokens in sampling.length_stages)])
    if sampling.segment_tokens is not None and sampling.segment_tokens >= limit:
        problem = f"segment_tokens = {sampling.segment_tokens} cuts nothing below the length limit of {limit}"
        cure = "Partial rollouts need a limit (max_new_tokens) of several segments."
        yield Contradiction((*block, "sampling", "segment_tokens"), problem, cure)
    if (sampling.cut_repeats or 0) >= limit:
        problem = f"cut_repeats = {sampling.cut_repeats} blocks of tokens never stand below the length limit of {limit}"
        yield Contradiction((*block, "sampling", "cut_repeats"), problem, "Lower it; 8 finds what is a loop.")
    if sampling.segment_tokens is not None and algorithm.filter == "refill":
        problem = "segment_tokens lets answers wait for the next round, and filter = refill fills up the round"
        cure = "Set algorithm.filter to drop_uniform, or leave segment_tokens out."
        yield Contradiction((*block, "sampling", "segment_tokens"), problem, cure)
    if algorithm.truncated == "punish" and algorithm.overlong_buffer >= limit:
        problem = f"overlong_buffer = {algorithm.overlong_buffer} covers the whole length limit of {limit}"
        cure = f"DAPO uses a fifth of the limit: {name}.algorithm.overlong_buffer={max(1, limit // 5)}"
        yield Contradiction((*block, "algorithm", "overlong_buffer"), problem, cure)
    kl, every = algorithm.kl, algorithm.kl.reference_every
    each_round = every == "round" or 0 < every <= algorithm.num_updates
    if each_round and (kl.place == "reward" or (kl.place == "loss" and algorithm.num_updates == 1)):
        problem = f"reference_every = {every} makes the policy that samples its own reference: the KL is always 0"
        cure = "Set algorithm.num_updates to 2 or more with the KL in the loss, or refresh the reference less often."
        yield Contradiction((*block, "algorithm", "kl", "reference_every"), problem, cure)
    updates = stage.total_updates
    if stage.optimizer.warmup >= updates > 0:
        problem = f"warmup = {stage.optimizer.warmup} never ends in {updates} updates"
        yield Contradiction((*block, "optimizer", "warmup"), problem, "Lower it or add rounds.")


def _alone(algorithm: AlgorithmSettings) -> Iterator[tuple[str, str]]:
    """What one rollout a problem cannot do: the problem, and what else to set."""
    if algorithm.baseline in ("group_mean", "leave_one_out"):
        yield f"group_size = 1 makes every advantage 0 under the baseline {algorithm.baseline}", "baseline to none"
    elif algorithm.scale == "group_std" and algorithm.baseline != "critic":
        yield "group_size = 1 makes every advantage 0 under the scale group_std", "scale to batch_std or none"
    if algorithm.filter != "keep_all":
        yield (
            f"group_size = 1 makes every group uniform, and algorithm.filter = {algorithm.filter} drops those",
            "filter to keep_all",
        )
    if algorithm.select == "one_correct_one_wrong":
        yield "group_size = 1 never holds the two rollouts of algorithm.select = one_correct_one_wrong", "select to all"


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


def _sft(name: str, stage: SFTStage, recipe: Recipe, before: list[str]) -> Iterator[Contradiction]:
    block: KeyPath = ("stages", name)
    same, starting = stage.same_model_as, [each for each in before if model_input(recipe.stages[each]) is not None]
    if same is not None and same not in starting:
        problem = f"same_model_as = {same!r} is no earlier stage that starts from a model"
        cure = suggest(same, starting) or f"Such stages: {', '.join(starting) or 'none before this one'}."
        yield Contradiction((*block, "same_model_as"), problem, cure)
    for number, entry in enumerate(stage.data):
        source = recipe.stages.get(entry.name.removeprefix(FROM_STAGE)) if entry.name.startswith(FROM_STAGE) else None
        if stage.term == "preference" and source is not None and source.makes == "examples":
            problem = f"data.{number} = {entry.name!r} makes examples, but the term preference learns from pairs"
            yield Contradiction((*block, "data", f"{number}"), problem, "A rejection stage makes them: leaves: pairs.")
    if stage.chat_template is not None and stage.template not in (None, "chat"):
        problem = f"the model is given a chat template and learns in the template {stage.template}"
        yield Contradiction((*block, "template"), problem, "Leave out `template` or `chat_template`.")
    settings = stage.evaluate
    if (settings.on or settings.final_on) and settings.max_new_tokens is None:
        problem = "evaluate names benchmarks and no max_new_tokens, and this stage has no length limit of its own"
        yield Contradiction((*block, "evaluate"), problem, f"For example: {name}.evaluate.max_new_tokens=32768")
    if stage.max_positions is not None and stage.max_tokens > stage.max_positions:
        problem = f"max_tokens = {stage.max_tokens} is more than max_positions = {stage.max_positions}"
        yield Contradiction((*block, "max_tokens"), problem, "Lower it, or give the model more positions.")
    if stage.max_updates is not None and stage.optimizer.warmup >= stage.max_updates:
        problem = f"warmup = {stage.optimizer.warmup} never ends in {stage.max_updates} updates"
        yield Contradiction((*block, "optimizer", "warmup"), problem, "Lower it or raise max_updates.")
