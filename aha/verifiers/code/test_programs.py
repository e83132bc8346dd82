"""Test programs of languages other than Python: the tests are code that follows the program's, in one process.

The program passes when it ends with exit code 0 and its last statement wrote a marker made for this run, once: leaving
early is no success. What remains open: tests and program share a process, so a program that looks for the marker in its
own text, or replaces what the tests compare with, is not told from a right one.
"""

from __future__ import annotations

import secrets
from dataclasses import replace

from aha.verifiers.base import BadReferenceError
from aha.verifiers.code.languages import with_end
from aha.verifiers.code.results import PASSED, TestResult, failed_run
from aha.verifiers.code.running import Attempt, program


def run_test_program(attempt: Attempt) -> list[TestResult]:
    """The one result of `test`; none where that is empty."""
    language, test = attempt.language, attempt.reference.get("test")
    if not isinstance(test, str):
        raise BadReferenceError("expected test as a text")
    if not test.strip():
        return []
    marker = secrets.token_hex(16)
    ended = with_end(language, test, marker)
    if ended is None:
        raise BadReferenceError(f"a test program in {language.name} cannot be made to tell its end")
    with program(replace(attempt, source=f"{attempt.source}\n{ended}")) as ready:
        run = ready.run()
    failed = failed_run(run)
    if failed is not None:
        return [failed]
    reached_end = (run.stdout + b"\n" + run.stderr).split().count(marker.encode()) == 1  # Go's println takes stderr
    return [PASSED if reached_end else TestResult(False, "missing", "the tests did not reach their end")]
