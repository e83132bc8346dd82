"""Who learns in a stage, and how: the optimizer of every learner, and the second learner of an RL stage. Never imports
torch.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from aha.config.block import Block, Count, Fraction, NonNegative, PositiveCount, execution, reads


class OptimizerSettings(Block):
    """AdamW over fp32 master weights."""

    lr: NonNegative = 3e-6
    betas: tuple[Fraction, Fraction] = (0.9, 0.95)
    eps: Annotated[float, Field(gt=0)] = 1e-8
    weight_decay: NonNegative = 0.0
    """Not applied to norms and biases."""
    max_grad_norm: Annotated[float, Field(gt=0)] = 1.0
    warmup: Count = 0
    """Updates of linear warm-up."""
    schedule: Literal["constant", "linear", "cosine"] = "constant"
    end_frac: Fraction = 0.1
    """Where linear and cosine end, as a share of lr."""
    skip_limit: PositiveCount = execution(5)
    """Non-finite updates in a row before the run stops."""


class CriticOptimizerSettings(OptimizerSettings):
    """The same with Open-Reasoner-Zero's rate for its critic, five times the policy's."""

    lr: NonNegative = 5e-6


class CriticSettings(Block):
    """The second learner of `algorithm.baseline: critic`: one value a token, as large as the model it starts from."""

    model: str | None = reads("scorer", None)
    """A reward model that it starts from, head included; None: the stage's own model with a new head."""
    head_range: NonNegative = 0.0
    """A new head is drawn from U(-head_range, head_range); 0: all values begin at 0."""
    num_updates: PositiveCount = 1
    """Optimizer steps a round; the round's rollouts are split at random among them."""
    value_clip: NonNegative | None = None
    """How far a value may move in a round before it draws no gradient; None: as far as it likes."""
    optimizer: CriticOptimizerSettings = CriticOptimizerSettings()


class TokenRewardOptimizerSettings(OptimizerSettings):
    """The same with OREAL's rate for its token reward model, four times the policy's."""

    lr: NonNegative = 2e-6


class TokenRewardSettings(Block):
    """The second learner of `algorithm.weights.tokens: learned`: a score a token whose mean over an answer says whether
    it is right; the stage's own model with a new head of zeros."""

    alone: Count = 0
    """Rounds at the start in which it learns and the policy does not."""
    num_updates: PositiveCount = 1
    """Optimizer steps a round; the answers that the policy learns from are split at random among them."""
    optimizer: TokenRewardOptimizerSettings = TokenRewardOptimizerSettings()
