"""Losses of reward models and what their scores are worth: exact numbers, and what must not matter."""

from __future__ import annotations

from math import exp, log, log1p

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aha.algorithms.preference import (
    Bin,
    bradley_terry,
    calibration_error,
    confidences,
    correlation,
    cross_entropy,
    difference_correlation,
    group_weights,
    pair_hits,
    probabilities,
    ranked_pairs,
    reliability,
)


@pytest.mark.parametrize(("margin", "expected"), [(1, 0.313262), (-1, 1.313262), (0, log(2)), (80, 0), (-80, 80)])
def test_bradley_terry_has_the_numbers_of_the_specification(margin: float, expected: float) -> None:
    found = bradley_terry(torch.tensor([margin + 3.0], dtype=torch.float64), torch.tensor([3.0], dtype=torch.float64))
    assert found.item() == pytest.approx(expected, abs=1e-6)


def test_the_gradient_of_a_pair_is_minus_the_chance_of_the_other_order() -> None:
    chosen = torch.tensor([0.3, -2.0], dtype=torch.float64, requires_grad=True)
    rejected = torch.tensor([0.1, 1.0], dtype=torch.float64, requires_grad=True)
    bradley_terry(chosen, rejected).sum().backward()
    expected = torch.sigmoid(rejected - chosen).detach()
    assert torch.allclose(chosen.grad, -expected)
    assert torch.allclose(rejected.grad, expected)


def test_cross_entropy_is_the_plain_formula_for_every_label() -> None:
    values = [-30.0, -2.5, 0.0, 0.1, 7.0, 30.0]
    margins_B = torch.tensor(values, dtype=torch.float64)
    for label in (0.0, 0.25, 1.0):
        expected = [label * log1p(exp(-value)) + (1 - label) * log1p(exp(value)) for value in values]
        found = cross_entropy(margins_B, torch.full_like(margins_B, label))
        assert found.tolist() == pytest.approx(expected, rel=1e-9, abs=1e-12)


def test_narrow_margins_are_widened() -> None:
    found = cross_entropy(torch.tensor([9.0], dtype=torch.bfloat16), torch.ones(1))
    assert found.dtype == torch.float32
    assert found.item() == pytest.approx(0.00012340, rel=1e-3)


def test_a_ranking_gives_all_its_pairs_and_a_prompt_counts_once() -> None:
    pairs = ranked_pairs(4)
    assert pairs == [(0, 1), (0, 2), (0, 3), (1, 2), (1, 3), (2, 3)]
    groups = ["k4"] * len(pairs) + ["k2"]
    assert sum(group_weights(groups)[:6]) == pytest.approx(1)
    assert group_weights(groups)[6] == 1


def test_hits_count_ties_half() -> None:
    assert pair_hits([3, 1, 2], [1, 3, 2]).tolist() == [1, 0, 0.5]


def test_probabilities_are_the_logistic_function_without_overflow() -> None:
    assert probabilities([0, 2, -2]).tolist() == pytest.approx([0.5, 0.8807970779778823, 0.11920292202211755])
    assert probabilities([-5000, 5000]).tolist() == [0, 1]


def test_calibration_error_is_the_mean_gap_of_the_bins() -> None:
    predicted, outcomes = [0.05, 0.05, 0.95, 0.95, 1.0], [0, 1, 1, 1, 1]
    bins = reliability(predicted, outcomes)
    assert [each.count for each in bins] == [2, 3]
    assert bins[0] == Bin(0.05, 0.5, 2)
    assert calibration_error(bins) == pytest.approx((2 * 0.45 + 3 * (1 - 2.9 / 3)) / 5)
    assert calibration_error([]) == 0


def test_a_model_that_knows_its_chances_is_calibrated_and_one_that_boasts_is_not() -> None:
    chance = np.random.default_rng(0)
    true = chance.normal(0, 2, 20_000)
    margins_P = np.where(chance.random(20_000) < probabilities(true), true, -true)
    honest, right = confidences(margins_P)
    assert calibration_error(reliability(honest, right)) < 0.01
    boasting, right = confidences(5 * margins_P)
    assert calibration_error(reliability(boasting, right)) > 0.1


@settings(deadline=None, max_examples=50)
@given(st.lists(st.floats(-30, 30), min_size=1, max_size=20))
def test_confidence_does_not_depend_on_which_answer_stands_first(values: list[float]) -> None:
    sure, right = confidences(values)
    mirrored, wrong = confidences([-value for value in values])
    assert (sure == mirrored).all()
    assert (sure >= 0.5).all()
    assert (right + wrong == 1).all()


def test_correlation_of_differences_ignores_the_order_of_a_pair() -> None:
    scores, lengths = [1.0, -2.0, 0.5, 3.0], [10.0, -5.0, -2.0, 4.0]
    found = difference_correlation(scores, lengths)
    flipped = difference_correlation([-1.0, -2.0, -0.5, 3.0], [-10.0, -5.0, 2.0, 4.0])
    both = correlation([*scores, *(-value for value in scores)], [*lengths, *(-value for value in lengths)])
    assert found == pytest.approx(flipped)
    assert found == pytest.approx(both)
    assert difference_correlation([1, 2], [0, 0]) is None


def test_correlation_is_pearsons() -> None:
    a, b = [1.0, 2.0, 4.0, 7.0], [2.0, 1.0, 5.0, 3.0]
    assert correlation(a, b) == pytest.approx(np.corrcoef(a, b)[0, 1])
    assert correlation([1, 1], [1, 2]) is None
    assert correlation([1], [2]) is None
