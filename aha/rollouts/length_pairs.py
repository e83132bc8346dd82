"""Pairs that teach short answers: the shortest correct one against longer ones (Kimi k1.5, arXiv 2501.12599, 2.4)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from aha.rollouts.quality import Candidate

MUCH_LONGER = 1.5
"""A correct answer of this many times the shortest one's tokens is worse than that."""


@dataclass(slots=True, frozen=True)
class LengthPair:
    """Two answers to one problem."""

    chosen: Candidate
    rejected: Candidate
    reason: Literal["wrong_longer", "correct_1.5x"]


def length_pairs(candidates: Sequence[Candidate], kept: Sequence[Candidate], max_per_problem: int) -> list[LengthPair]:
    """The shortest kept answer to each problem, paired with each of its answers that is longer and wrong, or correct
    and 1.5 times as long; at most so many a problem, the first ones sampled. Answers without the form of a response,
    and those about which nothing was decided, are in no pair.
    """
    chosen: dict[tuple[str, str], Candidate] = {}
    for each in kept:
        best = chosen.get(_problem(each))
        if best is None or each.num_tokens < best.num_tokens:
            chosen[_problem(each)] = each
    pairs: list[LengthPair] = []
    counts = dict.fromkeys(chosen, 0)
    for each in candidates:
        best = chosen.get(_problem(each))
        reason = None if best is None else _worse(best, each)
        if best is not None and reason is not None and counts[_problem(each)] < max_per_problem:
            counts[_problem(each)] += 1
            pairs.append(LengthPair(best, each, reason))
    return pairs


def _problem(candidate: Candidate) -> tuple[str, str]:
    return candidate.problem.source, candidate.problem.id


def _worse(best: Candidate, other: Candidate) -> Literal["wrong_longer", "correct_1.5x"] | None:
    """Why the other answer is worse than the shortest correct one; None where it is not."""
    if other.verdict is None or other.response is None:
        return None
    if other.verdict.outcome == "wrong" and other.num_tokens > best.num_tokens:
        return "wrong_longer"
    much = other.num_tokens >= MUCH_LONGER * best.num_tokens
    return "correct_1.5x" if other.verdict.outcome == "correct" and much else None
