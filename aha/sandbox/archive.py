"""Reads back what a program left in its work directory: a tar file that nobody vouches for.

A reader of our own for the plain POSIX form (ustar, POSIX.1-1988): one pass, no extensions, nothing on a disk.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import PurePosixPath

from aha.errors import DataError

MAX_FILES = 200
"""In a work directory; each costs a descriptor while a run starts."""
BLOCK = 512
REGULAR = (b"0", b"\0")


@dataclass(slots=True, frozen=True)
class File:
    """In a work directory."""

    content: bytes
    executable: bool = False


def plain_path(name: str) -> str:
    """A relative path in its shortest form. Raises DataError for one that is not, or that leads out."""
    path = PurePosixPath(name)
    if "\0" in name or path.is_absolute() or ".." in path.parts or not path.parts:
        raise DataError(f"{name!r} is no path inside the sandbox's work directory.", cure="Give a relative path.")
    return str(path)


def check_count(number: int) -> None:
    """Raises DataError for more files than a work directory holds."""
    if number > MAX_FILES:
        raise DataError(f"A work directory of {number} files.", cure=f"The sandbox takes at most {MAX_FILES}.")


def unpacked(archive: bytes) -> dict[str, File]:
    """The regular files of a tar file by path; links, folders and devices are left out.

    Raises DataError for one that is cut off or not of the plain form, for paths that lead out, and for too many files.
    """
    files: dict[str, File] = {}
    place = 0
    while header := archive[place : place + BLOCK]:
        if not any(header):
            return files
        size = _octal(header[124:136])
        content = archive[place + BLOCK : place + BLOCK + size]
        if header[257:262] != b"ustar" or len(content) < size:
            break
        if header[156:157] in REGULAR:
            name = "/".join(_text(part) for part in (header[345:500], header[:100]) if _text(part))
            files[plain_path(name)] = File(content, bool(_octal(header[100:108]) & 0o100))
            check_count(len(files))
        place += BLOCK + -(-size // BLOCK) * BLOCK
    raise DataError("The work directory is more than a file may hold, or was not written to its end.")


def _text(field: bytes) -> str:
    return os.fsdecode(field.partition(b"\0")[0])


def _octal(field: bytes) -> int:
    digits = field.strip(b" \0")
    if not digits or digits.strip(b"01234567"):
        raise DataError("The work directory holds a file whose size or mode cannot be read.")
    return int(digits, 8)
