"""`verification_pairs`: pairs from tests and issues of other graders, each under its own source's convention.

Math-Verify's tests hold whole sentences, and where the answer stands in them is its own convention: boxes near each
other are one list, else what comes last counts, formula or number. That is applied here, to gold and prediction alike,
before our verifier compares; Math-Verify itself is given the texts as its tests give them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from aha.text.answers import last_boxed
from benchmarks.measuring.labelled import Case, boxed, rows

CONVENTIONS: dict[str, tuple[str, Mapping[str, Any]]] = {
    "Math-Verify tests": (
        "units, percent signs and the order of a list do not count; decimals as exact as the test's `precision` says",
        {"units": "ignore", "percent": "either"},
    ),
    "huggingface/Math-Verify issue": (
        "as its tests, and the reporter is right",
        {"units": "ignore", "percent": "either"},
    ),
    "NeMo-Skills tests": ("a percent sign does not count", {"percent": "either"}),
    "MARIO_EVAL tests": (
        "units do not count; numbers are equal to about three digits, compared here to two places; the order inside "
        "brackets counts",
        {"units": "ignore", "rounding": 2},
    ),
    "hendrycks/math": ("the order of a list counts; units do not", {"units": "ignore", "order": "significant"}),
}
"""Source → what its authors count as equal, and our verifier's settings for that."""

LEFT_OUT: dict[int, str] = {
    31: "refuses an answer for a line feed inside dollar signs, which row 33 accepts inside brackets",
    32: "as row 31",
    35: "the formula is damaged: an escaped dollar sign inside it",
    60: "the gold answer is a whole discussion without a box",
    101: "the answer asserts three different values of x",
    109: "the gold answer asserts 1 = 0",
    162: "a pair in round brackets is called equal to a set",
    187: "contradicts row 186, which is the same pair, and rows 391 and 405",
    189: "the gold answer is damaged: a tab in place of the backslash and the t of `text`",
    193: "the answer names one of the solutions twice, and the gold answer does not",
    212: "as row 193",
    263: "contradicts row 386, which is the same pair",
    329: "refuses a unit because no space stands before it; rows 320 to 325 accept units",
    330: "as row 329",
}
"""Row → why its verdict cannot be met together with the others, or is none."""
NEAR = 40
"""Characters between two boxes that belong together."""

_BOX = re.compile(r"\\boxed\s*\{")
_FORMULA = re.compile(r"\$\$(.+?)\$\$|\$(.+?)\$|\\\[(.+?)\\\]|\\\((.+?)\\\)", re.DOTALL)
_NUMBER = re.compile(r"-?\$?\d[\d,.]*\d|\d")
MAX_PLAIN_CHARS = 60
"""Longer than an answer without marks is; it is a sentence."""


def verification_pairs() -> Iterator[Case]:
    """The pairs that are left, in two sets: those from Math-Verify's own tests, and all others."""
    for row in rows("verification_pairs/pairs.jsonl"):
        if row["id"] in LEFT_OUT:
            continue
        source = next(name for name in CONVENTIONS if row["source"].startswith(name))
        own = source == "Math-Verify tests"
        prediction = row["prediction"]
        marked = any(mark in prediction for mark in ("$", "\\(", "\\[", "\\boxed"))
        precision = {"rounding": row["options"]["precision"]} if "precision" in row["options"] else {}
        yield Case(
            "verification_pairs, Math-Verify's tests" if own else "verification_pairs, others",
            str(row["id"]),
            answer_in(row["gold"]) if own else row["gold"],
            prediction if not own and "\\boxed" in prediction else boxed(answer_in(prediction) if own else prediction),
            bool(row["equivalent"]),
            {"extract": "boxed", **CONVENTIONS[source][1], **precision},
            peer_gold=row["gold"],
            peer_response=prediction if own or marked else boxed(prediction),
            peer_extraction=tuple(row["extraction"] or ("latex", "expr")),
        )


def answer_in(text: str) -> str:
    """What Math-Verify's tests mean by the answer of a text."""
    starts = [match.start() for match in _BOX.finditer(text)]
    if starts and "final answer is" not in text[starts[-1] :]:
        contents: list[str] = []
        end = len(text)
        for start in reversed(starts):
            inner = last_boxed(text[start:end]) or ""
            if contents and end - start - len(boxed(inner)) > NEAR:
                break
            contents.insert(0, inner)
            end = start
        return ", ".join(contents)
    sentence = text.rpartition("answer is")[2].replace("$ and $", " and ")
    formulas = list(_FORMULA.finditer(sentence))
    around = _FORMULA.sub(" ", sentence)
    words = formulas and re.search(r"[A-Za-z]{4}", around.replace("percent", ""))
    if sentence == text and len(text) <= MAX_PLAIN_CHARS and not words:
        return text
    numbers = list(_NUMBER.finditer(sentence))
    if formulas and (not numbers or numbers[-1].end() <= formulas[-1].end()):
        return next(group for group in formulas[-1].groups() if group).strip()
    return numbers[-1].group() if numbers else text
