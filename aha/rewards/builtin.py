"""The two rewards of R1-Zero: is the answer right, and is the response well formed."""

from __future__ import annotations

from collections.abc import Callable

from aha.text.answers import parse
from aha.types import Verdict


def accuracy(response: str, verdict: Verdict) -> float | None:
    """1 for correct, 0 for wrong, None where no verdict could be reached."""
    return {"correct": 1.0, "wrong": 0.0, "undecided": None}[verdict.outcome]


def format_points(response: str, verdict: Verdict) -> float | None:
    """1 where each tag stands once and in order around a thought and an answer that is not empty, else 0."""
    return float(parse(response).well_formed)


BUILT_IN: dict[str, Callable[[str, Verdict], float | None]] = {"accuracy": accuracy, "format": format_points}
"""Reward name → function(whole response, verdict). The response starts with the `<think>` that the prompt opened."""
