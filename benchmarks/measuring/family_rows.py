"""The rows of `scripts/bench family`: points of the settings space on one recipe, and what is expected of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from benchmarks.measuring.expectations import Check


@dataclass(slots=True, frozen=True)
class Row:
    """A preset and the keys that its lab recipe sets beside it."""

    name: str
    preset: str
    keys: tuple[str, ...] = ()
    """Overrides of the stage, without its name."""

    def overrides(self, seed: int, more: Sequence[str] = ()) -> list[str]:
        """What `aha run` is given; `more` comes last and wins."""
        return [f"seed={seed}", f"zero.preset={self.preset}", *(f"zero.{key}" for key in self.keys), *more]


FOUR = ("algorithm.num_updates=4", "optimizer.lr=1.0e-4")
"""Ratios leave 1 after the first update of a round, so what clips needs several; then each step is half as large."""
CLIP_HIGHER = "algorithm.clip_high=0.28"
PUNISH = ("algorithm.truncated=punish", "algorithm.overlong_buffer=51")
"""Over the last fifth of the limit."""
CRITIC = "critic={num_updates: 12, optimizer: {lr: 2.0e-4, warmup: 12}}"
"""Open-Reasoner-Zero's twelve; the same under `ppo`, so that the two differ in lambda alone."""

ROWS = (
    Row("grpo", "grpo"),
    Row("grpo-4", "grpo", FOUR),
    Row("dr-grpo", "dr-grpo"),
    Row("overlong-filter", "grpo", (*FOUR, "algorithm.truncated=mask")),
    Row("clip-higher", "grpo", (*FOUR, "algorithm.truncated=mask", CLIP_HIGHER)),
    Row("soft-punishment", "grpo", (*FOUR, *PUNISH, CLIP_HIGHER)),
    Row("token-loss", "grpo", (*FOUR, *PUNISH, CLIP_HIGHER, "algorithm.aggregate=token_mean")),
    Row("dapo", "dapo", (*FOUR, "algorithm.overlong_buffer=51")),
    Row("rloo", "rloo"),
    Row("reinforce-pp", "reinforce-pp"),
    Row("gspo", "gspo", FOUR),
    Row("cispo", "cispo", FOUR),
    Row("ppo", "ppo", (CRITIC,)),
    Row("orz", "orz", (CRITIC,)),
    Row("kimi", "kimi", ("optimizer.lr=5.0e-5", "optimizer.end_frac=0.2")),
)
"""In the order in which they run. `grpo-4` is the control of all that make four updates a round; `overlong-filter` to
`dapo` are DAPO's ladder, one technique more in each."""

CHECKS = (
    Check("dr-grpo", "wrong answers are shorter", "wrong_tokens", "below", "grpo"),
    Check("dr-grpo", "the score is equal", "pass@1", "equal", "grpo"),
    Check("overlong-filter", "the score is at least as high", "pass@1", "at least", "grpo-4"),
    Check("clip-higher", "the score is at least as high", "pass@1", "at least", "overlong-filter"),
    Check("clip-higher", "entropy is higher", "entropy", "above", "overlong-filter"),
    Check("soft-punishment", "the score is at least as high", "pass@1", "at least", "clip-higher"),
    Check("token-loss", "the score is at least as high", "pass@1", "at least", "soft-punishment"),
    Check("dapo", "the score is at least as high", "pass@1", "at least", "token-loss"),
    Check("dapo", "entropy is higher", "entropy", "above", "grpo"),
    Check("dapo", "entropy is higher", "entropy", "above", "grpo-4"),
    Check("dapo", "no uniform group is trained on", "uniform_groups", "none"),
    Check("rloo", "the score is equal", "pass@1", "equal", "grpo"),
    Check("gspo", "the score is equal", "pass@1", "equal", "grpo-4"),
    Check("gspo", "more tokens are clipped", "clip_frac", "above", "grpo-4"),
    Check("cispo", "the score is at least as high", "pass@1", "at least", "grpo-4"),
    Check("ppo", "the critic explains variance", "explained_variance", "above"),
    Check("orz", "the critic explains variance", "explained_variance", "above"),
    Check("orz", "no truncated answer earns", "truncated_paid", "none"),
    Check("orz", "lambda 1 is at least as good as 0.95", "pass@1", "at least", "ppo"),
    Check("kimi", "the score is equal", "pass@1", "equal", "grpo"),
)
