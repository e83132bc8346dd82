"""The rewards that need no file, by name: of one answer alone, or of all answers to a problem together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from aha.config.reward_arguments import REWARD_ARGUMENTS
from aha.rewards.language import language_points, readable_points
from aha.rewards.lengths import cosine, expected_length, lcpo, relative_length
from aha.rewards.outcomes import logic, outcome
from aha.rewards.written import Written
from aha.text.answers import well_formed
from aha.types import Json


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


EACH: dict[str, Callable[..., float | None]] = {
    "accuracy": accuracy,
    "format": format_points,
    "tests": tests_share,
    "language": language_points,
    "readability": readable_points,
    "outcome": outcome,
    "logic": logic,
    "cosine": cosine,
    "lcpo": lcpo,
}
"""Reward name → function(what was written and what the verifier said of it, arguments)."""
TOGETHER: dict[str, Callable[..., list[float | None]]] = {
    "relative_length": relative_length,
    "expected_length": expected_length,
}
"""Reward name → function(all answers to one problem, arguments): their points, in order."""
BUILT_IN: dict[str, Callable[..., Any]] = {**EACH, **TOGETHER}


def grade(name: str, answers: Sequence[Written], arguments: Mapping[str, Json]) -> list[float | None]:
    """Points that a built-in reward gives to all answers to one problem, in their order.

    Arguments that are not given have the defaults of config.reward_arguments.
    """
    block = REWARD_ARGUMENTS.get(name)
    given = block(**arguments).model_dump() if block is not None else {}
    if name in TOGETHER:
        return TOGETHER[name](answers, **given)
    return [EACH[name](written, **given) for written in answers]
