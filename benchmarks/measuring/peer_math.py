"""Math-Verify as a worker's target: its parser and comparison with their own defaults and time limits."""

from __future__ import annotations

import logging
import os

os.environ["TQDM_DISABLE"] = "1"
logging.disable(logging.CRITICAL)


def math_verify(gold: str, response: str, extraction: list[str]) -> str:
    """`correct`, `wrong`, or `undecided` where the gold answer could not be read.

    A gold answer without LaTeX marks is put into a box, as its users are told to do. Runs in a worker's main thread,
    which is what its time limit, an alarm signal, needs.
    """
    from math_verify import ExprExtractionConfig, LatexExtractionConfig, StringExtractionConfig, parse, verify

    known = {"latex": LatexExtractionConfig, "expr": ExprExtractionConfig, "string": StringExtractionConfig}
    marked = any(mark in gold for mark in ("$", "\\(", "\\[", "\\boxed"))
    extractors = [known[name]() for name in extraction]
    parsed = parse(gold if marked or extraction == ["expr"] else f"\\boxed{{{gold}}}", extraction_config=extractors)
    if not parsed:
        return "undecided"
    return "correct" if verify(parsed, parse(response, extraction_config=extractors)) else "wrong"
