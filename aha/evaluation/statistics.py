"""How sure a score is: bootstrap intervals over problems, paired tests, and what n problems can show.

Shape letters: P problems, R resamples. Problems are the unit that is drawn again: the k samples of one problem are not
independent of each other, so resampling answers would make every interval too narrow.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import ceil, sqrt
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

from aha.errors import UsageError
from aha.types import Interval

Float64 = npt.NDArray[np.float64]

NUM_RESAMPLES = 10_000
_BLOCK_ELEMENTS = 2_000_000
"""Memory bound of a block of resamples, in array elements."""


def bootstrap(
    numerators_P: Sequence[float] | Float64,
    denominators_P: Sequence[float] | Float64 | None = None,
    *,
    seed: int,
    level: float = 0.95,
    num_resamples: int = NUM_RESAMPLES,
) -> Interval:
    """Percentile bootstrap over problems of Σ numerators / Σ denominators; without denominators, of the mean.

    Efron and Tibshirani 1993, chapter 13. Raises UsageError where there is nothing to average.
    """
    over_P = np.asarray(numerators_P, dtype=np.float64)
    under_P = np.ones_like(over_P) if denominators_P is None else np.asarray(denominators_P, dtype=np.float64)
    if over_P.size == 0 or under_P.sum() == 0:
        raise UsageError("There are no outcomes to average.", cure="Evaluate at least one problem.")
    ratios_R = bootstrap_ratios(over_P, under_P, seed=seed, num_resamples=num_resamples)
    low, high = np.nanquantile(ratios_R, [(1 - level) / 2, (1 + level) / 2])
    return Interval(float(over_P.sum() / under_P.sum()), float(low), float(high))


def bootstrap_ratios(over_P: Float64, under_P: Float64, *, seed: int, num_resamples: int) -> Float64:
    """Σ over / Σ under of each of R resamples of the P problems, [R]; NaN where a resample's Σ under is 0."""
    num_problems = over_P.size

    def block(generator: np.random.Generator, num_rows: int) -> Float64:
        rows_RP = generator.integers(0, num_problems, size=(num_rows, num_problems))
        with np.errstate(invalid="ignore", divide="ignore"):
            ratios: Float64 = over_P[rows_RP].sum(axis=1) / under_P[rows_RP].sum(axis=1)
        return ratios

    return _in_blocks(block, num_problems, seed, num_resamples)


def wilson(num_hits: int, num_trials: int, *, level: float = 0.95) -> Interval:
    """Share of hits among independent trials with Wilson's score interval (1927), which stays honest near 0 and 1:
    no hit in 100 trials is 0 [0, 0.037], not 0 [0, 0]. Raises UsageError for no trials."""
    if num_trials < 1:
        raise UsageError("There are no trials to take a share of.", cure="Check at least one.")
    z, share = NormalDist().inv_cdf((1 + level) / 2), num_hits / num_trials
    middle = (share + z * z / (2 * num_trials)) / (1 + z * z / num_trials)
    half = z * sqrt(share * (1 - share) / num_trials + (z / (2 * num_trials)) ** 2) / (1 + z * z / num_trials)
    return Interval(share, max(0.0, middle - half), min(1.0, middle + half))


def paired_bootstrap_p(
    differences_P: Sequence[float] | Float64, *, seed: int, num_resamples: int = NUM_RESAMPLES
) -> float:
    """Two-sided p of a mean difference of 0: twice the smaller share of resampled means beyond 0, with +1 in count."""
    values_P = np.asarray(differences_P, dtype=np.float64)
    means_R = bootstrap_ratios(values_P, np.ones_like(values_P), seed=seed, num_resamples=num_resamples)
    tail = min(np.count_nonzero(means_R <= 0), np.count_nonzero(means_R >= 0))
    return min(1.0, 2 * (int(tail) + 1) / (num_resamples + 1))


def paired_permutation_p(
    differences_P: Sequence[float] | Float64, *, seed: int, num_resamples: int = NUM_RESAMPLES
) -> float:
    """Two-sided p of exchangeable models: share of random sign flips of the per-problem differences whose mean is at
    least as far from 0 as the observed one, with +1 in count (Phipson and Smyth 2010), so never 0."""
    values_P = np.asarray(differences_P, dtype=np.float64)
    observed = abs(values_P.sum()) - 1e-9

    def block(generator: np.random.Generator, num_rows: int) -> Float64:
        signs_RP = generator.integers(0, 2, size=(num_rows, values_P.size), dtype=np.int8) * 2 - 1
        sums: Float64 = signs_RP @ values_P
        return sums

    sums_R = _in_blocks(block, values_P.size, seed, num_resamples)
    return (int(np.count_nonzero(np.abs(sums_R) >= observed)) + 1) / (num_resamples + 1)


