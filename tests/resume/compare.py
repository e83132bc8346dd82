"""Two run folders side by side: everything but clocks must be equal, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aha.runtime.rollout_store import read_rollouts

CLOCKS = ("timing.jsonl", "manifest.json")
"""A manifest holds the hash of state.json, which holds the length of timing.jsonl."""


def contents(run: Path) -> dict[str, Any]:
    """What is in the stages of a run, by path, without what a clock wrote or a kill moved aside."""
    found: dict[str, Any] = {}
    for path in sorted((run / "stages").rglob("*")):
        if path.is_dir() or path.name in CLOCKS or path.suffix in (".torn", ".superseded"):
            continue
        found[path.relative_to(run).as_posix()] = content(path)
    return found


def content(path: Path) -> Any:
    """One file, clocks taken out."""
    if path.suffix == ".parquet":
        return [{name: value for name, value in row.items() if name != "seconds"} for row in read_rollouts(path)]
    if path.name in ("result.json", "state.json"):
        record = json.loads(path.read_bytes())
        record.pop("timing", None)
        record.get("offsets", {}).pop("timing.jsonl", None)
        return record
    return path.read_bytes()


def differences(one: Path, other: Path) -> list[str]:
    """Paths that are in one run only or differ."""
    a, b = contents(one), contents(other)
    return [path for path in sorted(a.keys() | b.keys()) if path not in a or path not in b or a[path] != b[path]]
