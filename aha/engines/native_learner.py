"""The learner that runs in this process: log-probs, one optimizer step over any number of samples, checkpoints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

import torch

from aha.algorithms.objective import Totals, largest_gap, loss, measure, reads_zero_advantages
from aha.config.algorithm import AlgorithmSettings
from aha.config.learners import OptimizerSettings
from aha.config.settings import EngineSettings
from aha.engines.batches import Batch, can_share, make_batch, micro_batches, trained_mask
from aha.engines.scoring import score
from aha.engines.tally import Tally
from aha.engines.training import TrainedModel
from aha.errors import ConfigError
from aha.models.decoder import Decoder
from aha.models.fallback import FallbackModel
from aha.models.logprobs import selected_logprobs
from aha.runtime.distributed import World
from aha.types import Float32, Sample

LOGIT_ROWS: Final = 1024
"""Tokens whose logits exist at a time."""


class NativeLearner(TrainedModel):
    """One model, its AdamW and its counters.

    The gradient of an update is a sum over tokens with denominators of the whole update, so that micro-batches, their
    order, and the number of processes do not change it. Each process gives its own share of the samples.
    """

    def __init__(
        self,
        model: Decoder | FallbackModel,
        algorithm: AlgorithmSettings,
        optimizer: OptimizerSettings,
        engine: EngineSettings,
        total_updates: int,
        temperature: float,
        device: torch.device,
        world: World,
        max_trained_tokens: int | None = None,
    ) -> None:
        """Takes `model` over, in the dtype that it has. `temperature` is the one that samples are drawn at."""
        if algorithm.aggregate == "constant" and algorithm.constant_length is None:
            raise ConfigError(
                "`algorithm.aggregate: constant` has no length to divide by.",
                cure="Set algorithm.constant_length, to the length limit, say.",
            )
        super().__init__(model, optimizer, total_updates, device, max_trained_tokens)
        self.algorithm, self.engine, self.temperature, self.world = algorithm, engine, temperature, world

    def logprobs(self, samples: Sequence[Sample]) -> list[Float32]:
        """Log-probs of every token of every sample at the sampling temperature, [T] each, no gradient."""
        return score(self.model, samples, self.temperature, self.engine.micro_batch_tokens, self.device)

    def update(self, samples: Sequence[Sample]) -> dict[str, float]:
        """One AdamW step over all samples of all processes.

        A sample that no term can draw a gradient from is counted in the denominators and not computed. Metrics over
        tokens are means over the tokens that were computed, before the step; those that do not exist, and those that
        are not finite, are left out. An update whose loss or gradient is not finite leaves weights and moments as they
        are; DivergedError after `skip_limit` of them in a row.
        """
        num_rollouts, tally = self.accumulate(samples)
        values = tally.means(self.world)
        values |= self.step(values["loss"], num_rollouts > 0)
        return {name: value for name, value in values.items() if math.isfinite(value)}

    def accumulate(self, samples: Sequence[Sample]) -> tuple[float, Tally]:
        """Add the gradient of one update over `samples`, of all processes; returns its rollouts and what was measured.

        The gradient lies in `optimizer.gradients` until it is cleared.
        """
        masks = [trained_mask(sample) for sample in samples]
        pairs = {sample.pair_id for sample in samples} - {None}
        num_tokens, num_rollouts, num_pairs = self.world.sum_floats(
            [
                float(sum(mask_T.sum() for mask_T in masks)),
                float(sum(mask_T.any() for mask_T in masks)),
                float(len(pairs)),
            ]
        )
        self.num_trained_tokens += int(num_tokens)
        length = self.algorithm.constant_length or 1
        totals = Totals(max(1.0, num_tokens), max(1.0, num_rollouts), length, max(1.0, num_pairs))
        reads_zero = reads_zero_advantages(self.algorithm)
        worked = [
            sample
            for sample, mask_T in zip(samples, masks, strict=True)
            if mask_T.any() and (reads_zero or sample.advantages_T[mask_T].any())
        ]
        tally = Tally()
        share = can_share(self.model, worked, self.device)
        parts = micro_batches(worked, self.engine.micro_batch_tokens)
        for number, part in enumerate(parts, 1):
            self.on_progress(number, len(parts))
            batch = make_batch([worked[i] for i in part], self.device, self.optimizer.masters.dtype, share)
            self._backward(batch, totals, tally)
        self.world.sum_tensors_([self.optimizer.gradients])
        return num_rollouts, tally

    def _backward(self, batch: Batch, totals: Totals, tally: Tally) -> None:
        """Forward and backward of one micro-batch; logits are computed for trained tokens alone."""
        hidden_ND = self.model(batch.token_ids_N, batch.layout, self.engine.gradient_checkpointing)
        targets_M = batch.tokens.mask_N.nonzero().squeeze(-1)
        values_M = selected_logprobs(
            self.model,
            hidden_ND.index_select(0, batch.layout.predictors_N.index_select(0, targets_M)),
            batch.token_ids_N.index_select(0, targets_M),
            self.temperature,
            LOGIT_ROWS,
        )
        nothing_N = torch.zeros(batch.layout.num_tokens, dtype=values_M[0].dtype, device=self.device)
        logprobs_N, entropy_N = (nothing_N.index_copy(0, targets_M, values) for values in values_M)
        share = loss(logprobs_N, entropy_N, batch.tokens, totals, self.algorithm)
        share.backward()  # type: ignore[no-untyped-call]
        logprobs_N, entropy_N = logprobs_N.detach(), entropy_N.detach()
        measured = measure(logprobs_N, entropy_N, batch.tokens, self.algorithm)
        tally.add(share.detach(), batch.tokens.mask_N.sum(), largest_gap(logprobs_N, batch.tokens), measured)
