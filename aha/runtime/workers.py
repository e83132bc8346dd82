"""A pool of processes for code that may hang, crash or eat memory: verifiers and custom rewards.

One dispatcher thread a worker takes calls from a common queue, watches the CPU time of its process, kills it at the
limit and starts another at once. Time in the queue is never counted, and no signal handler or timer is used.
"""

from __future__ import annotations

import json
import os
import queue
import selectors
import signal
import subprocess
import sys
import threading
import time
from concurrent.futures import Future
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal

from aha.errors import MachineError
from aha.runtime import worker
from aha.runtime.cores import num_cores
from aha.types import Json

Failure = Literal["exception", "timeout", "memory", "lost_worker"]
POLL_SECONDS = 0.02
LOAD_SECONDS = 30.0
"""CPU seconds to start, or to import a target. Apart from the call's limit, since only a worker's first call pays."""
MIN_WALL_SECONDS = 30.0
WALL_FACTOR = 10.0
MAX_ANSWER_BYTES = 1 << 26
"""A worker that writes more than this without ending its line has broken the protocol."""
PIECE_BYTES = 1 << 16
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL", "NUMEXPR")}


@dataclass(slots=True, frozen=True)
class CallResult:
    """What came of a call: a value, or why there is none."""

    value: Json
    failure: Failure | None
    """`exception`: the function raised; `timeout`: over its CPU or wall limit; `memory`: over the worker's memory;
    `lost_worker`: the process died under it twice."""
    message: str
    """Type and text of an exception, the limit that was passed, how the worker died; empty for a value."""
    seconds: float
    """CPU seconds of the call."""


@dataclass(slots=True, frozen=True)
class _Job:
    target: str
    line: bytes
    cpu_seconds: float
    future: Future[CallResult]


class WorkerPool:
    """Calls functions by name in killable processes that never saw torch. Use as a context, from any thread."""

    def __init__(self, num_workers: int, cpu_seconds: float, memory_bytes: int) -> None:
        """Start `num_workers` processes (0: one a core) of at most `memory_bytes` of address space (0: no limit);
        a call may take `cpu_seconds` of CPU time."""
        self.cpu_seconds = cpu_seconds
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._closing = threading.Event()
        self._lock = threading.Lock()
        self._threads = [
            threading.Thread(target=self._dispatch, args=(memory_bytes,), name=f"worker-{i}", daemon=True)
            for i in range(num_workers or num_cores())
        ]
        for thread in self._threads:
            thread.start()

    def submit(self, target: str, arguments: dict[str, Json], cpu_seconds: float | None = None) -> Future[CallResult]:
        """Call `package.module:function` or `/path/file.py:function` with keyword arguments; never blocks.

        The future never raises what the function raised; it holds a CallResult. In async code:
        `await asyncio.wrap_future(future)`. Raises MachineError after `close`.
        """
        line = json.dumps({"target": target, "arguments": arguments}).encode() + b"\n"
        job = _Job(target, line, self.cpu_seconds if cpu_seconds is None else cpu_seconds, Future())
        with self._lock:
            if self._closing.is_set():
                raise MachineError("The worker pool is closed.")
            self._jobs.put(job)
        return job.future

    def close(self) -> None:
        """Kill all workers. Calls in a worker end as `lost_worker`, calls in the queue are cancelled."""
        with self._lock:
            self._closing.set()
            for _ in self._threads:
                self._jobs.put(None)
        for thread in self._threads:
            thread.join()
        while not self._jobs.empty():
            if (job := self._jobs.get()) is not None:
                job.future.cancel()

    def __enter__(self) -> WorkerPool:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _dispatch(self, memory_bytes: int) -> None:
        """One worker's life. Its process is started here, because it dies with the thread that started it."""
        process = _Worker(memory_bytes, self._closing)
        try:
            process.replace()
            while not self._closing.is_set() and (job := self._jobs.get()) is not None:
                if job.future.set_running_or_notify_cancel():
                    try:
                        job.future.set_result(self._run(job, process))
                    except Exception as error:  # whoever waits must hear of it
                        job.future.set_exception(error)
        finally:
            process.kill()

    def _run(self, job: _Job, process: _Worker) -> CallResult:
        """Call, and replace a worker that failed. What the worker's own state may have caused (it died, its memory was
        full) is tried once more in a fresh one, so that results do not depend on what was called before."""
        result = process.call(job)
        if result.failure in ("lost_worker", "memory") and not self._closing.is_set():
            process.replace()
            result = process.call(job)
        if result.failure not in (None, "exception") and not self._closing.is_set():
            process.replace()
        return result


class _LostError(Exception):
    """The worker died, closed its pipe, or wrote something else than the protocol."""


class _LimitError(Exception):
    """The call passed its limit."""


