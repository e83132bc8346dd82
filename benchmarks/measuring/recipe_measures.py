"""The figures that checks of recipes name: `pass@1 on heldout`, `growth of wrong_tokens`, `trained_parameters`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aha.evaluation.statistics import bootstrap
from benchmarks.measuring.curves import OF_CURVES
from benchmarks.measuring.expectations import Check, paired
from benchmarks.measuring.intervals import by_problem, rates
from benchmarks.measuring.recipe_facts import StageFacts, of_evaluation
from benchmarks.measuring.results import interval

SCORE = "pass@1"

Stages = Mapping[str, StageFacts]


def value(stage: StageFacts, measure: str) -> float | None:
    """A stage's figure by its name; None where the stage has no such figure."""
    how, of, metric = measure.partition(" of ")
    if of:
        values = stage.curves.get(metric)
        return OF_CURVES[how](values) if values else None
    name, on, benchmark = measure.partition(" on ")
    if not on:
        return stage.costs.get(name)
    evaluation = stage.evaluations.get(benchmark)
    if evaluation is None:
        return None
    if name in evaluation.scores:
        return evaluation.scores[name].value
    return of_evaluation(evaluation).get(name)


def difference(check: Check, seeds: Sequence[Stages]) -> dict[str, float] | None:
    """The figure of a check: differences of pass@1 paired by problem, each the mean of its seeds, with a bootstrap
    interval over problems; all else paired by seed with Student's. None where a stage has not ended or has no such
    figure."""
    if any(stage not in stages for stages in seeds for stage in (check.row, check.control or check.row)):
        return None
    own = [stages[check.row] for stages in seeds]
    others = None if check.control is None else [stages[check.control] for stages in seeds]
    name, _, benchmark = check.measure.partition(" on ")
    if name != SCORE or check.relative:
        controls = None if others is None else [value(stage, check.measure) for stage in others]
        return paired([value(stage, check.measure) for stage in own], controls, check.relative)
    if any(benchmark not in stage.evaluations for stage in (*own, *(others or ()))):
        return None
    first = [stage.evaluations[benchmark] for stage in own]
    if others is None:
        return interval(bootstrap(rates(first), seed=0))
    return interval(by_problem(first, [stage.evaluations[benchmark] for stage in others]))
