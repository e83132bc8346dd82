"""How many tokens a stage will sample, ask of others, and train on, if every text ran to its limit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from aha.config.data_stages import CollectStage, GeneralStage, PreferenceStage, RejectionStage
from aha.config.model_stages import MergeStage, RewardModelStage, SFTStage
from aha.config.recipe import Stage
from aha.config.settings import DatasetSettings, EvaluateSettings, EvaluateStage, PretrainStage, RLStage

PROMPT_TOKENS = 256
"""Assumed length of a prompt."""
BYTES_PER_TOKEN = 3
"""Assumed for a written data set, its JSON included."""
BENCHMARK_PROBLEMS = 200
"""Assumed where a benchmark is scored as a whole."""


@dataclass(frozen=True, slots=True)
class Amounts:
    """Upper bounds; None where the amount of data is not known yet."""

    sampled: int | None = 0
    """New tokens of the stage's own model."""
    asked: int | None = 0
    """New tokens of writers and judges."""
    trained: int | None = 0


def amounts(stage: Stage, data_bytes: Mapping[str, int]) -> Amounts:
    """Tokens of one stage. `data_bytes`: sizes of the data sets that are there, by name (`stage/NAME`)."""
    match stage:
        case PretrainStage():
            return Amounts(trained=stage.tokens)
        case MergeStage():
            return Amounts()
        case EvaluateStage():
            problems = stage.num_problems or BENCHMARK_PROBLEMS
            return Amounts(len(stage.on) * problems * stage.k * stage.max_new_tokens)
        case SFTStage():
            return _fine_tuning(stage, data_bytes)
        case RewardModelStage():
            sizes = [_data_tokens(each, data_bytes) for each in [*(stage.pairs or []), *(stage.labels or [])]]
            return Amounts(trained=_product(stage.epochs, _sum(sizes)))
        case GeneralStage():
            limits = [each.limit for each in stage.files if each.thought]
            asked = _product(stage.writer.max_new_tokens, _sum(limits)) if stage.writer else 0
            return Amounts(asked=asked)
        case CollectStage():
            answers = stage.num_problems * stage.num_samples if stage.model is not None else 0
            return Amounts(
                answers * stage.max_new_tokens, answers * (stage.writer.max_new_tokens if stage.writer else 0)
            )
        case RejectionStage():
            found = _product(stage.num_samples, stage.num_problems)
            judged = _product(stage.judge.max_new_tokens, found) if stage.judge else 0
            return Amounts(_product(stage.max_new_tokens, found), judged)
        case PreferenceStage():
            answers = stage.num_problems * stage.num_samples
            pairs = answers * (stage.num_samples - 1) // 2 if stage.question == "helpful" else answers
            return Amounts(answers * stage.max_new_tokens, pairs * stage.num_judgements * stage.judge.max_new_tokens)
    return _reinforcement(stage)


def longest(stage: RLStage, update: int) -> int:
    """The length limit of an update."""
    limits = [tokens for start, tokens in stage.sampling.length_stages if start <= update]
    return limits[-1] if limits else stage.sampling.max_new_tokens


def _reinforcement(stage: RLStage) -> Amounts:
    sampling, rounds = stage.sampling, stage.rounds
    rollouts = sampling.num_problems * sampling.group_size
    limits = [longest(stage, done * stage.algorithm.num_updates) for done in range(rounds)]
    total = rollouts * sum(limits)
    limit = stage.evaluate.max_new_tokens or longest(stage, rounds * stage.algorithm.num_updates)
    scored = _evaluated(stage.evaluate, rounds, limit)
    trained = total
    if stage.max_trained_tokens is not None:
        trained = min(total, stage.max_trained_tokens + rollouts * max(limits) // stage.algorithm.num_updates)
    return Amounts(total + scored, trained=trained + rounds * rollouts * PROMPT_TOKENS)


def _fine_tuning(stage: SFTStage, data_bytes: Mapping[str, int]) -> Amounts:
    trained = _product(stage.epochs, _sum([_data_tokens(each, data_bytes) for each in stage.data]))
    if stage.max_updates is not None:
        most = stage.max_updates * stage.batch_size * stage.max_tokens
        trained = most if trained is None else min(most, trained)
    settings = stage.evaluate
    limit = settings.max_new_tokens or stage.max_tokens
    unknown = settings.on and settings.every and stage.max_updates is None
    return Amounts(None if unknown else _evaluated(settings, stage.max_updates or 0, limit), trained=trained)


def _evaluated(settings: EvaluateSettings, length: int, limit: int) -> int:
    """Tokens of the scores at the start, every so often in `length` rounds or updates, and at the end."""
    each = (settings.num_problems or BENCHMARK_PROBLEMS) * limit
    times = 2 + (length // settings.every if settings.every else 0)
    return each * (len(settings.on) * settings.k * times + len(settings.final_on) * settings.final_k)


def _data_tokens(data: DatasetSettings, data_bytes: Mapping[str, int]) -> int | None:
    """Tokens that an epoch sees of a JSONL data set; None where it is not there, or packed."""
    size = data_bytes.get(data.name)
    path = Path(data.name.removeprefix("file:"))
    if size is None and data.name.startswith("file:") and path.suffix == ".jsonl" and path.is_file():
        size = path.stat().st_size
    return None if size is None else int(data.weight * size) // BYTES_PER_TOKEN


def _sum(values: list[int] | list[int | None]) -> int | None:
    known = [value for value in values if value is not None]
    return sum(known) if len(known) == len(values) else None


def _product(factor: int, value: int | None) -> int | None:
    return None if value is None else factor * value
