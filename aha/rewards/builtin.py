"""The rewards that need no file: R1-Zero's two (right answer, right format), tests passed, language, readability."""

from __future__ import annotations

from collections.abc import Callable

from aha.rewards.language import language_points, readable_points
from aha.text.answers import parse
from aha.types import Problem, Verdict


def accuracy(response: str, verdict: Verdict, problem: Problem) -> float | None:
    """1 for correct, 0 for wrong, None where no verdict could be reached."""
    return {"correct": 1.0, "wrong": 0.0, "undecided": None}[verdict.outcome]


def format_points(response: str, verdict: Verdict, problem: Problem) -> float | None:
    """1 where each tag stands once and in order around a thought and an answer that is not empty, else 0."""
    return float(parse(response).well_formed)


def tests_share(response: str, verdict: Verdict, problem: Problem) -> float | None:
    """The share of the tests that passed, where the verifier ran all of them (`code` with `reward: share`); else as
    `accuracy`."""
    points = accuracy(response, verdict, problem)
    return points if points is None or verdict.share is None else verdict.share


BUILT_IN: dict[str, Callable[[str, Verdict, Problem], float | None]] = {
    "accuracy": accuracy,
    "format": format_points,
    "tests": tests_share,
    "language": language_points,
    "readability": readable_points,
}
"""Reward name → function(whole response, verdict, problem). The response starts with the `<think>` that the prompt
opened."""
