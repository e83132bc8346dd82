"""Python literals as answers: read as data, compared by value, on labelled predictions too."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from aha.verifiers import verify
from aha.verifiers.output import same

CRUXEVAL = Path(os.environ.get("AHA_DATA", Path(__file__).parents[2].parent / "shared" / "data")) / "cruxeval"


def outcome(answer: str, reference: Any) -> tuple[str, str]:
    verdict = verify("output", f"<answer>{answer}</answer>", reference, {})
    return verdict["outcome"], verdict["reason"]


@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        ("[1, 2]", "[1,2]"), ("'a'", '"a"'), ("1.0", "1"), ("{'b': 1, 'a': 2}", "{'a': 2, 'b': 1}"), ("(1,)", "(1,)"),
        ("{1, 2}", "{2, 1}"), ("set()", "set()"), ("-5", "-5"), ("1+2j", "(1+2j)"), ("b'x'", "b'x'"), ("None", "None"),
        ("```python\n[1]\n```", "[1]"), ("`[1]`", "[1]"), ("Output: 'x'", "'x'"), ("The answer is [1]", "[1]"),
        ("assert f([1], 'a == b') == {'k': (1, 2)}", "{'k': (1, 2)}"), ("f(3) == True", "True"), ("'a' 'b'", "'ab'"),
        ("'\\d'", r"'\\d'"), ("'==', 1", "('==', 1)"),
    ],
)  # fmt: skip
def test_right(answer: str, reference: str) -> None:
    assert outcome(answer, reference) == ("correct", "match")


@pytest.mark.parametrize(
    ("answer", "reference", "reason"),
    [
        ("[1, 2]", "(1, 2)", "mismatch"), ("1", "True", "mismatch"), ("{1: 'a'}", "{True: 'a'}", "mismatch"),
        ("[0]", "[False]", "mismatch"), ("{1}", "{True}", "mismatch"), ("'1'", "1", "mismatch"),
        ("[2, 1]", "[1, 2]", "mismatch"),
        ("1 or 2", "1", "unparsable"), ("1; 2", "1", "unparsable"), ("f(1)", "1", "unparsable"),
        ("1 == 1", "True", "unparsable"),
        ("f(1) == f(1)", "1", "unparsable"), ("x = 1", "1", "unparsable"), ("assert 1", "1", "unparsable"),
        ("abc", "'abc'", "unparsable"), ("[1, 2", "[1, 2]", "unparsable"), ("'a' * 3", "'aaa'", "unparsable"),
        ("{[]: 1}", "1", "unparsable"), ("__import__('os')", "1", "unparsable"), ("[" * 500, "[]", "unparsable"),
        ("-" * 9000 + "1", "1", "unparsable"), ("9" * 5000, "1", "unparsable"), ("\x00", "1", "unparsable"),
        ("\ud800", "1", "unparsable"), ("...'", "1", "unparsable"), ("'" + "a" * 9_998 + "'", "'a'", "mismatch"),
    ],
)  # fmt: skip
def test_wrong(answer: str, reference: str, reason: str) -> None:
    assert outcome(answer, reference) == ("wrong", reason)


@pytest.mark.parametrize("reference", [None, 5, [1], "f(x)", "", "1 +", "'" + "a" * 10_001 + "'"])
def test_bad_references(reference: Any) -> None:
    assert outcome("1", reference) == ("undecided", "bad_reference")


def told_apart(value: Any) -> Any:
    """The value with every bool marked."""
    if isinstance(value, bool):
        return ("bool", str(value))
    if isinstance(value, list | tuple | set):
        return type(value)(told_apart(item) for item in value)
    if isinstance(value, dict):
        return {told_apart(key): told_apart(item) for key, item in value.items()}
    return value


def test_equality_is_pythons_but_for_bools() -> None:
    plain: list[Any] = [0, 1, True, False, 1.0, "", "1", None]
    nested: list[Any] = [
        [],
        (),
        {},
        set(),
        [1],
        [True],
        (1,),
        {1: 1},
        {True: 1},
        {1: True},
        {1},
        {True},
        [[1]],
        [[True]],
    ]
    for a in plain + nested:
        for b in plain + nested:
            assert same(a, b) == (told_apart(a) == told_apart(b)), (a, b)


@pytest.mark.skipif(not CRUXEVAL.is_dir(), reason=f"the public data folder has no {CRUXEVAL}")
@pytest.mark.parametrize("every", [10, pytest.param(1, marks=pytest.mark.slow)])
def test_the_labels_of_cruxeval(every: int) -> None:
    with (CRUXEVAL / "codellama7b_output_labelled.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines][::every]
    for row in rows:
        for answer, label in zip(row["generations"], row["correct"], strict=True):
            verdict = verify("output", f"<answer>{answer}</answer>", row["output"], {})
            assert (verdict["outcome"] == "correct") == label, (row["output"], answer)
    assert len(rows) * every > 500
