"""Result files: the figures with the machine, the versions and the commit they come from."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from statistics import mean
from typing import Any

from aha.runtime import files
from aha.types import Evaluation, Interval

ROOT = Path(__file__).resolve().parents[2]
RESULTS = ROOT / "benchmarks" / "results"
RUNS = ROOT / "runs"
PACKAGES = ("torch", "transformers", "trl", "accelerate", "numpy", "reasoning-gym", "math-verify", "sympy")


def write_result(name: str, values: dict[str, Any], folder: Path = RESULTS) -> Path:
    """Write NAME.json, with what is needed to read its figures, into `folder`; returns its path."""
    path = folder / f"{name}.json"
    files.make_folder(folder)
    files.write_json(path, {"made": made(), **values})
    return path


def made() -> dict[str, Any]:
    """When, on what, from which commit, with which packages."""
    return {
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
        "command": [Path(sys.argv[0]).name, *sys.argv[1:]],
        "commit": _git("rev-parse", "--short=12", "HEAD") + ("+" if _git("status", "--porcelain", "aha") else ""),
        "processor": processor(),
        "cores": len(os.sched_getaffinity(0)),
        "load_average": os.getloadavg()[0],
        "python": platform.python_version(),
        "packages": {name: _version(name) for name in PACKAGES},
    }


def processor() -> str:
    """The processor's name, as far as the system tells it."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def interval(value: Interval) -> dict[str, float]:
    """As JSON, four digits."""
    return {"value": round(value.value, 4), "low": round(value.low, 4), "high": round(value.high, 4)}


def scores(evaluation: Evaluation) -> dict[str, Any]:
    """An evaluation without its problems."""
    return {
        "num_problems": evaluation.num_problems,
        "k": evaluation.k,
        **{name: interval(score) for name, score in evaluation.scores.items()},
        "format_rate": round(evaluation.format_rate, 4),
        "mean_tokens": round(evaluation.mean_tokens, 1),
        "undecided_frac": round(evaluation.undecided_frac, 4),
        "model_hash": evaluation.model_hash,
    }


def percent(score: dict[str, float] | None) -> str:
    """`61.3 [58.0, 64.5]`; a dash where there is no score."""
    if score is None:
        return "–"
    return f"{100 * score['value']:.1f} [{100 * score['low']:.1f}, {100 * score['high']:.1f}]"


def number(value: float | None, digits: int) -> str:
    """With so many digits; a dash where there is none."""
    return "–" if value is None else f"{value:,.{digits}f}"


def means(found: Sequence[Mapping[str, Any]]) -> dict[str, float | None]:
    """Over seeds, of all that is a number in each of them; None where some seed has no such figure."""
    names = [name for name, value in found[0].items() if value is None or isinstance(value, int | float)]
    values = {name: [each[name] for each in found] for name in names}
    return {name: None if None in each else round(mean(each), 4) for name, each in values.items()}


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _git(*arguments: str) -> str:
    """A git command's output; empty outside a clone."""
    found = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return found.stdout.strip()
