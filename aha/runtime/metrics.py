"""metrics.jsonl and timing.jsonl: one line a round, and back to a checkpoint's offset on resume."""

from __future__ import annotations

import json
import math
from pathlib import Path

from aha.errors import DataError
from aha.runtime import files
from aha.runtime.run_directory import StageDirectory
from aha.types import Json, StepMetrics


class MetricsLog:
    """Writes a stage's two logs. A number that is not finite is written as null."""

    def __init__(self, stage: StageDirectory) -> None:
        self._logs = {path.name: path for path in (stage.metrics, stage.timing)}
        self._metrics, self._timing = stage.metrics, stage.timing
        files.make_folder(stage.path)

    def write(self, step: StepMetrics) -> None:
        """Append one round to both logs."""
        files.append_line(self._metrics, {"step": step.step, **_finite(step.values)})
        files.append_line(self._timing, {"step": step.step, **_finite(step.timing)})

    def offsets(self) -> dict[str, int]:
        """Lengths of the logs in bytes, after making them durable: what a checkpoint records."""
        for path in self._logs.values():
            if path.exists():
                files.sync(path)
        return {name: _size(path) for name, path in self._logs.items()}

    def rewind(self, offsets: dict[str, int]) -> None:
        """Go back to a checkpoint's offsets ({}: to the start); lines after them move to `NAME.superseded`.

        Raises DataError when a log is shorter than the checkpoint says.
        """
        for name, path in self._logs.items():
            files.mend_lines(path)
            offset, size = offsets.get(name, 0), _size(path)
            if size < offset:
                raise DataError(
                    f"{path} has {size:,} bytes, its checkpoint was made at {offset:,}: lines are missing.",
                    cure="Put the file back, or start the stage again with --from.",
                )
            if size > offset:
                files.cut_lines(path, offset, ".superseded")


def read_lines(path: Path) -> list[dict[str, Json]]:
    """All complete lines; a last line that is still being written is left out. A missing file has none.

    Raises DataError that names the line that is no JSON object.
    """
    if not path.exists():
        return []
    lines, offset = [], 0
    for number, line in enumerate(path.read_bytes().splitlines(keepends=True), start=1):
        if not line.endswith(b"\n"):
            break
        try:
            value = json.loads(line)
        except ValueError as error:
            raise DataError(f"{path}, line {number} (byte {offset:,}) is not JSON: {error}.") from error
        if not isinstance(value, dict):
            raise DataError(f"{path}, line {number} (byte {offset:,}) is not a JSON object.")
        lines.append(value)
        offset += len(line)
    return lines


def _finite(values: dict[str, float]) -> dict[str, float | None]:
    return {name: value if math.isfinite(value) else None for name, value in values.items()}


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
