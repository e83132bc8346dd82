"""Points for verdicts, and Logic-RL's table on what policies were seen to do."""

from __future__ import annotations

import pytest

from aha.rewards import Written, grade
from aha.types import Json, Problem, Verdict, VerifierSpec
from aha.verifiers import verify

QUESTION = "Ada says: Bo is a knave. Bo says: Ada and Bo are knights. Who is what?"
PUZZLE = Problem(
    "p", "knights", [{"role": "user", "content": QUESTION}], {"Ada": "knight", "Bo": "knave"}, VerifierSpec("knights")
)
RIGHT = "Ada is a knight, Bo is a knave"
SOLVED = "If Bo were a knight, Ada would be one too and would lie. So Bo lies."


def answered(response: str, cut_off: bool = False) -> Written:
    """The response with the verdict that grading gives it."""
    if cut_off:
        return Written(response, Verdict("wrong", None, "truncated"), PUZZLE, cut_off=True)
    found = verify("knights", response, PUZZLE.reference, {})
    return Written(response, Verdict(found["outcome"], None, found["reason"]), PUZZLE)


def form(thought: str = SOLVED, answer: str = RIGHT) -> str:
    return f"<think>{thought}</think>\n<answer>{answer}</answer>"


TWELVE = {
    "right": (form(), 3.0),
    "read and wrong": (form(answer="Ada is a knave, Bo is a knave"), -0.5),
    "somebody is missing": (form(answer="Ada is a knight"), -1.0),
    "hedged": (form(answer="Ada is a knight, Bo is a knight or a knave"), -1.0),
    "no thought": (form(thought=" "), -3.0),
    "reasoning in the answer": (form(answer=f"If Bo is a knight then Ada is a knight, a lie. {RIGHT}"), -1.0),
    "both guesses": (form(answer=f"{RIGHT}. Ada is a knave, Bo is a knight"), -1.0),
    "two answers": (f"{form()} <answer>Ada is a knave, Bo is a knight</answer>", -3.0),
    "filler": (f"{form()} That was a lovely puzzle about lovely people.", -3.0),
    "wrong order": (f"<answer>{RIGHT}</answer><think>{SOLVED}</think>", -3.0),
    "thinks again": (f"{form()}<think>Wait.</think>", -3.0),
    "placeholder": (form(thought="Thinking process here."), -3.0),
}


@pytest.mark.parametrize(("response", "expected"), TWELVE.values(), ids=TWELVE)
def test_logic_rl_table(response: str, expected: float) -> None:
    assert grade("logic", [answered(response)], {}) == [expected]


@pytest.mark.parametrize("thought", [QUESTION, f"  {QUESTION}\n...", " . . . "])
def test_a_thought_that_only_repeats_the_question_is_none(thought: str) -> None:
    assert grade("logic", [answered(form(thought=thought))], {}) == [-3.0]
    assert grade("logic", [answered(form(thought=f"{thought} Bo lies."))], {}) == [3.0]


def test_a_cut_off_answer_is_unreadable() -> None:
    assert grade("logic", [answered(form(), cut_off=True), answered("<think>Bo", cut_off=True)], {}) == [-1.0, -3.0]


CONCISE = {"correct": 1.0, "wrong": -0.5, "missing": -1.0}


@pytest.mark.parametrize(
    ("response", "cut_off", "dapo", "concise", "plain"),
    [
        (form(), False, 1.0, 1.0, 1.0),
        (form(answer="Ada is a knave, Bo is a knave"), False, -1.0, -0.5, 0.0),
        ("<think>I do not know.</think>", False, -1.0, -1.0, 0.0),
        ("<think>Let me see", True, -1.0, -1.0, 0.0),
        (f"<think>x</think><answer>{RIGHT}</answer> and", True, -1.0, -0.5, 0.0),
        (rf"<think>x</think> \boxed{{{RIGHT}}} and", True, -1.0, -0.5, 0.0),
    ],
)
def test_outcome_by_paper(response: str, cut_off: bool, dapo: float, concise: float, plain: float) -> None:
    """DAPO's 1/-1; the concise phases' 1/-.5/-1, and 1/0/0 in which nothing lengthens."""
    given: list[tuple[dict[str, Json], float]] = [({}, dapo), (CONCISE, concise), ({"wrong": 0.0}, plain)]
    for arguments, expected in given:
        assert grade("outcome", [answered(response, cut_off)], arguments) == [expected]


def test_only_finished_answers_earn() -> None:
    """Open-Reasoner-Zero: what was cut off earns nothing, even with the right answer in it."""
    cut = answered(form(), cut_off=True)
    assert grade("accuracy", [cut, answered(form())], {}) == [0.0, 1.0]
