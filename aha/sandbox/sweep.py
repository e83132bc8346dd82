"""Ends every process of a user id: at the level `process`, what a program left running when it ended."""

from __future__ import annotations

import os
import subprocess
import time
from contextlib import suppress
from pathlib import Path

from aha.sandbox.command import as_user

END_SECONDS = 2.0


def sweep(uid: int) -> None:
    """Kill all processes of this user id, which is nobody else's, and wait until they are gone. Needs root."""
    deadline = time.monotonic() + END_SECONDS
    while processes_of(uid) and time.monotonic() < deadline:
        command = [*as_user(uid), "/bin/sh", "-c", "kill -s KILL -- -1"]  # as that user, so that it reaches no other's
        subprocess.run(command, env={}, check=False, capture_output=True)
        time.sleep(0.005)


def processes_of(uid: int) -> list[int]:
    """The processes that run as this user id, without those that have ended and wait for their parent."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            with suppress(OSError):
                lines = Path(f"/proc/{name}/status").read_text(encoding="utf-8", errors="replace").splitlines()
                facts = dict(line.split(":\t", 1) for line in lines if line.startswith(("State:", "Uid:")))
                if str(uid) in facts["Uid"].split() and not facts["State"].startswith("Z"):
                    found.append(int(name))
    return found
