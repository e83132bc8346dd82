"""What a benchmark can show before it is run: the smallest difference for n problems and k samples."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from aha.errors import UsageError
from aha.evaluation.compare import shared_rates
from aha.evaluation.statistics import Spread, assumed_spread, minimal_difference, paired_spread, single_spread
from aha.types import Evaluation

NUM_PROBLEMS = (30, 100, 200, 500, 1000, 2000)
NUM_SAMPLES = (1, 4, 16, 64)
AGREEMENT = 0.5
"""Assumed correlation of two models' success rates over problems where only one was measured."""


@dataclass(slots=True, frozen=True)
class PowerTable:
    """Smallest true differences of pass@1 that a paired test at 5 % finds in 80 % of repeats."""

    spread: Spread
    basis: str
    """Where the spread comes from, in a sentence."""
    num_problems: list[int]
    k: list[int]
    differences: list[list[float]]
    """[row of num_problems][column of k]."""


def power_table(
    evaluations: Sequence[Evaluation] = (),
    *,
    rate: float = 0.5,
    num_problems: Sequence[int] = NUM_PROBLEMS,
    k: Sequence[int] = NUM_SAMPLES,
) -> PowerTable:
    """The table by the spread of two evaluations, of one, or (none given) of two models near pass@1 = `rate`.

    Raises UsageError for more than two evaluations and for a rate, count or k that makes no sense.
    """
    if not 0 < rate < 1 or min(num_problems, default=0) < 1 or min(k, default=0) < 1:
        raise UsageError("The expected pass@1 must lie between 0 and 1, problems and samples must be at least 1.")
    spread, basis = _spread(evaluations, rate)
    differences = [[minimal_difference(problems, samples, spread) for samples in k] for problems in num_problems]
    return PowerTable(spread, basis, list(num_problems), list(k), differences)


def _spread(evaluations: Sequence[Evaluation], rate: float) -> tuple[Spread, str]:
    if not evaluations:
        basis = f"Assumed: both near {100 * rate:.0f} %, half of the variance between problems, half of that shared."
        return assumed_spread(rate, agreement=AGREEMENT), basis
    if len(evaluations) > 2:
        raise UsageError(f"{len(evaluations)} evaluations were given.", cure="Give none, one or two.")
    first, last = evaluations[0], evaluations[-1]
    a_P, b_P = shared_rates(first, last)
    if len(evaluations) == 1:
        basis = f"Measured on {len(a_P)} problems of {first.benchmark}; the second model's spread is assumed alike."
        return single_spread(a_P, first.k, agreement=AGREEMENT), basis
    return paired_spread(a_P, b_P, first.k, last.k), f"Measured on {len(a_P)} shared problems of {first.benchmark}."
