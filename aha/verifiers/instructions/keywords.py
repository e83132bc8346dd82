"""Words and letters that an answer must have, must not have, or must have so often."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aha.verifiers.instructions.lengths import compare


def existence(text: str, keywords: Sequence[str]) -> bool:
    """Every keyword is there, in any case, also inside a word."""
    return all([keyword.lower() in text.lower() for keyword in keywords])


def frequency(text: str, keyword: str, frequency: int, relation: str) -> bool:
    """The keyword is there at least, or less than, so often."""
    return compare(text.lower().count(keyword.strip().lower()), relation, frequency)


def forbidden_words(text: str, forbidden_words: Sequence[str]) -> bool:
    """None of the words is there as a word of its own."""
    return not any([_word(word).search(text) for word in forbidden_words])


def letter_frequency(text: str, letter: str, let_frequency: int, let_relation: str) -> bool:
    """The letter, small or capital, or another character, is there at least, or less than, so often."""
    return compare(text.lower().count(letter.strip().lower()), let_relation, let_frequency)


def _word(word: str) -> re.Pattern[str]:
    return re.compile(rf"\b{re.escape(word.strip())}\b", re.IGNORECASE)
