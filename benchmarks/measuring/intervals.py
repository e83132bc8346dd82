"""95 % intervals: of means over few runs, and of the difference of two models over their common problems."""

from __future__ import annotations

import math
from collections.abc import Sequence
from statistics import mean, stdev, variance

from aha.evaluation.statistics import bootstrap
from aha.types import Evaluation, Interval


def welch(first: Sequence[float], second: Sequence[float], level: float = 0.95) -> Interval:
    """mean(first) - mean(second) with Welch's t interval (Biometrika 1947); two or more values each."""
    difference = mean(first) - mean(second)
    parts = [variance(values) / len(values) for values in (first, second)]
    error = math.sqrt(sum(parts))
    if error == 0:
        return Interval(difference, difference, difference)
    freedom = sum(parts) ** 2 / sum(
        part**2 / (len(values) - 1) for part, values in zip(parts, (first, second), strict=True)
    )
    reach = student_quantile((1 + level) / 2, freedom) * error
    return Interval(difference, difference - reach, difference + reach)


def student(values: Sequence[float], level: float = 0.95) -> Interval:
    """The mean with Student's t interval (Biometrika 1908); two or more values."""
    middle = mean(values)
    reach = student_quantile((1 + level) / 2, len(values) - 1) * stdev(values) / math.sqrt(len(values))
    return Interval(middle, middle - reach, middle + reach)


def rates(found: Sequence[Evaluation]) -> list[float]:
    """Share of right answers to each problem, the mean over the seeds; problems in the order of their names."""
    by_problem: dict[str, list[float]] = {}
    for evaluation in found:
        for row in evaluation.problems:
            by_problem.setdefault(row["id"], []).append(row["outcomes"].count("c") / len(row["outcomes"]))
    return [mean(by_problem[name]) for name in sorted(by_problem)]


def by_problem(first: Sequence[Evaluation], second: Sequence[Evaluation]) -> Interval:
    """pass@1 of the first less that of the second, paired by problem, each the mean of its seeds."""
    pairs = zip(rates(first), rates(second), strict=True)
    return bootstrap([one - other for one, other in pairs], seed=0)


def student_quantile(p: float, freedom: float) -> float:
    """The value below which Student's t with this freedom lies with probability p, 0.5 ≤ p < 1, by bisection."""
    low, high = 0.0, 1.0
    while 0.5 + _mass(high, freedom) < p:
        high *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if 0.5 + _mass(middle, freedom) < p else (low, middle)
    return high


def _mass(end: float, freedom: float, steps: int = 2000) -> float:
    """Simpson's rule on Student's density from 0 to `end`."""
    scale = math.exp(math.lgamma((freedom + 1) / 2) - math.lgamma(freedom / 2)) / math.sqrt(freedom * math.pi)

    def density(x: float) -> float:
        return float(scale * (1 + x * x / freedom) ** (-(freedom + 1) / 2))

    width = end / steps
    inner = sum((4 if i % 2 else 2) * density(i * width) for i in range(1, steps))
    return (density(0) + inner + density(end)) * width / 3
