"""The sandbox, and the work directory that several runs of one program share."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Literal

from aha.errors import DataError, MachineError
from aha.sandbox.archive import File, check_count, plain_path, unpacked
from aha.sandbox.launch import Job, launch
from aha.sandbox.probe import CURES, probe
from aha.sandbox.records import LEVELS, Execution, Level, Limits


class Sandbox:
    """Runs untrusted programs at one level. Safe to share between threads."""

    def __init__(self, level: Literal["auto", "bubblewrap", "process"] = "auto") -> None:
        """`auto` is `bubblewrap`; `process` has to be asked for by name, as it hides neither files nor network.
        Raises MachineError, with the cure, where the level does not work here."""
        if level != "auto" and level not in LEVELS:
            raise MachineError(f"There is no sandbox level '{level}'.", cure=f"Levels: auto, {', '.join(LEVELS)}.")
        self.level: Level = "bubblewrap" if level == "auto" else level
        if reason := probe()[self.level]:
            raise MachineError(
                f"The sandbox level '{self.level}' does not work here: {reason}.", cure=CURES[self.level]
            )

    def run(
        self, command: Sequence[str], files: Mapping[str, bytes], stdin: bytes = b"", limits: Limits = Limits()
    ) -> Execution:
        """One run in a work directory of its own, see `Box.run`."""
        with self.box(files) as box:
            return box.run(command, stdin, limits)

    @contextmanager
    def box(self, files: Mapping[str, bytes]) -> Iterator[Box]:
        """A work directory with these files (relative path → content) for several runs. Raises DataError for a path
        that leads out of it, and for too many files."""
        yield Box(self.level, files)


class Box:
    """The files of a work directory. They are kept in memory: each run gets a copy of its own."""

    def __init__(self, level: Level, files: Mapping[str, bytes]) -> None:
        self.level = level
        self._files = {plain_path(name): File(content) for name, content in files.items()}
        check_count(len(self._files))

    def run(
        self, command: Sequence[str], stdin: bytes = b"", limits: Limits = Limits(), keep: bool = False
    ) -> Execution:
        """Run a program in a fresh copy of the work directory, and wait for its end.

        `command` starts in the work directory, so its own files have relative names (`./main`). Programs are looked up
        in /usr/local/bin, /usr/bin and /bin; the environment holds PATH, HOME and LANG alone. With `keep`, a command
        that exits with 0 leaves its regular files for later runs; what a run leaves otherwise is gone. What cannot be
        kept because it is too much ends as `output`. Safe to call from several threads. Raises DataError for an empty
        command, one that holds a NUL, and files of more than `limits.file_bytes`.
        """
        if not command or any("\0" in word for word in command):
            raise DataError("A command for the sandbox is empty or holds a NUL.", cure="Give a program and its words.")
        size = sum(len(file.content) for file in self._files.values())
        if size > limits.file_bytes:
            raise DataError(
                f"The files for the sandbox hold {size} bytes, and file_bytes is {limits.file_bytes}.",
                cure="Raise file_bytes.",
            )
        execution, archive = launch(Job(self.level, command, self._files, stdin, limits, keep))
        if keep and execution.exit_code == 0:
            try:
                self._files = unpacked(archive)
            except DataError as error:
                return replace(execution, outcome="output", exit_code=None, stderr=f"not kept: {error}".encode())
        return execution
