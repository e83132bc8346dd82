"""The second learner in this process: one number a token, of a critic or of a token reward model."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import torch

from aha.algorithms.token_rewards import outcome_loss
from aha.algorithms.values import value_loss
from aha.config.learners import CriticSettings, TokenRewardSettings
from aha.config.settings import EngineSettings
from aha.engines.batches import can_share, micro_batches, rows_of, trained_mask
from aha.engines.scoring import each_token
from aha.engines.training import TrainedModel
from aha.errors import DataError
from aha.models.heads import RewardModel
from aha.models.layout import RowLayout
from aha.runtime.distributed import World
from aha.types import Bool, Float32, Sample


@dataclass(slots=True, frozen=True)
class Numbers:
    """The tokens of a micro-batch that a second learner learns from, [M] each."""

    values_M: torch.Tensor
    """What it says of each; carries the gradient."""
    before_M: torch.Tensor
    """What it said at the start of the round."""
    returns_M: torch.Tensor
    rows_M: torch.Tensor
    """Sample of each, 0 to num_rows - 1. int64"""
    num_rows: int


class Lesson(Protocol):
    """What a second learner learns: a mean, over all samples of an update, of losses."""

    @property
    def name(self) -> str:
        """Of its metrics."""

    @property
    def sees_token(self) -> bool:
        """Whether the number of a token is that of the state after it, or before it."""

    def mask(self, sample: Sample) -> Bool:
        """The tokens that it reads [T]."""

    def num_terms(self, sample: Sample) -> int:
        """How many losses the sample has in the mean."""

    def losses(self, numbers: Numbers) -> torch.Tensor:
        """The losses of a micro-batch."""


@dataclass(slots=True, frozen=True)
class ValueLesson:
    """A critic's: at each trained token the distance of its value from the return."""

    clip: float | None
    name: str = "value"
    sees_token: bool = False

    def mask(self, sample: Sample) -> Bool:
        """The trained tokens."""
        return trained_mask(sample)

    def num_terms(self, sample: Sample) -> int:
        """One a token."""
        return int(self.mask(sample).sum())

    def losses(self, numbers: Numbers) -> torch.Tensor:
        """`value_loss` at each."""
        return value_loss(numbers.values_M, numbers.before_M, numbers.returns_M, self.clip)


@dataclass(slots=True, frozen=True)
class OutcomeLesson:
    """A token reward model's: the mean of an answer's scores says whether it is right; returns are 1 or 0."""

    name: str = "token_reward"
    sees_token: bool = True

    def mask(self, sample: Sample) -> Bool:
        """All that the model chose."""
        mask_T = sample.action_mask_T.copy()
        mask_T[:1] = False
        return mask_T

    def num_terms(self, sample: Sample) -> int:
        """One an answer."""
        return int(self.mask(sample).any())

    def losses(self, numbers: Numbers) -> torch.Tensor:
        """`outcome_loss` of each."""
        return outcome_loss(numbers.values_M, numbers.rows_M, numbers.returns_M, numbers.num_rows)


def lesson_of(settings: CriticSettings | TokenRewardSettings) -> Lesson:
    """What a second learner with these settings learns."""
    return ValueLesson(settings.value_clip) if isinstance(settings, CriticSettings) else OutcomeLesson()