class _Worker:
    """A process and the pipes to it; the process may be replaced."""

    def __init__(self, memory_bytes: int, closing: threading.Event) -> None:
        search_path = json.dumps([str(Path(entry or ".").absolute()) for entry in sys.path])
        self.command = [sys.executable, "-P", worker.__file__, str(memory_bytes), search_path]
        self.closing = closing
        self.process: subprocess.Popen[bytes] | None = None
        self.start_error = ""

    def replace(self) -> None:
        """Kill the process that is there and start another; returns before that one is ready."""
        self.kill()
        try:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                bufsize=0,
                start_new_session=True,
                env={**os.environ, **ONE_THREAD, "PYTHONHASHSEED": "0", "CUDA_VISIBLE_DEVICES": ""},
            )
        except OSError as error:
            self.start_error = f"a worker cannot be started: {error}"
            return
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.stdin, self.stdout = self.process.stdin, self.process.stdout
        os.set_blocking(self.stdin.fileno(), False)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.stdout, selectors.EVENT_READ)
        self.buffer, self.outgoing = bytearray(), memoryview(b"")
        self.ready = False
        self.loaded: set[str] = set()

    def kill(self) -> int:
        """End the process and all that it started, and free its pipes; its exit code. No process: 0."""
        if self.process is None:
            return 0
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # before it is waited for: until then its number is its own
        code = self.process.wait()
        self.process = None
        self.selector.close()
        self.stdin.close()
        self.stdout.close()
        return code

    def call(self, job: _Job) -> CallResult:
        """Send one call and wait for its answer. After any failure but an exception the process must be replaced."""
        start = 0.0
        try:
            self._wait_until_ready()
            start = self._cpu_time()
            self.outgoing = memoryview(job.line)
            self._send()
            answer = self._read(job.cpu_seconds if job.target in self.loaded else LOAD_SECONDS)
            if "loaded" in answer:
                self.loaded.add(job.target)
                start = self._cpu_time()
                answer = self._read(job.cpu_seconds)
        except _LimitError as error:
            return CallResult(None, "timeout", str(error), self._cpu_time() - start)
        except (_LostError, BrokenPipeError) as error:
            return CallResult(None, "lost_worker", self._death(error), 0.0)
        seconds = answer.get("seconds", self._cpu_time() - start)
        return CallResult(answer.get("value"), answer.get("failure"), answer.get("message", ""), seconds)

    def _wait_until_ready(self) -> None:
        if self.process is None or (self.ready and self.selector.select(0)):  # it could not start, or died when idle
            self.replace()
        if self.process is None:
            raise _LostError(self.start_error)
        if not self.ready:
            self._read(LOAD_SECONDS)
            self.ready = True

    def _read(self, cpu_seconds: float) -> dict[str, Json]:
        """The next line of the protocol. Raises _LimitError at the CPU limit or, for sleepers, at a generous wall
        limit, and _LostError."""
        start, wall_start = self._cpu_time(), time.monotonic()
        wall_seconds = max(WALL_FACTOR * cpu_seconds, MIN_WALL_SECONDS)
        seen = 0
        while (end := self.buffer.find(b"\n", seen)) < 0:
            seen = len(self.buffer)
            if seen > MAX_ANSWER_BYTES:
                raise _LostError(f"the worker wrote {seen >> 20} MiB without an end")
            moved = self._move()
            if self.closing.is_set():
                raise _LostError("the pool was closed")
            if not moved and self._cpu_time() - start > cpu_seconds:
                raise _LimitError(f"took more than {cpu_seconds:g} CPU seconds")
            if time.monotonic() - wall_start > wall_seconds:
                raise _LimitError(f"gave no answer in {wall_seconds:g} seconds")
        line = bytes(self.buffer[:end])
        del self.buffer[: end + 1]
        try:
            answer = json.loads(line)
        except ValueError as error:
            raise _LostError("the worker broke the protocol") from error
        assert isinstance(answer, dict)
        return answer

    def _move(self) -> bool:
        """Wait a moment for a piece of the answer, or for room for a piece of the call; whether there was one.

        Neither side ever waits for the other without a limit: a worker that reads nothing is killed like one that
        answers nothing.
        """
        ready = {key.fd for key, _ in self.selector.select(POLL_SECONDS)}
        if self.stdin.fileno() in ready:
            self._send()
        if self.stdout.fileno() in ready:
            piece = os.read(self.stdout.fileno(), PIECE_BYTES)
            if not piece:
                raise _LostError
            self.buffer += piece
        return bool(ready)

    def _send(self) -> None:
        """Write as much of the call as the pipe takes; the selector tells when it takes more."""
        with suppress(BlockingIOError):
            while self.outgoing:
                self.outgoing = self.outgoing[os.write(self.stdin.fileno(), self.outgoing) :]
        registered = self.stdin in self.selector.get_map()
        if self.outgoing and not registered:
            self.selector.register(self.stdin, selectors.EVENT_WRITE)
        elif registered and not self.outgoing:
            self.selector.unregister(self.stdin)

    def _cpu_time(self) -> float:
        """CPU seconds of the process and its finished children; 0 where the system has no /proc."""
        assert self.process is not None
        try:
            fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            return 0.0
        return sum(int(ticks) for ticks in fields[11:15]) / os.sysconf("SC_CLK_TCK")

    def _death(self, error: Exception) -> str:
        """How the worker ended; one that only stopped talking is killed here."""
        code = self.kill()
        if str(error) and not isinstance(error, BrokenPipeError):
            return str(error)
        return f"the worker died of {signal.Signals(-code).name}" if code < 0 else f"the worker exited with code {code}"
