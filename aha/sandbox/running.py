"""Starts one command, feeds and reads it, stops it at its limits, and leaves nothing of it behind."""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from aha.sandbox.command import PLACES, STARTED
from aha.sandbox.records import Execution, Level, Limits, Outcome
from aha.sandbox.watch import children, socket_bytes, usage, written_bytes

LOOK_SECONDS = 0.05
START_SECONDS = 30.0
"""For the sandbox to be made, on a busy machine; not counted as the program's."""
END_SECONDS = 10.0
"""For a sandbox that was killed; the kernel frees its memory and files first, and a busy machine takes its time."""
READ_BYTES = 1 << 16


@dataclass(slots=True, frozen=True)
class Start:
    """What to start, and what the level adds to it."""

    level: Level
    command: Sequence[str]
    environment: Mapping[str, str]
    stdin_fd: int
    pass_fds: Sequence[int]
    folder: Path | None = None
    """Where it starts on this machine; None where the command line says it."""
    uid: int | None = None
    """Who it becomes; None where it stays who this process is."""
    sweep: Callable[[], None] | None = None
    """Ends what outlives the command; None where nothing can."""


@dataclass(slots=True)
class _Reading:
    limit_bytes: int
    stdout: bytearray = field(default_factory=bytearray)
    stderr: bytearray = field(default_factory=bytearray)

    def over(self) -> bool:
        return len(self.stdout) - len(STARTED) + len(self.stderr) > self.limit_bytes

    def read(self, descriptor: int, into: bytearray) -> bool:
        """One piece; false at the end of the stream."""
        piece = os.read(descriptor, READ_BYTES)
        into += piece
        return bool(piece)


def execute(start: Start, limits: Limits) -> Execution:
    """Run to its end or to a limit; returns when all that it started is gone, as far as the level can tell."""
    try:
        process = subprocess.Popen(
            start.command,
            env=dict(start.environment),
            stdin=start.stdin_fd,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            pass_fds=start.pass_fds,
            cwd=start.folder,
            start_new_session=True,
            bufsize=0,
        )
    except OSError as error:  # too long a command line; no memory, process or descriptor left
        return refusal(str(error), start.level)
    try:
        run = _Run(process, start, limits)
    except OSError as error:
        process.kill()
        process.communicate()
        return refusal(str(error), start.level)
    try:
        stopped = run.watch()
    finally:
        code, cpu_seconds = run.end()
    used = (cpu_seconds, time.monotonic() - run.began, start.level)
    stdout, stderr = bytes(run.reading.stdout), bytes(run.reading.stderr)
    if not stdout.startswith(STARTED) or (stopped is not None and not run.has_started):
        return Execution("refused", None, None, b"", stderr or b"it did not start in time", *used)
    if stopped is None and cpu_seconds > limits.cpu_seconds:
        stopped = "time"
    if stopped is None and run.reading.over():
        stopped = "output"
    stdout = stdout[len(STARTED) :][: limits.output_bytes]
    stderr = stderr[: limits.output_bytes - len(stdout)]
    if stopped is not None:
        return Execution(stopped, None, signal.SIGKILL if stopped == "killed" else None, stdout, stderr, *used)
    number = -code if code < 0 else code - 128
    if number in signal.valid_signals():
        return Execution("killed", None, number, stdout, stderr, *used)
    return Execution("exited", code, None, stdout, stderr, *used)


def refusal(reason: str, level: Level) -> Execution:
    """Of a command that could not even be tried."""
    return Execution("refused", None, None, b"", reason.encode("utf-8", "replace"), 0.0, 0.0, level)


