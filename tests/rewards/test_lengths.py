"""Rewards of length: the values of the papers, clamps, and what undecided answers get."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import pytest

from aha.rewards import Written, grade
from aha.types import Json, Outcome, Problem, Verdict, VerifierSpec

PLAIN = Problem("p", "test", [{"role": "user", "content": "2+2?"}], "4", VerifierSpec("number"))


def written(outcome: Outcome, num_tokens: int, limit: int = 1000, **metadata: Json) -> Written:
    verdict = Verdict(outcome, None, "")
    return Written("", verdict, replace(PLAIN, metadata=metadata), num_tokens=num_tokens, max_new_tokens=limit)


def points(name: str, answers: Sequence[Written], **arguments: Json) -> list[float | None]:
    return grade(name, answers, arguments)


@pytest.mark.parametrize(("num_tokens", "right", "wrong"), [(0, 1.0, -1.0), (500, 0.75, -0.75), (1000, 0.5, -0.5)])
def test_cosine_at_its_start_half_way_and_at_its_end(num_tokens: int, right: float, wrong: float) -> None:
    assert points("cosine", [written("correct", num_tokens)]) == pytest.approx([right])
    assert points("cosine", [written("wrong", num_tokens)]) == pytest.approx([wrong])


def test_cosine_never_rises_again_beyond_its_end() -> None:
    lengths = [0, 300, 700, 1000, 1200, 2000, 5000]
    found = points("cosine", [written("correct", n, limit=9999) for n in lengths], max_tokens=1000)
    assert found[3:] == pytest.approx([0.5] * 4)
    assert found == sorted(found, reverse=True)  # type: ignore[type-var]


def test_cosine_as_in_the_published_script_punishes_long_wrong_answers() -> None:
    answers = [written("wrong", n) for n in (0, 1000)]
    assert points("cosine", answers, wrong=[0.0, -0.5]) == pytest.approx([0.0, -0.5])


@pytest.mark.parametrize(("outcome", "expected"), [("correct", 0.85), ("wrong", -0.15)])
def test_lcpo_exact(outcome: Outcome, expected: float) -> None:
    assert points("lcpo", [written(outcome, 1500, think_tokens=1000)]) == pytest.approx([expected])
    assert points("lcpo", [written(outcome, 500, think_tokens=1000)]) == pytest.approx([expected])


@pytest.mark.parametrize(("used", "factor"), [(100, 0.77), (1000, 0.5), (1500, 0.35), (2600, 0.02), (2667, 0.0)])
def test_lcpo_max(used: int, factor: float) -> None:
    assert points("lcpo", [written("correct", used, max_think_tokens=1000)]) == pytest.approx([factor], abs=1e-12)
    assert points("lcpo", [written("wrong", used, max_think_tokens=1000)]) == [0.0]


def test_lcpo_max_never_pays_more_than_1() -> None:
    assert points("lcpo", [written("correct", 1, max_think_tokens=1000)], alpha=0.1) == [1.0]


def test_lcpo_says_nothing_without_a_budget() -> None:
    assert points("lcpo", [written("correct", 5)]) == [None]


@pytest.mark.parametrize(
    ("outcomes", "expected"),
    [("ccc", [0.5, 0.0, -0.5]), ("wcc", [0.0, 0.0, -0.5]), ("ccw", [0.5, 0.0, -0.5]), ("www", [0.0, 0.0, -0.5])],
)
def test_relative_length_of_100_200_and_300_tokens(outcomes: str, expected: list[float]) -> None:
    names: dict[str, Outcome] = {"c": "correct", "w": "wrong"}
    answers = [written(names[each], n) for each, n in zip(outcomes, (100, 200, 300), strict=True)]
    assert points("relative_length", answers) == pytest.approx(expected)


def test_relative_length_of_equal_lengths_is_nothing() -> None:
    assert points("relative_length", [written("correct", 7), written("wrong", 7)]) == [0.0, 0.0]


def test_undecided_answers_set_no_bounds() -> None:
    answers = [written("correct", 100), written("undecided", 9000), written("correct", 300)]
    assert points("relative_length", answers) == [0.5, None, -0.5]
    assert points("relative_length", answers[1:2]) == [None]


def test_expected_length_punishes_what_the_others_did_not_need() -> None:
    answers = [written("correct", n) for n in (100, 150, 200)]
    assert points("expected_length", answers) == pytest.approx([0.0, 0.0, -0.6])
    assert points("expected_length", [*answers[:2], written("correct", 900)])[2] == -1.0
    assert points("expected_length", [*answers, written("wrong", 900)])[3] == 0.0
    assert points("expected_length", answers[:1]) == [0.0]


@pytest.mark.parametrize("name", ["cosine", "lcpo", "relative_length", "expected_length", "outcome", "logic"])
def test_an_answer_without_a_verdict_has_no_points(name: str) -> None:
    assert points(name, [written("undecided", 10, think_tokens=10)]) == [None]
