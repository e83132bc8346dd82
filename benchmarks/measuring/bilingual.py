"""The lab's puzzles asked as often in Korean as in English, and worked solutions that mix the two languages."""

from __future__ import annotations

from random import Random
from typing import Any

from aha.lab.answers import worked
from aha.lab.families import FAMILIES, MIXTURE
from aha.lab.phrases import Language, phrase
from aha.lab.puzzle import Puzzle
from aha.lab.tasks import distinct, to_problem
from aha.runtime.seeds import seed_of
from aha.text.response import Response, join_response
from aha.types import Problem

LANGUAGES: tuple[Language, Language] = ("en", "ko")
SOURCE = "bilingual"


def problems(size: int = 4096, held_out: bool = False, seed: int = 0) -> list[Problem]:
    """Different puzzles of the lab's mixture, in each language with the same chance; those held out, or the others."""
    rng = Random(seed_of(seed, SOURCE, held_out))
    return [to_problem(puzzle, SOURCE) for puzzle in distinct(lambda: draw(rng, held_out), size)]


def heldout(size: int = 200) -> list[Problem]:
    """The benchmark."""
    return problems(size, held_out=True)


def draw(rng: Random, held_out: bool) -> Puzzle:
    """A puzzle of the class asked for."""
    while True:
        family = rng.choices(list(MIXTURE), list(MIXTURE.values()))[0]
        puzzle = FAMILIES[family](rng, rng.choice(LANGUAGES))
        if puzzle.held_out == held_out:
            return puzzle


def rows(size: int, mixed_frac: float, seed: int = 0) -> list[dict[str, Any]]:
    """Worked solutions in the released models' form; of `mixed_frac` the thought is in the other language."""
    rng = Random(seed_of(seed, SOURCE, "rows"))
    return [row_of(puzzle, rng, mixed_frac) for puzzle in distinct(lambda: draw(rng, False), size)]


def row_of(puzzle: Puzzle, rng: Random, mixed_frac: float) -> dict[str, Any]:
    """One puzzle with a worked solution, now and then with a slip in it."""
    other = LANGUAGES[1 - LANGUAGES.index(puzzle.language)]  # type: ignore[arg-type]
    mixes = rng.random() < mixed_frac
    thought, answer = worked(puzzle, rng, "mixed" if mixes else "worked", other if mixes else None)
    summary = phrase(rng, puzzle.language, "answer", f"<answer>{answer}</answer>")
    completion = join_response(Response(thought, summary))
    return {"prompt": puzzle.question, "completion": completion, "language": puzzle.language, "mixed": mixes}
