"""Doors to puzzles: knights and knaves, and 24."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations

from aha.tasks.doors.boxes import MIT
from aha.tasks.doors.door import Door, Row
from aha.tasks.rows import RowFormat
from aha.types import Json

TARGET = 24
ROLES = (
    "Reason step by step. Then write between <answer> and </answer>, for every inhabitant by name, "
    "whether they are a knight or a knave."
)
EXPRESSION = "Please reason step by step, and put the expression within \\boxed{}."
LOGIC_RL = "github.com/Unakar/Logic-RL: data/kk/instruct/"
TREE = "github.com/princeton-nlp/tree-of-thought-llm: src/tot/data/24/24.csv"

KNIGHTS = RowFormat(
    prompt="prompt", answer="answer", gold="gold", verifier="knights", extract="answer_tag", instruction=ROLES,
    domain="logic",
)  # fmt: skip
GAME_24 = RowFormat(
    prompt="prompt", answer="answer", verifier="expression", verifier_arguments={"use": "all"}, extract="boxed",
    instruction=EXPRESSION,
)  # fmt: skip


def knights(row: Row) -> dict[str, Json]:
    """Statements are judged, not wording; the people's number is the difficulty."""
    try:
        statements = ast.literal_eval(row.text("statements"))
    except (ValueError, SyntaxError) as error:
        raise row.error(f"column 'statements' holds no nested tuples ({error})") from error
    return {
        "prompt": row.text("quiz"),
        "answer": {"names": row.value("names", list), "statements": statements},
        "gold": row.text("solution_text"),
        "id": row.number("index"),
        "difficulty": row.value("n", int),
    }


def game24(row: Row) -> dict[str, Json]:
    """Four numbers; the rank, from easy to hard by the share of people who solved it, is the difficulty."""
    numbers, rank = row.value("numbers", list), row.value("rank", int)
    prompt = f"Make {TARGET} from the numbers {', '.join(map(str, numbers))}. Use each of them exactly once, with "
    return {
        "prompt": prompt + "+, -, *, / and brackets.",
        "answer": {"numbers": numbers, "target": TARGET},
        "id": str(rank),
        "difficulty": rank,
    }


def game24_hard(row: Row) -> dict[str, Json] | None:
    """The ranks that Tree of Thoughts was scored on."""
    return game24(row) if 901 <= row.value("rank", int) <= 1000 else None


def solve_24(reference: Json) -> str | None:
    """An expression that answers game24's reference; None where there is none."""
    return _solve([(Fraction(number), str(number)) for number in reference["numbers"]])


def _solve(terms: Sequence[tuple[Fraction, str]]) -> str | None:
    """An expression over all terms (value, text) that is TARGET, by joining two of them in every way."""
    if len(terms) == 1:
        return terms[0][1] if terms[0][0] == TARGET else None
    for one, other in combinations(terms, 2):
        rest = list(terms)
        rest.remove(one)
        rest.remove(other)
        for joined in _join(*one, *other):
            if (found := _solve([joined, *rest])) is not None:
                return found
    return None


def _join(a: Fraction, left: str, b: Fraction, right: str) -> Iterator[tuple[Fraction, str]]:
    yield a + b, f"({left} + {right})"
    yield a * b, f"({left} * {right})"
    yield a - b, f"({left} - {right})"
    yield b - a, f"({right} - {left})"
    if b:
        yield a / b, f"({left} / {right})"
    if a:
        yield b / a, f"({right} / {left})"


def _knights_door(people: int, half: str, num_rows: int) -> Door:
    return Door(
        f"knights_knaves-{people}" + ("-train" if half == "train" else ""),
        f"knights_knaves/{people}ppl_{half}.jsonl", num_rows, f"who of {people} lies? one solution each",
        knights, KNIGHTS, f"{LOGIC_RL}{people}ppl/{half}.parquet",
        "Apache-2.0; puzzles (K-and-K/knights-and-knaves) CC-BY-NC-SA-4.0",
        "statements are evaluated, so any wording of the roles counts",
    )  # fmt: skip


DOORS = (
    *(_knights_door(people, "test", 100) for people in (3, 4, 5, 6)),
    *(_knights_door(people, "train", 900) for people in (3, 5)),
    Door("game24", "game24/puzzles.jsonl", 1362, "24 from four numbers; any valid expression",
         game24, GAME_24, TREE, MIT, "columns rank, numbers; ranks from easy to hard", solve_24),
    Door("game24-hard", "game24/puzzles.jsonl", 100, "its ranks 901–1000, which Tree of Thoughts is scored on",
         game24_hard, GAME_24, TREE, MIT, solve=solve_24),
)  # fmt: skip
