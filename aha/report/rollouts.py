"""Rollouts for the page: which fit in it, the first reflection of each kind, and what re-checks did."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from aha.report.charts import KINDS
from aha.report.evaluations import shorten
from aha.report.read import Row, StageRecord

TEXT_COLUMNS = (
    "group_id",
    "rollout_id",
    "problem_id",
    "source",
    "difficulty",
    "prompt",
    "completion",
    "reference",
    "outcome",
    "extracted",
    "reason",
    "reward",
    "advantage",
    "num_tokens",
    "finish",
    "policy_version",
)
MAX_TEXT_CHARS = 24_000
"""Longer texts keep their two ends."""


def read_columns(path: Path, unread: list[str], wanted: Iterable[str], prefixes: tuple[str, ...] = ()) -> list[Row]:
    """Rows of a rollout file with the wanted columns that exist; a broken file is noted in `unread` and gives none."""
    try:
        names = pq.read_schema(path).names
        keep = [name for name in names if name in set(wanted) or name.startswith(prefixes or ("\0",))]
        rows: list[Row] = pq.read_table(path, columns=keep).to_pylist()
    except (OSError, pa.ArrowException) as error:
        unread.append(f"rollouts/{path.name} could not be read ({error}).")
        return []
    return rows


def browse(stage: StageRecord, budget_bytes: int, pinned: set[str], unread: list[str]) -> tuple[list[Row], list[int]]:
    """Groups for the sample browser within about `budget_bytes` of JSON, and the steps they come from.

    The first and last step come first, then those halfway between, again and again (so what fits is spread evenly);
    groups whose id is in `pinned` are kept even where their step is not.
    """
    groups: list[Row] = []
    spent = 0
    steps = list(stage.rollouts)
    for step in spread(steps):
        found = read_groups(stage, step, unread)
        kept, cost = _within(found, min(budget_bytes - spent, budget_bytes // 3), pinned)
        if found and not kept:
            break
        groups += kept
        spent += cost
    taken = {(group["step"], group["id"]) for group in groups}
    for step in steps if pinned - {name for _, name in taken} else []:
        ids = {row["group_id"] for row in read_columns(stage.rollouts[step], unread, ("group_id",))}
        if ids & pinned:
            groups += [
                g for g in read_groups(stage, step, unread) if g["id"] in pinned and (step, g["id"]) not in taken
            ]
    groups.sort(key=lambda group: group["step"])
    return groups, sorted({group["step"] for group in groups})


def spread(steps: list[int]) -> list[int]:
    """All steps, ordered so that every prefix is spread over training: first, last, middle, quarters, eighths …"""
    if len(steps) <= 2:
        return list(steps)
    order, queue = [steps[0], steps[-1]], [(0, len(steps) - 1)]
    while queue:
        low, high = queue.pop(0)
        middle = (low + high) // 2
        if middle > low:
            order.append(steps[middle])
            queue += [(low, middle), (middle, high)]
    return order


def read_groups(stage: StageRecord, step: int, unread: list[str]) -> list[Row]:
    """The groups of one step in stored order, compact, each with its rollouts by falling reward."""
    groups: dict[str, Row] = {}
    for row in read_columns(stage.rollouts[step], unread, TEXT_COLUMNS, ("reward/", "measure/")):
        name = str(row.get("group_id", ""))
        group = groups.setdefault(
            name,
            {
                "step": step,
                "id": name,
                "problem": str(row.get("problem_id", "")),
                "source": str(row.get("source", "")),
                "difficulty": row.get("difficulty"),
                "prompt": shorten(str(row.get("prompt") or ""), MAX_TEXT_CHARS),
                "reference": str(row.get("reference", "")),
                "rollouts": [],
            },
        )
        group["rollouts"].append(_compact(row))
    for group in groups.values():
        group["rollouts"].sort(key=lambda rollout: -(rollout["reward"] or 0.0))
    return list(groups.values())


def first_reflections(stage: StageRecord, unread: list[str]) -> Row:
    """By kind: step, group and id of the earliest rollout that has it; kinds never seen are left out."""
    found: Row = {}
    for step, path in stage.rollouts.items():
        if len(found) == len(KINDS):
            break
        for row in read_columns(path, unread, ("rollout_id", "group_id", *(f"measure/{kind}" for kind in KINDS))):
            for kind in KINDS:
                if kind not in found and (row.get(f"measure/{kind}") or 0) > 0:
                    found[kind] = {"step": step, "group": str(row["group_id"]), "id": str(row["rollout_id"])}
    return found


def recheck_effects(stage: StageRecord, unread: list[str]) -> list[Row]:
    """What re-checks did at the start (round 1: the model before any update) and at the end (last tenth of rounds)."""
    steps = list(stage.rollouts)
    if not steps:
        return []
    last = steps[-max(1, len(steps) // 10) :]
    label = f"round {last[0]}" if len(last) == 1 else f"rounds {last[0]}–{last[-1]}"
    parts = [(f"round {steps[0]} of training", steps[:1]), (f"{label} of training", last)]
    return [
        _effects(name, [row for step in chosen for row in _measures(stage.rollouts[step], unread)])
        for name, chosen in parts
    ]


def effects_row(label: str, counts: Row) -> Row | None:
    """A row of the re-check table from counts `texts` and one a kind, `repaired`, `broke`; None without them."""
    if not isinstance(counts.get("texts"), int | float) or not counts["texts"]:
        return None
    rechecks = counts.get("recheck", 0)
    return {
        "label": label,
        "texts": counts["texts"],
        "rechecks": rechecks,
        "rates": {kind: counts.get(kind, 0) / counts["texts"] for kind in KINDS},
        "repaired": counts.get("repaired", 0) / rechecks if rechecks else None,
        "broke": counts.get("broke", 0) / rechecks if rechecks else None,
    }


def _measures(path: Path, unread: list[str]) -> list[Row]:
    return read_columns(path, unread, [f"measure/{name}" for name in (*KINDS, "repaired", "broke")])


def _effects(label: str, rows: list[Row]) -> Row:
    counts = {
        name: sum(float(row.get(f"measure/{name}") or 0) for row in rows) for name in (*KINDS, "repaired", "broke")
    }
    return effects_row(label, counts | {"texts": len(rows)}) or {
        "label": label,
        "texts": 0,
        "rechecks": 0,
        "rates": dict.fromkeys(KINDS, 0.0),
        "repaired": None,
        "broke": None,
    }


def _within(groups: list[Row], budget_bytes: int, pinned: set[str]) -> tuple[list[Row], int]:
    """Leading groups that fit the budget, and pinned ones; with their size as JSON."""
    kept, spent = [], 0
    for group in groups:
        size = len(json.dumps(group, ensure_ascii=False).encode("utf-8", "replace"))
        if spent + size <= budget_bytes or group["id"] in pinned:
            kept.append(group)
            spent += size
    return kept, spent


def _compact(row: Row) -> Row:
    parts = {key.removeprefix("reward/"): value for key, value in row.items() if key.startswith("reward/")}
    measures = {
        key.removeprefix("measure/"): value
        for key, value in row.items()
        if key.startswith("measure/") and value and key != "measure/opened"
    }
    broken = row.get("measure/format") is not None and not row["measure/format"]
    return {
        "id": str(row.get("rollout_id", "")),
        "text": shorten(str(row.get("completion") or ""), MAX_TEXT_CHARS),
        "outcome": row.get("outcome"),
        "extracted": row.get("extracted"),
        "reason": row.get("reason"),
        "reward": row.get("reward"),
        "parts": parts,
        "advantage": row.get("advantage"),
        "tokens": row.get("num_tokens"),
        "finish": row.get("finish"),
        "version": row.get("policy_version"),
        "measures": measures,
        "broken": broken,
    }
