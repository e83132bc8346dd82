"""The textbook web that the base model reads: puzzles asked and answered, exercise pages, and general text."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from aha.lab.answers import document
from aha.lab.families import seen
from aha.lab.general import GENERAL
from aha.lab.scribe import Scribe
from aha.runtime.seeds import seed_of

KINDS = {"puzzle": 0.68, "exercises": 0.11, "general": 0.21}
"""Shares of documents (exercise pages are long, so their share of tokens is larger; docs/lab.md has both)."""

EXERCISES = {
    "arithmetic": 0.28,
    "story": 0.08,
    "countdown": 0.10,
    "knights": 0.22,
    "lists": 0.10,
    "strings": 0.08,
    "programs": 0.14,
}
"""Shares of the families among exercise pages: more of what takes longest to learn."""

EXERCISE_SLIP_RATE = 0.01
PAGE_CHARACTERS = 700
"""An exercise page ends with the first exercise that reaches this length."""


def documents(seed: int) -> Iterator[str]:
    """Endless documents; the same seed gives the same ones. No held-out problem is among them."""
    rng = Random(seed_of(seed, "lab-corpus"))
    while True:
        kind = rng.choices(list(KINDS), list(KINDS.values()))[0]
        if kind == "puzzle":
            yield document(seen(rng), rng)
        elif kind == "exercises":
            yield exercises(rng)
        else:
            makers = list(GENERAL.values())
            yield rng.choices(makers, [share for _, share in makers])[0][0](rng)


def exercises(rng: Random) -> str:
    """A page of up to eight exercises of one family with their working, as a textbook prints them."""
    family = rng.choices(list(EXERCISES), list(EXERCISES.values()))[0]
    lines = [f"Exercises: {family}"]
    for number in range(1, rng.randint(4, 8) + 1):
        if sum(map(len, lines)) > PAGE_CHARACTERS:
            break
        puzzle = seen(rng, family)
        scribe = Scribe(rng, puzzle.language, EXERCISE_SLIP_RATE, 0.02)
        answer = puzzle.work(scribe)
        lines.append(f"{number}) {puzzle.question}\n{scribe.text} [{answer}]")
    return "\n".join(lines)
