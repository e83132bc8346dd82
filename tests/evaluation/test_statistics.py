"""Intervals cover, tests keep their level, and the calculator's n finds what it promised."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from aha.errors import UsageError
from aha.evaluation.statistics import (
    Spread,
    assumed_spread,
    bootstrap,
    bootstrap_ratios,
    minimal_difference,
    paired_bootstrap_p,
    paired_permutation_p,
    paired_spread,
    problems_needed,
)

Float64 = npt.NDArray[np.float64]


def rates(generator: np.random.Generator, num_problems: int, k: int, shift: float = 0.0) -> tuple[Float64, Float64]:
    """Success rates of two models on the same problems of uneven difficulty; the second is better by `shift`."""
    chances_P = generator.uniform(0.2, 0.7, num_problems)
    first, second = generator.binomial(k, chances_P) / k, generator.binomial(k, chances_P + shift) / k
    return first, second


def test_bootstrap_of_the_mean_is_close_to_the_normal_interval() -> None:
    values_P = np.random.default_rng(0).random(400)
    found = bootstrap(values_P, seed=1)
    margin = 1.96 * values_P.std(ddof=1) / 20
    assert found.value == pytest.approx(values_P.mean(), abs=1e-12)
    assert found.low == pytest.approx(found.value - margin, abs=0.003)
    assert found.high == pytest.approx(found.value + margin, abs=0.003)


def test_bootstrap_is_a_function_of_its_seed() -> None:
    values_P = [0.0, 1.0, 0.5, 0.25]
    assert bootstrap(values_P, seed=3) == bootstrap(values_P, seed=3)
    assert bootstrap(np.random.default_rng(0).random(50), seed=3) != bootstrap(
        np.random.default_rng(0).random(50), seed=4
    )


def test_bootstrap_covers_the_truth_about_as_often_as_it_says() -> None:
    generator = np.random.default_rng(0)
    found = [bootstrap(rates(generator, 100, 4)[0], seed=i, num_resamples=500) for i in range(300)]
    assert np.mean([interval.low <= 0.45 <= interval.high for interval in found]) >= 0.91


def test_width_falls_like_one_over_the_root_of_n() -> None:
    generator = np.random.default_rng(0)
    intervals = [bootstrap(rates(generator, n, 4)[0], seed=0, num_resamples=3000) for n in (100, 400, 1600)]
    widths = [interval.high - interval.low for interval in intervals]
    assert widths[0] / widths[1] == pytest.approx(2, rel=0.15)
    assert widths[1] / widths[2] == pytest.approx(2, rel=0.15)


def test_width_over_samples_falls_to_what_the_problems_leave() -> None:
    """With equally hard problems the width falls like 1/sqrt(k); here half of the variance is between problems."""
    chances_P = np.full(400, 0.5)
    widths = []
    for k in (4, 16):
        values = np.random.default_rng(k).binomial(k, chances_P) / k
        interval = bootstrap(values, seed=0, num_resamples=3000)
        widths.append(interval.high - interval.low)
    assert widths[0] / widths[1] == pytest.approx(2, rel=0.15)


def test_bootstrap_of_a_ratio_weighs_problems_by_their_denominators() -> None:
    found = bootstrap([1.0, 0.0, 3.0], [1.0, 0.0, 4.0], seed=0)
    assert found.value == 0.8
    assert 0.75 <= found.low <= found.value <= found.high <= 1.0


def test_resamples_without_a_denominator_are_left_out() -> None:
    ratios_R = bootstrap_ratios(np.array([1.0, 0.0]), np.array([1.0, 0.0]), seed=0, num_resamples=200)
    assert np.isnan(ratios_R).any()
    assert bootstrap([1.0, 0.0], [1.0, 0.0], seed=0).low == 1.0


def test_blocks_do_not_run_out_of_memory_and_keep_the_count() -> None:
    ones_P = np.ones(300_000)
    assert bootstrap_ratios(ones_P, ones_P, seed=0, num_resamples=13).tolist() == [1.0] * 13


@pytest.mark.parametrize("values", [[], [0.0]])
def test_nothing_to_average_is_refused(values: list[float]) -> None:
    with pytest.raises(UsageError, match="no outcomes"):
        bootstrap(values, [0.0] * len(values), seed=0)


def test_identical_models_are_called_equal_in_95_percent_of_runs() -> None:
    generator = np.random.default_rng(0)
    p_values = []
    for run in range(300):
        first, second = rates(generator, 60, 4)
        p_values.append(
            [
                paired_permutation_p(second - first, seed=run, num_resamples=400),
                paired_bootstrap_p(second - first, seed=run, num_resamples=400),
            ]
        )
    assert np.mean([permutation >= 0.05 for permutation, _ in p_values]) >= 0.94
    assert np.mean([max(both) >= 0.05 for both in p_values]) >= 0.95


def test_equal_outcomes_have_p_one() -> None:
    assert paired_permutation_p(np.zeros(20), seed=0) == 1.0
    assert paired_bootstrap_p(np.zeros(20), seed=0) == 1.0


def test_permutation_p_is_exact_on_few_problems() -> None:
    """Three wins of three: 2 of the 8 sign patterns are as extreme."""
    assert paired_permutation_p([1.0, 1.0, 1.0], seed=0) == pytest.approx(0.25, abs=0.02)


def test_p_is_never_zero() -> None:
    assert paired_permutation_p(np.ones(200), seed=0, num_resamples=99) == 0.01
    assert paired_bootstrap_p(np.ones(200), seed=0, num_resamples=99) == 0.02


def test_a_planted_gap_of_ten_points_is_found_at_the_calculators_n() -> None:
    k, gap = 4, 0.10
    within = sum(np.mean([p * (1 - p) for p in np.linspace(low, low + 0.5, 501)]) for low in (0.2, 0.3))
    num_problems = problems_needed(gap, k, Spread(between=0.0, within=float(within)))
    generator = np.random.default_rng(1)
    found = []
    for run in range(500):
        first, second = rates(generator, num_problems, k, shift=gap)
        found.append(paired_permutation_p(second - first, seed=run, num_resamples=400) < 0.05)
    assert 0.75 <= np.mean(found) <= 0.87


def test_problems_needed_and_minimal_difference_are_inverse() -> None:
    spread = Spread(between=0.05, within=0.3)
    num_problems = problems_needed(0.05, 8, spread)
    assert minimal_difference(num_problems, 8, spread) <= 0.05 < minimal_difference(num_problems - 1, 8, spread)


def test_minimal_difference_of_many_problems_is_the_textbooks() -> None:
    """z = 1.95996 + 0.84162; σ = sqrt((0.1 + 0.4 / 4) / P)."""
    assert minimal_difference(1_000_000, 4, Spread(0.1, 0.4)) == pytest.approx(2.80159 * (0.2 / 1e6) ** 0.5, rel=1e-3)


def test_minimal_difference_solves_its_equation() -> None:
    delta = minimal_difference(50, 4, Spread(0.1, 0.4))
    assert delta * 50**0.5 == pytest.approx(1.959964 * (0.2 + delta**2) ** 0.5 + 0.841621 * 0.2**0.5, rel=1e-5)


def test_a_handful_of_problems_shows_nothing() -> None:
    assert minimal_difference(3, 64, Spread(0.1, 0.4)) == 1.0


def test_power_and_level_are_checked() -> None:
    with pytest.raises(UsageError, match="Power 1"):
        minimal_difference(100, 4, Spread(0.1, 0.4), power=1.0)


def test_no_difference_cannot_be_looked_for() -> None:
    with pytest.raises(UsageError, match="difference of 0 "):
        problems_needed(0.0, 4, Spread(0.1, 0.1))


def test_two_levels_of_a_planted_spread_are_recovered() -> None:
    generator = np.random.default_rng(0)
    chances_a, shifts = generator.uniform(0.3, 0.6, 20_000), generator.choice([-0.2, 0.2], 20_000)
    first, second = generator.binomial(8, chances_a) / 8, generator.binomial(8, chances_a + shifts) / 8
    found = paired_spread(first.tolist(), second.tolist(), 8, 8)
    within = np.mean(chances_a * (1 - chances_a)) + np.mean((chances_a + shifts) * (1 - chances_a - shifts))
    assert found.between == pytest.approx(0.04, abs=0.003)
    assert found.within == pytest.approx(within, abs=0.005)


def test_one_sample_a_problem_counts_as_between() -> None:
    found = paired_spread([0.0, 1.0, 0.0], [1.0, 1.0, 1.0], 1, 1)
    assert found.within == 0.0
    assert found.between == pytest.approx(1 / 3)
    assert paired_spread([0.5], [0.5], 1, 1).between == 0.0


def test_assumed_spread_of_coin_flips() -> None:
    assert assumed_spread(0.5, unevenness=0.0) == Spread(0.0, 0.5)
    assert assumed_spread(0.5, unevenness=1.0, agreement=1.0) == Spread(0.0, 0.0)
