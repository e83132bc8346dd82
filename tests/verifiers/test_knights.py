"""Who is what: ways to say it, ways to cheat."""

import json
import os
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aha.verifiers import verify
from aha.verifiers.knights import TERMS, holds, solutions
from aha.verifiers.roles import read_roles

ROLES = {"Amelia": "knight", "Bo": "knave", "Mary Ann": "knight"}
RIGHT = [
    "Amelia is a knight, Bo is a knave, and Mary Ann is a knight.",
    "(1) Amelia is a knight\n(2) Bo is a knave\n(3) Mary Ann is a knight",
    "(1) Amelia is a knight (2) Bo is a knave (3) Mary Ann is a knight",
    "Amelia: knight, Bo: knave, Mary Ann: knight",
    "amelia = KNIGHT; bo = KNAVE; mary ann = KNIGHT",
    "Amelia knight Bo knave Mary Ann knight",
    "Amelia and Mary Ann are knights. Bo is a knave.",
    "Amelia is a knight, Bo is not a knight, and Mary Ann isn’t a knave",
    "Neither Amelia nor Mary Ann is a knave, and Bo is not a knight.",
    "Amelia is a knight, not a knave. Bo is a knave (a liar). Mary Ann is a knight.",
    "So Amelia is indeed a knight, and Bo must be a knave; therefore Mary Ann's role is knight. Amelia is a knight.",
    "Amelia is a truth-teller, Bo is a liar, Mary Ann is a truth-teller",
    "Knights: Amelia, Mary Ann. Knaves: Bo.",
    "Knights:\n- Amelia\n- Mary Ann\nKnaves:\n- Bo",
    "Knights: Amelia,\nMary Ann\nKnaves: Bo",
    "The knights are Amelia and Mary Ann; the only knave is Bo.",
    "Knights and knaves:\nAmelia is a knight\nBo is a knave\nMary Ann is a knight",
    "Final answer: Amelia is a knight, Bo is a knave, Mary Ann is a knight. In total 2 knights and one knave.",
    "1. **Amelia**: Knight\n2. **Bo**: Knave\n3. **Mary Ann**: Knight",
    "| Name | Role |\n|---|---|\n| Amelia | knight |\n| Bo | knave |\n| Mary Ann | knight |",
    "\\begin{array}{ll} \\text{Amelia} & \\text{knight} \\\\ \\text{Bo} & \\text{knave} \\\\ "
    "\\text{Mary Ann} & \\text{knight} \\end{array}",
    "$\\textbf{Amelia is a knight}$, $\\textbf{Bo is a knave}$, $\\textbf{Mary Ann is a knight}$.",
    '{"Amelia": "knight",\n "Bo": "knave", "Mary Ann": "knight"}',
    "Amelia → knight; Bo → knave; Mary Ann → knight",
    "Amelia는 기사이고, Bo는 건달이며, Mary Ann은 기사입니다.",
    "Amelia는 기사, Bo는 기사가 아니다, Mary Ann은 건달이 아닙니다.",
    "기사: Amelia, Mary Ann\n악당: Bo",
]
WRONG = [
    ("Amelia is a knave, Bo is a knave, Mary Ann is a knight", "mismatch"),
    ("Amelia, Bo and Mary Ann are knights", "mismatch"),
    ("All of them are knights.", "mismatch"),
    ("Nobody is a knight", "mismatch"),
    ("모두 기사", "mismatch"),
    ("Amelia is a knight or a knave, Bo is a knave, Mary Ann is a knight", "unparsable"),
    ("Amelia is a knight, Bo is a knave", "unparsable"),
    ("Amelia villain, Bo knave, Mary Ann knight", "unparsable"),
    ("Amelia is a knight, Bo is a knave, Mary Ann", "unparsable"),
    ("Ameliaa is a knight, Bo is a knave, Mary Ann is a knight", "unparsable"),
    ("Amelia said Bo is a knave, Bo is a knave, Mary Ann is a knight", "unparsable"),
    ("if Amelia is a knight then Bo is a knave and Mary Ann is a knight", "unparsable"),
    ("Amelia, Bo, Mary Ann", "unparsable"),
    ("Amelia is a knight, Bo is a knave, Mary Ann is a knight? Not.\nAmelia is not", "unparsable"),
    ("Amelia is a knight. No wait, a knave. Bo is a knave. Mary Ann is a knight.", "unparsable"),
    ("Amelia is a knight. A knave fits better. Bo is a knave. Mary Ann is a knight.", "unparsable"),
    ("Knights always tell the truth. You meet Amelia, Bo and Mary Ann.", "unparsable"),
    ("Knights: Amelia (as is clear), Mary Ann. Knaves: Bo.", "unparsable"),
    ("Amelia is a knight, Bo is a knave, Mary Ann is a knight. Knaves:", "unparsable"),
    ("Amelia는 기사 또는 건달, Bo는 건달, Mary Ann은 기사", "unparsable"),
    ("Amelia is a knight. Amelia is a knave. Bo is a knave, Mary Ann is a knight", "several_answers"),
    ("Amelia is a knight, actually a knave, Bo is a knave, Mary Ann is a knight", "several_answers"),
    ("Amelia: knight/knave, Bo: knave, Mary Ann: knight", "several_answers"),
    ("Knights: Amelia, Bo, Mary Ann. Knaves: Amelia, Bo, Mary Ann.", "several_answers"),
    ("knight knave knight", "no_answer"),
    ("(1) NAME is a knight (2) NAME is a knave (3) NAME is a knight", "no_answer"),
    ("Amelia is a knight " * 200, "over_limits"),
]


