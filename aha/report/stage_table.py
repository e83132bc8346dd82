"""The paper's table: a row an evaluated stage, a column a benchmark, then what its answers look like."""

from __future__ import annotations

from collections import Counter
from typing import Any

from aha.report.evaluations import score
from aha.report.read import Row, RunRecord
from aha.report.reads import number, planned, reads

LOOKS: dict[str, tuple[str, str, str]] = {
    "format_rate": ("format right", "percent", "high"),
    "language_consistency": ("language consistency", "percent", "high"),
    "repetition_rate": ("repetition", "percent", "low"),
    "refusal_rate": ("refusals", "percent", ""),
    "mean_tokens": ("mean tokens", "", ""),
}
"""Name, unit and which end is better (empty: neither) of what is told of answers beside their score."""


def stage_table(run: RunRecord) -> Row:
    """Columns and rows; empty rows where fewer than two stages were evaluated.

    `best` marks the highest score of a column, `near` those whose interval reaches it.
    """
    stages = [stage for stage in run.stages if stage.evaluations]
    counted = Counter(name for stage in stages for name in stage.evaluations)
    if len(stages) < 2:
        return {"columns": [], "rows": [], "looks_of": ""}
    names = sorted(counted, key=lambda name: ("heldout" not in name, -counted[name], name))
    looks_of = max(names, key=lambda name: counted[name])
    columns = [{"name": name, "label": name, "unit": "percent", "better": "high", "score": True} for name in names]
    cells = [[score(stage.evaluations.get(name, {}), "pass@1") for name in names] for stage in stages]
    for key, (label, unit, better) in LOOKS.items():
        found = [number(stage.evaluations.get(looks_of, {}).get(key)) for stage in stages]
        if any(value is not None for value in found):
            columns.append({"name": key, "label": label, "unit": unit, "better": better, "score": False})
            for row, value in zip(cells, found, strict=True):
                row.append(None if value is None else {"value": value})
    for place, column in enumerate(columns):
        _mark([row[place] for row in cells], str(column["better"]))
    rows = [
        {"stage": stage.name, "kind": stage.kind, "of": _scored(run, stage.name), "cells": row}
        for stage, row in zip(stages, cells, strict=True)
    ]
    return {"columns": columns, "rows": rows, "looks_of": looks_of}


def _scored(run: RunRecord, name: str) -> str:
    """Whose model a stage of kind evaluate scored; empty for one that made its own."""
    settings = planned(run).get(name, {})
    found = [read.shown for read in reads(run, settings) if read.key == "model"]
    return found[0] if settings.get("kind") == "evaluate" and found else ""


def _mark(cells: list[Row | None], better: str) -> None:
    """Mark the best of a column, and those that are not clearly worse."""
    known: list[dict[str, Any]] = [cell for cell in cells if cell is not None]
    if not better or len({cell["value"] for cell in known}) < 2:
        return
    best = (max if better == "high" else min)(cell["value"] for cell in known)
    for cell in known:
        if cell["value"] == best:
            cell["best"] = True
        elif isinstance(cell.get("high"), int | float) and cell["high"] >= best:
            cell["near"] = True
