"""The second judge: it finds answers in its own way and compares them by other means."""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

import pytest

from aha.evaluation.second_judge import judge, last_answer, last_program

HAS_MATH_VERIFY = importlib.util.find_spec("math_verify") is not None


@pytest.mark.parametrize(
    ("response", "answer"),
    [
        ("<think>5</think> <answer> 4 </answer>", "4"),
        ("<think>5</think> <answer>3</answer> <answer>4</answer> Done.", "4"),
        ("<think>5</think> <answer>4", "4"),
        ("<think><answer>5</answer></think> so the answer is: 4.", "4"),
        ("<think>5</think> It is \\boxed{3} or \\boxed{\\frac{1}{2}}!", "\\frac{1}{2}"),
        ("<think>5</think> \\boxed{4", None),
        ("<think>5", None),
        ("5 </think> <answer>4</answer>", "4"),
        ("First.\n\nThe sum is **4**.\n", "The sum is 4"),
        ("<think>5</think>  \n", None),
        ("", None),
    ],
)
def test_last_answer(response: str, answer: str | None) -> None:
    assert last_answer(response) == answer


def test_last_program() -> None:
    assert last_program("<think>```a```</think> ```py\nb\n``` or ```py\nc\n``` so.") == "```py\nc\n```"
    assert last_program("<think>a</think> ```py\nb") is None
    assert last_program("no program") is None


def opinion(answer: str, reference: Any, verifier: str = "number", **arguments: Any) -> tuple[str, str]:
    found = judge(verifier, f"<think>x</think> <answer>{answer}</answer>", reference, arguments)
    return found["outcome"], found["judge"]


NUMBERS = [
    ("4", 4, "correct"),
    ("5", 4, "wrong"),
    ("4.0", "4", "correct"),
    ("$1,234$", "#### 1234", "correct"),
    ("1/2", "0.5", "correct"),
    ("-3", "\\boxed{-3}", "correct"),
    ("", "4", "wrong"),
    ("3", ["4", "3"], "correct"),
]


@pytest.mark.parametrize(("answer", "reference", "outcome"), NUMBERS)
def test_plain_numbers_where_math_verify_is_not_installed(
    answer: str, reference: Any, outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert opinion(answer, reference) == (outcome, "numbers")


@pytest.mark.parametrize(
    ("answer", "reference", "outcome"),
    [("4 or 5", "4", "wrong"), ("about 4 apples", "4", "correct"), ("4", "x", "undecided"), ("1/0", "1/0", "correct"),
     ("2", "1/0", "undecided"), ("x", "x", "correct")],
)  # fmt: skip
def test_numbers_are_one_each_or_no_opinion(
    answer: str, reference: str, outcome: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    assert opinion(answer, reference)[0] == outcome


@pytest.mark.skipif(not HAS_MATH_VERIFY, reason="needs math-verify: pip install 'aha[verify]'")
def test_math_verify_where_it_is_installed() -> None:
    assert [opinion(*row[:2]) for row in NUMBERS] == [(row[2], "math-verify") for row in NUMBERS]
    assert opinion("\\frac{2}{4}", "\\dfrac12", "math") == ("correct", "math-verify")
    assert opinion("x+2", "x+1", "math") == ("wrong", "math-verify")
    assert opinion("9" * 400, "4") == ("undecided", "math-verify")
    assert opinion("4", "") == ("undecided", "math-verify")


def test_other_tasks_go_through_their_own_verifier_with_another_extraction() -> None:
    assert opinion("Paris", ["paris", "Lutetia"], "exact") == ("correct", "other extraction")
    assert opinion("Rome", "paris", "exact")[0] == "wrong"
    response = "<think>x</think> I would say \\boxed{3*8}"
    found = judge("expression", response, {"numbers": [3, 8], "target": 24}, {"extract": "answer_tag"})
    assert (found["outcome"], found["answer"]) == ("correct", "3*8")
    assert judge("exact", "<think>x", "x", {}) == {"outcome": "wrong", "judge": "other extraction", "answer": None}


def test_programs_are_run_again(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[tuple[Any, ...]] = []

    def verify(*call: Any) -> dict[str, str]:
        seen.append(call)
        return {"outcome": "correct"}

    monkeypatch.setattr(sys.modules["aha.verifiers"], "verify", verify)
    arguments = {"language": "python", "extract": "code_block"}
    found = judge("code", "<think>x</think> ```py\nprint(4)\n```", {"tests": []}, arguments)
    assert (found["outcome"], found["judge"]) == ("correct", "same tests again")
    assert seen == [("code", "<think></think>```py\nprint(4)\n```", {"tests": []}, {"language": "python"})]
