"""What the verifiers said in training, and what a second judge thinks of it."""

from __future__ import annotations

from collections import Counter
from typing import Any

from aha.report.evaluations import shorten
from aha.report.read import Row, StageRecord
from aha.report.rollouts import read_columns

KINDS = {
    "false_wrong": "likely false wrong: called wrong after a comparison, right by the second judge",
    "misplaced": "right, but not where the task wants it: no single answer at its place",
    "false_right": "likely false right: called correct, wrong by the second judge",
}
ORDER = {"correct": 0, "wrong": 1, "undecided": 2}
MAX_DETAILS = 3
MAX_EXAMPLES = 5
MAX_CHARS = 2_000


def counts(stage: StageRecord, unread: list[str]) -> list[Row]:
    """Kept rollouts by outcome and reason, with the commonest details of undecided ones."""
    found: Counter[tuple[str, str]] = Counter()
    details: dict[str, Counter[str]] = {}
    for path in stage.rollouts.values():
        for row in read_columns(path, unread, ("outcome", "reason", "detail")):
            outcome, reason = str(row.get("outcome")), str(row.get("reason"))
            found[outcome, reason] += 1
            if outcome == "undecided" and row.get("detail"):
                details.setdefault(reason, Counter())[str(row["detail"])] += 1
    rows = [
        {
            "outcome": outcome,
            "reason": reason,
            "count": count,
            "share": count / found.total(),
            "details": [
                f"{times} × {shorten(text, MAX_CHARS)}"
                for text, times in details.get(reason, Counter()).most_common(MAX_DETAILS)
                if outcome == "undecided"
            ],
        }
        for (outcome, reason), count in found.most_common()
    ]
    return sorted(rows, key=lambda row: ORDER.get(row["outcome"], len(ORDER)))


def audit_rows(audit: Row) -> Row:
    """The second judge's rates and examples for the page; empty where there was no audit."""
    rates = audit.get("rates")
    if not isinstance(rates, dict):
        return {}
    examples = audit.get("examples") or {}
    return {
        "rates": [
            {"label": label, **rates[kind]} for kind, label in KINDS.items() if isinstance(rates.get(kind), dict)
        ],
        "judges": audit.get("judges") or {},
        "num_without_opinion": audit.get("num_without_opinion", 0),
        "examples": [
            {"kind": KINDS[kind].partition(":")[0], **_shown(example)}
            for kind in KINDS
            for example in (examples.get(kind) or [])[:MAX_EXAMPLES]
        ],
    }


def _shown(example: dict[str, Any]) -> Row:
    names = (
        "rollout_id",
        "stage",
        "step",
        "reference",
        "extracted",
        "second",
        "judge",
        "reason",
        "completion",
        "prompt",
    )
    return {name: None if (value := example.get(name)) is None else shorten(str(value), MAX_CHARS) for name in names}
