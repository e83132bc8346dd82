"""Points for the verdict alone, with a punishment, and Logic-RL's table over form and verdict."""

from __future__ import annotations

from aha.rewards.written import Written
from aha.text.answers import last_boxed, parse

UNREADABLE = frozenset({"no_answer", "unparsable", "several_answers", "over_limits", "truncated"})
"""Reasons of a wrong verdict on what could not be read as one answer."""
PLACEHOLDERS = frozenset({"reasoning process here", "thinking process here", "thoughts here"})
"""What templates write where a thought belongs."""


def outcome(written: Written, correct: float, wrong: float, missing: float | None) -> float | None:
    """`correct`, `wrong` or `missing` points (1, -1, as wrong) for the verdict; none where it could not be reached.

    DAPO (2503.14476): 1 and -1. Concise reasoning (2504.05185, the authors' script): 1, -0.5, and -1 for a response
    without an answer, whatever else is wrong with it.
    """
    if written.verdict.outcome == "undecided":
        return None
    if written.verdict.outcome == "correct":
        return correct
    return wrong if missing is None or _answers(written) else missing


def _answers(written: Written) -> bool:
    """Whether there is an answer at all; of a response that was cut off no verifier says so."""
    if written.verdict.reason == "truncated":
        return parse(written.response).answer is not None or last_boxed(written.response) is not None
    return written.verdict.reason != "no_answer"


def logic(written: Written) -> float | None:
    """Logic-RL's table: 3 right, -0.5 wrong, -1 unreadable, -3 in the wrong form.

    Form +1 or -1; answer +2 right, -1.5 read and wrong, -2 not readable as one answer, and -2 in the wrong form
    (2502.14768, section 2.2, and its script). Form is stricter here than in the script, against what the paper saw
    policies do: nothing stands outside the tags, and the thought says more than the question and a template's
    placeholder.
    """
    if written.verdict.outcome == "undecided":
        return None
    parsed = parse(written.response)
    if not parsed.well_formed or not _thinks(parsed.think or "", written.problem.messages[-1]["content"]):
        return -1.0 - 2.0
    if written.verdict.outcome == "correct":
        return 1.0 + 2.0
    return 1.0 - (2.0 if written.verdict.reason in UNREADABLE else 1.5)


def _thinks(thought: str, question: str) -> bool:
    """Whether a thought has words of its own."""
    own = " ".join(thought.split()).replace(" ".join(question.split()), " ").strip()
    return any(each.isalnum() for each in own) and own.casefold().strip(" .") not in PLACEHOLDERS
