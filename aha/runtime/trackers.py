"""Experiment trackers as adapters. They never fail a run: a failure is one warning, and that tracker is silent."""

from __future__ import annotations

import hashlib
import math
import os
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aha.types import Json

PROJECT = "aha"


@dataclass(slots=True)
class _Tracker:
    log: Callable[[int, dict[str, float]], None]
    close: Callable[[], None]


class Trackers:
    """The trackers of a run, by name: wandb, tensorboard, trackio. All data stays in the run directory anyway."""

    def __init__(self, names: Sequence[str], run_dir: Path, config: Mapping[str, Json]) -> None:
        """Open each one; the run's id is made from its folder, so that a resumed run goes on in the same curve."""
        self._open: dict[str, _Tracker] = {}
        for name in names:
            try:
                self._open[name] = OPENERS[name](run_dir.absolute(), dict(config))
            except ImportError as error:
                _warn(f"{name} is not installed ({error}). Install it with: pip install 'aha[track]'")
            except Exception as error:
                _warn(f"{name} could not be started: {type(error).__name__}: {error}")

    def log(self, step: int, values: Mapping[str, float]) -> None:
        """Send one round's numbers; those that are not finite are left out."""
        finite = {name: float(value) for name, value in values.items() if math.isfinite(value)}
        for name, tracker in list(self._open.items()):
            try:
                tracker.log(step, finite)
            except Exception as error:
                del self._open[name]
                _warn(f"{name} failed at step {step} and is off from now on: {type(error).__name__}: {error}")

    def close(self) -> None:
        """Send what is left."""
        for name, tracker in self._open.items():
            try:
                tracker.close()
            except Exception as error:
                _warn(f"{name} could not be closed: {type(error).__name__}: {error}")
        self._open = {}


def _warn(message: str) -> None:
    warnings.warn(f"Tracker {message}. Training goes on.", stacklevel=3)


def _run_id(run_dir: Path) -> str:
    return f"{run_dir.name}-{hashlib.blake2b(str(run_dir).encode(), digest_size=4).hexdigest()}"


def _open_wandb(run_dir: Path, config: dict[str, Json]) -> _Tracker:
    import wandb

    mode = os.environ.get("WANDB_MODE")
    if mode is None and not wandb.login(prompt=False, verify=False):
        mode = "offline"
        _warn("wandb has no API key and writes to the run directory; upload it with: wandb sync")
    run = wandb.init(
        project=PROJECT,
        id=_run_id(run_dir),
        name=run_dir.name,
        dir=str(run_dir),
        config=config,
        resume="allow",
        mode=mode,
    )
    return _Tracker(lambda step, values: run.log(values, step=step), lambda: run.finish())


def _open_trackio(run_dir: Path, config: dict[str, Json]) -> _Tracker:
    import trackio

    run = trackio.init(project=PROJECT, name=_run_id(run_dir), config=config, resume="allow")
    return _Tracker(lambda step, values: run.log(values, step=step), lambda: run.finish())


def _open_tensorboard(run_dir: Path, config: dict[str, Json]) -> _Tracker:
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(run_dir / "tensorboard"))
    writer.add_text("config", f"```\n{config}\n```")

    def log(step: int, values: dict[str, float]) -> None:
        for name, value in values.items():
            writer.add_scalar(name, value, step)
        writer.flush()

    return _Tracker(log, writer.close)


OPENERS: dict[str, Callable[[Path, dict[str, Json]], _Tracker]] = {
    "wandb": _open_wandb,
    "tensorboard": _open_tensorboard,
    "trackio": _open_trackio,
}
