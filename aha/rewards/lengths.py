"""Rewards that read an answer's length, in tokens: alone, against the prompt's budget, or within its group."""

from __future__ import annotations

import math
from collections.abc import Sequence

from aha.rewards.written import Written


def cosine(
    written: Written, correct: tuple[float, float], wrong: tuple[float, float], max_tokens: int | None
) -> float | None:
    """Half a cosine over the length: correct from 1 to 0.5, wrong from -1 to -0.5 (open-rs, 2503.16219).

    r = end + (start - end) (1 + cos(pi p)) / 2 with p = min(1, tokens / max_tokens). The published script counts
    characters and lets the reward rise again beyond the limit; here p is clamped.
    """
    if written.verdict.outcome == "undecided":
        return None
    start, end = correct if written.verdict.outcome == "correct" else wrong
    progress = min(1.0, written.num_tokens / (max_tokens or written.max_new_tokens))
    return end + 0.5 * (start - end) * (1 + math.cos(math.pi * progress))


def lcpo(written: Written, alpha: float, delta: float) -> float | None:
    """Right, and as long as the prompt asks: L1's Exact and Max, instead of `accuracy` (L1, 2503.04697, eq. 1 and 2).

    Prompts that ask for n tokens: 1[correct] - alpha |n - used|. Those that allow at most n: 1[correct] times
    alpha (n - used) + delta, clipped to [0, 1]. Nothing for a prompt without a budget (tasks.budget).
    """
    asked = written.problem.metadata
    if written.verdict.outcome == "undecided":
        return None
    correct = float(written.verdict.outcome == "correct")
    if "think_tokens" in asked:
        return correct - alpha * abs(float(asked["think_tokens"]) - written.num_tokens)
    if "max_think_tokens" in asked:
        left = float(asked["max_think_tokens"]) - written.num_tokens
        return correct * min(1.0, max(0.0, alpha * left + delta))
    return None


def relative_length(answers: Sequence[Written]) -> list[float | None]:
    """0.5 for the shortest of a problem's answers to -0.5 for the longest; a wrong answer never gains (Kimi k1.5).

    lambda = 0.5 - (length - shortest) / (longest - shortest); wrong: min(0, lambda); 0 where all are equally long
    (2501.12599, section 2.3.3). Answers without a verdict have no points and set no bounds.
    """
    lengths = [each.num_tokens for each in answers if each.verdict.outcome != "undecided"]
    spread = max(lengths) - min(lengths) if lengths else 0

    def points(each: Written) -> float | None:
        if each.verdict.outcome == "undecided":
            return None
        share = 0.5 - (each.num_tokens - min(lengths)) / spread if spread else 0.0
        return share if each.verdict.outcome == "correct" else min(0.0, share)

    return [points(each) for each in answers]


def expected_length(answers: Sequence[Written]) -> list[float | None]:
    """0 to -1 for what a correct answer is longer than predicted; the prediction is the group's. The form is ours.

    -min(1, max(0, length / predicted - 1)), where `predicted` is the mean length of the problem's other correct
    answers, so that no answer moves its own bar. 0 for a wrong answer and for the only correct one.
    """
    right = [each.num_tokens for each in answers if each.verdict.outcome == "correct"]

    def points(each: Written) -> float | None:
        if each.verdict.outcome == "undecided":
            return None
        if each.verdict.outcome == "wrong" or len(right) < 2:
            return 0.0
        predicted = max(1.0, (sum(right) - each.num_tokens) / (len(right) - 1))
        return -min(1.0, max(0.0, each.num_tokens / predicted - 1))

    return [points(each) for each in answers]
