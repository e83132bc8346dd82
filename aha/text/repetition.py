"""How much of a text repeats itself."""

from __future__ import annotations

import re

NGRAM = 12
_TOKEN = re.compile(r"[^\W\d_\u3040-\u30ff\u4e00-\u9fff]{1,12}|[\u3040-\u30ff\u4e00-\u9fff]|\d+|[^\w\s]|_")


def repetition(text: str) -> float:
    """Share of the text's runs of 12 words, numbers and signs that stood in it before, in [0, 1].

    A loop gives almost 1, ordinary working almost 0; a text shorter than a run gives 0.
    """
    tokens = _TOKEN.findall(text)
    num_runs = len(tokens) - NGRAM + 1
    if num_runs < 1:
        return 0.0
    return 1.0 - len({tuple(tokens[place : place + NGRAM]) for place in range(num_runs)}) / num_runs
