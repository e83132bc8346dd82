"""What people left of a file of examples (`aha review`): decisions to rows that fine-tuning reads."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from aha.config.data_stages import FilterSettings
from aha.rollouts.example_rows import Row, checks
from aha.rollouts.examples import BadRowError, messages_of
from aha.tasks.files import read_rows
from aha.text.response import response_fault, split_response
from aha.types import Json, Verdict

ACCEPTED, EDITED, REJECTED = ("accepted", "accept"), ("edited", "edit"), ("rejected", "reject")
SHOWN_PROBLEMS = 5


@dataclass(slots=True)
class Reviewed:
    """Rows of a review, and what did not become one."""

    rows: list[Row] = field(default_factory=list)
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("accepted", "edited", "rejected", "undecided", "broken"), 0)
    )
    problems: list[str] = field(default_factory=list)
    """The first broken rows, for people."""

    def broken(self, where: str, why: str) -> None:
        """Count a row that cannot be used."""
        self.counts["broken"] += 1
        if self.counts["broken"] <= SHOWN_PROBLEMS:
            self.problems.append(f"{where}: left out, {why}")


def read_reviewed(path: Path, settings: FilterSettings) -> Reviewed:
    """Accepted and edited rows of an export, in its order. Raises DataError where the file cannot be read."""
    found = Reviewed()
    for number, row in read_rows(path, lambda number, error: found.broken(f"{path}, row {number}", error.problem)):
        where = f"{path}, row {number}"
        decision = row.get("decision") if isinstance(row, dict) else None
        if decision in REJECTED:
            found.counts["rejected"] += 1
        elif decision in (*ACCEPTED, *EDITED):
            try:
                found.rows.append(_row(row, decision in EDITED, f"{path.name}/{number}", settings))
                found.counts["edited" if decision in EDITED else "accepted"] += 1
            except BadRowError as error:
                found.broken(where, error.problem)
        elif isinstance(row, dict):
            found.counts["undecided"] += 1
        else:
            found.broken(where, "it is no object")
    return found


def _row(row: dict[str, Json], is_edited: bool, name: str, settings: FilterSettings) -> Row:
    """The row with the origin `reviewed`; what it knew of its correctness holds unless it was edited."""
    messages = messages_of(row)
    text = messages[-1]["content"]
    response = split_response(text)
    if messages[-1]["role"] != "assistant" or response is None:
        why = response_fault(text) or "the last message is not the assistant's"
        raise BadRowError("no_response", why.replace("_", " "))
    before = row.get("checks")
    correct = before.get("correct") if isinstance(before, dict) and not is_edited else None
    verdict = None if correct is None else Verdict("correct" if correct else "wrong", None, "reviewed")
    language = str(row.get("language", "en"))
    return {
        "id": str(row.get("id", name)),
        "messages": messages,
        "domain": str(row.get("domain", "general")),
        "language": language,
        "source": str(row.get("source", name.partition("/")[0])),
        "origin": "reviewed",
        "checks": checks(response, language, verdict, settings),
        **{
            key: row[key]
            for key in ("category", "tokens", "origin_before", "decision", "rank", "changed")
            if key in row
        },
    }
