"""Two run folders side by side: everything but clocks must be equal, byte for byte."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from aha.runtime.rollout_store import read_rollouts

MOVED_ASIDE = (".torn", ".superseded")
"""What a kill left and the next start put away."""


def differences(one: Path, other: Path) -> list[str]:
    """Paths that are in one run only or differ."""
    a, b = contents(one), contents(other)
    return [path for path in sorted(a.keys() | b.keys()) if path not in a or path not in b or a[path] != b[path]]


def contents(run: Path) -> dict[str, Any]:
    """The settings, all files of the stages and all that was answered, by path, without what a clock wrote."""
    found = [run / "recipe.yaml", *(run / "stages").rglob("*"), *(run / "answers").rglob("*")]
    kept = [path for path in found if path.is_file() and path.name != "timing.jsonl"]
    return {path.relative_to(run).as_posix(): content(path) for path in kept if path.suffix not in MOVED_ASIDE}


def content(path: Path) -> Any:
    """One file, clocks taken out. A manifest lists the hash of state.json, which holds the length of timing.jsonl;
    answers lie in the order of their arrival."""
    if path.suffix == ".parquet":
        return [{name: value for name, value in row.items() if name != "seconds"} for row in read_rollouts(path)]
    if path.name in ("result.json", "state.json"):
        record = json.loads(path.read_bytes())
        record.pop("timing", None)
        record.get("offsets", {}).pop("timing.jsonl", None)
        return record
    if path.name == "manifest.json":
        record = json.loads(path.read_bytes())
        return record | {"sha256": None, "files": [each for each in record["files"] if each["name"] != "state.json"]}
    if path.parent.name == "answers":
        return sorted(path.read_bytes().splitlines())
    return path.read_bytes()
