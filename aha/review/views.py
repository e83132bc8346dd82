"""What the page is told and may ask: plain JSON values from and to a review."""

from __future__ import annotations

from collections.abc import Callable

from aha.errors import UsageError
from aha.review.decisions import Review
from aha.review.records import Record
from aha.types import Json

SHOWN = ("source", "domain", "category", "language", "origin", "difficulty", "tokens", "judgements", "margin")
"""Columns that help to decide."""
HEAD_CHARS = 160
UNREAD_CHARS = 500
Body = dict[str, Json]


def overview(review: Review, body: Body) -> Json:
    """All questions by their heads, with the decisions on their answers; rows that were not read; counts."""
    problems = [
        {
            "head": _last_turn(records[0])[:HEAD_CHARS],
            "records": [{"id": record.id, **_state(review, record)} for record in records],
        }
        for records in review.problems
    ]
    unread = [{"row": each.row, "why": each.why, "text": each.text[:UNREAD_CHARS]} for each in review.file.unread]
    return {
        "file": review.path.name,
        "journal": review.journal.name,
        "problems": problems,
        "unread": unread,
        "counts": review.counts(),
    }


def problem(review: Review, body: Body) -> Json:
    """A question with all its answers, whole."""
    index = body.get("index")
    if not isinstance(index, int) or not 0 <= index < len(review.problems):
        raise UsageError(f"There is no question {index!r}.")
    records = review.problems[index]
    return {
        "index": index,
        "prompt": list(records[0].prompt),
        "records": [_whole(review, record) for record in records],
    }


def decide(review: Review, body: Body) -> Json:
    """Do what a key asked for: `accept`, `reject`, `edit` (thought, summary) or `rank` (a number or null)."""
    name, what = str(body.get("id")), body.get("do")
    if what == "accept":
        review.accept(name)
    elif what == "reject":
        review.reject(name)
    elif what == "edit":
        review.edit(name, str(body.get("thought") or ""), str(body.get("summary") or ""))
    elif what == "rank" and (body.get("rank") is None or type(body["rank"]) is int):
        review.rank(name, body["rank"])
    else:
        raise UsageError(f"{what!r} is nothing that can be done with a record.")
    return {"record": _whole(review, review.record(name)), "counts": review.counts()}


def undo(review: Review, body: Body) -> Json:
    """Take the last decision back; the record that it was about, or null."""
    name = review.undo()
    record = None if name is None else review.record(name)
    return {"record": None if record is None else _whole(review, record), "counts": review.counts()}


CALLS: dict[str, Callable[[Review, Body], Json]] = {
    "overview": overview,
    "problem": problem,
    "decide": decide,
    "undo": undo,
}


def _whole(review: Review, record: Record) -> Json:
    edited = review.decision(record.id).edited
    return {
        "id": record.id,
        "row": record.row,
        "thought": record.response.thought,
        "summary": record.response.summary,
        "edited": {"thought": edited.thought, "summary": edited.summary} if edited else None,
        "facts": {name: record.facts[name] for name in SHOWN if record.facts.get(name) is not None},
        **_state(review, record),
    }


def _state(review: Review, record: Record) -> dict[str, Json]:
    decision = review.decision(record.id)
    return {"decision": decision.word, "rank": decision.rank}


def _last_turn(record: Record) -> str:
    return record.prompt[-1]["content"]
