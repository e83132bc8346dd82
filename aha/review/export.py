"""What a review leaves: accepted and edited records as training data, and pairs of answers that were ranked."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from itertools import combinations
from pathlib import Path

from aha.errors import UsageError
from aha.review.decisions import Decision, Review
from aha.review.records import Record
from aha.runtime import files
from aha.text.response import join_response
from aha.types import Json

Row = dict[str, Json]
OF_THE_TEXT = ("tokens", "checks")
"""Columns that say something of the answer's text, and nothing any more once it was edited."""


def export(review: Review, out: Path) -> dict[str, int]:
    """Write accepted and edited records, in the file's order; returns the counts of all decisions.

    Rejected and undecided ones are left out. Raises UsageError where nothing was accepted.
    """
    rows = [
        example(record, review.decision(record.id))
        for record in review.file.records
        if review.decision(record.id).word in ("accepted", "edited")
    ]
    if not rows:
        problem = f"Nothing in {review.path} was accepted or edited yet, so there is nothing to export."
        raise UsageError(problem, cure=f"Decide first: aha review {review.path}")
    _write_rows(out, rows)
    return review.counts() | {"exported": len(rows)}


def example(record: Record, decision: Decision) -> Row:
    """The record as SFT reads it, with the decision and what it changed."""
    stale = ("origin", *(OF_THE_TEXT if decision.edited else ()))
    facts = {key: value for key, value in record.facts.items() if key not in stale}
    answer = {"role": "assistant", "content": final_text(record, decision)}
    reviewed: Row = {
        "origin": "reviewed",
        "origin_before": record.facts.get("origin"),
        "decision": decision.word,
        "rank": decision.rank,
        "edited": decision.edited is not None,
        "changed": changed(record, decision),
    }
    return {"id": record.id, "messages": [*record.prompt, answer]} | facts | reviewed


def changed(record: Record, decision: Decision) -> Row:
    """Thought and summary before and after, those alone that differ."""
    if decision.edited is None:
        return {}
    before, after = record.response, decision.edited
    parts = {"thought": (before.thought, after.thought), "summary": (before.summary, after.summary)}
    return {name: {"before": old, "after": new} for name, (old, new) in parts.items() if old != new}


def final_text(record: Record, decision: Decision) -> str:
    """The answer as the review leaves it: what nobody edited stays as it was, byte for byte."""
    return record.text if decision.edited is None else join_response(decision.edited)


def export_pairs(review: Review, out: Path) -> dict[str, int]:
    """Write a pair for any two answers to a question that have different ranks; returns counts.

    A rejected answer is never the chosen one. Raises UsageError where there is no pair.
    """
    counts = {"pairs": 0, "equal_ranks": 0, "equal_texts": 0, "better_was_rejected": 0}
    rows: list[Row] = []
    for records in review.problems:
        ranked = [record for record in records if review.decision(record.id).rank is not None]
        for pair in combinations(ranked, 2):
            found = _pair(review, *sorted(pair, key=lambda record: review.decision(record.id).rank or 0))
            if isinstance(found, str):
                counts[found] += 1
            else:
                rows.append(found)
    if not rows:
        problem = f"No two answers to one question in {review.path} have different ranks, so there are no pairs."
        raise UsageError(problem, cure="Rank answers to the same question with the keys 1 to 9.")
    _write_rows(out, rows)
    return counts | {"pairs": len(rows)}


def _pair(review: Review, better: Record, worse: Record) -> Row | str:
    """The preference, or why it is none."""
    first, second = review.decision(better.id), review.decision(worse.id)
    texts = final_text(better, first), final_text(worse, second)
    if first.rank == second.rank:
        return "equal_ranks"
    if texts[0] == texts[1]:
        return "equal_texts"
    if first.word == "rejected":
        return "better_was_rejected"
    assert first.rank is not None
    assert second.rank is not None
    names = {"chosen_id": better.id, "rejected_id": worse.id}
    shared = {key: better.facts[key] for key in ("domain", "language", "source") if key in better.facts}
    return {
        "id": "pair-" + hashlib.sha256("\0".join((better.digest, worse.digest)).encode()).hexdigest()[:16],
        "prompt": list(better.prompt),
        "chosen": texts[0],
        "rejected": texts[1],
        "margin": float(second.rank - first.rank),
        "judgements": [],
        "judge": "people",
        **names,
        **shared,
    }


def _write_rows(out: Path, rows: Iterable[Row]) -> None:
    def lines() -> Iterator[bytes]:
        for row in rows:
            yield files.json_bytes(row, out, indent=None) + b"\n"

    files.write_bytes(out, b"".join(lines()))
