"""`file:PATH`: problems from JSONL (also .gz) or Parquet, with a column mapping."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from typing import Any, NoReturn

from aha.errors import ConfigError, DataError
from aha.tasks.base import Split, check_split, split_name
from aha.tasks.rows import RowFormat, gold_response, problems_from
from aha.types import Json, Problem

MAX_ROW_BYTES = 8 * 2**20


class FileTask:
    """Problems of one file, read when first asked for."""

    def __init__(self, path: Path, form: RowFormat, split: Split = "all", limit: int | None = None) -> None:
        self.path, self.form, self.split, self.limit = path, form, split, limit
        self.name = f"file:{path}"

    def problems(self) -> Sequence[Problem]:
        """All problems, in the file's order. Raises DataError naming the path and the row."""
        return self._problems

    def gold_response(self, problem: Problem) -> str | None:
        """A completion with the row's own answer."""
        return gold_response(problem, self.form)

    @cached_property
    def _problems(self) -> list[Problem]:
        return problems_from(read_rows(self.path), str(self.path), self.form, self.split, self.limit)


def file_task(rest: str, **arguments: Any) -> FileTask:
    """The task `file:rest`. `rest` is a path, and may carry arguments: `data/test.jsonl?limit=200&answer=final`.

    Arguments are the fields of rows.RowFormat (`verifier` a name or `{name, ...arguments}`), `split` (all, train,
    heldout: by hash of the question) and `limit`. Raises ConfigError for an unknown one.
    """
    path, written = split_name(rest)
    arguments = {**written, **arguments}
    split = check_split(arguments.pop("split", "all"))
    limit = arguments.pop("limit", None)
    return FileTask(Path(path), row_format(f"file:{path}", arguments), split, limit)


def row_format(task: str, arguments: Mapping[str, Any]) -> RowFormat:
    """A RowFormat from a recipe's arguments. Raises ConfigError naming the task and the unknown key."""
    known = [each.name for each in fields(RowFormat)]
    values = dict(arguments)
    if isinstance(values.get("verifier"), Mapping):
        own = dict(values["verifier"])
        values["verifier"] = own.pop("name", None)
        values["verifier_arguments"] = own
    for key in values:
        if key not in known:
            raise ConfigError(f"Task {task}: unknown key {key!r}.", cure=f"Known: {', '.join(known)}, split, limit.")
    return RowFormat(**values)


def read_rows(path: Path, on_bad: Callable[[int, DataError], None] | None = None) -> Iterator[tuple[int, Json]]:
    """(row number from 1, row) of a JSONL (.jsonl, .jsonl.gz) or Parquet file.

    Raises DataError naming the path and the row that cannot be read; with `on_bad` a line that is no JSON is handed to
    it, with its number, and left out.
    """
    if not path.is_file():
        raise DataError(f"There is no file {path}.", cure="Paths are relative to where the command runs.")
    name = path.name.lower()
    if name.endswith(".parquet"):
        yield from _parquet_rows(path)
    elif name.endswith((".jsonl", ".jsonl.gz", ".json.gz", ".ndjson")):
        yield from _json_rows(path, on_bad)
    else:
        raise DataError(f"{path} is neither JSONL nor Parquet.", cure="Name it .jsonl, .jsonl.gz or .parquet.")


def _json_rows(path: Path, on_bad: Callable[[int, DataError], None] | None) -> Iterator[tuple[int, Json]]:
    with gzip.open(path, "rb") if path.name.lower().endswith(".gz") else path.open("rb") as file:
        number = 0
        while True:
            number += 1
            try:
                line = file.readline(MAX_ROW_BYTES + 1)
            except (OSError, EOFError, zlib.error) as error:
                raise DataError(f"{path}, row {number}: the file is corrupt here ({error}).") from error
            if not line:
                return
            if not line.strip():
                continue
            try:
                row = _json_row(line, f"{path}, row {number}")
            except DataError as error:
                if on_bad is None:
                    raise
                on_bad(number, error)
                while len(line) > MAX_ROW_BYTES and not line.endswith(b"\n"):
                    line = file.readline(MAX_ROW_BYTES + 1)
            else:
                yield number, row


def _json_row(line: bytes, where: str) -> Json:
    if len(line) > MAX_ROW_BYTES:
        raise DataError(f"{where}: longer than {MAX_ROW_BYTES >> 20} MiB.", cure="Is it JSONL, one object a line?")
    try:
        return json.loads(line.decode("utf-8-sig"), parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise DataError(f"{where}: no JSON ({error}).", cure="Correct or remove the row.") from error


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


def _parquet_rows(path: Path) -> Iterator[tuple[int, Json]]:
    import pyarrow
    import pyarrow.parquet

    number = 0
    try:
        with pyarrow.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(batch_size=1024):
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
    except (pyarrow.ArrowException, OSError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(f"{path}, row {number + 1}: the Parquet file is corrupt here ({reason}).") from error
