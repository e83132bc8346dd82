"""What a tree of processes uses, read from /proc."""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")
INODE_BYTES = 4096
"""What a file in memory counts at least; the kernel needs about 1 KiB, and time to free it."""
SOCKET_BYTES = 208 << 10
"""What a socket between processes may hold."""
WHOLE = (b"RssAnon:", b"RssShmem:")
SHARE = (b"Pss_Anon:", b"Pss_Shmem:")


@dataclass(slots=True, frozen=True)
class Usage:
    """At one moment, of all processes of a tree together."""

    cpu_seconds: float
    memory_bytes: int
    """Memory of their own and shared between them; pages of program files are not counted."""
    num_processes: int
    """Threads included."""


def usage(root: int, limit_bytes: int) -> Usage:
    """Of a process and all its descendants. Memory that a process shares with its children since the fork is counted
    once for each where the sum is within the limit, which is quick, and once in all where it is not."""
    pids = descendants(root)
    ticks = memory = threads = 0
    for pid in pids:
        with suppress(OSError):  # it ended meanwhile
            fields = Path(f"/proc/{pid}/stat").read_bytes().rpartition(b")")[2].split()
            ticks += sum(int(field) for field in fields[11:15])
            threads += int(fields[17])
            memory += _kilobytes(f"/proc/{pid}/status", WHOLE) << 10
    if memory > limit_bytes:
        memory = sum(_proportional(pid) for pid in pids)
    return Usage(ticks / TICKS_PER_SECOND, memory, threads)


def descendants(root: int) -> list[int]:
    """The process and all below it, parents first; those that ended meanwhile may miss."""
    found = [root]
    for pid in found:
        found += children(pid)
    return found


def children(pid: int) -> list[int]:
    """The child processes of a process, whichever of its threads started them; none once it has ended."""
    found = []
    with suppress(OSError):
        for thread in os.listdir(f"/proc/{pid}/task"):
            with suppress(OSError):
                found += [int(child) for child in Path(f"/proc/{pid}/task/{thread}/children").read_bytes().split()]
    return found


def written_bytes(root: int, places: tuple[str, ...]) -> int:
    """What the file systems at these places take up in memory, as the process `root` sees them; 0 once it has ended."""
    total = 0
    for place in places:
        with suppress(OSError):
            state = os.statvfs(f"/proc/{root}/root{place}")
            total += (state.f_blocks - state.f_bfree) * state.f_frsize + (state.f_files - state.f_ffree) * INODE_BYTES
    return total


def socket_bytes(root: int) -> int:
    """What the sockets of the network namespace that the process `root` is in may hold; 0 once it has ended."""
    with suppress(OSError):
        return (Path(f"/proc/{root}/net/unix").read_bytes().count(b"\n") - 1) * SOCKET_BYTES
    return 0


def _proportional(pid: int) -> int:
    """A process's share of its memory; all of it where the share is hidden from us; 0 once it has ended."""
    for path, keys in ((f"/proc/{pid}/smaps_rollup", SHARE), (f"/proc/{pid}/status", WHOLE)):
        with suppress(OSError):
            return _kilobytes(path, keys) << 10
    return 0


def _kilobytes(path: str, keys: tuple[bytes, ...]) -> int:
    lines = Path(path).read_bytes().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith(keys))
