"""All writing to disk: a file appears whole or not at all, lines are appended in one write, and every low-level call
passes one hook, so that a test can fail or kill the process at each of them."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from aha.errors import DataError, MachineError
from aha.types import Json

if TYPE_CHECKING:
    import pyarrow as pa
    import torch

CHUNK_BYTES = 1 << 24
TEMPORARY = ".tmp-"
TRASH = ".trash-"

Fault = Callable[[str, Path], None]
_fault: Fault | None = None


def set_fault(fault: Fault | None) -> None:
    """Call `fault(operation, path)` before each low-level call; None: no more. For tests."""
    global _fault
    _fault = fault


def _before(operation: str, path: Path) -> None:
    if _fault is not None:
        _fault(operation, path)


@contextmanager
def _refusing(path: Path, num_bytes: int = 0) -> Iterator[None]:
    """Turn what the disk says about `path` into the error for people; a full disk names the bytes needed and free."""
    try:
        yield
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise MachineError(
                f"{path} cannot be written: {error.strerror or error}.",
                cure="Check the folder, its permissions and the disk.",
            ) from error
        free = shutil.disk_usage(next(folder for folder in path.absolute().parents if folder.exists())).free
        raise MachineError(
            f"The disk is full: {path} needs {num_bytes:,} bytes, {free:,} are free.",
            cure="Free some space and run the same command again; nothing that was complete is lost.",
        ) from error


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    _before("open", path)
    descriptor = os.open(path, flags, 0o666)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _sync(descriptor: int, path: Path) -> None:
    _before("fsync", path)
    os.fsync(descriptor)


def _sync_folder(path: Path) -> None:
    with _opened(path, os.O_RDONLY | os.O_DIRECTORY) as descriptor:
        _sync(descriptor, path)


def _write_all(descriptor: int, data: memoryview, path: Path) -> None:
    for start in range(0, len(data), CHUNK_BYTES):
        chunk = data[start : start + CHUNK_BYTES]
        while chunk:
            _before("write", path)
            chunk = chunk[os.write(descriptor, chunk) :]


def _replace(path: Path, pieces: Iterable[bytes | memoryview], num_bytes: int) -> None:
    """Write the pieces one after another to a temporary file beside `path`, then rename it to `path`."""
    temporary = path.with_name(TEMPORARY + path.name)
    with _refusing(path, num_bytes):
        try:
            with _opened(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC) as descriptor:
                for piece in pieces:
                    _write_all(descriptor, memoryview(piece).cast("B"), temporary)
                _sync(descriptor, temporary)
            _before("rename", path)
            os.replace(temporary, path)
            _sync_folder(path.parent)
        except OSError:
            with suppress(OSError):  # what stays is overwritten by the next write, or removed with the leftovers
                _before("unlink", temporary)
                temporary.unlink()
            raise


def write_bytes(path: Path, data: bytes | memoryview) -> None:
    """Write a file whole or not at all, durably. Raises MachineError when the disk refuses."""
    _replace(path, [data], len(data))


def write_text(path: Path, text: str) -> None:
    """Write UTF-8 text."""
    write_bytes(path, text.encode())


def json_bytes(value: Json, path: Path, *, indent: int | None = 2) -> bytes:
    """JSON as UTF-8, keys in their order. Raises DataError for NaN, infinities and values that JSON cannot hold."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False, indent=indent)
        if not text.isascii() and any("\ud800" <= letter <= "\udfff" for letter in text):
            text = json.dumps(value, allow_nan=False, indent=indent)
    except (TypeError, ValueError) as error:
        raise DataError(f"{path} cannot be written as JSON: {error}.") from error
    return text.encode()


def write_json(path: Path, value: Json) -> None:
    """Write JSON, indented, ending in a newline."""
    write_bytes(path, json_bytes(value, path) + b"\n")


def write_tensors(path: Path, tensors: dict[str, torch.Tensor], metadata: dict[str, str] | None = None) -> None:
    """Write a safetensors file, one tensor at a time, so that no second copy of the weights is made.

    The bytes depend on names, values and metadata alone, not on the order or the device.
    """
    from aha.runtime.tensor_bytes import safetensors_pieces

    num_bytes, pieces = safetensors_pieces(tensors, metadata)
    _replace(path, pieces, num_bytes)


