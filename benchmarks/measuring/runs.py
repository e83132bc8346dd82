"""Recipes run as a user runs them, each in its own process and folder; called again, they resume."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from aha.config.loading import load_recipe
from aha.config.yaml_files import parse
from aha.errors import ConfigError, DataError, Interrupted
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


def attempt(recipe: str, folder: Path, overrides: Sequence[str] = ()) -> int:
    """As `run`, but a run that stops is told and its exit code returned, so that the next one goes on; 0 where it ended
    well. Raises CalledProcessError where a person interrupted it."""
    try:
        run(recipe, folder, overrides)
    except subprocess.CalledProcessError as error:
        if error.returncode == Interrupted.exit_code:
            raise
        print(f"{folder.name} stopped with exit code {error.returncode}; the next one goes on.")
        return error.returncode
    return 0


def is_done(recipe: str, folder: Path, overrides: Sequence[str] = ()) -> bool:
    """Whether an earlier start finished this recipe here with the very settings that it would have now."""
    if not is_whole(folder):
        return False
    try:
        there = load_recipe(str(folder / "recipe.yaml")).recipe
    except ConfigError:
        return False
    return there == load_recipe(recipe, overrides).recipe


def is_whole(folder: Path) -> bool:
    """Whether every stage of the run in this folder has ended."""
    return bool(stages(folder)) and ended(folder) == stages(folder)


def ended(folder: Path) -> list[str]:
    """The stages that have ended, in the order of the recipe."""
    return [stage for stage in stages(folder) if (folder / "stages" / stage / "result.json").is_file()]


def stages(folder: Path) -> list[str]:
    """The stages of the run in this folder, in the order of its recipe; none where there is no run."""
    path = folder / "recipe.yaml"
    return list(parse(path.read_text(encoding="utf-8"), str(path))[0]["stages"]) if path.is_file() else []


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
