"""A lab recipe over its seeds, as `scripts/bench recipes` writes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aha.evaluation.statistics import bootstrap
from aha.types import Evaluation
from benchmarks.measuring.curves import OF_CURVES
from benchmarks.measuring.expectations import Check, judged
from benchmarks.measuring.intervals import rates
from benchmarks.measuring.recipe_facts import StageFacts, of_evaluation
from benchmarks.measuring.recipe_measures import SCORE, Stages, difference
from benchmarks.measuring.results import interval, means

TRAINING = {
    "accuracy": "accuracy",
    "tokens": "length/mean",
    "wrong_tokens": "wrong_tokens",
    "cut_off": "truncated_frac",
}


def summary(stages: Mapping[str, Stages], checks: Sequence[Check]) -> dict[str, Any]:
    """A recipe over its seeds, by seed name: each stage that has ended in all of them, and each check."""
    found = list(stages.values())
    there = [stage for stage in found[0] if all(stage in each for each in found)]
    return {
        "seeds": list(stages),
        "stages": {stage: of_stage([each[stage] for each in found]) for stage in there},
        "checks": [judged(check, difference(check, found)) for check in checks],
    }


def of_stage(seeds: Sequence[StageFacts]) -> dict[str, Any]:
    """A stage over its seeds: means of its costs, its evaluations, its last rounds; each seed's own costs."""
    names = [name for name in seeds[0].evaluations if all(name in each.evaluations for each in seeds)]
    ends = [end(each) for each in seeds]
    return {
        "kind": seeds[0].kind,
        **means([each.costs for each in seeds]),
        "benchmarks": {name: of_benchmark([each.evaluations[name] for each in seeds]) for name in names},
        "training": means(ends) if all(ends) else None,
        "seeds": [each.costs for each in seeds],
    }


def of_benchmark(found: Sequence[Evaluation]) -> dict[str, Any]:
    """pass@1 over all seeds with its interval and of each; means of the rest. None where no rule decides."""
    has_score = all(SCORE in each.scores for each in found)
    return {
        "pass@1": interval(bootstrap(rates(found), seed=0)) if has_score else None,
        "seeds": [round(each.scores[SCORE].value, 4) for each in found] if has_score else None,
        **means([of_evaluation(each) for each in found]),
    }


def end(stage: StageFacts) -> dict[str, float | None]:
    """The last rounds of an RL stage; empty for other kinds."""
    if "accuracy" not in stage.curves and "length/mean" not in stage.curves:
        return {}
    return {
        name: OF_CURVES["end"](stage.curves[metric]) if metric in stage.curves else None
        for name, metric in TRAINING.items()
    }
