"""What depends on how many of a stage's updates are done: the learning rate, and what begins late."""

from __future__ import annotations

import math
from collections.abc import Callable


def constant(progress: float, end_frac: float) -> float:
    """1 throughout."""
    return 1.0


def linear(progress: float, end_frac: float) -> float:
    """1 - (1 - end) p: from 1 at progress 0 to `end_frac` at progress 1."""
    return 1 - (1 - end_frac) * progress


def cosine(progress: float, end_frac: float) -> float:
    """end + (1 - end) (1 + cos(pi p)) / 2 (SGDR without restarts, arXiv 1608.03983, eq. 5)."""
    return end_frac + (1 - end_frac) * 0.5 * (1 + math.cos(math.pi * progress))


SCHEDULES: dict[str, Callable[[float, float], float]] = {"constant": constant, "linear": linear, "cosine": cosine}


def learning_rate(
    update: int, *, lr: float, total_updates: int, warmup: int, schedule: str, end_frac: float, spent: float = 0.0
) -> float:
    """The learning rate of the update with this number, counted from 0.

    Warm-up is linear: update 0 has lr / warmup, update warmup - 1 has lr. Then the schedule (a key of `SCHEDULES`)
    goes from lr to end_frac * lr, reached at the last update, and stays there. Where the updates end with a budget,
    `spent` is the share of it that is gone with this update; the schedule is where the further of the two is, so that
    the update which reaches the budget has end_frac * lr.
    """
    if update < warmup:
        return lr * (update + 1) / warmup
    progress = min(1.0, max(spent, (update - warmup) / max(1, total_updates - 1 - warmup)))
    return lr * SCHEDULES[schedule](progress, end_frac)


def first_update(after: float, total_updates: int) -> int:
    """The number of updates that must be done before what waits for the share `after` (0 to 1) of them begins.

    ceil(after * total); a share written with few digits (0.7647 for 1300 / 1700) means the next whole update.
    DeepSeek-R1 (2501.12948v2, supplement): preference rewards in the last 400 of 1,700 updates only.
    """
    return math.ceil(after * total_updates - 1e-9)
