"""What every lab family makes: a puzzle with its gold answer, its working, and the answers that haste gives."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from random import Random

from aha.lab.phrases import Language
from aha.lab.scribe import Scribe
from aha.types import Json, VerifierSpec

HELD_OUT_SHARE = 16
"""One problem in this many is held out of corpus and training, by the hash of its key."""


@dataclass(slots=True)
class Puzzle:
    """A problem of the lab in one language."""

    family: str
    key: str
    """The problem itself without its wording; the hash of it decides whether the problem is held out."""
    question: str
    language: Language
    answer: str
    reference: Json
    verifier: VerifierSpec
    difficulty: int
    """Steps, numbers or people: the family's own unit."""
    work: Callable[[Scribe], str]
    """Writes a worked solution and returns the answer that it reached (wrong where a slip was left standing)."""
    haste: Callable[[Random], str]
    """A wrong answer such as one gives without working."""
    domain: str = "math"

    @property
    def held_out(self) -> bool:
        """Whether the problem belongs to the held-out class, in whatever language it is asked."""
        digest = hashlib.blake2b(f"{self.family}|{self.key}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") % HELD_OUT_SHARE == 0
