"""Which problems of a task are drawn: the unsolved more often, and after a warm-up the hard ones alone.

Kimi k1.5 (arXiv 2501.12599), 2.3.4: curriculum and prioritised sampling.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from aha.algorithms.schedules import first_update
from aha.config.settings import DataSettings
from aha.errors import DataError
from aha.types import Group, Problem

Float64 = npt.NDArray[np.float64]
Success = Mapping[str, tuple[int, int]]
"""(correct, decided) answers so far by problem (`key_of`)."""


@dataclass(slots=True, frozen=True)
class Curriculum:
    """How a stream chooses among the problems of a task."""

    prioritised: bool = False
    hard_start: int | None = None
    """Updates done before the hard problems alone are drawn; None: never."""
    hard_frac: float = 0.5


def curriculum_of(settings: DataSettings, total_updates: int) -> Curriculum:
    """What the settings say, for a stage of so many updates."""
    start = None if settings.hard_after is None else first_update(settings.hard_after, total_updates)
    return Curriculum(settings.curriculum == "prioritised", start, settings.hard_frac)


def key_of(problem: Problem) -> str:
    """A problem's name in the table of successes."""
    return f"{problem.source}/{problem.id}"


def counted(success: Success, groups: Sequence[Group]) -> dict[str, tuple[int, int]]:
    """The table with these answers; those about which nothing was decided do not count."""
    found = dict(success)
    for rollout in (rollout for group in groups for rollout in group.rollouts):
        if rollout.verdict.outcome != "undecided":
            key = key_of(rollout.problem)
            correct, decided = found.get(key, (0, 0))
            found[key] = correct + (rollout.verdict.outcome == "correct"), decided + 1
    return found


def chances(problems: Sequence[Problem], success: Success) -> Float64:
    """The chance of each problem, in proportion to 1 - its success rate; [P], sums to 1.

    A problem that was never tried counts as never solved. Where all are always solved, all have the same chance.
    """
    rates_P = np.zeros(len(problems))
    for place, problem in enumerate(problems):
        correct, decided = success.get(key_of(problem), (0, 1))
        rates_P[place] = correct / decided
    weights_P = 1 - rates_P if (rates_P < 1).any() else np.ones(len(problems))
    chances_P: Float64 = weights_P / weights_P.sum()
    return chances_P


def draw_place(chances_P: Float64, seed: int) -> int:
    """One place, drawn with these chances by a 64-bit seed."""
    up_to_P = chances_P.cumsum()
    place = int(np.searchsorted(up_to_P, (seed >> 11) / 2**53 * up_to_P[-1], side="right"))
    return min(place, int(np.flatnonzero(chances_P)[-1]))


def hardest(task: str, problems: Sequence[Problem], frac: float) -> list[int]:
    """Places of the most difficult `frac` of a task's problems, and of all as difficult as the easiest of those.

    Raises DataError where those are all problems.
    """
    difficulties = sorted((problem.difficulty for problem in problems), reverse=True)
    least = difficulties[math.ceil(frac * len(problems)) - 1]
    if least == difficulties[-1]:
        raise DataError(
            f"Task {task}: the hardest {frac:g} of its problems (difficulty {least:g} and more) are all of them.",
            cure="Lower data.hard_frac, or leave data.hard_after out.",
        )
    return [place for place, problem in enumerate(problems) if problem.difficulty >= least]
