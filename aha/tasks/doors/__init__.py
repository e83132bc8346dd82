"""Public benchmarks by name: `gsm8k`, `math500`, `mbxp-cpp`. The files are the user's; what a row means is here."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from aha.tasks.base import split_name
from aha.tasks.doors import choices, contests, instructions, judges, outputs, programs, puzzles, stories
from aha.tasks.doors.door import DATA, Door, DoorTask, door_path, open_door

_FILES = (stories, contests, choices, programs, judges, outputs, puzzles, instructions)
DOORS: dict[str, Door] = {door.name: door for file in _FILES for door in file.DOORS}
"""Every door by its name, in the order of docs/benchmarks.md."""


def is_door(name: str) -> bool:
    """Whether a task's name is a door's: `math500`, `math500:PATH`, `math500?limit=20`."""
    return _short(name) in DOORS


def door_task(name: str, **arguments: Any) -> DoorTask:
    """The task behind a door's name; see door.open_door. Raises ConfigError and DataError."""
    return open_door(DOORS[_short(name)], name, arguments)


def door_file(name: str) -> Path:
    """The file that a door's name stands for. Raises DataError where that is not known."""
    return door_path(DOORS[_short(name)], split_name(name)[0].partition(":")[2])


def _short(name: str) -> str:
    return name.partition("?")[0].partition(":")[0]


def files_note() -> str:
    """What the folder AHA_DATA holds of the doors' files, in one line."""
    folder = os.environ.get(DATA)
    if not folder:
        return f"The public ones need their files: set {DATA} to their folder, or write NAME:PATH (docs/benchmarks.md)."
    missing = [door.name for door in DOORS.values() if not (Path(folder) / door.file).is_file()]
    said = f"{DATA}={folder} holds the files of {len(DOORS) - len(missing)} of {len(DOORS)} public ones"
    return f"{said}; missing: {', '.join(missing)}." if missing else f"{said}."
