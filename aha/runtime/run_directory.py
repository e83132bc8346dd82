"""The folder of one run: where everything lies, who may write, and what happened."""

from __future__ import annotations

import os
import platform
import re
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

from aha.errors import MachineError, UsageError
from aha.runtime import files
from aha.types import Json

PACKAGES = ("aha", "torch", "transformers", "safetensors", "numpy", "pyarrow", "tokenizers", "reasoning-gym")
LOCK_PATIENCE_SECONDS = 5.0


@dataclass(slots=True, frozen=True)
class StageDirectory:
    """The paths of one stage."""

    path: Path

    @property
    def metrics(self) -> Path:
        """One line a round, no clock in it."""
        return self.path / "metrics.jsonl"

    @property
    def timing(self) -> Path:
        """Everything measured by a clock, one line a round."""
        return self.path / "timing.jsonl"

    @property
    def rollouts(self) -> Path:
        """Folder of `step-NNNNNN.parquet`."""
        return self.path / "rollouts"

    def rollout_file(self, step: int) -> Path:
        """The rollouts of one round."""
        return self.rollouts / f"step-{step:06d}.parquet"

    @property
    def data(self) -> Path:
        """Folder of data sets that the stage made."""
        return self.path / "data"

    def data_file(self, kind: str) -> Path:
        """The data set that the stage made: `examples`, `pairs` or `labels`, one JSON object a line."""
        return self.data / f"{kind}.jsonl"

    @property
    def checkpoints(self) -> Path:
        """Folder of `step-NNNNNN` checkpoints."""
        return self.path / "checkpoints"

    @property
    def model(self) -> Path:
        """The stage's result, a Hugging Face model folder."""
        return self.path / "model"

    @property
    def result(self) -> Path:
        """What the stage made, from what; written last."""
        return self.path / "result.json"

    def evaluation(self, benchmark: str) -> Path:
        """Scores on one benchmark; `lab:heldout` lies in `evaluation-heldout.json`."""
        return self.path / f"evaluation-{_file_name(benchmark.removeprefix('lab:'))}.json"


class RunDirectory:
    """A run's folder. One process writes (see `lock`), any number read."""

    def __init__(self, path: Path) -> None:
        self.path = Path(path)

    @property
    def recipe(self) -> Path:
        """The effective settings."""
        return self.path / "recipe.yaml"

    @property
    def environment(self) -> Path:
        """Machine and package versions of the last start."""
        return self.path / "environment.json"

    @property
    def events(self) -> Path:
        """What happened, one line an event."""
        return self.path / "events.jsonl"

    @property
    def report(self) -> Path:
        """The page to look at."""
        return self.path / "report.html"

    def answers(self, stage: str) -> Path:
        """What a stage's writers and judges answered, line by line; outlives a stage of other settings, so that no
        answer is paid twice."""
        return self.path / "answers" / f"{stage}.jsonl"

    def stage(self, name: str) -> StageDirectory:
        """The paths of stage `name`; makes nothing. Raises UsageError for a name that is no folder name."""
        if name != _file_name(name):
            raise UsageError(
                f"Stage name {name!r} cannot be a folder name.", cure="Use letters, digits, '.', '_' and '-'."
            )
        return StageDirectory(self.path / "stages" / name)

    def stages(self) -> list[str]:
        """Names of the stages that have a folder, sorted."""
        folder = self.path / "stages"
        return sorted(entry.name for entry in folder.glob("[!.]*") if entry.is_dir())

    def retire(self, name: str) -> Path | None:
        """Move a superseded stage to `stages/.old/NAME-1`, `-2`, …; None when there is nothing to move."""
        source = self.stage(name).path
        if not source.exists():
            return None
        old = self.path / "stages" / ".old"
        files.make_folder(old)
        number = 1
        while (target := old / f"{name}-{number}").exists():
            number += 1
        files.rename(source, target)
        return target

    def forget(self, name: str) -> None:
        """As `retire`, with the answers that the stage was given: it will ask anew."""
        moved = self.retire(name)
        if self.answers(name).exists():
            folder = moved or self.path / "stages" / ".old" / name
            files.make_folder(folder)
            files.rename(self.answers(name), folder / "answers.jsonl")

    def event(self, kind: str, **facts: Json) -> None:
        """Append one event with the time (UTC) to events.jsonl."""
        files.append_line(self.events, {"time": _now(), "kind": kind, **facts})

    def status(self, **facts: Json) -> None:
        """Replace status.json: what the run is doing now."""
        files.write_json(self.path / "status.json", {"time": _now(), **facts})

    def write_environment(self, **facts: Json) -> None:
        """Write environment.json: command, machine, Python and package versions, and what the caller adds."""
        versions = {name: _version(name) for name in PACKAGES}
        machine = {"host": socket.gethostname(), "platform": platform.platform(), "cores": os.cpu_count()}
        python = {"version": platform.python_version(), "executable": sys.executable}
        known = {"time": _now(), "command": sys.argv, "machine": machine, "python": python, "packages": versions}
        files.write_json(self.environment, {**known, **facts})

    @contextmanager
    def lock(self) -> Iterator[None]:
        """Be the run's one writer. Raises MachineError that names host, process and start of the writer there is.

        The kernel's file lock decides, so a writer that died, also by a reboot, never blocks; the record in lock.json
        names it. Only a record from another machine that was never withdrawn is refused: that machine cannot be asked.
        """
        files.make_folder(self.path)
        descriptor, record = self._take_lock(), self.path / "lock.json"
        try:
            holder = files.read_json(record)
            if holder and holder["host"] != socket.gethostname() and holder["boot_id"] != _boot_id():
                raise MachineError(
                    f"{self.path} is in use, or was left, by {_name(holder)}.",
                    cure=f"If that process has ended, delete {record} and run again.",
                )
            if holder:
                self.event("stale_lock", holder=holder)
            mine = {"host": socket.gethostname(), "pid": os.getpid(), "boot_id": _boot_id(), "start": _now()}
            files.write_json(record, mine)
            try:
                yield
            finally:
                if record.exists():
                    files.remove(record)
        finally:
            os.close(descriptor)

    def _take_lock(self) -> int:
        """The kernel's lock; waits only for a recorded process that is gone but whose memory is still being freed."""
        end = time.monotonic() + LOCK_PATIENCE_SECONDS
        while (descriptor := files.lock_file(self.path / ".lock")) is None:
            holder = files.read_json(self.path / "lock.json")
            gone = holder and holder["boot_id"] == _boot_id() and not Path(f"/proc/{holder['pid']}").exists()
            if not gone or time.monotonic() > end:
                who = _name(holder) if holder else "another process"
                raise MachineError(
                    f"{self.path} is in use by {who}.", cure="Wait for it, stop it, or give another --dir."
                )
            time.sleep(0.1)
        return descriptor


def _name(holder: dict[str, Json]) -> str:
    return f"process {holder['pid']} on {holder['host']}, started {holder['start']}"


def _file_name(name: str) -> str:
    return re.sub(r"[^\w.-]+", "-", name).strip(".-") or "_"


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _boot_id() -> str:
    """Differs after each start of the machine; empty where the system has none."""
    path = Path("/proc/sys/kernel/random/boot_id")
    return path.read_text().strip() if path.exists() else ""


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")
