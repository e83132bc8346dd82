"""What makes a thought hard to read: loops, walls of text, mixed languages, code. Shared by rewards and filters.

DeepSeek-R1 (2501.12948, 2.3.3) drops chains of thought with mixed languages, long paragraphs and code blocks before its
second fine-tuning, and gives no limits; the limits here are ours.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from aha.text.language import language_share
from aha.text.repetition import repetition

_FENCED = re.compile(r"```.*?(?:```|\Z)", re.DOTALL)


@dataclass(slots=True, frozen=True)
class Readability:
    """Four measures of a text; all are 0 for an empty one."""

    repetition: float
    """Share of its runs of words that stood in it before, in [0, 1]."""
    longest_paragraph_chars: int
    """Characters of the longest line outside code blocks."""
    mixed_frac: float
    """Share of its words that are not in the wanted language, in [0, 1]; 0 where there are too few to tell."""
    code_frac: float
    """Share of its characters inside code blocks, in [0, 1]; a block that is not closed runs to the end."""


READABLE = Readability(repetition=0.2, longest_paragraph_chars=2_000, mixed_frac=0.1, code_frac=0.0)
"""The most of each that a readable thought has."""


def readability(text: str, language: str) -> Readability:
    """Measure a text that should be in `language` (ISO 639-1), in time linear in its length."""
    share = language_share(text, language)
    code_chars = sum(len(block) for block in _FENCED.findall(text))
    return Readability(
        repetition=repetition(text),
        longest_paragraph_chars=max(len(line.strip()) for line in _FENCED.sub("\n", text).split("\n")),
        mixed_frac=0.0 if share is None else 1 - share,
        code_frac=code_chars / len(text) if text else 0.0,
    )


def reading_faults(text: str, language: str, limits: Readability = READABLE) -> list[str]:
    """Which measures are over their limit: of `repetition`, `long_paragraph`, `mixed_language`, `code_block`."""
    found = readability(text, language)
    over = {
        "repetition": found.repetition > limits.repetition,
        "long_paragraph": found.longest_paragraph_chars > limits.longest_paragraph_chars,
        "mixed_language": found.mixed_frac > limits.mixed_frac,
        "code_block": found.code_frac > limits.code_frac,
    }
    return [name for name, is_over in over.items() if is_over]
