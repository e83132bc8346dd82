"""The rewards that need no file: R1-Zero's two (right answer, right format), tests passed, language, readability."""

from __future__ import annotations

from collections.abc import Callable

from aha.rewards.language import language_points, readable_points
from aha.rewards.written import Written
from aha.text.answers import well_formed


def accuracy(written: Written) -> float | None:
    """1 for correct, 0 for wrong, None where no verdict could be reached."""
    return {"correct": 1.0, "wrong": 0.0, "undecided": None}[written.verdict.outcome]


def format_points(written: Written) -> float | None:
    """1 for the form that was asked for, else 0: R1-Zero's tags, or a thought with its end and a summary.

    Which of them, the prompt says: see text.answers.well_formed.
    """
    return float(well_formed(written.response, opened=written.opened, cut_off=written.cut_off))


def tests_share(written: Written) -> float | None:
    """The share of the tests that passed, where the verifier ran all of them (`code` with `reward: share`); else as
    `accuracy`."""
    points, share = accuracy(written), written.verdict.share
    return points if points is None or share is None else share


BUILT_IN: dict[str, Callable[[Written], float | None]] = {
    "accuracy": accuracy,
    "format": format_points,
    "tests": tests_share,
    "language": language_points,
    "readability": readable_points,
}
"""Reward name → function(what was written and what the verifier said of it)."""
