"""Writes worked solutions: equations with the slips, re-checks and second ways that a writer has."""

from __future__ import annotations

from random import Random

from aha.lab.phrases import Language, phrase


def slipped(rng: Random, value: int) -> int:
    """A number near `value` such as a slip gives: off by one, two or ten, or with two digits swapped."""
    digits = str(abs(value))
    if len(digits) > 1 and digits[0] != digits[1] and rng.random() < 0.2:
        swapped = int(digits[1] + digits[0] + digits[2:])
        if swapped != abs(value):
            return swapped
    return value + rng.choice([-10, -2, -1, 1, 2, 10])


class Scribe:
    """Collects the sentences of one worked solution.

    `slip_rate` is the chance that an equation comes out wrong; `recheck_rate` the chance that an equation is looked at
    again. A re-check finds a slip nine times in ten, and once in thirty spoils what was right.
    """

    def __init__(self, rng: Random, language: Language, slip_rate: float = 0.0, recheck_rate: float = 0.0) -> None:
        self.rng = rng
        self.language = language
        self.slip_rate = slip_rate
        self.recheck_rate = recheck_rate
        self.num_equations = 0
        self.parts: list[str] = []

    def say(self, text: str) -> None:
        """Add a sentence as it is."""
        if text:
            self.parts.append(text)

    def phrase(self, key: str, *values: str) -> None:
        """Add one wording of a phrase."""
        self.say(self.word(key, *values))

    def word(self, key: str, *values: str) -> str:
        """One wording of a phrase in the writer's language."""
        return phrase(self.rng, self.language, key, *values)

    def equation(self, left: str, value: int) -> int:
        """Write `left=value` with a joint before it; returns the value that now stands, slips included."""
        self.phrase("first" if self.num_equations == 0 else "next")
        self.num_equations += 1
        written = slipped(self.rng, value) if self.rng.random() < self.slip_rate else value
        self.say(f"{left}={written}.")
        if self.rng.random() < self.recheck_rate:
            written = self._recheck(left, value, written)
        return written

    def _recheck(self, left: str, value: int, written: int) -> int:
        if written != value:
            found = value if self.rng.random() < 0.9 else written
        else:
            found = slipped(self.rng, value) if self.rng.random() < 1 / 30 else value
        self.phrase("recheck")
        self.say(f"{left}={found}.")
        self.phrase("confirmed" if found == written else "repaired")
        return found

    def flip(self, truth: bool) -> bool:
        """A judgement that slips like an equation does."""
        return truth != (self.rng.random() < self.slip_rate / 2)

    @property
    def text(self) -> str:
        """Everything written so far, in one line."""
        return " ".join(self.parts)
