"""Recipes run as a user runs them, each in its own process and folder; called again, they resume."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from aha.errors import DataError
from aha.evaluation.files import read_evaluation
from aha.runtime import files
from aha.runtime.metrics import read_lines
from aha.types import Evaluation
from benchmarks.measuring.results import ROOT

STARTS = "bench-starts.jsonl"


def run(recipe: str, folder: Path, overrides: Sequence[str] = ()) -> None:
    """`aha run RECIPE --dir FOLDER OVERRIDES`, as often as needed; the seconds of each start that changed something are
    kept in the folder. Raises CalledProcessError where the run stops."""
    files.make_folder(folder)
    command = [sys.executable, "-m", "aha.cli", "run", recipe, *overrides, "--dir", str(folder)]
    before, start = _results(folder), time.perf_counter()
    try:
        subprocess.run(command, check=True, cwd=ROOT)
    finally:
        if not before or _results(folder) != before:
            files.append_line(folder / STARTS, {"seconds": time.perf_counter() - start})


def minutes(folder: Path) -> float:
    """Minutes of all starts that did something."""
    return sum(float(line["seconds"]) for line in read_lines(folder / STARTS)) / 60


def evaluations(folder: Path, stage: str) -> dict[str, Evaluation]:
    """All evaluations of a stage by benchmark."""
    found = [read_evaluation(path) for path in sorted((folder / "stages" / stage).glob("evaluation-*.json"))]
    return {evaluation.benchmark: evaluation for evaluation in found}


def only(folder: Path, stage: str) -> Evaluation:
    """The one evaluation of a stage. Raises DataError where it has none or several."""
    found = list(evaluations(folder, stage).values())
    if len(found) != 1:
        raise DataError(
            f"{folder}: stage {stage} has {len(found)} evaluations, expected one.", cure="Name one benchmark."
        )
    return found[0]


def _results(folder: Path) -> dict[str, int]:
    """When each stage was finished."""
    return {path.parent.name: path.stat().st_mtime_ns for path in folder.glob("stages/*/result.json")}