def outcome(answer: str, reference: object = ROLES, **arguments: object) -> tuple[str, str]:
    verdict = verify("knights", f"<answer>{answer}</answer>", reference, arguments)
    return verdict["outcome"], verdict["reason"]


@pytest.mark.parametrize("answer", RIGHT)
def test_right(answer: str) -> None:
    assert outcome(answer) == ("correct", "match")


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


def test_a_name_of_one_letter_is_no_article() -> None:
    assert outcome("A is a knight, B is a knave", {"A": "knight", "B": "knave"}) == ("correct", "match")


WORDINGS = [
    "{} is a {}",
    "{}: {}",
    "{} = {}",
    "- {} is the {}\n",
    "**{}** must be a {}\n",
    "{} ({})",
    "\\text{{{}}} & {} \\\\ ",
]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.booleans(), min_size=2, max_size=8), st.sampled_from(WORDINGS), st.randoms())
def test_any_assignment_is_read_back(truths: list[bool], wording: str, rng: random.Random) -> None:
    names = rng.sample(["Ada", "Boris", "Mary Ann", "Dmitri", "Edith", "Farid", "Zoë", "민수"], len(truths))
    roles = dict(zip(names, truths, strict=True))
    order = rng.sample(names, len(names))
    text = ", ".join(wording.format(name, TERMS[not roles[name]]) for name in order)
    assert read_roles(text, names, TERMS) == roles


STATEMENTS = {"names": ["A1", "B1"], "statements": [["lying", 1], ["<=>", ["telling-truth", 0], ["not", ["lying", 1]]]]}


def test_statements_are_evaluated() -> None:
    assert outcome("A1 is a knight, B1 is a knave", STATEMENTS) == ("correct", "match")
    assert outcome("A1 is a knave, B1 is a knave", STATEMENTS) == ("wrong", "mismatch")
    as_text = {**STATEMENTS, "statements": "(('lying', 1), ('<=>', ('telling-truth', 0), ('not', ('lying', 1))))"}
    assert outcome("A1 is a knight, B1 is a knave", as_text) == ("correct", "match")


@pytest.mark.parametrize(
    ("operator", "table"),
    [("and", "0001"), ("or", "0111"), ("->", "1101"), ("<=>", "1001")],
)
def test_truth_tables(operator: str, table: str) -> None:
    for index, (a, b) in enumerate([(False, False), (False, True), (True, False), (True, True)]):
        for negated in (False, True):
            said = [operator, ["telling-truth", 0], ["not", ["lying", 1]]]
            assert holds(["not", said] if negated else said, [a, b]) == ((table[index] == "1") != negated)


def test_all_solutions_are_found() -> None:
    assert solutions([["lying", 1], ["lying", 0]]) == [(True, False), (False, True)]
    assert solutions([["lying", 0], ["lying", 0]]) == []
    assert solutions(STATEMENTS["statements"]) == [(True, False)]


@pytest.mark.parametrize(
    "reference",
    [
        {}, [], None, {"names": ["A1"], "statements": []}, {"names": ["A1"], "statements": [["lying", 5]]},
        {"names": ["A1"], "statements": [["xor", ["lying", 0]]]}, {"names": ["A1"], "statements": ["lying"]},
        {"statements": [["lying", 0]]}, {"names": ["A1"], "statements": [["and"]]}, {"A1": 5},
        {"A1": "knight", "a1": "knight"}, {"names": ["A1"], "statements": [["lying", True]]},
        {"names": ["A1"], "statements": "((exit(),),)"},
        {"names": ["A1"], "statements": [["not", ["lying", 0], ["lying", 0]]]},
        {"names": [""], "statements": [["lying", 0]]},
        {"names": ["A1"], "statements": [["and", ["lying", 0]]]},
        {"names": ["A1"], "statements": [["->", ["lying", 0]]]},
        {f"{n}": "knight" for n in range(30)}, {"names": [1], "statements": [["lying", 0]]},
    ],
)  # fmt: skip
def test_bad_references(reference: object) -> None:
    assert outcome("A1 is a knight", reference) == ("undecided", "bad_reference")


def test_names_have_one_canonical_order() -> None:
    forms = {verify("knights", f"<answer>{text}</answer>", ROLES, {})["extracted"] for text in RIGHT}
    assert forms == {"Amelia=knight, Bo=knave, Mary Ann=knight"}


PUZZLES = Path(os.environ.get("AHA_DATA", Path(__file__).parents[2].parent / "shared" / "data")) / "knights_knaves"


@pytest.mark.skipif(not PUZZLES.is_dir(), reason=f"the public data folder has no {PUZZLES}")
@pytest.mark.parametrize("every", [50, pytest.param(1, marks=pytest.mark.slow)])
def test_public_puzzles_have_the_one_solution_that_they_give(every: int) -> None:
    for path in sorted(PUZZLES.glob("*.jsonl")):
        with path.open(encoding="utf-8") as lines:
            rows = [json.loads(line) for line in lines][::every]
        for row in rows:
            reference = {"names": row["names"], "statements": row["statements"]}
            assert solutions(_as_lists(row["statements"])) == [tuple(row["solution"])]
            for text in (row["solution_text"], row["solution_text_format"]):
                assert outcome(text, reference) == ("correct", "match"), text
            for place, name in enumerate(row["names"]):
                was, other = ("knight", "knave")[:: 1 if row["solution"][place] else -1]
                flipped = row["solution_text"].replace(f"{name} is a {was}", f"{name} is a {other}")
                assert outcome(flipped, reference) == ("wrong", "mismatch"), flipped
            assert outcome(row["quiz"], reference)[0] == "wrong"


def _as_lists(statements: str) -> object:
    return json.loads(statements.replace("(", "[").replace(",)", ")").replace(")", "]").replace("'", '"'))
