"""What the stages that make data kept and dropped: numbers by filter, and texts of both kinds."""

from __future__ import annotations

import json
from pathlib import Path

from aha.report.evaluations import shorten
from aha.report.lineage import flat_counts
from aha.report.read import Row, RunRecord, StageRecord, row_of
from aha.report.reads import number, reads
from aha.types import Json

SHOWN_ROWS = 3
MAX_CHARS = 3_000
READ_BYTES = 4_000_000
"""More of a data set is not read for its first rows."""
FACTS = ("id", "origin", "category", "language", "source", "margin", "label")


def data_sets(run: RunRecord) -> list[Row]:
    """One entry a stage that made data, or stopped for want of it."""
    return [entry for stage in run.stages if (entry := _entry(run, stage))]


def _entry(run: RunRecord, stage: StageRecord) -> Row:
    left = [line for line in run.events if line.get("kind") == "nothing_left" and line.get("stage") == stage.name]
    facts = stage.result if stage.result else (left[-1] if left else {})
    paths = sorted((stage.path / "data").glob("*.jsonl")) if stage.path != Path() else []
    if not facts.get("data_hash") and not left:
        return {}
    counts = row_of(facts.get("counts"))
    examples = facts.get("dropped_examples") or facts.get("examples")
    return {
        "stage": stage.name,
        "kind": stage.kind,
        "way": str(stage.settings.get("way") or stage.settings.get("question") or ""),
        "empty": not stage.result,
        "numbers": [each for each in flat_counts(counts) if ": " not in each["label"]],
        "bars": [
            {"title": _title(str(name)), "rows": flat_counts(rows)}
            for name, rows in counts.items()
            if isinstance(rows, dict) and flat_counts(rows)
        ],
        "tables": [_table(str(name), value) for name, value in facts.items() if _is_table(str(name), value)],
        "scripted": [read.key.removesuffix(".model") for read in reads(run, stage.settings) if read.scripted],
        "kept_texts": [shown for path in paths for shown in _first_rows(path, run.unread)],
        "dropped_texts": _dropped(examples),
    }


def _title(name: str) -> str:
    """`answers_dropped` as `answers dropped by`; any other name as it is."""
    words = name.replace("_", " ")
    return f"{words} by" if words.endswith("dropped") else words


def _is_table(name: str, value: Json) -> bool:
    """`by_domain`, `by_task` …: figures by name."""
    return name.startswith("by_") and isinstance(value, dict) and all(isinstance(row, dict) for row in value.values())


def _table(name: str, value: Row) -> Row:
    columns = list(dict.fromkeys(column for row in value.values() for column in row))
    return {
        "heads": [name.replace("_", " "), *(column.replace("_", " ") for column in columns)],
        "rows": [[str(each), *(number(row.get(column)) for column in columns)] for each, row in value.items()],
    }


def _first_rows(path: Path, unread: list[str]) -> list[Row]:
    """The first rows of a data set, as texts."""
    found = []
    try:
        with path.open("rb") as file:
            lines = file.read(READ_BYTES).split(b"\n")[:SHOWN_ROWS]
    except OSError as error:
        unread.append(f"{path.name} of {path.parent.parent.name} could not be read ({error}).")
        return []
    for line in lines:
        try:
            row = json.loads(line) if line.strip() else None
        except ValueError:
            unread.append(f"A row of {path.name} of {path.parent.parent.name} is no JSON.")
            continue
        if isinstance(row, dict):
            found.append(_shown(row))
    return found


def _shown(row: Row) -> Row:
    turns = row.get("messages") if isinstance(row.get("messages"), list) else row.get("prompt")
    texts = turns if isinstance(turns, list) else [{"role": "user", "content": turns}]
    parts = [(str(turn.get("role")), str(turn.get("content"))) for turn in texts if isinstance(turn, dict)]
    parts += [(name, str(row[name])) for name in ("completion", "chosen", "rejected") if row.get(name) is not None]
    facts = {name: row[name] for name in FACTS if row.get(name) is not None}
    return {"facts": facts, "parts": [{"name": name, "text": shorten(text, MAX_CHARS)} for name, text in parts]}


def _dropped(examples: Json, what: str = "") -> list[Row]:
    """One dropped text a rule: a text, an object with `text`, or such objects by what was filtered and by rule."""
    if not isinstance(examples, dict):
        return []
    found = []
    for name, example in examples.items():
        value = example if isinstance(example, dict) else {"text": example}
        rule = f"{what}{str(name).replace('_', ' ')}"
        if "text" not in value:
            found += _dropped(value, f"{rule}: ")
            continue
        facts = {key: item for key, item in value.items() if key != "text" and item}
        found.append({"rule": rule, "text": shorten(str(value["text"]), MAX_CHARS), "facts": facts})
    return found
