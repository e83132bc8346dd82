"""Countdown and 24."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from aha.verifiers import verify

TASK = {"numbers": [2, 3, 7, 7], "target": 42}


def outcome(answer: str, reference: Any = TASK, **arguments: Any) -> tuple[str, str]:
    verdict = verify("expression", f"<answer>{answer}</answer>", reference, arguments)
    return verdict["outcome"], verdict["reason"]


@pytest.mark.parametrize(
    "answer",
    [
        "7 * (7 - 3 + 2)", "7*(7-3+2)=42", "7 × (7 − 3 + 2)", "(2 + 7 - 3) \\times 7", "\\boxed{7*(7-3+2)}",
        "$7 \\cdot \\left(7-3+2\\right)$", "42 = 7*(7-3+2)", "Answer: 7 x (7 - 3 + 2) = 42", "**7*(7-3+2)**.",
        "\\[7 * [7 - 3 + 2] = 42\\]", "The final answer is: `7*(7-3+2)`", "\\(42 = (7-3+2) \\cdot 7\\)",
    ],
)  # fmt: skip
def test_right(answer: str) -> None:
    assert outcome(answer)[0] == "correct"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("42", "mismatch"), ("7*3*2", "mismatch"), ("7*3*2+7-7", "mismatch"), ("7*(7-3+2)=41", "mismatch"),
        ("7*(7-3+2)=42=42", "mismatch"), ("7+7+3+2", "mismatch"), ("6*7", "mismatch"), ("-7*(3-7-2)", "unparsable"),
        ("7**2-7", "unparsable"), ("7(7-3+2)", "unparsable"), ("2/(3-3)+7", "unparsable"), ("7*(7-3+2", "unparsable"),
        ("(" * 60 + "7" + ")" * 60, "over_limits"), ("7*(7-3+2) or 42", "unparsable"), ("7 7", "unparsable"),
    ],
)  # fmt: skip
def test_wrong(answer: str, reason: str) -> None:
    assert outcome(answer) == ("wrong", reason)


def test_a_false_claim_beside_the_expression() -> None:
    assert outcome("7*(7-3+2)=41", claim="ignored") == ("correct", "match")
    assert outcome("42=7*(7-3+1)", claim="ignored") == ("wrong", "mismatch")
    assert outcome("7*(7-3+2)=?", claim="ignored") == ("wrong", "unparsable")


def test_nested_latex_fractions() -> None:
    eights = {"numbers": [3, 3, 8, 8], "target": 24}
    assert outcome("\\boxed{\\frac{8}{3-\\dfrac{8}{3}}}", eights) == ("correct", "match")
    assert outcome("24/\\frac{8}{4}*2", {"numbers": [24, 8, 4, 2], "target": 24}) == ("correct", "match")


def test_limits() -> None:
    assert outcome("7" + " " * 2000) == ("wrong", "mismatch")
    assert outcome("7+" * 600 + "7") == ("wrong", "over_limits")
    assert outcome("1234567890123") == ("wrong", "over_limits")


def test_use_at_most() -> None:
    assert outcome("7*3*2", use="at_most") == ("correct", "match")
    assert outcome("7*3*2*1", use="at_most") == ("wrong", "mismatch")
    assert outcome("3*7*2+7-7-0", use="at_most") == ("wrong", "mismatch")


def test_fractions_are_exact() -> None:
    assert outcome("8/(3-8/3)", {"numbers": [3, 3, 8, 8], "target": 24}) == ("correct", "match")


def test_valid_expressions_share_the_canonical_form_of_their_value() -> None:
    for answer in ("7*(7-3+2)", "(2-3+7)*7=42"):
        assert verify("expression", f"<answer>{answer}</answer>", TASK, {})["extracted"] == "42"
    assert verify("expression", "<answer>6 * 7</answer>", TASK, {})["extracted"] == "6*7"


@pytest.mark.parametrize("reference", [None, {}, {"numbers": "2 3", "target": 5}, {"numbers": [1.5], "target": 2}])
def test_bad_references(reference: Any) -> None:
    assert outcome("1+1", reference) == ("undecided", "bad_reference")


GAME_24 = Path(os.environ.get("AHA_DATA", Path(__file__).parents[2].parent / "shared" / "data")) / "game24"


@pytest.mark.skipif(not GAME_24.is_dir(), reason=f"the public data folder has no {GAME_24}")
@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_the_labels_of_tree_of_thoughts(every: int) -> None:
    with (GAME_24 / "gpt4_cot_labelled.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines][::every]
    for row in rows:
        reference = {"numbers": [int(number) for number in row["puzzle"].split()], "target": 24}
        verdict = verify("expression", row["output"], reference, {"extract": "last_line", "claim": "ignored"})
        assert (verdict["outcome"] == "correct") == bool(row["reward"]), row
    assert len(rows) * every >= 7_000
