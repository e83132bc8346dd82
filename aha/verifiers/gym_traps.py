"""Where a reasoning-gym scorer (0.1.25) gives full marks to an answer that is not right: a second condition each."""

from __future__ import annotations

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Any

from aha.verifiers.base import UnparsableError
from aha.verifiers.expression import expression
from aha.verifiers.numbers import number, read_number

Condition = Callable[[str, dict[str, Any]], bool]
"""Answer and entry → whether the scorer may be believed. Raises the exceptions of `aha.verifiers.base`."""

MAX_RELATIVE_ERROR = Fraction(1, 100)
"""Of a probability, beside the scorer's absolute 1e-4."""


def same_words(answer: str, entry: dict[str, Any]) -> bool:
    """The gold's words and no others: these scorers take any text for True, or a right beginning for the whole."""
    return answer.casefold().split() == str(entry["answer"]).casefold().split()


def same_number(answer: str, entry: dict[str, Any]) -> bool:
    """One number, with its sign: this scorer takes the first one without."""
    return number(answer, entry["answer"]).outcome == "correct"


def as_many_numbers(answer: str, entry: dict[str, Any]) -> bool:
    """As many numbers as the gold has: this scorer takes the first that fit."""
    return len(re.findall(r"\d+", answer)) == len(re.findall(r"\d+", str(entry["answer"])))


def as_many_words(answer: str, entry: dict[str, Any]) -> bool:
    """No more words than the gold has: this scorer reads the first."""
    return len(answer.split()) <= len(str(entry["answer"]).split())


def close_share(answer: str, entry: dict[str, Any]) -> bool:
    """A probability near the gold: this scorer takes a common beginning, such as 0 for 0.1."""
    gold = read_number(str(entry["answer"]), lenient=False)
    return abs(read_number(answer, lenient=False) - gold) <= MAX_RELATIVE_ERROR * gold


def uses_the_numbers(answer: str, entry: dict[str, Any]) -> bool:
    """An expression over the puzzle's own numbers: this scorer takes any four."""
    return expression(answer, {"numbers": entry["metadata"]["numbers"], "target": 24}).outcome == "correct"


def only_numbers(answer: str, entry: dict[str, Any]) -> bool:
    """Numbers between commas: this scorer passes over what it cannot read."""
    for part in answer.split(","):
        read_number(part, lenient=False)
    return True


def only_moves(answer: str, entry: dict[str, Any]) -> bool:
    """Letters of moves: this scorer passes over all others."""
    if not re.fullmatch(r"[UDLRudlr\s]*", answer):
        raise UnparsableError
    return True


TRAPS: dict[str, Condition] = {
    "game_of_life_halting": same_words,
    "spell_backward": same_words,
    "letter_jumble": same_words,
    "gsm_symbolic": same_number,
    "fraction_simplification": as_many_numbers,
    "time_intervals": as_many_words,
    "coin_flip": close_share,
    "puzzle24": uses_the_numbers,
    "polynomial_equations": only_numbers,
    "sokoban": only_moves,
}
"""Dataset → what must hold beside a full score."""