class NativeCritic(TrainedModel):
    """A second learner with an AdamW of its own.

    The loss of an update is the mean of its lesson's losses over all micro-batches and processes; each process gives
    its own share of the samples.
    """

    def __init__(
        self,
        model: RewardModel,
        settings: CriticSettings | TokenRewardSettings,
        engine: EngineSettings,
        total_updates: int,
        device: torch.device,
        world: World,
        max_trained_tokens: int | None = None,
    ) -> None:
        """Takes `model` over, in the dtype that it has."""
        super().__init__(model, settings.optimizer, total_updates, device, max_trained_tokens)
        self.critic, self.lesson, self.engine, self.world = model, lesson_of(settings), engine, world

    def values(self, samples: Sequence[Sample]) -> list[Float32]:
        """What it says of every token of every sample, [T] each, no gradient: of what stands before the token (entry 0
        is 0), or of the token too where its lesson sees that."""

        def measure(token_ids_N: torch.Tensor, layout: RowLayout) -> torch.Tensor:
            hidden_ND = self.critic(token_ids_N, layout)
            if self.lesson.sees_token:
                return self.critic.values(hidden_ND)
            predictors_M, targets_M = layout.predictors_and_targets()
            values_M = self.critic.values(hidden_ND.index_select(0, predictors_M))
            return values_M.new_zeros(layout.num_tokens).index_copy(0, targets_M, values_M)

        share = can_share(self.critic, samples, self.device)
        return each_token(measure, samples, share, self.engine.micro_batch_tokens, self.device)

    def update(self, samples: Sequence[Sample]) -> dict[str, float]:
        """One AdamW step over all samples of all processes; what `step` gives and `loss`, before the step, under the
        lesson's name. What is not finite is left out, and an update with such a loss or gradient changes nothing."""
        loss, num_terms = self.accumulate(samples)
        values = {"loss": loss} | self.step(loss, num_terms > 0)
        return {f"{self.lesson.name}/{name}": value for name, value in values.items() if math.isfinite(value)}

    def accumulate(self, samples: Sequence[Sample]) -> tuple[float, float]:
        """Add the gradient of one update; its loss and how many losses that is the mean of, over all processes."""
        worked = [sample for sample in samples if self.lesson.num_terms(sample)]
        own = [sum(each) for each in ([self.lesson.num_terms(s) for s in worked], [self._size(s) for s in worked])]
        num_terms, num_tokens = self.world.sum_floats([float(count) for count in own])
        self.num_trained_tokens += int(num_tokens)
        total = torch.zeros((), dtype=torch.float64, device=self.device)
        share = can_share(self.critic, worked, self.device)
        parts = micro_batches(worked, self.engine.micro_batch_tokens)
        for number, part in enumerate(parts, 1):
            self.on_progress(number, len(parts))
            total += self._backward([worked[i] for i in part], share, num_terms)
        self.world.sum_tensors_([self.optimizer.gradients])
        (loss,) = self.world.sum_floats([total.item()])
        return loss, num_terms

    def _size(self, sample: Sample) -> int:
        return int(trained_mask(sample).sum())

    def _backward(self, samples: Sequence[Sample], share: bool, num_terms: float) -> torch.Tensor:
        """Forward and backward of one micro-batch; its share of the loss."""
        rows, masks = rows_of(samples, share), [self.lesson.mask(sample) for sample in samples]
        layout = rows.layout(self.device)
        mask_N = torch.from_numpy(rows.take(masks)).to(self.device)
        before_N, returns_N = (
            torch.from_numpy(rows.take(numbers)).to(device=self.device, dtype=self.optimizer.masters.dtype)
            for numbers in zip(*map(_targets, samples), strict=True)
        )
        owners = [np.full(len(mask_T), i) for i, mask_T in enumerate(masks)]
        rows_N = torch.from_numpy(rows.take(owners)).to(self.device)
        token_ids = torch.from_numpy(rows.take([sample.token_ids_T for sample in samples]))
        hidden_ND = self.critic(
            token_ids.to(device=self.device, dtype=torch.int64), layout, self.engine.gradient_checkpointing
        )
        states_M = mask_N.nonzero()[:, 0] if self.lesson.sees_token else layout.predictors_N[mask_N]
        values_M = self.critic.values(hidden_ND.index_select(0, states_M))
        numbers = Numbers(values_M, before_N[mask_N], returns_N[mask_N], rows_N[mask_N], len(samples))
        loss = self.lesson.losses(numbers).sum() / num_terms
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach().double()


def _targets(sample: Sample) -> tuple[Float32, Float32]:
    """What it said at the start of the round, and returns, [T] each."""
    if sample.values_T is None or sample.returns_T is None:
        raise DataError(
            f"Sample {sample.rollout_id} has no values or no returns, which a critic learns from.",
            cure="Set advantages with `algorithm.baseline: critic`, or `algorithm.weights.tokens: learned`, first.",
        )
    return sample.values_T, sample.returns_T
