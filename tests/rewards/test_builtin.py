"""Accuracy, format and their sum."""

from dataclasses import replace

import pytest

from aha.rewards import BUILT_IN, Written, combine
from aha.types import Problem, Verdict, VerifierSpec

KOREAN = Problem("p", "test", [{"role": "user", "content": "2+2?"}], "4", VerifierSpec("number"), language="ko")


@pytest.mark.parametrize(("outcome", "points"), [("correct", 1.0), ("wrong", 0.0), ("undecided", None)])
def test_accuracy(outcome: str, points: float | None) -> None:
    assert BUILT_IN["accuracy"](Written("", Verdict(outcome, None, ""), KOREAN)) == points  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("outcome", "share", "points"),
    [
        ("wrong", 0.25, 0.25),
        ("correct", 1.0, 1.0),
        ("wrong", None, 0.0),
        ("correct", None, 1.0),
        ("undecided", 0.5, None),
    ],
)
def test_tests_is_the_share_that_passed(outcome: str, share: float | None, points: float | None) -> None:
    verdict = Verdict(outcome, None, "", share=share)  # type: ignore[arg-type]
    assert BUILT_IN["tests"](Written("", verdict, KOREAN)) == points


@pytest.mark.parametrize(
    ("text", "points"),
    [("<think>a</think> <answer>4</answer>", 1.0), ("<answer>4</answer>", 0.0), ("", 0.0)],
)
def test_format_does_not_look_at_the_verdict(text: str, points: float) -> None:
    for outcome in ("correct", "wrong", "undecided"):
        assert BUILT_IN["format"](Written(text, Verdict(outcome, None, ""), KOREAN)) == points  # type: ignore[arg-type]


WRONG = Verdict("wrong", None, "mismatch")


@pytest.mark.parametrize(
    ("text", "points"),
    [
        ("<think>두 수의 합은 4 이다</think> <answer>the answer is four</answer>", 1.0),
        ("<think>두 수의 sum is 4 이다</think> <answer>4</answer>", 3 / 5),
        ("<think>2+2=4</think> <answer>4</answer>", None),
        ("두 수의 합은 four", 3 / 4),
        ("<think>the sum of the two is four", 0.0),
    ],
)
def test_language_is_the_share_of_the_thoughts_words_and_a_thought_without_words_earns_nothing(
    text: str, points: float | None
) -> None:
    found = BUILT_IN["language"](Written(text, WRONG, KOREAN))
    assert found == (points if points is None else pytest.approx(points))
    assert combine({"language": found}, {"language": 1.0}) == pytest.approx(points or 0.0)


@pytest.mark.parametrize(
    ("thought", "points"),
    [
        ("두 수의 합은 4 이다", 1.0),
        ("the sum of the two is four", 0.0),
        ("다시 확인하자. " * 40, 0.0),
        ("```\nprint(4)\n``` 합은 4 이다", 0.0),
    ],
)
def test_readability_is_all_or_nothing(thought: str, points: float) -> None:
    text = f"<think>{thought}</think> <answer>```4```</answer>"
    assert BUILT_IN["readability"](Written(text, WRONG, KOREAN)) == points


def test_none_is_left_out_of_the_sum() -> None:
    weights = {"a": 1.0, "b": 0.5, "c": 2.0}
    assert combine({"a": 1.0, "b": None, "c": -0.5}, weights) == 0.0
    assert combine({"a": None, "b": None}, weights) == 0.0
    assert combine({"a": 1.0, "b": 1.0}, weights) == 1.5


def test_the_sum_does_not_depend_on_order() -> None:
    values = {"a": 0.1, "b": 0.2, "c": 0.3}
    weights = dict.fromkeys(values, 1.0)
    assert combine(values, weights) == combine(dict(reversed(values.items())), weights)


@pytest.mark.parametrize(
    ("text", "opened", "cut_off", "points"),
    [
        ("<think>a</think>\n\nIt is 4.", True, False, 1.0),
        ("<think>a</think>\n\nIt is 4.", False, False, 0.0),
        ("<think>a</think>\n\nIt is", True, True, 0.0),
        ("<think>a", True, True, 0.0),
    ],
)
def test_format_knows_thought_and_summary(text: str, opened: bool, cut_off: bool, points: float) -> None:
    assert BUILT_IN["format"](Written(text, WRONG, KOREAN, opened, cut_off)) == points


def test_language_of_an_opened_thought_is_that_of_the_problem_at_hand() -> None:
    text = "<think>\n두 수의 합은 4 이다\n</think>\n\nThe sum is four, of course."
    english = replace(KOREAN, language="en")
    assert BUILT_IN["language"](Written(text, WRONG, KOREAN, opened=True)) == 1.0
    assert BUILT_IN["language"](Written(text, WRONG, english, opened=True)) == 0.0


def test_without_a_rule_there_is_no_accuracy() -> None:
    verdict = Verdict("undecided", None, "no_rule")
    assert BUILT_IN["accuracy"](Written("", verdict, KOREAN)) is None
    assert BUILT_IN["tests"](Written("", verdict, KOREAN)) is None
