"""Accuracy, format and their sum."""

import pytest

from aha.rewards import BUILT_IN, combine
from aha.types import Verdict


@pytest.mark.parametrize(("outcome", "points"), [("correct", 1.0), ("wrong", 0.0), ("undecided", None)])
def test_accuracy(outcome: str, points: float | None) -> None:
    assert BUILT_IN["accuracy"]("", Verdict(outcome, None, "")) == points  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "points"),
    [("<think>a</think> <answer>4</answer>", 1.0), ("<answer>4</answer>", 0.0), ("", 0.0)],
)
def test_format_does_not_look_at_the_verdict(text: str, points: float) -> None:
    for outcome in ("correct", "wrong", "undecided"):
        assert BUILT_IN["format"](text, Verdict(outcome, None, "")) == points  # type: ignore[arg-type]


def test_none_is_left_out_of_the_sum() -> None:
    weights = {"a": 1.0, "b": 0.5, "c": 2.0}
    assert combine({"a": 1.0, "b": None, "c": -0.5}, weights) == 0.0
    assert combine({"a": None, "b": None}, weights) == 0.0
    assert combine({"a": 1.0, "b": 1.0}, weights) == 1.5


def test_the_sum_does_not_depend_on_order() -> None:
    values = {"a": 0.1, "b": 0.2, "c": 0.3}
    weights = dict.fromkeys(values, 1.0)
    assert combine(values, weights) == combine(dict(reversed(values.items())), weights)
