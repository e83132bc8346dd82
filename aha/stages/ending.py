"""Why an RL stage ends before its rounds are done: a token budget is spent, there is no gain any more, or a proxy rises
while the truth falls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

Ended = Literal["rounds", "tokens", "plateau", "over_optimised"]
"""All rounds done; the token budget spent; no gain over the last evaluations; the reward rose while what it stands for
fell."""
Seen = tuple[int, float, float, float | None]
"""An evaluation as the monitor saw it: round, truth, upper end of its interval, proxy (None: not measured yet)."""
ROUNDING = 1e-9


def out_of_patience(scores: Sequence[float], patience: int, min_gain: float = 0.0) -> bool:
    """Whether the last `patience` scores gained less than `min_gain` over the best before them, or nothing at all.

    Patience 0 never ends.
    """
    if not patience or len(scores) <= patience:
        return False
    gain = max(scores[-patience:]) - max(scores[:-patience])
    return gain <= 0 or gain < min_gain - ROUNDING


def best_seen(seen: Sequence[Seen]) -> int | None:
    """The round with the best truth, the first of equals; None before any evaluation."""
    return max(seen, key=lambda each: each[1])[0] if seen else None


def over_optimised(seen: Sequence[Seen], drop: float) -> bool:
    """Whether at the last evaluation the truth lies at least `drop`, and beyond its interval, under its best while the
    proxy is above what it was at that best (or first measured after it)."""
    if not seen:
        return False
    _, truth, high, proxy = seen[-1]
    best_round, best = max(((each[0], each[1]) for each in seen), key=lambda each: each[1])
    then = next((each[3] for each in seen[:-1] if each[0] >= best_round and each[3] is not None), None)
    fallen = best - truth >= drop - ROUNDING and high < best
    return fallen and proxy is not None and then is not None and proxy > then