def _in_blocks(block: Callable[[np.random.Generator, int], Float64], row_len: int, seed: int, num_rows: int) -> Float64:
    generator = np.random.default_rng(seed)
    size = max(1, _BLOCK_ELEMENTS // max(1, row_len))
    return np.concatenate([block(generator, min(size, num_rows - at)) for at in range(0, num_rows, size)])


@dataclass(slots=True, frozen=True)
class Spread:
    """The two levels of chance in the difference of two models' pass@1 on the same problems."""

    between: float
    """Variance over problems of the true difference of the two success rates."""
    within: float
    """Sum over both models of the mean p(1 − p): the variance of one answer's outcome given its problem."""

    def variance(self, num_problems: int, k: int) -> float:
        """Variance of the mean difference: (between + within / k) / P."""
        return (self.between + self.within / k) / num_problems


def paired_spread(rates_a_P: Sequence[float], rates_b_P: Sequence[float], k_a: int, k_b: int) -> Spread:
    """Spread measured on two models' success rates on the same problems, k answers each (≥ 2, else within is unknown
    and everything counts as between). Unbiased: p̂(1 − p̂) · k / (k − 1) within; its share of the variance is taken off
    between, never below 0."""
    a_P, b_P = np.asarray(rates_a_P, dtype=np.float64), np.asarray(rates_b_P, dtype=np.float64)
    within_a, within_b = (_within(a_P, k_a), _within(b_P, k_b))
    total = float(np.var(a_P - b_P, ddof=1)) if a_P.size > 1 else 0.0
    return Spread(max(0.0, total - within_a / k_a - within_b / k_b), within_a + within_b)


def single_spread(rates_P: Sequence[float], k: int, *, agreement: float) -> Spread:
    """Spread of a model against one that is like it, `agreement` the correlation of their success rates."""
    values_P = np.asarray(rates_P, dtype=np.float64)
    within = _within(values_P, k)
    total = float(np.var(values_P, ddof=1)) if values_P.size > 1 else 0.0
    return Spread(2 * max(0.0, total - within / k) * (1 - agreement), 2 * within)


def _within(rates_P: Float64, k: int) -> float:
    return 0.0 if k < 2 else float(np.mean(rates_P * (1 - rates_P)) * k / (k - 1))


def assumed_spread(rate: float, *, unevenness: float = 0.5, agreement: float = 0.5) -> Spread:
    """Spread before anything was measured, both models near `rate`.

    `unevenness` is the share of an outcome's variance that the problem explains (0: all problems equally hard, 1: each
    always or never solved); `agreement` is the correlation of the two models' success rates over problems.
    """
    outcome = rate * (1 - rate)
    return Spread(2 * unevenness * outcome * (1 - agreement), 2 * (1 - unevenness) * outcome)


def minimal_difference(num_problems: int, k: int, spread: Spread, *, power: float = 0.8, level: float = 0.95) -> float:
    """Smallest true difference δ that the two-sided paired permutation test finds with this power; at most 1.

    Solves δ √P = z_level √(v + δ²) + z_power √v, v the variance for one problem: flipping signs leaves the difference
    itself in the variance, so few problems show less than the usual (z_level + z_power) √(v / P).
    """
    z_level, z_power = _quantiles(power, level)
    variance = spread.variance(1, k)
    free = num_problems - z_level**2
    if free <= 0:
        return 1.0
    root = sqrt(variance * (num_problems * z_power**2 - free * (z_power**2 - z_level**2)))
    return min(1.0, (sqrt(num_problems * variance) * z_power + root) / free)


def problems_needed(difference: float, k: int, spread: Spread, *, power: float = 0.8, level: float = 0.95) -> int:
    """How many problems show a true difference of this size with this power; the reverse of `minimal_difference`.

    Raises UsageError for a difference that is not in (0, 1].
    """
    if not 0 < difference <= 1:
        raise UsageError(f"A difference of {difference:g} cannot be looked for.", cure="Give a share such as 0.05.")
    z_level, z_power = _quantiles(power, level)
    variance = spread.variance(1, k)
    return ceil(((z_level * sqrt(variance + difference**2) + z_power * sqrt(variance)) / difference) ** 2)


def _quantiles(power: float, level: float) -> tuple[float, float]:
    if not (0.5 <= power < 1 and 0.5 <= level < 1):
        raise UsageError(f"Power {power:g} and level {level:g} must lie in [0.5, 1).")
    normal = NormalDist()
    return normal.inv_cdf((1 + level) / 2), normal.inv_cdf(power)
