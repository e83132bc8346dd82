"""What a recipe may write under `arguments` of a built-in reward; those that are not here take none."""

from __future__ import annotations

from aha.config.block import Block, Fraction, Positive, PositiveCount


class OutcomeArguments(Block):
    """Points of `outcome`. The defaults are DAPO's."""

    correct: float = 1.0
    wrong: float = -1.0
    missing: float | None = None
    """Of a response without any answer; None: as a wrong one."""


class CosineArguments(Block):
    """Points of `cosine`: at no length, and at `max_tokens`. The defaults are those of the open-rs paper's text."""

    correct: tuple[float, float] = (1.0, 0.5)
    wrong: tuple[float, float] = (-1.0, -0.5)
    """A short wrong answer is punished most; the published script has it the other way round: [0, -0.5]."""
    max_tokens: PositiveCount | None = None
    """Tokens at which the second point is reached; beyond them nothing changes. None: the length limit."""


class LCPOArguments(Block):
    """Weights of `lcpo`. The defaults are the paper's, for targets of 100 to 4,000 tokens."""

    alpha: Positive = 3e-4
    """Points for each token beside the target."""
    delta: Fraction = 0.5
    """Share of the points that a correct answer of exactly the maximum keeps."""


REWARD_ARGUMENTS: dict[str, type[Block]] = {
    "outcome": OutcomeArguments,
    "cosine": CosineArguments,
    "lcpo": LCPOArguments,
}
