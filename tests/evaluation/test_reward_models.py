"""Held-out measures of reward models: ties, prompts as the unit, calibration, length bias, baselines."""

from __future__ import annotations

import pytest

from aha.evaluation.reward_models import measure
from aha.rollouts.comparisons import Judged


def pair(prompt: int, better: int, worse: int) -> Judged:
    return Judged(0, f"{prompt:032x}", ("x" * better, "y" * worse), ())


def test_pairs_are_right_wrong_or_tied_and_the_longest_answer_is_the_baseline() -> None:
    items = [pair(1, 5, 2), pair(1, 5, 9), pair(2, 4, 4), pair(3, 9, 1)]
    found = measure(items, [(2.0, 0.0), (0.0, 1.0), (1.0, 1.0), (3.0, 0.0)])
    assert found.accuracy.value == pytest.approx(2.5 / 4)
    assert found.baseline.value == pytest.approx(2.5 / 4)
    assert (found.num_items, found.num_prompts) == (4, 3)
    assert found.scores().keys() == {"accuracy", "longest_answer"}
    assert sum(each.count for each in found.bins) == 4
    assert found.length_correlation is not None
    assert found.length_correlation > 0.9


def test_the_interval_is_over_prompts_not_over_pairs() -> None:
    """One prompt with many right pairs and one with many wrong ones: nothing is known for sure."""
    items = [pair(1, 2, 1)] * 50 + [pair(2, 2, 1)] * 50
    found = measure(items, [(1.0, 0.0)] * 50 + [(0.0, 1.0)] * 50)
    assert (found.accuracy.low, found.accuracy.high) == (0.0, 1.0)


def test_labels_are_compared_with_the_more_frequent_one() -> None:
    items = [Judged(0, f"{n:032x}", ("x" * n,), (), n < 3) for n in range(1, 5)]
    found = measure(items, [(2.0,), (-1.0,), (-2.0,), (-3.0,)])
    assert found.accuracy.value == 0.75
    assert found.baseline.value == 0.5
    assert found.scores().keys() == {"accuracy", "majority"}
    assert found.length_correlation is not None
    assert found.length_correlation < -0.8
    assert found.to_json()["bins"][0].keys() == {"predicted", "happened", "count"}
    unsafe = measure(items[2:], [(-2.0,), (-3.0,)])
    assert unsafe.baseline.value == 1
    assert unsafe.calibration_error == pytest.approx((0.1192 + 0.0474) / 2, abs=1e-4)
