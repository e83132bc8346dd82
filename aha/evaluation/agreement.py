"""Verdicts against given labels: the confusion table, its two rates with intervals, and every disagreement."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field

from aha.errors import DataError
from aha.evaluation.statistics import wilson
from aha.types import Interval, Json, Outcome, Verdict

OUTCOMES: tuple[Outcome, ...] = ("correct", "wrong", "undecided")
LABELS: dict[str, Outcome] = {
    "true": "correct", "correct": "correct", "1": "correct", "1.0": "correct",
    "false": "wrong", "wrong": "wrong", "incorrect": "wrong", "0": "wrong", "0.0": "wrong",
}  # fmt: skip
"""What a label may be, as lower-case text."""
MAX_SHOWN_CHARS = 200


def label_of(value: Json, where: str) -> Outcome:
    """`correct` or `wrong`. Raises DataError, that starts with `where`, for anything that LABELS does not hold."""
    found = LABELS.get(str(value).strip().lower())
    if found is None:
        raise DataError(f"{where} holds {str(value)[:100]!r}, expected true or false, correct or wrong, 1 or 0.")
    return found


@dataclass(slots=True)
class Agreement:
    """How verdicts and labels go together."""

    column: str
    counts: dict[str, Counter[str]] = field(default_factory=lambda: {label: Counter() for label in OUTCOMES[:2]})
    """Label → number of verdicts by outcome."""
    disagreements: list[dict[str, Json]] = field(default_factory=list)
    """One record a row that was decided otherwise than its label."""

    def add(self, number: int, row: Mapping[str, Json], label: Outcome, verdict: Verdict) -> None:
        """Count one row of the file."""
        self.counts[label][verdict.outcome] += 1
        if verdict.outcome not in ("undecided", label):
            self.disagreements.append(
                {
                    "row": number,
                    "id": row["id"],
                    "verifier": row["verifier"],
                    "label": label,
                    "outcome": verdict.outcome,
                    "reason": verdict.reason,
                    "extracted": verdict.extracted,
                    "reference": str(row["reference"])[:MAX_SHOWN_CHARS],
                }
            )

    def rate(self, label: Outcome, outcome: Outcome) -> Interval | None:
        """Share of the rows with this label that got this outcome; None where there is no such row."""
        total = self.counts[label].total()
        return wilson(self.counts[label][outcome], total) if total else None

    def to_json(self) -> dict[str, Json]:
        """Table, rates and disagreements."""
        rates = {"false_correct": self.rate("wrong", "correct"), "false_wrong": self.rate("correct", "wrong")}
        return {
            "column": self.column,
            "table": {label: {outcome: found[outcome] for outcome in OUTCOMES} for label, found in self.counts.items()},
            **{name: None if rate is None else asdict(rate) for name, rate in rates.items()},
            "disagreements": self.disagreements,
        }
