"""Does a model know puzzles by heart: it solves those it was trained on, and not the same ones changed a little."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aha.errors import UsageError
from aha.evaluation.compare import rate
from aha.evaluation.statistics import bootstrap
from aha.runtime.seeds import seed_of
from aha.types import Evaluation, Interval

_TWICE = "Evaluate the same task twice: `knights?people=3`, and `knights?people=3&perturb=statement`."


@dataclass(slots=True, frozen=True)
class Memorisation:
    """LiMem and its two parts, over the puzzles that both evaluations hold."""

    num_puzzles: int
    accuracy: Interval
    """pass@1 on the puzzles as they were trained on."""
    consistency: Interval
    """Of the puzzles that are solved, the share that is solved after the change too."""
    score: Interval
    """accuracy times (1 - consistency): 0 for a model that understands, or knows nothing."""
    asked_again: Interval | None
    """What the score would be of the same puzzles asked again, unchanged: the part of it that is chance. None where
    some have a single answer."""


def memorisation(trained: Evaluation, perturbed: Evaluation) -> Memorisation:
    """LiMem = Acc (1 - CR) (Logic-RL, arXiv 2502.14768; Xie et al., arXiv 2410.23123), by problem id.

    With several answers a puzzle, p of them right before and q after the change, that is the mean of p (1 - q), and
    CR = sum p q / sum p; asked again it is the mean share of ordered pairs of different answers, the first right and
    the second not. Raises UsageError where the two are of different models or on the same benchmark, share no
    puzzle, or nothing is solved.
    """
    if trained.model_hash != perturbed.model_hash:
        raise UsageError(
            "The two evaluations are of different models, and memory is of one.",
            cure="Evaluate one model on its puzzles and on the changed ones.",
        )
    if trained.benchmark == perturbed.benchmark:
        raise UsageError(f"Both evaluations are on {trained.benchmark!r}, and nothing was changed.", cure=_TWICE)
    after = {row["id"]: row for row in perturbed.problems}
    shared = [row for row in trained.problems if row["id"] in after]
    if not shared:
        raise UsageError(
            f"{trained.benchmark!r} and {perturbed.benchmark!r} have no puzzle in common.",
            cure=_TWICE,
        )
    p_P, q_P = np.array([(rate(row), rate(after[row["id"]])) for row in shared]).T
    k_P = np.array([len(row["outcomes"]) for row in shared])
    if not p_P.any():
        raise UsageError(f"Nothing of {trained.benchmark!r} is solved, so nothing can be known by heart.")
    seed = seed_of("memorisation", trained.benchmark, perturbed.benchmark)
    return Memorisation(
        num_puzzles=len(shared),
        accuracy=bootstrap(p_P, seed=seed),
        consistency=bootstrap(p_P * q_P, p_P, seed=seed),
        score=bootstrap(p_P * (1 - q_P), seed=seed),
        asked_again=bootstrap(p_P * (1 - p_P) * k_P / (k_P - 1), seed=seed) if k_P.min() > 1 else None,
    )
