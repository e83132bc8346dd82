"""How much of a text repeats itself."""

from __future__ import annotations

import re

NGRAM = 12
MARKS = "\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0900-\u0963\u0966-\u0dff\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u200c\u200d"
"""Vowel signs, accents and joiners, which are no letters to a regular expression, and the letters among them."""
_CHARACTER = "\u3040-\u30ff\u4e00-\u9fff"
_TOKEN = re.compile(rf"(?:[^\W\d_{_CHARACTER}]|[{MARKS}]){{1,12}}|[{_CHARACTER}]|\d+|[^\w\s]|_")


def repetition(text: str) -> float:
    """Share of the text's runs of 12 words, numbers and signs that stood in it before, in [0, 1].

    A loop gives almost 1, ordinary working almost 0; a text shorter than a run gives 0.
    """
    tokens = _TOKEN.findall(text)
    num_runs = len(tokens) - NGRAM + 1
    if num_runs < 1:
        return 0.0
    return 1.0 - len({tuple(tokens[place : place + NGRAM]) for place in range(num_runs)}) / num_runs
