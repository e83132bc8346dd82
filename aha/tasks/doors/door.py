"""A door: a public benchmark's file behind a short name: where it lies, what a row means, and whose it is."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from aha.errors import ConfigError, DataError
from aha.tasks.base import Split, check_split, gold_block, split_name
from aha.tasks.files import FileTask, read_rows
from aha.tasks.rows import RowFormat, problems_from
from aha.types import Json, Problem

DATA = "AHA_DATA"
"""The environment variable with the folder that holds the files."""
CHANGES = ("instruction", "extract")
"""What a user may change of a door's RowFormat."""
WORKED = ("solution", "rationale", "steps", "canonical_solution", "code")
"""Columns with a worked solution, kept in a problem's metadata as `solution` for decontamination to look for."""


class Row:
    """One row of a door's file; a column that is not there, or of another type, is refused by name."""

    def __init__(self, columns: Json, where: str, cure: str) -> None:
        """`where`: file and row, as errors start; `cure`: what they end with."""
        self.where, self.cure = where, cure
        if not isinstance(columns, dict):
            raise DataError(f"{where}: expected an object with columns, got {type(columns).__name__}.", cure=cure)
        self.columns: dict[str, Json] = columns

    def value(self, name: str, *kinds: type) -> Any:
        """The column, whose value must be one of these types."""
        if name not in self.columns:
            raise self.error(f"there is no column {name!r}; there are {sorted(self.columns)}")
        value = self.columns[name]
        if not isinstance(value, kinds) or isinstance(value, bool):
            wanted = " or ".join(kind.__name__ for kind in kinds)
            raise self.error(f"column {name!r} should be {wanted}, is {type(value).__name__}: {str(value)[:80]!r}")
        return value

    def text(self, name: str) -> str:
        """A text column, without white space around it."""
        return self.whole(name).strip()

    def whole(self, name: str) -> str:
        """A text column as it is."""
        return str(self.value(name, str))

    def number(self, name: str) -> str:
        """A number column as text: 27.0 is `27`."""
        value = self.value(name, int, float)
        return str(int(value)) if value == int(value) else str(value)

    def error(self, problem: str) -> DataError:
        """The error for this row."""
        return DataError(f"{self.where}: {problem}.", cure=self.cure)


@dataclass(slots=True, frozen=True)
class Door:
    """A benchmark's file, read as its authors' protocol has it."""

    name: str
    """As `--on` and `data.tasks` write it."""
    file: str
    """Place of the file in the folder AHA_DATA."""
    num_rows: int
    """Problems in the authors' file."""
    asked: str
    """What is asked, and of which form the answers are, in one line."""
    read: Callable[[Row], dict[str, Json] | None]
    """A row as the columns `prompt` and `answer`, with `id`, `difficulty`, `language`, `gold` where there are some;
    None for a row that belongs to another door."""
    form: RowFormat
    """Verifier, its settings, extraction, instruction, domain, language."""
    origin: str
    licence: str
    remark: str = ""
    """What somebody who reads a score must know: label errors, splits, what differs from the authors' protocol."""
    solve: Callable[[Json], str | None] | None = None
    """Reference → an answer, where the file has none and one can be found."""


class DoorTask(FileTask):
    """The problems of one door."""

    def __init__(self, door: Door, path: Path, name: str, form: RowFormat, split: Split, limit: int | None) -> None:
        super().__init__(path, form, split, limit)
        self.door, self.name = door, name

    @cached_property
    def _problems(self) -> list[Problem]:
        return problems_from(self.rows(), self.name, self.form, self.split, self.limit)

    def gold_response(self, problem: Problem) -> str | None:
        """A completion with the row's own answer, or one that was found; None where nobody knows one."""
        if self.door.solve is None:
            return super().gold_response(problem)
        found = self.door.solve(problem.reference)
        return None if found is None else gold_block(found, problem.verifier)

    def rows(self) -> Iterator[tuple[int, Json]]:
        """(row number, columns as problems_from takes them). Raises DataError naming door, file, row and column."""
        door = self.door
        if not self.path.is_file():
            raise DataError(f"{door.name}: there is no file {self.path}.", cure=where_from(door))
        cure = f"Is it the file of {door.origin}?"
        for number, columns in read_rows(self.path):
            made = door.read(Row(columns, f"{door.name}: {self.path}, row {number}", cure))
            worked = next((columns[name] for name in WORKED if isinstance(columns.get(name), str | list)), None)
            if made is not None:
                yield number, made if worked is None else {"solution": worked, **made}


def where_from(door: Door) -> str:
    """How to give a door its file."""
    return (
        f"Set {DATA} to the folder that holds {door.file}, or name the file: {door.name}:PATH. "
        f"The data come from {door.origin} ({door.licence})."
    )


def door_path(door: Door, path: str) -> Path:
    """The file of a door: `path` where one was given, else its place in AHA_DATA. Raises DataError without either."""
    if path:
        return Path(path)
    folder = os.environ.get(DATA)
    if not folder:
        raise DataError(f"{door.name}: {DATA} is not set, so its file is not known.", cure=where_from(door))
    return Path(folder) / door.file


def open_door(door: Door, name: str, arguments: Mapping[str, Any]) -> DoorTask:
    """The task `NAME` or `NAME:PATH`, with arguments beside it or behind it: `math500?limit=20`.

    Arguments: `split` (all, train, heldout: by hash of the question), `limit`, `instruction`, `extract`. Raises
    ConfigError for another one.
    """
    bare, written = split_name(name)
    given = {**written, **arguments}
    split, limit = check_split(given.pop("split", "all")), given.pop("limit", None)
    for key in given:
        if key not in CHANGES:
            raise ConfigError(
                f"Task {door.name}: unknown key {key!r}.", cure=f"Known: {', '.join(CHANGES)}, split, limit."
            )
    return DoorTask(door, door_path(door, bare.partition(":")[2]), bare, replace(door.form, **given), split, limit)
