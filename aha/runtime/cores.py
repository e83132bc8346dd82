"""How many cores this process may use."""

from __future__ import annotations

import math
import os
import sys
from pathlib import Path


def num_cores() -> int:
    """Cores by affinity and, in a container, by its CPU quota; at least 1."""
    cores = len(os.sched_getaffinity(0)) if sys.platform == "linux" else os.cpu_count() or 1
    return max(1, min(cores, _quota(Path("/sys/fs/cgroup/cpu.max"))))


def _quota(path: Path) -> int:
    """Cores that a control group grants, rounded up; very many where it sets no limit."""
    words = path.read_text().split() if path.exists() else ["max"]
    return 1 << 30 if words[0] == "max" else math.ceil(int(words[0]) / int(words[1]))
