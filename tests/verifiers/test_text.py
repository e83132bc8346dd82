"""Question-answering texts: what normalisation may drop, and what it must not."""

from typing import Any

import pytest

from aha.verifiers import verify
from aha.verifiers.text import f1, words


def outcome(answer: str, reference: Any, **arguments: Any) -> tuple[str, str]:
    verdict = verify("text", f"<answer>{answer}</answer>", reference, arguments)
    return verdict["outcome"], verdict["reason"]


@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        ("The Beatles!", "beatles"), ("U.S.", "US"), ("an apple", "Apple"), ("1,234", "1234"), ("O’Neil", "O'Neil"),
        ("A", "a."), ("the", "The"), ("5%", "5 percent"), ("C++", "c++"), ("the  New\nYork", "New York"), ("+5", 5),
        ("1998-2001", "1998–2001"), ("이순신", "이순신."), ("$5", "5"), ("it is 3.14.", "It is 3.14"), ("½", "1/2"),
    ],
)  # fmt: skip
def test_the_same_words(answer: str, reference: Any) -> None:
    assert outcome(answer, reference) == ("correct", "match")


@pytest.mark.parametrize(
    ("answer", "reference"),
    [
        ("-5", "5"), ("5", "-5"), ("3.14", "314"), ("5-6", "56"), ("1/2", "12"), ("10:30", "1030"), ("C", "C++"),
        ("C#", "C"), ("A", "B"), ("the", "a"), ("5%", "5"), ("Paris or Rome", "Paris"), ("Paris, Rome, Oslo", "Rome"),
        ("not Paris", "Paris"), ("York New", "New York"), ("yes no", "yes"),
    ],
)  # fmt: skip
def test_other_words(answer: str, reference: str) -> None:
    assert outcome(answer, reference) == ("wrong", "mismatch")


def test_aliases_and_several_references() -> None:
    assert outcome("NYC", ["New York", "NYC"])[0] == "correct"
    assert outcome("NYC", "New York", aliases=["nyc"])[0] == "correct"
    assert outcome("NY", ["New York", "NYC"])[0] == "wrong"


def test_f1_counts_shared_words() -> None:
    assert f1(["a", "b", "b"], ["b", "c"]) == pytest.approx(2 / 5)
    assert f1(["x"], ["y"]) == 0.0
    gold = "the Battle of the Somme"
    assert outcome("Battle of Somme", gold, measure="f1", threshold=1.0)[0] == "correct"
    assert outcome("Somme battle", gold, measure="f1", threshold=0.8)[0] == "correct"
    assert outcome("Somme battle", gold, measure="f1", threshold=0.81)[0] == "wrong"
    assert outcome("Somme Verdun Ypres Cambrai battle of", gold, measure="f1")[0] == "wrong"


@pytest.mark.parametrize("gold", ["yes", "no", "noanswer"])
def test_yes_and_no_are_never_partly_right(gold: str) -> None:
    assert outcome(f"{gold} {gold} indeed", gold, measure="f1", threshold=0.1) == ("wrong", "mismatch")
    assert outcome(gold.upper(), gold, measure="f1") == ("correct", "match")


def test_nothing_and_too_much() -> None:
    assert outcome("?!", "x") == ("wrong", "unparsable")
    assert outcome("word " * 500, "x") == ("wrong", "over_limits")
    assert words("") == []


@pytest.mark.parametrize("reference", [None, [], {}, True, [None], "?!"])
def test_bad_references(reference: Any) -> None:
    assert outcome("a", reference) == ("undecided", "bad_reference")


@pytest.mark.parametrize("arguments", [{"measure": "bleu"}, {"threshold": 0.0}, {"threshold": 1.5}])
def test_bad_arguments(arguments: dict[str, Any]) -> None:
    assert outcome("a", "a", **arguments) == ("undecided", "bad_reference")
