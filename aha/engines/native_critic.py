"""The critic in this process: the value of the state before each token, learned from returns."""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch

from aha.algorithms.values import value_loss
from aha.config.settings import CriticSettings, EngineSettings
from aha.engines.batches import can_share, micro_batches, rows_of, trained_mask
from aha.engines.scoring import each_token
from aha.engines.training import TrainedModel
from aha.errors import DataError
from aha.models.heads import RewardModel
from aha.models.layout import RowLayout
from aha.runtime.distributed import World
from aha.types import Float32, Sample


class NativeCritic(TrainedModel):
    """A second learner with an AdamW of its own.

    The loss of an update is the mean of `value_loss` over the trained tokens of all micro-batches and processes; each
    process gives its own share of the samples.
    """

    def __init__(
        self,
        model: RewardModel,
        settings: CriticSettings,
        engine: EngineSettings,
        total_updates: int,
        device: torch.device,
        world: World,
        max_trained_tokens: int | None = None,
    ) -> None:
        """Takes `model` over, in the dtype that it has."""
        super().__init__(model, settings.optimizer, total_updates, device, max_trained_tokens)
        self.critic, self.value_clip, self.engine, self.world = model, settings.value_clip, engine, world

    def values(self, samples: Sequence[Sample]) -> list[Float32]:
        """The value of what stands before every token of every sample, [T] each, no gradient; entry 0 is 0."""

        def measure(token_ids_N: torch.Tensor, layout: RowLayout) -> torch.Tensor:
            predictors_M, targets_M = layout.predictors_and_targets()
            values_M = self.critic.values(self.critic(token_ids_N, layout).index_select(0, predictors_M))
            return values_M.new_zeros(layout.num_tokens).index_copy(0, targets_M, values_M)

        share = can_share(self.critic, samples, self.device)
        return each_token(measure, samples, share, self.engine.micro_batch_tokens, self.device)

    def update(self, samples: Sequence[Sample]) -> dict[str, float]:
        """One AdamW step over all samples of all processes; what `step` gives and `loss`, before the step, under
        `value/`. What is not finite is left out, and an update with such a loss or gradient changes nothing."""
        loss, num_tokens = self.accumulate(samples)
        values = {"loss": loss} | self.step(loss, num_tokens > 0)
        return {f"value/{name}": value for name, value in values.items() if math.isfinite(value)}

    def accumulate(self, samples: Sequence[Sample]) -> tuple[float, float]:
        """Add the gradient of one update; its loss and its trained tokens, over all processes."""
        worked = [sample for sample in samples if trained_mask(sample).any()]
        own = sum(int(trained_mask(sample).sum()) for sample in worked)
        (num_tokens,) = self.world.sum_floats([float(own)])
        self.num_trained_tokens += int(num_tokens)
        total = torch.zeros((), dtype=torch.float64, device=self.device)
        share = can_share(self.critic, worked, self.device)
        parts = micro_batches(worked, self.engine.micro_batch_tokens)
        for number, part in enumerate(parts, 1):
            self.on_progress(number, len(parts))
            total += self._backward([worked[i] for i in part], share, num_tokens)
        self.world.sum_tensors_([self.optimizer.gradients])
        (loss,) = self.world.sum_floats([total.item()])
        return loss, num_tokens

    def _backward(self, samples: Sequence[Sample], share: bool, num_tokens: float) -> torch.Tensor:
        """Forward and backward of one micro-batch; its share of the loss."""
        rows = rows_of(samples, share)
        layout = rows.layout(self.device)
        mask_N = torch.from_numpy(rows.take([trained_mask(sample) for sample in samples])).to(self.device)
        before_N, returns_N = (
            torch.from_numpy(rows.take(numbers)).to(device=self.device, dtype=self.optimizer.masters.dtype)
            for numbers in zip(*map(_targets, samples), strict=True)
        )
        token_ids = torch.from_numpy(rows.take([sample.token_ids_T for sample in samples]))
        hidden_ND = self.critic(
            token_ids.to(device=self.device, dtype=torch.int64), layout, self.engine.gradient_checkpointing
        )
        values_M = self.critic.values(hidden_ND.index_select(0, layout.predictors_N[mask_N]))
        loss = value_loss(values_M, before_N[mask_N], returns_N[mask_N], self.value_clip).sum() / num_tokens
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach().double()


def _targets(sample: Sample) -> tuple[Float32, Float32]:
    """Values at the start of the round and returns, [T] each."""
    if sample.values_T is None or sample.returns_T is None:
        raise DataError(
            f"Sample {sample.rollout_id} has no values or no returns, which a critic learns from.",
            cure="Set advantages with `algorithm.baseline: critic` first.",
        )
    return sample.values_T, sample.returns_T
