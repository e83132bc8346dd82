"""What became of each test, and the verdict over all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from aha.sandbox import Execution
from aha.types import Verdict

Cause = Literal["wrong", "time", "memory", "output", "crash", "missing", "not_run"]
REASONS: dict[Cause, str] = {
    "wrong": "mismatch",
    "time": "over_time",
    "memory": "over_memory",
    "output": "over_output",
    "crash": "crashed",
    "missing": "no_result",
    "not_run": "no_result",
}
MEMORY_ERRORS = (b"MemoryError", b"bad_alloc", b"OutOfMemoryError", b"heap out of memory", b"Allowed memory size")
MEMORY_ERROR_BYTES = 10_000
"""In which they stand, at the end of standard error; Node writes a stack trace of some kilobytes behind."""
MAX_NOTE_CHARS = 80


@dataclass(slots=True, frozen=True)
class TestResult:
    """One test."""

    passed: bool
    cause: Cause | None = None
    """Why not: another value than expected; a limit; an end by exception, signal or exit code; no result, too many
    results; not reached."""
    note: str = ""
    """A few words more, from our side or the program's."""


PASSED = TestResult(True)
NOT_RUN = TestResult(False, "not_run")


class UndecidedError(Exception):
    """The program could not be judged, and that is not its fault."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(f"{reason}: {detail}")
        self.reason, self.detail = reason, detail


class NotCompiledError(Exception):
    """The compiler refused the program."""


def failed_run(run: Execution) -> TestResult | None:
    """Why a run did not end well; None where it exited with 0. Raises UndecidedError where it never started."""
    if run.outcome == "refused":
        raise UndecidedError("no_sandbox", run.stderr.decode("utf-8", "replace")[:200])
    if run.outcome == "exited" and run.exit_code == 0:
        return None
    if run.outcome in ("time", "memory", "output"):
        return TestResult(False, run.outcome)
    if any(word in run.stderr[-MEMORY_ERROR_BYTES:] for word in MEMORY_ERRORS):
        return TestResult(False, "memory")
    how = f"signal {run.signal}" if run.outcome == "killed" else f"exit code {run.exit_code}"
    return TestResult(False, "crash", f"{how} {_last_line(run.stderr)}".strip())


def _last_line(stderr: bytes) -> str:
    lines = stderr[-2000:].decode("utf-8", "replace").split("\n")
    said = [line.strip() for line in lines if line.strip()]
    return "".join(sign for sign in said[-1] if sign.isprintable())[:MAX_NOTE_CHARS] if said else ""


def to_verdict(program: str, results: Sequence[TestResult], level: str, all_ran: bool) -> Verdict:
    """Correct where every test passed; the reason is the first failed test's. No test at all is undecided. Where the
    tests after a failure were left out (not `all_ran`), the share that passed is not known."""
    if not results:
        return Verdict("undecided", program, "no_tests", detail=f"sandbox {level}")
    num_passed = sum(result.passed for result in results)
    first = next((place for place, result in enumerate(results) if not result.passed), None)
    said = f"{num_passed} of {len(results)} tests passed; " if all_ran or first is None else ""
    if first is None:
        return Verdict("correct", program, "match", detail=f"{said}sandbox {level}", share=1.0)
    cause = results[first].cause
    assert cause is not None
    note = f" ({results[first].note})" if results[first].note else ""
    detail = f"{said}test {first + 1}: {cause}{note}; sandbox {level}"
    share = num_passed / len(results) if all_ran else None
    return Verdict("wrong", program, REASONS[cause], detail=detail, share=share)
