"""Which levels really work on this machine, found by running something at each."""

from __future__ import annotations

import sys
from functools import cache

from aha.errors import MachineError
from aha.sandbox.launch import Job, launch
from aha.sandbox.records import LEVELS, Level, Limits

CURES: dict[Level, str] = {
    "bubblewrap": "Install bubblewrap 0.8 or later (apt install bubblewrap) where it is missing, allow user namespaces "
    "where they are forbidden, or ask for the level 'process' by name: docs/safety.md says what that does not stop.",
    "process": "Install util-linux where its programs are missing.",
}


@cache
def probe() -> dict[Level, str]:
    """Each level with the reason why it does not work here; empty where it works. Looked at once in a process."""
    return {level: _reason(level) for level in LEVELS}


def _reason(level: Level) -> str:
    if sys.platform != "linux":
        return "it needs Linux"
    try:
        execution, _ = launch(Job(level, ["true"], {}, b"", Limits()))
    except MachineError as error:
        return error.problem.rstrip(".")
    if execution.exit_code == 0:
        return ""
    said = execution.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2]
    return said or f"its probe ended as '{execution.outcome}'"