def write_parquet(path: Path, table: pa.Table) -> None:
    """Write a Parquet file through a buffer."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    write_bytes(path, memoryview(sink.getvalue()))


def append_line(path: Path, value: dict[str, Json]) -> None:
    """Append one JSON object as one line in one write; a torn line before it is first moved to `NAME.torn`."""
    line = json_bytes(value, path, indent=None) + b"\n"
    mend_lines(path)
    _append(path, line)


def _append(path: Path, data: bytes) -> None:
    with _refusing(path, len(data)), _opened(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND) as descriptor:
        _write_all(descriptor, memoryview(data), path)


def mend_lines(path: Path) -> None:
    """Move a last line without its newline, left by a kill or a full disk, to `NAME.torn`."""
    if not path.exists() or not (size := path.stat().st_size):
        return
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        if file.read(1) == b"\n":
            return
        end = size
        while end:  # backwards, a chunk at a time, to the last newline
            start = max(0, end - CHUNK_BYTES)
            file.seek(start)
            found = file.read(end - start).rfind(b"\n")
            if found >= 0:
                end = start + found + 1
                break
            end = start
    cut_lines(path, end, ".torn")


def cut_lines(path: Path, offset: int, suffix: str) -> None:
    """Move everything after byte `offset` to the end of `NAME + suffix`, durably, then cut the file there."""
    with path.open("rb") as file:
        file.seek(offset)
        tail = file.read()
    aside = path.with_name(path.name + suffix)
    _append(aside, tail if tail.endswith(b"\n") else tail + b"\n")
    sync(aside)
    with _refusing(path):
        _before("truncate", path)
        os.truncate(path, offset)
    sync(path)


def sync(path: Path) -> None:
    """Make what was appended to `path`, and its name, survive a power cut."""
    with _refusing(path):
        with _opened(path, os.O_RDONLY) as descriptor:
            _sync(descriptor, path)
        _sync_folder(path.parent)


def read_json(path: Path) -> dict[str, Json] | None:
    """The JSON object in a file, or None where there is no file. Raises DataError for anything else."""
    if not path.exists():
        return None
    try:
        value = json.loads(path.read_bytes())
    except ValueError as error:
        raise DataError(f"{path} is not JSON: {error}.", cure="Restore or delete it.") from error
    if not isinstance(value, dict):
        raise DataError(f"{path} does not hold a JSON object.", cure="Restore or delete it.")
    return value


def make_folder(path: Path) -> None:
    """Make a folder and those above it; one that exists is fine."""
    if path.is_dir():
        return
    make_folder(path.parent)
    with _refusing(path):
        _before("mkdir", path)
        path.mkdir(exist_ok=True)
        _sync_folder(path.parent)


def rename(source: Path, target: Path) -> None:
    """Rename a file or folder on the same disk, durably. A file at `target` is replaced, a folder is not."""
    with _refusing(target):
        _before("rename", source)
        os.rename(source, target)
        _sync_folder(target.parent)
        if source.parent != target.parent:
            _sync_folder(source.parent)


def remove(path: Path) -> None:
    """Delete a file."""
    with _refusing(path):
        _before("unlink", path)
        path.unlink()
        _sync_folder(path.parent)


def remove_tree(path: Path) -> None:
    """Delete a folder: it is renamed out of sight first, so that no reader meets half of it."""
    trash = path
    if not path.name.startswith((TRASH, TEMPORARY)):
        trash = path.with_name(TRASH + path.name)
        if trash.exists():
            remove_tree(trash)
        rename(path, trash)
    with _refusing(path):
        for folder, folders, names in os.walk(trash, topdown=False):
            for name in names:
                _before("unlink", Path(folder, name))
                os.unlink(Path(folder, name))
            for name in folders:
                _before("rmdir", Path(folder, name))
                os.rmdir(Path(folder, name))
        _before("rmdir", trash)
        trash.rmdir()


def remove_leftovers(folder: Path) -> None:
    """Delete what a killed writer left in `folder`: temporary files and folders, and half-deleted ones."""
    for entry in sorted(folder.iterdir()):
        if entry.name.startswith((TEMPORARY, TRASH)):
            remove_tree(entry) if entry.is_dir() else remove(entry)


def lock_file(path: Path) -> int | None:
    """Open `path` and lock it for this process: the descriptor to close later, or None when another one holds it."""
    with _refusing(path):
        _before("open", path)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o666)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        except OSError:
            os.close(descriptor)
            raise
    return descriptor
