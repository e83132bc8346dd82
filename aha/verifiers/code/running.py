"""One program in its sandbox: written down, compiled once, run as often as there are tests."""

from __future__ import annotations

import resource
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache

from aha.errors import DataError, MachineError
from aha.sandbox import Box, Execution, Limits, Sandbox
from aha.types import Json
from aha.verifiers.base import BadReferenceError
from aha.verifiers.code.languages import MEBI, Language, check_installed, file_name, fill
from aha.verifiers.code.results import NotCompiledError, UndecidedError, failed_run

COMPILE_SECONDS = 30.0
COMPILE_BYTES = 2048 * MEBI
OUTPUT_BYTES = 4 * MEBI
FILE_BYTES = 256 * MEBI
WALL_FACTOR, WALL_SECONDS = 10.0, 2.0
"""A run may take this many times its processor seconds by the clock, and so much more: for a busy machine, not for the
program, which is stopped when it sleeps as long."""


@dataclass(slots=True, frozen=True)
class Settings:
    """What a problem allows its programs, and how far its tests go."""

    cpu_seconds: float
    """Of one run."""
    memory_bytes: int
    """Of one run, beside what the runtime needs."""
    level: str
    """The sandbox's, `auto` for its own choice."""
    stop_at_failure: bool
    """Whether the tests after the first failed one are left out."""


@cache
def sandbox(level: str) -> Sandbox:
    """The sandbox of that level. Raises UndecidedError where this machine has none."""
    try:
        return Sandbox(level)  # type: ignore[arg-type]
    except MachineError as error:
        raise UndecidedError("no_sandbox", str(error)) from error


@dataclass(slots=True, frozen=True)
class Program:
    """A program that is ready to run."""

    language: Language
    source: str
    box: Box
    settings: Settings

    def command(self) -> list[str]:
        """What runs it."""
        return fill(self.language.run, self.source, self.settings.memory_bytes)

    def run(self, stdin: bytes = b"", command: Sequence[str] = ()) -> Execution:
        """One run: the language's own command, or another one in the same work directory."""
        return self.box.run(command or self.command(), stdin, self.limits())

    def limits(self) -> Limits:
        """Of one run."""
        language, memory_bytes = self.language, self.settings.memory_bytes
        return Limits(
            cpu_seconds=self.settings.cpu_seconds,
            wall_seconds=WALL_FACTOR * self.settings.cpu_seconds + WALL_SECONDS,
            memory_bytes=memory_bytes + language.memory_bytes,
            file_bytes=FILE_BYTES,
            output_bytes=OUTPUT_BYTES,
            num_processes=language.num_processes,
            address_space_bytes=memory_bytes + language.address_space_bytes,
        )


@dataclass(slots=True, frozen=True)
class Attempt:
    """A program, and what it is tested with."""

    language: Language
    source: str
    reference: Mapping[str, Json]
    settings: Settings
    files: Mapping[str, bytes]
    """What else stands in its work directory, by path."""
    checker: str
    tolerance: Decimal


@contextmanager
def program(attempt: Attempt, files: Mapping[str, bytes] | None = None, path: str | None = None) -> Iterator[Program]:
    """Put a program and the files beside it into a work directory, at `path` where it is not the language's own place,
    and compile it.

    Raises UndecidedError where the language is not installed or the sandbox does not work, NotCompiledError, and
    BadReferenceError for files that the sandbox does not take.
    """
    language, source = attempt.language, attempt.source
    try:
        check_installed(language)
    except MachineError as error:
        raise UndecidedError("not_installed", str(error)) from error
    _check_address_space(language, attempt.settings)
    place = path or file_name(language, source)
    try:
        with sandbox(attempt.settings.level).box(
            {**language.files, **attempt.files, **(files or {}), place: source.encode("utf-8", "replace")}
        ) as box:
            if language.compile:
                _compile(language, source, box)
            yield Program(language, source, box, attempt.settings)
    except DataError as error:
        raise BadReferenceError(str(error)) from error


def _check_address_space(language: Language, settings: Settings) -> None:
    """Raise UndecidedError where this process may not give a program the address space that its runtime needs."""
    compiling = language.compile_address_space_bytes if language.compile else 0
    needed = max(settings.memory_bytes + language.address_space_bytes, compiling)
    allowed = resource.getrlimit(resource.RLIMIT_AS)[1]
    if allowed != resource.RLIM_INFINITY and allowed < needed:
        raise UndecidedError(
            "no_memory",
            f"{language.name} needs {needed // MEBI} MiB of address space, this process may give {allowed // MEBI}.",
        )


def _compile(language: Language, source: str, box: Box) -> None:
    limits = Limits(
        cpu_seconds=COMPILE_SECONDS,
        wall_seconds=WALL_FACTOR * COMPILE_SECONDS,
        memory_bytes=COMPILE_BYTES,
        file_bytes=FILE_BYTES,
        output_bytes=OUTPUT_BYTES,
        num_processes=language.num_processes + 32,
        address_space_bytes=language.compile_address_space_bytes,
    )
    run = box.run(fill(language.compile, source, COMPILE_BYTES // 4), b"", limits, keep=True)
    said = run.stderr or run.stdout  # TypeScript's compiler complains there
    errors = [line for line in said.split(b"\n") if b"error" in line]
    failed = failed_run(replace(run, stderr=errors[0] if errors else said))
    if failed is not None:
        raise NotCompiledError(f"{failed.cause} {failed.note}".strip())
