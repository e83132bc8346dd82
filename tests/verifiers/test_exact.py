"""Texts, lists and JSON values."""

from typing import Any

import pytest

from aha.verifiers import verify


def outcome(name: str, answer: str, reference: Any, **arguments: Any) -> tuple[str, str]:
    verdict = verify(name, f"<answer>{answer}</answer>", reference, arguments)
    return verdict["outcome"], verdict["reason"]


@pytest.mark.parametrize(
    ("answer", "reference", "right"),
    [
        ("Paris", "paris", True), (" 'Paris.' ", "Paris", True), ("New\n York", "new york", True), ("**A**", "A", True),
        ("Ｐａｒｉｓ", "Paris", True), ("é", "e\u0301", True), ("Paris or Rome", "Paris", False), ("A", "B", False),
        ("two", ["2", "two"], True), ("42", 42, True), ("-5", "5", False), ("", "A", False),
    ],
)  # fmt: skip
def test_exact(answer: str, reference: Any, right: bool) -> None:
    assert (outcome("exact", answer, reference)[0] == "correct") == right


def test_exact_arguments() -> None:
    assert outcome("exact", "paris", "Paris", case=True)[0] == "wrong"
    assert outcome("exact", "City of Light", "Paris", aliases=["city of light"])[0] == "correct"
    assert outcome("exact", "'.'", "x") == ("wrong", "unparsable")


@pytest.mark.parametrize("reference", [None, [], {}, True, [None]])
def test_exact_bad_references(reference: Any) -> None:
    assert outcome("exact", "a", reference) == ("undecided", "bad_reference")


@pytest.mark.parametrize(
    ("answer", "right"),
    [
        ("3, 1, 2", True), ("[3,1,2]", True), ("3 1 2", True), ("(3.0, 1, 4/2)", True), ("1, 2, 3", False),
        ("3, 1", False), ("3, 1, 2, 2", False), ("3,,1,2", False),
    ],
)  # fmt: skip
def test_lists(answer: str, right: bool) -> None:
    assert (outcome("list", answer, [3, 1, 2])[0] == "correct") == right


def test_list_arguments_and_limits() -> None:
    assert outcome("list", "2 3 1", [3, 1, 2], ordered=False)[0] == "correct"
    assert outcome("list", "2 3 3", [3, 1, 2], ordered=False)[0] == "wrong"
    assert outcome("list", "Pear, apple", ["pear", "Apple"])[0] == "correct"
    assert outcome("list", "Pear, apple", ["pear", "Apple"], case=True)[0] == "wrong"
    assert outcome("list", "[]", [])[0] == "correct"
    assert outcome("list", "3,,1", [3, 1]) == ("wrong", "unparsable")
    assert outcome("list", "1 " * 201, [1]) == ("wrong", "over_limits")
    assert outcome("list", "1", "1") == ("undecided", "bad_reference")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ('{"b": [1, null], "a": "x"}', "match"), ('```json\n{"a": "x", "b": [1, null]}\n```', "match"),
        ('{"a": "x", "b": [1.0, null]}', "mismatch"), ('{"a": "x", "b": [true, null]}', "mismatch"),
        ('{"a": "x"}', "mismatch"), ('{"a": "y", "a": "x", "b": [1, null]}', "unparsable"),
        ("{'a': 'x'}", "unparsable"), ('{"a": NaN}', "unparsable"), ('{"a": "x", "b": [1, null]} ok', "unparsable"),
        ("[" * 401, "over_limits"), ('["x"]', "mismatch"), ('{"a": "x", "b": [1]}', "mismatch"),
    ],
)  # fmt: skip
def test_json(answer: str, reason: str) -> None:
    assert outcome("json", answer, {"a": "x", "b": [1, None]})[1] == reason
