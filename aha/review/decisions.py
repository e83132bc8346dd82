"""What people decided, one line at once for each decision: FILE.review.jsonl, which is only ever appended to."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, get_args

from aha.errors import DataError, UsageError
from aha.review.records import Record, RecordFile, read_records
from aha.runtime import files
from aha.runtime.metrics import read_lines
from aha.text.response import Response, join_response, split_response
from aha.types import Json

Word = Literal["accepted", "edited", "rejected"]
WORDS: tuple[str, ...] = get_args(Word)
BEST, WORST = 1, 9


@dataclass(slots=True, frozen=True)
class Decision:
    """How things stand with one record."""

    word: Word | None = None
    """None: not decided."""
    rank: int | None = None
    """1 (best) to 9 among the answers to one question; None: not ranked."""
    edited: Response | None = None
    """What it was changed to."""


@dataclass(slots=True)
class Review:
    """A file of records and all decisions about them."""

    path: Path
    file: RecordFile
    decisions: dict[str, Decision] = field(default_factory=dict)
    """By id; the last one of each."""
    num_stale: int = 0
    """Decisions about texts that are not in the file any more."""
    problems: list[list[Record]] = field(default_factory=list)
    """Records by question."""
    _before: list[tuple[str, Decision]] = field(default_factory=list)
    """What can be undone: ids, and how things stood before."""
    _records: dict[str, Record] = field(default_factory=dict)

    @property
    def journal(self) -> Path:
        """Where decisions stand."""
        return beside(self.path, ".review.jsonl")

    def record(self, name: str) -> Record:
        """The record of this id. Raises UsageError for one that is not there."""
        if name not in self._records:
            raise UsageError(f"There is no record {name!r} in {self.path}.")
        return self._records[name]

    def decision(self, name: str) -> Decision:
        """How things stand with a record."""
        return self.decisions.get(name, Decision())

    def accept(self, name: str) -> None:
        """Take the record as it stands, edits included."""
        now = self.decision(name)
        self._set(name, replace(now, word="edited" if now.edited else "accepted"))

    def reject(self, name: str) -> None:
        """Leave the record out; what was edited stays in the journal."""
        self._set(name, replace(self.decision(name), word="rejected", edited=None))

    def edit(self, name: str, thought: str, summary: str) -> None:
        """Change thought and summary; an empty thought is none. Texts as they were make it accepted.

        Raises UsageError for texts that would not be read back as they are.
        """
        wanted = Response(thought.strip() or None, summary.strip())
        if split_response(join_response(wanted)) != wanted:
            problem = "A thought or summary cannot hold <think> or </think>, and a summary cannot be empty."
            raise UsageError(problem, cure="Take them out, or reject the record.")
        same = wanted == self.record(name).response
        now = self.decision(name)
        self._set(name, replace(now, word="accepted" if same else "edited", edited=None if same else wanted))

    def rank(self, name: str, rank: int | None) -> None:
        """Give a rank among the answers to the same question, or take it away."""
        if rank is not None and not BEST <= rank <= WORST:
            raise UsageError(f"A rank is a number from {BEST} to {WORST}, got {rank}.")
        self._set(name, replace(self.decision(name), rank=rank))

    def undo(self) -> str | None:
        """Take back the last decision that was not taken back; returns the record's id, None where there is none."""
        if not self._before:
            return None
        name, before = self._before.pop()
        self._append(name, before, undo=True)
        self.decisions[name] = before
        return name

    def counts(self) -> dict[str, int]:
        """Records by decision, rows that were not read, and decisions without a record."""
        found: Counter[str] = Counter(self.decision(record.id).word or "undecided" for record in self.file.records)
        numbers = {word: found[word] for word in (*WORDS, "undecided")}
        return {"records": len(self.file.records), **numbers, "unread": len(self.file.unread), "stale": self.num_stale}

    def _set(self, name: str, decision: Decision) -> None:
        self.record(name)
        before = self.decision(name)
        if decision == before:
            return
        self._append(name, decision)
        self._before.append((name, before))
        self.decisions[name] = decision

    def _append(self, name: str, decision: Decision, undo: bool = False) -> None:
        edited = decision.edited
        line: dict[str, Json] = {
            "time": datetime.now(UTC).isoformat(timespec="seconds"),
            "id": name,
            "record": self.record(name).digest,
            "decision": decision.word,
            "rank": decision.rank,
        }
        line |= {"thought": edited.thought, "summary": edited.summary} if edited else {}
        files.append_line(self.journal, line | ({"undo": True} if undo else {}))
        files.sync(self.journal)


def open_review(path: Path) -> Review:
    """The records of a file, and where their review stands. Rows that did not parse are written to FILE.aside.jsonl.

    Raises DataError for a file without records, and for a journal that was not written by a review.
    """
    file = read_records(path)
    review = Review(path, file, problems=file.problems(), _records={record.id: record for record in file.records})
    for number, line in enumerate(read_lines(review.journal), start=1):
        _replay(review, line, f"{review.journal}, line {number}")
    if review.file.unread:
        rows = [{"row": each.row, "why": each.why, "text": each.text} for each in review.file.unread]
        aside = beside(path, ".aside.jsonl")
        files.write_bytes(aside, b"".join(files.json_bytes(row, aside, indent=None) + b"\n" for row in rows))
    return review


@contextmanager
def sole_reviewer(path: Path) -> Iterator[None]:
    """Be the only one who writes decisions about a file. Raises UsageError where another process does."""
    lock = path.with_name(f".{path.name}.review.lock")
    descriptor = files.lock_file(lock)
    if descriptor is None:
        raise UsageError(f"{path} is being reviewed in another process.", cure="Go on there, or stop it first.")
    try:
        yield
    finally:
        os.close(descriptor)


def beside(path: Path, suffix: str) -> Path:
    """FILE.review.jsonl beside FILE.jsonl: the suffix in place of `.jsonl`, else after the name."""
    return path.with_name(path.name.removesuffix(".jsonl") + suffix)


def _replay(review: Review, line: dict[str, Json], place: str) -> None:
    word, rank, name = line.get("decision"), line.get("rank"), line.get("id")
    known = word is None or word in WORDS
    if (
        not known
        or not isinstance(name, str)
        or not (rank is None or (isinstance(rank, int) and BEST <= rank <= WORST))
    ):
        raise DataError(f"{place} is no decision of a review.", cure="Restore the file, or move it away.")
    record = review._records.get(name)
    if record is None or line.get("record") != record.digest:
        review.num_stale += 1
        return
    before = review.decision(name)
    edited = Response(line.get("thought"), str(line["summary"])) if "summary" in line else None
    review.decisions[name] = Decision(word, rank, edited)
    if not line.get("undo"):
        review._before.append((name, before))
    elif review._before:
        review._before.pop()
