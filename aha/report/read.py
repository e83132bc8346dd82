"""Reads a run directory as it lies on disk, whole or half done, and remembers what could not be read."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import yaml

from aha.errors import DataError
from aha.runtime.metrics import read_lines
from aha.types import Json

Row = dict[str, Any]


@dataclass(slots=True)
class StageRecord:
    """What one stage left."""

    name: str
    kind: str
    """rl, evaluate, pretrain … as the recipe says; empty where the recipe does not name the stage."""
    settings: Row
    metrics: list[Row] = field(default_factory=list)
    """One a round, ascending `step`; step 0 is before training."""
    timing: list[Row] = field(default_factory=list)
    rollouts: dict[int, Path] = field(default_factory=dict)
    """Parquet file by step, ascending."""
    evaluations: dict[str, Row] = field(default_factory=dict)
    """By benchmark."""
    result: Row = field(default_factory=dict)
    inputs: Row = field(default_factory=dict)
    """Content hashes of all that it reads, by key; from stage.json."""
    path: Path = Path()

    @property
    def rounds(self) -> list[Row]:
        """The metrics of training rounds, step 0 left out."""
        return [line for line in self.metrics if line["step"] > 0]


@dataclass(slots=True)
class RunRecord:
    """A run directory in memory, rollout texts left on disk."""

    path: Path
    recipe: Row
    environment: Row
    status: Row
    events: list[Row]
    stages: list[StageRecord]
    unread: list[str]
    """One sentence for each file that was there and could not be read."""
    audit: Row = field(default_factory=dict)
    """What `aha audit` wrote; empty where it was not called."""

    @property
    def name(self) -> str:
        """The recipe's name, else the folder's."""
        return str(self.recipe.get("name") or self.path.resolve().name)

    @property
    def trained(self) -> list[StageRecord]:
        """Stages that logged at least one training round."""
        return [stage for stage in self.stages if stage.rounds]


def read_run(path: Path) -> RunRecord:
    """Read `path`; raises DataError when it is no run directory. Broken files inside are listed in `unread`."""
    if not (path / "recipe.yaml").is_file() and not (path / "stages").is_dir():
        raise DataError(
            f"{path} is not a run directory: it has neither recipe.yaml nor stages/.",
            cure="Give the folder that `aha run` wrote, such as runs/NAME.",
        )
    unread: list[str] = []
    recipe = _read_yaml(path / "recipe.yaml", unread)
    described = row_of(recipe.get("stages"))
    folder = path / "stages"
    there = (
        sorted(p.name for p in folder.iterdir() if p.is_dir() and not p.name.startswith(".")) if folder.is_dir() else []
    )
    names = [name for name in described if name in there] + [name for name in there if name not in described]
    stages = [_read_stage(folder / name, row_of(described.get(name)), unread) for name in names]
    return RunRecord(
        path,
        recipe,
        read_json(path / "environment.json", unread),
        read_json(path / "status.json", unread),
        read_jsonl(path / "events.jsonl", unread),
        stages,
        unread,
        read_json(path / "audit.json", unread),
    )


def row_of(value: object) -> Row:
    """A JSON object as it is; anything else as an empty one."""
    return value if isinstance(value, dict) else {}


def read_json(path: Path, unread: list[str]) -> Row:
    """The object in a JSON file; empty when the file is missing, or noted in `unread` when it is broken."""
    if not path.is_file():
        return {}
    try:
        value: Json = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        unread.append(f"{path.name} of {path.parent.name} could not be read ({error}).")
        return {}
    if not isinstance(value, dict):
        unread.append(f"{path.name} of {path.parent.name} does not hold a JSON object.")
        return {}
    return value


def read_jsonl(path: Path, unread: list[str]) -> list[Row]:
    """The objects of a JSONL file; empty when it is missing, or noted in `unread` when a line is broken."""
    try:
        return read_lines(path)
    except DataError as error:
        unread.append(str(error))
        return []


def num_rows(path: Path) -> int:
    """Rows of a Parquet file, from its footer; 0 for a broken one (which reading its columns notes)."""
    try:
        return int(pq.read_metadata(path).num_rows)
    except (OSError, pa.ArrowException):
        return 0


def _read_yaml(path: Path, unread: list[str]) -> Row:
    if not path.is_file():
        unread.append("recipe.yaml is missing, so settings are not shown.")
        return {}
    try:
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, ValueError, yaml.YAMLError) as error:
        unread.append(f"recipe.yaml could not be read ({error}).")
        return {}
    return value if isinstance(value, dict) else {}


def _read_stage(folder: Path, settings: Row, unread: list[str]) -> StageRecord:
    begun = read_json(folder / "stage.json", unread)
    known, inputs = begun.get("settings"), begun.get("inputs")
    chosen = settings or (known if isinstance(known, dict) else {})
    stage = StageRecord(folder.name, str(chosen.get("kind") or ""), chosen, path=folder)
    stage.inputs = inputs if isinstance(inputs, dict) else {}
    stage.metrics = _by_step(read_jsonl(folder / "metrics.jsonl", unread))
    stage.timing = _by_step(read_jsonl(folder / "timing.jsonl", unread))
    for path in sorted((folder / "rollouts").glob("step-*.parquet")):
        digits = path.stem.removeprefix("step-")
        if digits.isdigit():
            stage.rollouts[int(digits)] = path
    for path in sorted(folder.glob("evaluation-*.json")):
        record = read_json(path, unread)
        if record:
            name = str(record.get("benchmark") or path.stem.removeprefix("evaluation-"))
            stage.evaluations[name.removeprefix("lab:")] = record
    stage.result = read_json(folder / "result.json", unread)
    return stage


def _by_step(lines: list[Row]) -> list[Row]:
    """Ascending steps, the last line of each step, lines without a step left out."""
    steps = {int(line["step"]): line for line in lines if isinstance(line.get("step"), int | float)}
    return [steps[step] for step in sorted(steps)]
