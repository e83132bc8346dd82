"""Worked sums of the lab, right, and with one slip put in: a wrong number on the way, from which the rest follows."""

from __future__ import annotations

from dataclasses import dataclass
from random import Random

import numpy as np

from aha.lab.answers import tagged
from aha.lab.arithmetic import arithmetic
from aha.lab.puzzle import Puzzle
from aha.lab.scribe import Scribe, slipped
from aha.text.chat import R1_ZERO_TEMPLATE
from aha.text.tokenizer import HFTokenizer
from aha.types import Bool, Sample


@dataclass(slots=True)
class Written:
    """One answer to a sum."""

    puzzle: Puzzle
    text: str
    slip: tuple[int, int] | None
    """Where the characters of the wrong number stand that differ from the right one's."""


class Slipping(Scribe):
    """Writes one equation wrong, the `place`-th; none where that is None."""

    def __init__(self, rng: Random, place: int | None) -> None:
        super().__init__(rng, "en")
        self.place = place
        self.slip: tuple[int, int] | None = None

    def equation(self, left: str, value: int) -> int:
        """Write `left=value`, or something near the value."""
        if self.num_equations != self.place:
            return super().equation(left, value)
        written = slipped(self.rng, value)
        super().equation(left, written)
        right, wrong, end = str(value), str(written), len(self.text) - 1
        same = next((i for i, pair in enumerate(zip(right, wrong, strict=False)) if pair[0] != pair[1]), len(right))
        self.slip = end - len(wrong) + same, max(end, end - len(wrong) + same + 1)
        return written


def pair(rng: Random, held_out: bool) -> tuple[Written, Written]:
    """A right and a wrong answer to one sum, worked in English."""
    while True:
        puzzle = arithmetic(rng, "en")
        right = _written(puzzle, rng, None)
        if puzzle.held_out != held_out or right.text.count("=") < 2:
            continue
        wrong = _written(puzzle, rng, rng.randrange(_num_equations(puzzle)))
        if f"<answer>{puzzle.answer}</answer>" not in wrong.text:
            return right, wrong


def _num_equations(puzzle: Puzzle) -> int:
    scribe = Slipping(Random(0), None)
    puzzle.work(scribe)
    return scribe.num_equations


def _written(puzzle: Puzzle, rng: Random, place: int | None) -> Written:
    scribe = Slipping(rng, place)
    answer = puzzle.work(scribe)
    if rng.random() < 0.5:
        scribe.phrase("so", answer)
    shift = len("<think>")
    slip = None if scribe.slip is None else (scribe.slip[0] + shift, scribe.slip[1] + shift)
    return Written(puzzle, tagged((scribe.text, answer)), slip)


def sample_of(written: Written, name: str, tokenizer: HFTokenizer) -> tuple[Sample, Bool]:
    """The answer as a learner sees it, its outcome in the returns, and which of its tokens hold the slip [T]."""
    prompt = tokenizer.encode(R1_ZERO_TEMPLATE.format(question=written.puzzle.question))
    encoded = tokenizer.inner(written.text, add_special_tokens=False, return_offsets_mapping=True)
    ids = np.array([*prompt, *encoded["input_ids"], tokenizer.eos_token_id], np.int32)
    mask_T = np.arange(len(ids)) >= len(prompt)
    slip_T = np.zeros(len(ids), np.bool_)
    if written.slip is not None:
        start, end = written.slip
        inside = [a < end and b > start for a, b in encoded["offset_mapping"]]
        slip_T[len(prompt) : len(prompt) + len(inside)] = inside
    none_T = np.zeros(len(ids), np.float32)
    outcome_T = np.full(len(ids), float(written.slip is None), np.float32)
    sample = Sample(name, ids, mask_T, mask_T.copy(), none_T, none_T, values_T=none_T, returns_T=outcome_T)
    return sample, slip_T
