"""The learner that runs in this process: log-probs, one optimizer step over any number of samples, checkpoints."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from aha.algorithms.objective import Totals, largest_gap, loss, measure, reads_zero_advantages
from aha.algorithms.schedules import learning_rate
from aha.config.settings import AlgorithmSettings, EngineSettings, OptimizerSettings
from aha.engines.batches import Batch, can_share, make_batch, micro_batches, trained_mask
from aha.engines.optimizer import FlatAdamW
from aha.engines.scoring import score
from aha.engines.tally import Tally
from aha.errors import ConfigError, DataError, DivergedError
from aha.models.decoder import Decoder
from aha.models.fallback import FallbackModel
from aha.models.logprobs import selected_logprobs
from aha.runtime import files
from aha.runtime.distributed import World
from aha.types import Float32, Sample

LOGIT_ROWS: Final = 1024
"""Tokens whose logits exist at a time."""


class NativeLearner:
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
    ) -> None:
        """Takes `model` over, in the dtype that it has. `temperature` is the one that samples are drawn at."""
        if algorithm.aggregate == "constant" and algorithm.constant_length is None:
            raise ConfigError(
                "`algorithm.aggregate: constant` has no length to divide by.",
                cure="Set algorithm.constant_length, to the length limit, say.",
            )
        self.model = model.to(device)
        self.algorithm, self.settings, self.engine = algorithm, optimizer, engine
        self.total_updates, self.temperature, self.device, self.world = total_updates, temperature, device, world
        self.optimizer = FlatAdamW(
            self.model, betas=optimizer.betas, eps=optimizer.eps, weight_decay=optimizer.weight_decay
        )
        self.update_count = 0
        self.num_skipped_in_row = 0
        self.on_progress: Callable[[int, int], None] = lambda number, total: None
        """Told before each micro-batch of an update: which one it is, from 1, of how many."""

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
        lr = learning_rate(
            self.update_count,
            lr=self.settings.lr,
            total_updates=self.total_updates,
            warmup=self.settings.warmup,
            schedule=self.settings.schedule,
            end_frac=self.settings.end_frac,
        )
        num_rollouts, tally = self.accumulate(samples)
        values = tally.means(self.world)
        norm = self.optimizer.gradient_norm().item()
        skipped = not (math.isfinite(norm) and math.isfinite(values["loss"]))
        if num_rollouts and not skipped:
            scale = min(1.0, self.settings.max_grad_norm / (norm + 1e-6))
            self.optimizer.step(lr, scale)
        self.optimizer.clear_gradients()
        self.update_count += 1
        self._count_skipped(skipped)
        values |= {"grad_norm": norm, "lr": lr, "update_skipped": float(skipped)}
        return {name: value for name, value in values.items() if math.isfinite(value)}

    def accumulate(self, samples: Sequence[Sample]) -> tuple[float, Tally]:
        """Add the gradient of one update over `samples`, of all processes; returns its rollouts and what was measured.

        The gradient lies in `optimizer.gradients` until it is cleared.
        """
        masks = [trained_mask(sample) for sample in samples]
        num_tokens, num_rollouts = self.world.sum_floats(
            [float(sum(mask_T.sum() for mask_T in masks)), float(sum(mask_T.any() for mask_T in masks))]
        )
        totals = Totals(max(1.0, num_tokens), max(1.0, num_rollouts), self.algorithm.constant_length or 1)
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

    def weights(self) -> Iterator[tuple[str, torch.Tensor]]:
        """The working weights under Hugging Face names; views, changed by the next update."""
        for name, parameter in self.model.named_parameters():
            yield name, parameter.detach()

    def save(self, folder: Path) -> None:
        """Masters, moments (safetensors) and counters (learner.json) into `folder`."""
        files.make_folder(folder)
        for vector, tensors in self.optimizer.state().items():
            files.write_tensors(folder / f"{vector}.safetensors", tensors)
        counters = {
            "update_count": self.update_count,
            "num_steps": self.optimizer.num_steps,
            "num_skipped_in_row": self.num_skipped_in_row,
        }
        files.write_json(folder / "learner.json", counters)

    def load(self, folder: Path) -> None:
        """The reverse of `save`: the next update equals that of the learner that was saved, bit by bit.

        Raises DataError where a file is missing or corrupt, or the state is another model's (naming the first
        parameter that differs).
        """
        try:
            for vector in self.optimizer.state():
                path = folder / f"{vector}.safetensors"
                self.optimizer.load_vector(vector, load_file(path), str(path))
            counters = json.loads((folder / "learner.json").read_text(encoding="utf-8"))
        except (OSError, SafetensorError, json.JSONDecodeError) as error:
            raise DataError(
                f"The learner's state in {folder} cannot be read: {error}.", cure="Resume from an earlier checkpoint."
            ) from error
        self.optimizer.publish()
        self.optimizer.num_steps = counters["num_steps"]
        self.update_count = counters["update_count"]
        self.num_skipped_in_row = counters["num_skipped_in_row"]

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

    def _count_skipped(self, skipped: bool) -> None:
        self.num_skipped_in_row = self.num_skipped_in_row + 1 if skipped else 0
        if self.num_skipped_in_row >= self.settings.skip_limit:
            raise DivergedError(
                f"{self.num_skipped_in_row} updates in a row had a loss or gradient that is not finite.",
                cure="Lower optimizer.lr, or look for rewards or log-probs that are not numbers (`aha doctor`).",
            )
