"""Who is what: ways to say it, ways to cheat."""

import pytest

from aha.verifiers import verify

ROLES = {"Amelia": "knight", "Bo": "knave", "Mary Ann": "knight"}
RIGHT = [
    "Amelia is a knight, Bo is a knave, and Mary Ann is a knight.",
    "(1) Amelia is a knight\n(2) Bo is a knave\n(3) Mary Ann is a knight",
    "Amelia: knight, Bo: knave, Mary Ann: knight",
    "amelia = KNIGHT; bo = KNAVE; mary ann = KNIGHT",
    "Amelia knight, Bo knave, Mary Ann knight",
    "Amelia and Mary Ann are knights. Bo is a knave.",
    "Amelia is a knight, Bo is not a knight, and Mary Ann isn't a knave",
    "Knights: Amelia, Mary Ann",
    "So Amelia is a knight, and Bo is a knave; therefore Mary Ann is a knight. Amelia is a knight.",
]
WRONG = [
    ("Amelia is a knave, Bo is a knave, Mary Ann is a knight", "mismatch"),
    ("Amelia is a knight or a knave, Bo is a knave, Mary Ann is a knight", "unparsable"),
    ("Amelia is a knight. Amelia is a knave. Bo is a knave, Mary Ann is a knight", "several_answers"),
    ("Amelia is a knight, Bo is a knave", "unparsable"),
    ("Amelia villain, Bo knave, Mary Ann knight", "unparsable"),
    ("Amelia is a knight, Bo is a knave, Mary Ann", "unparsable"),
    ("Amelia said Bo is a knave", "unparsable"),
    ("knight knave knight", "no_answer"),
    ("if Amelia is a knight then Bo is a knave and Mary Ann is a knight", "unparsable"),
    ("Amelia is a knight " * 200, "over_limits"),
    ("Amelia, Bo and Mary Ann are knights", "mismatch"),
]


def outcome(answer: str, reference: object = ROLES, **arguments: object) -> tuple[str, str]:
    verdict = verify("knights", f"<answer>{answer}</answer>", reference, arguments)
    return verdict["outcome"], verdict["reason"]


@pytest.mark.parametrize("answer", [text for text in RIGHT if not text.startswith("Knights")])
def test_right(answer: str) -> None:
    assert outcome(answer) == ("correct", "match")


def test_lists_by_role() -> None:
    assert outcome("Knights: Amelia, Mary Ann. Knaves: Bo.") == ("correct", "match")
    assert outcome("Knights: Amelia, Mary Ann.") == ("wrong", "unparsable")


@pytest.mark.parametrize(("answer", "reason"), WRONG)
def test_wrong(answer: str, reason: str) -> None:
    assert outcome(answer) == ("wrong", reason)


def test_other_words_and_languages() -> None:
    saints = {"Ann": "saint", "Bob": "saint"}
    assert outcome("Ann saint, Bob saint", saints, terms=["saint", "sinner"]) == ("correct", "match")
    assert outcome("Ann sinner, Bob saint", saints, terms=["saint", "sinner"]) == ("wrong", "mismatch")
    korean = {"민수": "기사", "지연": "악당"}
    assert outcome("민수 기사, 지연 악당", korean, terms=["기사", "악당"]) == ("correct", "match")
    assert outcome("민수는 기사, 지연은 악당이다", korean, terms=["기사", "악당"]) == ("correct", "match")


def test_reference_with_other_words_than_the_terms_is_bad() -> None:
    assert outcome("Ann saint", {"Ann": "saint"}) == ("undecided", "bad_reference")


STATEMENTS = {"names": ["A1", "B1"], "statements": [["lying", 1], ["<=>", ["telling-truth", 0], ["not", ["lying", 1]]]]}


def test_statements_are_evaluated() -> None:
    assert outcome("A1 is a knight, B1 is a knave", STATEMENTS) == ("correct", "match")
    assert outcome("A1 is a knave, B1 is a knave", STATEMENTS) == ("wrong", "mismatch")


@pytest.mark.parametrize(
    "reference",
    [
        {}, [], None, {"names": ["A1"], "statements": []}, {"names": ["A1"], "statements": [["lying", 5]]},
        {"names": ["A1"], "statements": [["xor", ["lying", 0]]]}, {"names": ["A1"], "statements": ["lying"]},
        {"statements": [["lying", 0]]}, {"names": ["A1"], "statements": [["and"]]},
    ],
)  # fmt: skip
def test_bad_references(reference: object) -> None:
    assert outcome("A1 is a knight", reference) == ("undecided", "bad_reference")


def test_names_have_one_canonical_order() -> None:
    forms = {verify("knights", f"<answer>{text}</answer>", ROLES, {})["extracted"] for text in RIGHT[:5]}
    assert forms == {"Amelia=knight, Bo=knave, Mary Ann=knight"}
