"""Contenders measured in turns, so that a noisy machine is noisy for all of them; medians over the turns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any


@dataclass(slots=True, frozen=True)
class Measured:
    """One turn of one contender."""

    seconds: float
    num_tokens: int
    """Useful tokens alone: no padding, nothing after an end token."""


def in_turns(
    contenders: Mapping[str, Callable[[int], Measured]],
    repeats: int,
    warmups: int = 1,
    tell: Callable[[str], None] = lambda text: None,
) -> dict[str, list[Measured]]:
    """`repeats` turns of each contender after `warmups` that do not count; who begins changes from turn to turn.

    A contender is called with the number of the turn, from 0, the warm-ups included.
    """
    names = list(contenders)
    found: dict[str, list[Measured]] = {name: [] for name in names}
    for turn in range(warmups + repeats):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            measured = contenders[name](turn)
            counts = turn >= warmups
            if counts:
                found[name].append(measured)
            kind = "turn" if counts else "warm-up"
            rate = measured.num_tokens / measured.seconds
            tell(f"  {kind} {turn + 1}: {name:14} {measured.seconds:8.2f} s  {rate:10,.0f} tokens/s")
    return found


def summary(turns: Sequence[Measured]) -> dict[str, Any]:
    """Medians, the range, and every turn."""
    rates = [turn.num_tokens / turn.seconds for turn in turns]
    return {
        "tokens_per_second": median(rates),
        "tokens_per_second_range": [min(rates), max(rates)],
        "seconds": median(turn.seconds for turn in turns),
        "turns": [[turn.seconds, turn.num_tokens] for turn in turns],
    }


def speedups(summaries: Mapping[str, Mapping[str, Any]], ours: str, by: str) -> dict[str, float]:
    """How many times faster `ours` is than each other contender: by `tokens_per_second`, or by `seconds`."""
    own = summaries[ours][by]
    others = {name: each[by] for name, each in summaries.items() if name != ours}
    return {name: value / own if by == "seconds" else own / value for name, value in others.items()}
