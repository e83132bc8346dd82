from __future__ import annotations

import pytest

from benchmarks.measuring.expectations import Check, check_line, held, is_clear, judged, paired
from benchmarks.measuring.intervals import student
from benchmarks.measuring.results import means, number


@pytest.mark.parametrize(
    ("relation", "value", "low", "high", "wanted"),
    [
        ("above", 0.1, -0.1, 0.3, True),
        ("above", 0.0, -0.1, 0.1, False),
        ("below", -0.1, -0.2, 0.1, True),
        ("below", 0.1, 0.0, 0.2, False),
        ("at least", 0.0, 0.0, 0.0, True),
        ("at least", -0.1, -0.2, 0.1, False),
        ("at most", 0.0, 0.0, 0.0, True),
        ("at most", 0.1, -0.2, 0.3, False),
        ("equal", 0.1, -0.1, 0.3, True),
        ("equal", 0.1, 0.05, 0.3, False),
        ("none", 0.0, 0.0, 0.0, True),
        ("none", 1.0, 0.0, 2.0, False),
    ],
)
def test_what_holds(relation: str, value: float, low: float, high: float, wanted: bool) -> None:
    assert held(relation, {"value": value, "low": low, "high": high}) is wanted
    if relation != "none":
        assert held(relation, {"value": value + 5, "low": low + 5, "high": high + 5}, 5.0) is wanted


def test_without_an_interval_nothing_is_equal_or_clear() -> None:
    assert held("equal", {"value": 0.0}) is None
    assert is_clear({"value": 1.0}) is None
    assert is_clear({"value": 1.0, "low": 0.5, "high": 1.5})
    assert is_clear({"value": 1.0, "low": 0.5, "high": 1.5}, 0.7) is False
    assert is_clear({"value": 1.0, "low": -0.5, "high": 2.5}) is False


def test_figures_are_paired_by_seed() -> None:
    found = paired([3.0, 4.0], [1.0, 3.0])
    assert found is not None
    assert found["value"] == 1.5
    assert found["high"] == pytest.approx(1.5 + 12.7062 * 0.5, abs=1e-3)
    assert paired([3.0], [4.0], relative=True) == {"value": -0.25}
    assert paired([3.0]) == {"value": 3.0}
    assert [paired([]), paired([None, 1.0]), paired([1.0], [0.0], relative=True)] == [None, None, None]


def test_lines() -> None:
    check = Check("dapo", "more", "pass@1", "above", "grpo")
    line = check_line(judged(check, {"value": 0.02, "low": -0.01, "high": 0.05}))
    assert line == "dapo: more (pass@1 against grpo): held, 2 [-1, 5] %, 0 is within"
    short = Check("sft", "shorter", "tokens", "at most", "long", threshold=-0.3, relative=True)
    line = check_line(judged(short, {"value": -0.4, "low": -0.45, "high": -0.35}))
    assert line == "sft: shorter (tokens over long): held, -40 [-45, -35] % (asked at most -30 %), clear of -30 %"
    assert check_line(judged(Check("a", "more", "entropy", "above"), None)) == (
        "a: more (entropy): not known, no such figure or no seed of both rows"
    )
    assert (number(None, 1), number(12345.6, 0)) == ("–", "12,346")


def test_means_over_seeds() -> None:
    assert means([{"a": 1, "b": None, "c": "word"}, {"a": 2, "b": 3, "c": "word"}]) == {"a": 1.5, "b": None}


def test_student_interval() -> None:
    found = student([1.0, 2.0, 3.0])
    assert found.value == 2.0
    assert found.high == pytest.approx(2 + 4.302653 / 3**0.5, abs=1e-4)
    assert found.low == pytest.approx(2 - 4.302653 / 3**0.5, abs=1e-4)
