"""`aha review`: serve the page until the person stops it, or write what a review left."""

from __future__ import annotations

from pathlib import Path

from aha.review.decisions import beside, open_review, sole_reviewer
from aha.review.export import export, export_pairs
from aha.review.server import Desk, ReviewServer, Tell
from aha.types import Json


def serve(path: Path, tell: Tell) -> None:
    """Serve the review of a file on this machine until Ctrl C; decisions are on disk as soon as they are made."""
    with sole_reviewer(path):
        review = open_review(path)
        desk = Desk(review, tell)
        with ReviewServer(desk) as server:
            for line in _opening(review.counts(), path):
                tell(line)
            tell(f"Open {desk.link}\nThe link works once and on this machine alone. Stop with Ctrl C.")
            try:
                server.serve_forever()
            except KeyboardInterrupt:
                tell(f"Stopped; decisions are in {review.journal}. The same command goes on.")


def write_exports(path: Path, out: Path | None, pairs: Path | None, tell: Tell) -> dict[str, Json]:
    """Write accepted records to `out` and preference pairs to `pairs`, those that are asked for; returns the counts."""
    review = open_review(path)
    found: dict[str, Json] = {"file": str(path), **review.counts()}
    if out is not None:
        found |= {"export": str(out), **export(review, out)}
        tell(
            f"{out}: {found['exported']} records ({found['accepted']} accepted, {found['edited']} edited); left out: "
            f"{found['rejected']} rejected, {found['undecided']} not decided."
        )
    if pairs is not None:
        counts = export_pairs(review, pairs)
        found |= {"pairs_file": str(pairs), **counts}
        tell(
            f"{pairs}: {counts['pairs']} pairs; left out: {counts['equal_ranks']} of equal rank, "
            f"{counts['equal_texts']} of equal texts, {counts['better_was_rejected']} whose better answer was rejected."
        )
    for line in _opening(review.counts(), path)[1:]:
        tell(line)
    return found


def _opening(counts: dict[str, int], path: Path) -> list[str]:
    decided = counts["records"] - counts["undecided"]
    lines = [f"{path}: {counts['records']} records, {decided} decided."]
    if counts["unread"]:
        lines.append(f"{counts['unread']} rows could not be read; they are in {beside(path, '.aside.jsonl')}.")
    if counts["stale"]:
        lines.append(
            f"{counts['stale']} earlier decisions are about texts that are not in the file; they do not count."
        )
    return lines
