"""What a run in the sandbox may use, and how it ended."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from typing import Literal

from aha.errors import ConfigError

Level = Literal["bubblewrap", "process"]
LEVELS: tuple[Level, ...] = ("bubblewrap", "process")
Outcome = Literal["exited", "time", "memory", "output", "killed", "refused"]


@dataclass(slots=True, frozen=True)
class Limits:
    """What one run may use. Raises ConfigError for a limit that is not above 0."""

    cpu_seconds: float = 10.0
    """Of all its processes together, the few milliseconds that the sandbox needs to start included."""
    wall_seconds: float = 30.0
    """From the program's start to its end; for those that sleep or wait."""
    memory_bytes: int = 512 << 20
    """Of all its processes together, with what it wrote at the level `bubblewrap`; looked at every 50 ms."""
    file_bytes: int = 64 << 20
    """The largest file; at the level `bubblewrap` also all of the work directory, of /tmp and of /dev/shm, each."""
    output_bytes: int = 1 << 20
    """Standard output and standard error together."""
    num_processes: int = 64
    """Processes and threads alive at once, two of the sandbox's own included."""
    address_space_bytes: int | None = None
    """Of each process; as much as `memory_bytes` when None. More for runtimes that reserve what they never use:
    1 GiB for Node and Go, 2 to 4 GiB for Java."""

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if value is not None and not (math.isfinite(value) and value > 0):
                raise ConfigError(f"The sandbox's limit {name} is {value}.", cure="Give a number above 0.")


@dataclass(slots=True, frozen=True)
class Execution:
    """How one run ended."""

    outcome: Outcome
    """`exited`: by itself, see `exit_code`. `time`, `memory`, `output`: stopped over that limit. `killed`: by a signal,
    its own or the kernel's, or for more processes than it may have where the kernel cannot refuse them.
    `refused`: the command was never started; `stderr` says why."""
    exit_code: int | None
    """Of `exited`, else None. Untrusted, as all that the program says of itself: 0 alone is no success."""
    signal: int | None
    """Of `killed`, else None. A program that exits with 128 + n reads as killed by signal n, as in any shell."""
    stdout: bytes
    stderr: bytes
    """What came before the limit on output; the shell that starts the command may add a line on how it died."""
    cpu_seconds: float
    wall_seconds: float
    level: str
    """The level that was in force."""
