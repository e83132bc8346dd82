"""Held-out scores on the way: when they are due, and what of them is logged."""

from __future__ import annotations

from collections.abc import Sequence

from aha.rollouts.measures import KINDS, text_measures
from aha.stages.monitor import watch
from aha.stages.parts import Evaluate, RLParts, StageParts
from aha.stages.progress import Progress
from aha.types import Evaluation, Interval


def scores_due(parts: RLParts, progress: Progress) -> bool:
    """At the start, every n rounds and after the last one."""
    settings, done = parts.stage.evaluate, progress.round
    on_the_way = bool(settings.every) and done % settings.every == 0
    return bool(settings.on) and (done == 0 or on_the_way or progress.finished(parts.stage))


def held_out_scores(parts: RLParts, progress: Progress) -> dict[str, float]:
    """Score the sampler's weights where it is due: metrics `eval/BENCHMARK/…`; the mean pass@1 goes into `progress`.

    Rank 0 samples; all processes go on with its score.
    """
    if not scores_due(parts, progress):
        return {}
    truths: list[Interval | None] = []

    def evaluate(benchmark: str) -> Evaluation:
        evaluation = parts.evaluate(benchmark)
        if benchmark == parts.stage.monitor.truth:
            truths.append(evaluation.scores.get("pass@1"))
        return evaluation

    metrics, mean = benchmark_scores(parts, evaluate, parts.stage.evaluate.on)
    if mean is not None:
        progress.scores.append((progress.round, mean))
    return metrics | watch(parts, progress, truths[0] if truths else None)


def benchmark_scores(
    parts: StageParts, evaluate: Evaluate, benchmarks: Sequence[str]
) -> tuple[dict[str, float], float | None]:
    """Metrics `eval/BENCHMARK/…` of rank 0, and for all processes the mean pass@1 of the benchmarks that have one; None
    where none has."""
    metrics: dict[str, float] = {}
    scores: list[float] = []
    if parts.writes:
        for benchmark in benchmarks:
            evaluation = evaluate(benchmark)
            found = evaluation.scores.get("pass@1")
            scores += [found.value] if found is not None else []
            metrics |= evaluation_metrics(benchmark, evaluation)
    total, num_scores = parts.world.sum_floats([sum(scores), len(scores)])
    return metrics, total / num_scores if num_scores else None


def evaluation_metrics(benchmark: str, evaluation: Evaluation) -> dict[str, float]:
    """An evaluation's numbers under `eval/BENCHMARK/`; reflections are counted in the first answer to each problem."""
    texts = [text_measures(problem["sample"]) for problem in evaluation.problems]
    reflecting = sum(any(measures[kind] for kind in KINDS) for measures in texts)
    values = {name: interval.value for name, interval in evaluation.scores.items()}
    for name, interval in evaluation.scores.items():
        values |= {f"{name}/low": interval.low, f"{name}/high": interval.high}
    values |= {
        "format_rate": evaluation.format_rate,
        "mean_tokens": evaluation.mean_tokens,
        "repetition_rate": evaluation.repetition_rate,
        "undecided_frac": evaluation.undecided_frac,
        "reflection_rate": reflecting / len(texts),
    }
    if evaluation.refusal_rate is not None:
        values["refusal_rate"] = evaluation.refusal_rate
    return {f"eval/{benchmark.removeprefix('lab:')}/{name}": value for name, value in values.items()}
