"""Does a model know puzzles by heart: it solves those it was trained on, and not the same ones changed a little."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from aha.errors import UsageError
from aha.evaluation.compare import rate
from aha.evaluation.statistics import bootstrap
from aha.runtime.seeds import seed_of
from aha.types import Evaluation, Interval


@dataclass(slots=True, frozen=True)
class Memorisation:
    """LiMem and its two parts, over the puzzles that both evaluations hold."""

    accuracy: Interval
    """pass@1 on the puzzles as they were trained on."""
    consistency: Interval
    """Of the puzzles that are solved, the share that is solved after the change too."""
    score: Interval
    """accuracy times (1 - consistency): 0 for a model that understands, or knows nothing."""


def memorisation(trained: Evaluation, perturbed: Evaluation) -> Memorisation:
    """LiMem = Acc (1 - CR) (Logic-RL, arXiv 2502.14768; Xie et al., arXiv 2410.23123), by problem id.

    With several answers a puzzle, p of them right before and q after the change, that is the mean of p (1 - q), and
    CR = sum p q / sum p. Raises UsageError where the two share no puzzle, or nothing is solved.
    """
    after = {row["id"]: row for row in perturbed.problems}
    pairs = [(rate(row), rate(after[row["id"]])) for row in trained.problems if row["id"] in after]
    if not pairs:
        raise UsageError(
            f"{trained.benchmark!r} and {perturbed.benchmark!r} have no puzzle in common.",
            cure="Evaluate the same task twice: `knights?people=3`, and `knights?people=3&perturb=statement`.",
        )
    p_P, q_P = np.array(pairs).T
    if not p_P.any():
        raise UsageError(f"Nothing of {trained.benchmark!r} is solved, so nothing can be known by heart.")
    seed = seed_of("memorisation", trained.benchmark, perturbed.benchmark)
    return Memorisation(
        bootstrap(p_P, seed=seed), bootstrap(p_P * q_P, p_P, seed=seed), bootstrap(p_P * (1 - q_P), seed=seed)
    )
