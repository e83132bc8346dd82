"""What a built-in reward sees of one answer."""

from __future__ import annotations

from dataclasses import dataclass

from aha.types import Problem, Verdict


@dataclass(slots=True, frozen=True)
class Written:
    """A whole response, what the verifier said, and what was asked."""

    response: str
    """It starts with the `<think>` that the prompt opened."""
    verdict: Verdict
    problem: Problem
    opened: bool = False
    """The prompt ended inside `<think>`."""
    cut_off: bool = False
    """At the length limit, or in a loop."""
    num_tokens: int = 0
    """That the model wrote; in a loop, that it could have written."""
    max_new_tokens: int = 1
    """That it could have written."""
