"""What came from what: each model and data set of a run with its hash, its size, and what it was made of."""

from __future__ import annotations

from aha.report.read import Row, RunRecord, StageRecord, row_of
from aha.report.reads import FROM_FILE, number, reads

HASH_CHARS = 10


def lineage(run: RunRecord) -> list[Row]:
    """A row a stage that has begun: what it read (with hashes) and what it left (with hash and size)."""
    return [_row(run, stage) for stage in run.stages if stage.inputs or stage.result]


def short_hash(value: object) -> str:
    """The first letters of a hash; an address or a name stays whole."""
    text = str(value or "")
    return text[:HASH_CHARS] if len(text) >= 32 and text.isalnum() else text


def _row(run: RunRecord, stage: StageRecord) -> Row:
    found = []
    for read in reads(run, stage.settings):
        known = stage.inputs.get(read.key) or stage.inputs.get(f"file {read.name.removeprefix(FROM_FILE)}")
        found.append(
            {
                "key": read.key,
                "name": read.shown,
                "flow": read.flow,
                "scripted": read.scripted,
                "hash": short_hash(known),
            }
        )
    result = stage.result
    made = result.get("data_hash") or result.get("model_hash")
    what = "data" if result.get("data_hash") else "scores" if stage.kind == "evaluate" else "model"
    return {
        "stage": stage.name,
        "kind": stage.kind,
        "from": found,
        "what": what if result else "",
        "hash": short_hash(made),
        "rows": number(result.get("num_rows")),
        "counts": _told(result.get("counts")),
        "ended": str(result.get("ended") or ""),
    }


def _told(counts: object) -> list[str]:
    """`problems 200` or `answers dropped: wrong 31, leaked 3` for each of a stage's counts."""
    told = []
    for name, value in row_of(counts).items():
        parts = [
            f"{each['label']} {each['count']:,}"
            for each in flat_counts(value if isinstance(value, dict) else {name: value})
        ]
        label = f"{str(name).replace('_', ' ')}: " if isinstance(value, dict) else ""
        told += [label + ", ".join(parts)] if parts else []
    return told


def flat_counts(counts: object, prefix: str = "") -> list[Row]:
    """Counts of every depth as label and number, 0 left out."""
    if not isinstance(counts, dict):
        return []
    found = []
    for name, value in counts.items():
        label = f"{prefix}{str(name).replace('_', ' ')}"
        if isinstance(value, dict):
            found += flat_counts(value, f"{label}: ")
        elif number(value):
            found.append({"label": label, "count": value})
    return found
