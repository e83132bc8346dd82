"""`verification_pairs`: pairs from tests and issues of other graders, each under its own source's convention."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aha.text.answers import last_boxed
from benchmarks.measuring.labelled import Case, boxed, rows

CONVENTIONS: dict[str, tuple[str, Mapping[str, Any]]] = {
    "Math-Verify tests": ("units, percent signs and the order of a list do not count", {}),
    "huggingface/Math-Verify issue": ("as its tests, and the reporter is right", {}),
    "NeMo-Skills tests": ("a percent sign does not count", {}),
    "MARIO_EVAL tests": ("units do not count; decimals count as rounded; the order inside brackets counts", {}),
    "hendrycks/math": ("the order of a list counts", {}),
}
"""Source → what its authors count as equal, and our verifier's settings for that."""

LEFT_OUT: dict[int, str] = {}
"""Row → why its verdict cannot be met together with the others: it contradicts one, or its gold answer is damaged."""


def verification_pairs() -> Iterator[Case]:
    """The pairs that are left, in two sets: those from Math-Verify's own tests, and all others."""
    for row in rows("verification_pairs/pairs.jsonl"):
        if row["id"] in LEFT_OUT:
            continue
        source = next(name for name in CONVENTIONS if row["source"].startswith(name))
        own = source == "Math-Verify tests"
        prediction = row["prediction"]
        marked = any(mark in prediction for mark in ("$", "\\(", "\\[", "\\boxed"))
        boxed_gold = last_boxed(row["gold"])
        yield Case(
            "verification_pairs, Math-Verify's tests" if own else "verification_pairs, others",
            str(row["id"]),
            row["gold"] if boxed_gold is None else boxed_gold,
            prediction,
            bool(row["equivalent"]),
            {"extract": "auto", **CONVENTIONS[source][1]},
            peer_gold=row["gold"],
            peer_response=prediction if own or marked else boxed(prediction),
            peer_extraction=tuple(row["extraction"] or ("latex", "expr")),
        )
