"""Failures and kills at a chosen call of runtime.files."""

import os
from collections.abc import Callable
from pathlib import Path

from aha.runtime import files

KILLED = 77


def calls_of(action: Callable[[], object]) -> list[str]:
    calls: list[str] = []
    files.set_fault(lambda operation, path: calls.append(operation))
    action()
    files.set_fault(None)
    return calls


def kill_at(call: int) -> Callable[[str, Path], None]:
    remaining = [call]

    def fault(operation: str, path: Path) -> None:
        remaining[0] -= 1
        if remaining[0] < 0:
            os._exit(KILLED)

    return fault


def fail_at(call: int, error_number: int, *, forever: bool) -> Callable[[str, Path], None]:
    remaining = [call]

    def fault(operation: str, path: Path) -> None:
        remaining[0] -= 1
        if remaining[0] == -1 or (forever and remaining[0] < 0):
            raise OSError(error_number, os.strerror(error_number))

    return fault


def in_child(action: Callable[[], object]) -> int:
    """Exit code of `action` in a forked child that never returns to pytest."""
    child = os.fork()
    if child == 0:
        try:
            action()
        except BaseException:
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
