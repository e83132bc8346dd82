"""Math-Verify as a worker's target: its parser and comparison with their own defaults, but for the time limit.

Its five seconds are seconds of the clock; a minute is given here, so that a busy machine does not count against it.
"""

from __future__ import annotations

import logging
import os

os.environ["TQDM_DISABLE"] = "1"
for _chatty in ("math_verify", "latex2sympy2_extended"):
    logging.getLogger(_chatty).setLevel(logging.CRITICAL)
CLOCK_SECONDS = 60


def math_verify(gold: str, response: str, extraction: list[str]) -> str:
    """`correct`, `wrong`, or `undecided` where the gold answer could not be read.

    A gold answer without LaTeX marks is put into a box, as its users are told to do. Runs in a worker's main thread,
    which is what its time limit, an alarm signal, needs.
    """
    from math_verify import ExprExtractionConfig, LatexExtractionConfig, StringExtractionConfig, parse, verify

    known = {"latex": LatexExtractionConfig, "expr": ExprExtractionConfig, "string": StringExtractionConfig}
    marked = any(mark in gold.replace("\\$", "") for mark in ("$", "\\(", "\\[", "\\boxed"))
    extractors = [known[name]() for name in extraction]
    text = gold if marked or extraction == ["expr"] else f"\\boxed{{{gold}}}"
    parsed = parse(text, extraction_config=extractors, parsing_timeout=CLOCK_SECONDS)
    if not parsed:
        return "undecided"
    answer = parse(response, extraction_config=extractors, parsing_timeout=CLOCK_SECONDS)
    return "correct" if verify(parsed, answer, timeout_seconds=CLOCK_SECONDS) else "wrong"
