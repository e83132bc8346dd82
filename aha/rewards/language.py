"""Is the thought in the language of the question, and can it be read."""

from __future__ import annotations

from aha.rewards.written import Written
from aha.text.answers import parse
from aha.text.language import language_share
from aha.text.readability import reading_faults


def language_points(written: Written) -> float | None:
    """Share of the thought's words that are in the question's language; none for a thought without words.

    DeepSeek-R1 (2501.12948, 2.3.2). A thought of fewer than text.language.MIN_WORDS words has no share and earns
    nothing, so that writing formulas alone never pays more than writing in the right language.
    """
    return language_share(_thought(written.response), written.problem.language)


def readable_points(written: Written) -> float | None:
    """1 where the thought neither loops nor mixes languages, and has no wall of text and no code block, else 0."""
    return float(not reading_faults(_thought(written.response), written.problem.language))


def _thought(response: str) -> str:
    """The thought where there is exactly one, else all that was written."""
    think = parse(response).think
    return response if think is None else think
