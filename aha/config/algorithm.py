"""The space of objectives: what a rollout's reward becomes in the loss. Never imports torch."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from aha.config.block import Block, Count, Fraction, NonNegative, PositiveCount, execution


class KLSettings(Block):
    """Pull towards a reference policy."""

    place: Literal["none", "loss", "reward"] = "none"
    estimator: Literal["k1", "k2", "k3"] = "k3"
    level: Literal["token", "sequence"] = "token"
    coef: NonNegative = 0.001
    reference_every: Count | Literal["round"] = 0
    """Updates between refreshes of the reference; 0: fixed; `round`: each round begins with the policy as it is."""


class WeightSettings(Block):
    """What the advantages of right and of wrong answers are multiplied by."""

    wrong: NonNegative = 1.0
    """Those of wrong answers."""
    balance: bool = False
    """Right and wrong answers each weigh as much as all together: times the round's trained tokens over their own."""
    tokens: Literal["same", "learned"] = "same"
    """Tokens of an answer weigh the same, or as the stage's `token_reward` says of their part in its being right."""


class AlgorithmSettings(Block):
    """A point in the space of objectives; a preset is a name for a point."""

    baseline: Literal["none", "group_mean", "leave_one_out", "batch_mean", "critic"] = "group_mean"
    """What is taken from the reward; `critic`: what the stage's `critic` expects at each token."""
    gamma: Fraction = 1.0
    """With `critic`: discount a token."""
    gae_lambda: Fraction = 0.95
    """With `critic`: 1 waits for the end of the answer, 0 believes the critic about the next token (GAE)."""
    scale: Literal["none", "group_std", "batch_std"] = "group_std"
    """With `critic`, batch_std takes mean and standard deviation of all trained tokens of the round."""
    select: Literal["all", "best_of_n", "one_correct_one_wrong"] = "all"
    objective: Literal["clipped_ratio", "clipped_weight", "log_prob"] = "clipped_ratio"
    ratio: Literal["token", "sequence"] = "token"
    clip_low: NonNegative = 0.2
    clip_high: NonNegative = 0.2
    clip_dual: Annotated[float, Field(gt=1)] | None = None
    """Upper bound c of the ratio for negative advantages (dual clip); None: none."""
    denominator: Literal["sampler", "learner"] = "sampler"
    """Whose log-probs stand in the ratio's denominator: the sampler's, or the learner's recomputed at the start of the
    round, with a capped importance weight for the gap between the two."""
    importance_cap: Annotated[float, Field(gt=0)] = 2.0
    aggregate: Literal["sequence_mean", "token_mean", "constant"] = "sequence_mean"
    """Mean over a rollout's tokens then over rollouts; mean over all tokens of the update; sum over
    `constant_length` times the number of rollouts."""
    constant_length: PositiveCount | None = None
    """None: the length limit."""
    weights: WeightSettings = WeightSettings()
    kl: KLSettings = KLSettings()
    entropy_coef: float = 0.0
    filter: Literal["keep_all", "drop_uniform", "refill"] = "keep_all"
    refill_rounds: PositiveCount = 4
    """With `refill`: how many extra samplings a round may take."""
    refill_short: Literal["train", "stop"] = execution("train")
    """With `refill`: a round that is not full by then trains on what there is, or ends the run."""
    truncated: Literal["keep", "mask", "punish"] = "keep"
    """Truncated rollouts: as graded; out of the loss; soft penalty over the last `overlong_buffer` tokens."""
    overlong_buffer: PositiveCount = 4096
    num_updates: PositiveCount = 1
    """Optimizer steps a round; the round's rollouts are split at random among them."""
    optimizer_reset: Literal["never", "round"] = "never"
    """`round`: each round begins without AdamW's moments; the schedule of the learning rate goes on."""
    max_undecided_frac: Fraction = execution(0.05)
    """Stop when more verdicts than this are undecided over 20 rounds."""
