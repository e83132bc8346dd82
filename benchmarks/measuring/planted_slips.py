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
    marked: tuple[int, int]
    """Where the characters of the wrong number stand that differ from the right one's; in a right answer, the last
    digit of a number on the way."""
    is_right: bool


class Marking(Scribe):
    """Marks the result of the `place`-th equation, which it writes wrong with `slips`."""

    def __init__(self, rng: Random, place: int, slips: bool) -> None:
        super().__init__(rng, "en")
        self.place, self.slips = place, slips
        self.marked = (0, 0)

    def equation(self, left: str, value: int) -> int:
        """Write `left=value`, or something near the value."""
        if self.num_equations != self.place:
            return super().equation(left, value)
        written = slipped(self.rng, value) if self.slips else value
        super().equation(left, written)
        right, shown, end = str(value), str(written), len(self.text) - 1
        same = next((i for i, pair in enumerate(zip(right, shown, strict=False)) if pair[0] != pair[1]), len(right))
        start = end - len(shown) + min(same, len(shown) - 1)
        self.marked = start, end
        return written


def pair(rng: Random, held_out: bool) -> tuple[Written, Written]:
    """A right and a wrong answer to one sum of at least two steps, worked in English; the same equation is marked."""
    while True:
        puzzle = arithmetic(rng, "en")
        counting = Marking(Random(0), 0, slips=False)
        puzzle.work(counting)
        if puzzle.held_out != held_out or counting.num_equations < 2:
            continue
        place = rng.randrange(counting.num_equations)
        right, wrong = (_written(puzzle, rng, place, slips) for slips in (False, True))
        if f"<answer>{puzzle.answer}</answer>" not in wrong.text:
            return right, wrong


def _written(puzzle: Puzzle, rng: Random, place: int, slips: bool) -> Written:
    scribe = Marking(rng, place, slips)
    answer = puzzle.work(scribe)
    if rng.random() < 0.5:
        scribe.phrase("so", answer)
    start, end = (place + len("<think>") for place in scribe.marked)
    return Written(puzzle, tagged((scribe.text, answer)), (start, end), not slips)


def sample_of(written: Written, name: str, tokenizer: HFTokenizer) -> tuple[Sample, Bool]:
    """The answer as a learner sees it, its outcome in the returns, and which of its tokens are marked [T]."""
    prompt = tokenizer.encode(R1_ZERO_TEMPLATE.format(question=written.puzzle.question))
    encoded = tokenizer.inner(written.text, add_special_tokens=False, return_offsets_mapping=True)
    ids = np.array([*prompt, *encoded["input_ids"], tokenizer.eos_token_id], np.int32)
    mask_T = np.arange(len(ids)) >= len(prompt)
    marked_T = np.zeros(len(ids), np.bool_)
    start, end = written.marked
    inside = [a < end and b > start for a, b in encoded["offset_mapping"]]
    marked_T[len(prompt) : len(prompt) + len(inside)] = inside
    none_T = np.zeros(len(ids), np.float32)
    outcome_T = np.full(len(ids), float(written.is_right), np.float32)
    sample = Sample(name, ids, mask_T, mask_T.copy(), none_T, none_T, values_T=none_T, returns_T=outcome_T)
    return sample, marked_T
