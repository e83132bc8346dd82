"""Evaluations as files: evaluation-BENCHMARK.json, scores at the top level as `{value, low, high}`."""

from __future__ import annotations

import json
from dataclasses import asdict, fields
from pathlib import Path

from aha.errors import DataError
from aha.runtime import files
from aha.types import NO_RULE, Evaluation, Interval, Json

_CURE = "Give a file that `aha eval` wrote."
_LATER = ("language_consistency", "refusal_rate")
"""Written where there is something to say; files before it lack it."""
_FIELDS = [field.name for field in fields(Evaluation) if field.name not in ("scores", *_LATER)]


def to_json(evaluation: Evaluation) -> dict[str, Json]:
    """The evaluation as JSON: its fields in order, each score under its own name in place of `scores`."""
    record: dict[str, Json] = {}
    for name, value in asdict(evaluation).items():
        if name not in _LATER or value is not None:
            record |= value if name == "scores" else {name: value}
    return record


def from_json(record: dict[str, Json], origin: str = "evaluation") -> Evaluation:
    """The reverse of `to_json`. Raises DataError that names `origin` and the missing or wrong key."""
    if not isinstance(record, dict):
        raise DataError(f"{origin} holds no JSON object.", cure=_CURE)
    missing = [name for name in _FIELDS if name not in record]
    if not missing and "pass@1" not in record and _has_rules(record["problems"]):
        missing = ["pass@1"]
    if missing:
        raise DataError(f"{origin} has no {missing[0]!r}.", cure=_CURE)
    scores = {name: _interval(record[name], name, origin) for name in record if "@" in name}
    _check_problems(record["problems"], origin)
    return Evaluation(scores=scores, **{name: record[name] for name in [*_FIELDS, *_LATER] if name in record})


def _has_rules(problems: Json) -> bool:
    """Whether a rule decided about any of them; anything but a list of problems is left to the check of those."""
    rows = problems if isinstance(problems, list) else []
    return any(isinstance(row, dict) and set(row.get("reasons", ())) != {NO_RULE} for row in rows)


def write_evaluation(folder: Path, file_name: str, evaluation: Evaluation) -> Path:
    """Write evaluation-FILE_NAME.json into the folder, whole or not at all; returns its path."""
    path = folder / f"evaluation-{file_name}.json"
    files.make_folder(folder)
    files.write_json(path, to_json(evaluation))
    return path


def read_evaluation(path: Path) -> Evaluation:
    """The evaluation in a file. Raises DataError that names the file where there is none in it."""
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path} cannot be read ({error.strerror}).", cure="Name an evaluation-*.json.") from error
    except ValueError as error:
        raise DataError(f"{path} is no JSON ({error}).", cure="Name an evaluation-*.json that is whole.") from error
    return from_json(record, str(path))


def _interval(value: Json, name: str, origin: str) -> Interval:
    try:
        return Interval(float(value["value"]), float(value["low"]), float(value["high"]))
    except (KeyError, TypeError, ValueError) as error:
        raise DataError(f"{origin}: {name!r} is no {{value, low, high}}.", cure="Run `aha eval` again.") from error


def _check_problems(problems: Json, origin: str) -> None:
    if not isinstance(problems, list):
        raise DataError(f"{origin}: `problems` is no list.", cure=_CURE)
    if not problems:
        raise DataError(f"{origin} has no problems.", cure=_CURE)
    for row, problem in enumerate(problems):
        outcomes = problem.get("outcomes") if isinstance(problem, dict) and problem.get("id") else None
        if not isinstance(outcomes, str) or not outcomes or set(outcomes) - set("cwu"):
            raise DataError(f"{origin}: problem {row} has no id or outcomes (c, w, u).", cure=_CURE)
