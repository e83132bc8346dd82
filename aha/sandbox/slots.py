"""User ids for runs: no two runs at a time share one, in this process and in others on the machine.

Limits on the number of processes count by user id, and the level `process` ends what a run left behind by its user id.
"""

from __future__ import annotations

import errno
import os
import pwd
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from aha.errors import MachineError

FIRST_UID = 20_000
NUM_UIDS = 1_000

_lock = threading.Lock()
_free: list[int] = []
_held: dict[int, socket.socket] = {}
_owner = 0


@contextmanager
def own_uid() -> Iterator[int]:
    """A user id for the length of the context. Raises MachineError when all are taken."""
    uid = _take()
    try:
        yield uid
    finally:
        with _lock:
            if _owner == os.getpid():
                _free.append(uid)


def _take() -> int:
    """A free uid of this process, else one that no process on this machine holds. A bound socket without a file is the
    hold: it goes with its process, however that ends."""
    global _owner
    with _lock:
        if _owner != os.getpid():  # after a fork these are the parent's
            _free.clear()
            _held.clear()
            _owner = os.getpid()
        if _free:
            return _free.pop()
        for uid in range(FIRST_UID, FIRST_UID + NUM_UIDS):
            if uid not in _held and not _is_somebody(uid) and (hold := _bind(uid)) is not None:
                _held[uid] = hold
                return uid
    raise MachineError(f"All {NUM_UIDS} user ids of the sandbox are in use.", cure="Run fewer sandboxes at a time.")


def _bind(uid: int) -> socket.socket | None:
    hold = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    try:
        hold.bind(f"\0aha-sandbox-{uid}")
    except OSError as error:
        hold.close()
        if error.errno == errno.EADDRINUSE:
            return None
        raise
    return hold


def _is_somebody(uid: int) -> bool:
    try:
        pwd.getpwuid(uid)
    except KeyError:
        return False
    return True