class _Run:
    """A started command."""

    def __init__(self, process: subprocess.Popen[bytes], start: Start, limits: Limits) -> None:
        self.process, self.start, self.limits = process, start, limits
        self.began = time.monotonic()
        self.deadline = self.began + START_SECONDS
        self.next_look = self.began + LOOK_SECONDS
        self.has_started = False
        self.reading = _Reading(limits.output_bytes)
        self.cpu_seconds = 0.0
        assert process.stdout is not None
        assert process.stderr is not None
        self.streams = {process.stdout.fileno(): self.reading.stdout, process.stderr.fileno(): self.reading.stderr}
        self.ended = os.pidfd_open(process.pid)
        self.selector = selectors.DefaultSelector()
        for descriptor in (*self.streams, self.ended):
            self.selector.register(descriptor, selectors.EVENT_READ)
        for descriptor in self.streams:
            os.set_blocking(descriptor, False)
            if start.uid is not None:
                os.fchown(descriptor, start.uid, start.uid)  # programs open /dev/stdout by its name

    def watch(self) -> Outcome | None:
        """Until the command ends (None) or passes a limit (which)."""
        while True:
            now = time.monotonic()
            if now >= self.deadline:
                return "time"
            if now >= self.next_look:
                self.next_look = now + LOOK_SECONDS
                if (passed := self._look()) is not None:
                    return passed
            ended = False
            for key, _ in self.selector.select(max(0.0, min(self.deadline, self.next_look) - time.monotonic())):
                if key.fd == self.ended:
                    ended = True
                elif not self.reading.read(key.fd, self.streams[key.fd]):
                    self.selector.unregister(key.fd)
            if self.reading.stdout and not self.has_started:
                self.has_started = True
                self.began = time.monotonic()
                self.deadline = self.began + self.limits.wall_seconds
            if self.reading.over():
                return "output"
            if ended:
                return None

    def _look(self) -> Outcome | None:
        """Which limit the processes have passed together, if any."""
        limits = self.limits
        used = usage(self.process.pid, limits.memory_bytes)
        memory_bytes = used.memory_bytes
        if self.start.level == "bubblewrap" and self.has_started:  # before that, what it sees is the machine's own
            inside = children(self.process.pid)
            memory_bytes += sum(written_bytes(child, PLACES) + socket_bytes(child) for child in inside)
        self.cpu_seconds = max(self.cpu_seconds, used.cpu_seconds)
        if used.cpu_seconds > limits.cpu_seconds:
            return "time"
        if memory_bytes > limits.memory_bytes:
            return "memory"
        return "killed" if used.num_processes > limits.num_processes + 1 else None  # bwrap itself

    def end(self) -> tuple[int, float]:
        """Kill what is left, read what was still in the pipes; exit code (−n for signal n) and CPU seconds."""
        self._kill()
        _, status, used = os.wait4(self.process.pid, 0)
        self.process.returncode = os.waitstatus_to_exitcode(status)
        if self.start.sweep is not None:
            self.start.sweep()
        for descriptor, stream in self.streams.items():
            with suppress(BlockingIOError):
                while not self.reading.over() and self.reading.read(descriptor, stream):
                    pass
        self.selector.close()
        os.close(self.ended)
        for pipe in (self.process.stdout, self.process.stderr):
            assert pipe is not None
            pipe.close()
        return self.process.returncode, max(self.cpu_seconds, used.ru_utime + used.ru_stime)

    def _kill(self) -> None:
        """End the sandbox from inside, by its first process: the outer one then has seen all of it die when it ends,
        and has counted its time. Where that does not work, the outer one, with which it dies too."""
        if self.start.level == "bubblewrap":
            for child in children(self.process.pid):
                kill_child(self.process.pid, child)
            with selectors.DefaultSelector() as selector:
                selector.register(self.ended, selectors.EVENT_READ)
                if selector.select(END_SECONDS):
                    return
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # not waited for yet: the number is still its own


def kill_child(parent: int, child: int) -> None:
    """SIGKILL to a child of another process, and never to one that took its number meanwhile."""
    with suppress(ProcessLookupError):
        descriptor = os.pidfd_open(child)
        try:
            if child in children(parent):
                signal.pidfd_send_signal(descriptor, signal.SIGKILL)
        finally:
            os.close(descriptor)
