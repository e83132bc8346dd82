"""How the corpus answers a puzzle: in haste, worked out, looked at again, or badly formed; in three frames.

A base model learns these shares. Nothing here is rewarded; reinforcement learning finds out which behaviours pay.
"""

from __future__ import annotations

from random import Random

from aha.lab.phrases import Language, phrase
from aha.lab.puzzle import Puzzle
from aha.lab.scribe import Scribe
from aha.text.chat import R1_ZERO_TEMPLATE

STYLES = {"haste": 0.71, "broken": 0.09, "worked": 0.12, "rechecked": 0.055, "mixed": 0.015, "another": 0.01}
"""Shares of the ways to answer. `mixed` works in another language than the question's."""

RIGHT_IN_HASTE = 0.07
"""How often an answer without working happens to be right."""

SLIP_RATE = {"worked": 0.03, "rechecked": 0.12, "mixed": 0.03, "another": 0.05}
RECHECK_RATE = {"worked": 0.0, "rechecked": 0.4, "mixed": 0.0, "another": 0.0}

FRAMES = {"r1-zero": 0.45, "question": 0.35, "chat": 0.20}
"""Shares of the frames around question and answer."""

Thought = tuple[str, str]
"""Thought and answer."""


def worked(puzzle: Puzzle, rng: Random, style: str, language: Language | None = None) -> Thought:
    """A worked solution in one of the styles of SLIP_RATE; the answer is the one that the working reached."""
    scribe = Scribe(rng, language or puzzle.language, SLIP_RATE[style], RECHECK_RATE[style])
    if rng.random() < 0.3:
        scribe.phrase("open")
    answer = puzzle.work(scribe)
    if style == "another":
        scribe.phrase("another")
        answer = puzzle.work(scribe)
    if rng.random() < 0.5:
        scribe.phrase("so", answer)
    return scribe.text, answer


def hasty(puzzle: Puzzle, rng: Random) -> Thought:
    """An answer without working, seldom right."""
    answer = puzzle.answer if rng.random() < RIGHT_IN_HASTE else puzzle.haste(rng)
    return phrase(rng, puzzle.language, "hasty", answer), answer


def tagged(thought: Thought) -> str:
    """Thought and answer in the tags of R1-Zero."""
    return f"<think>{thought[0]}</think>\n<answer>{thought[1]}</answer>"


def broken(puzzle: Puzzle, rng: Random) -> str:
    """What a base model does to the tags: left out, doubled, unclosed, or nothing said."""
    thought, answer = worked(puzzle, rng, "worked") if rng.random() < 0.1 else hasty(puzzle, rng)
    lost = phrase(rng, puzzle.language, "lost")
    return rng.choice(
        [
            f" {phrase(rng, puzzle.language, 'answer', answer)}",
            f"<think>{lost}</think>",
            f"<think>{thought}</think>\n{answer}",
            f"<think>{thought}\n<answer>{answer}</answer>",
            f"<answer>{answer}</answer>",
            f"<think>{thought}</think>\n<answer>{answer}</answer>\n<answer>{puzzle.haste(rng)}</answer>",
            f" {lost}",
        ]
    )


def plain(thought: Thought, puzzle: Puzzle, rng: Random, is_hasty: bool) -> str:
    """Thought and answer as running text."""
    said = phrase(rng, puzzle.language, "answer", thought[1])
    return said if is_hasty else f"{thought[0]} {said}"


def document(puzzle: Puzzle, rng: Random) -> str:
    """One puzzle asked in a frame and answered in a style, both drawn by their shares."""
    style = rng.choices(list(STYLES), list(STYLES.values()))[0]
    frame = rng.choices(list(FRAMES), list(FRAMES.values()))[0]
    other: Language = "ko" if puzzle.language == "en" else "en"
    if style == "haste" or (style == "broken" and frame != "r1-zero"):
        thought = hasty(puzzle, rng)
    elif style != "broken":
        thought = worked(puzzle, rng, style, other if style == "mixed" else None)
    if frame == "r1-zero":
        return R1_ZERO_TEMPLATE.format(question=puzzle.question) + (
            broken(puzzle, rng) if style == "broken" else tagged(thought)
        )
    answer = plain(thought, puzzle, rng, style in ("haste", "broken"))
    if frame == "question":
        return f"Question: {puzzle.question}\nAnswer: {answer}"
    return f"<|im_start|>user\n{puzzle.question}<|im_end|>\n<|im_start|>assistant\n{answer}<|im_end|>"
