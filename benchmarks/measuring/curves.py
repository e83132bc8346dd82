"""Numbers from a metric's values round by round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from statistics import mean, stdev
from typing import TypeVar

T = TypeVar("T")
FEW = 3
EARLY = 10
LAST_FRAC = 0.2


def last(values: Sequence[T]) -> Sequence[T]:
    """The last fifth of the rounds, one at least."""
    return values[-max(1, round(LAST_FRAC * len(values))) :]


def jitter(values: Sequence[float]) -> float:
    """Root mean square of the steps from one round to the next less their mean: what is left of the spread when the
    steady rise is taken away."""
    steps = [after - before for before, after in pairwise(values)]
    return mean((step - mean(steps)) ** 2 for step in steps) ** 0.5 if steps else 0.0


OF_CURVES: dict[str, Callable[[Sequence[float]], float]] = {
    "early": lambda values: mean(values[:EARLY]),
    "end": lambda values: mean(last(values)),
    "growth": lambda values: mean(values[-FEW:]) - mean(values[:FEW]),
    "change": lambda values: mean(values[-FEW:]) / mean(values[:FEW]) - 1,
    "peak": max,
    "fall from the peak": lambda values: max(values) - values[-1],
    "late spread": lambda values: stdev(values[-EARLY:]) if len(values) > 1 else 0.0,
    "late jitter": lambda values: jitter(values[-EARLY:]),
}
"""`X of METRIC`: a number from a metric's values round by round. `early`, `late spread` and `late jitter` take ten
rounds, `end` the last fifth, `growth` and `change` the first and last three."""
