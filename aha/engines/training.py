"""What every learner in this process is: a model with its AdamW and counters, stepped, saved and loaded."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file

from aha.algorithms.schedules import learning_rate
from aha.config.learners import OptimizerSettings
from aha.engines.optimizer import FlatAdamW
from aha.errors import DataError, DivergedError
from aha.models.decoder import Decoder
from aha.models.fallback import FallbackModel
from aha.models.lora import merged_weights
from aha.runtime import files


class TrainedModel:
    """A model that learns; the gradient of an update lies in `optimizer.gradients` until `step`."""

    def __init__(
        self,
        model: Decoder | FallbackModel,
        settings: OptimizerSettings,
        total_updates: int,
        device: torch.device,
        max_trained_tokens: int | None = None,
    ) -> None:
        """Takes `model` over, in the dtype that it has. The schedule ends after `total_updates`, or before, with the
        update that brings the tokens which the loss covered to `max_trained_tokens`."""
        self.model = model.to(device)
        self.settings, self.total_updates, self.device = settings, total_updates, device
        self.optimizer = FlatAdamW(
            self.model, betas=settings.betas, eps=settings.eps, weight_decay=settings.weight_decay
        )
        self.max_trained_tokens = max_trained_tokens
        self.update_count = 0
        self.num_trained_tokens = 0
        """Of all updates, that of the next step included; counted by those learners whose updates may end with them."""
        self.num_skipped_in_row = 0
        self.on_progress: Callable[[int, int], None] = lambda number, total: None
        """Told before each micro-batch of an update: which one it is, from 1, of how many."""

    def step(self, loss: float, has_gradient: bool) -> dict[str, float]:
        """One AdamW step at the scheduled rate with the clipped gradient, which is cleared; `lr`, `grad_norm`,
        `update_skipped`.

        Where the loss or the gradient is not finite, weights and moments stay as they are; DivergedError after
        `skip_limit` of them in a row. Without a gradient only the counter moves.
        """
        lr = learning_rate(
            self.update_count,
            lr=self.settings.lr,
            total_updates=self.total_updates,
            warmup=self.settings.warmup,
            schedule=self.settings.schedule,
            end_frac=self.settings.end_frac,
            spent=self.num_trained_tokens / self.max_trained_tokens if self.max_trained_tokens else 0.0,
        )
        norm = self.optimizer.gradient_norm().item()
        skipped = not (math.isfinite(norm) and math.isfinite(loss))
        if has_gradient and not skipped:
            scale = min(1.0, self.settings.max_grad_norm / (norm + 1e-6))
            self.optimizer.step(lr, scale)
        self.optimizer.clear_gradients()
        self.update_count += 1
        self._count_skipped(skipped)
        return {"grad_norm": norm, "lr": lr, "update_skipped": float(skipped)}

    @property
    def num_trained_parameters(self) -> int:
        """How many numbers it learns: all weights of the model, or those of the adapters."""
        return self.optimizer.masters.numel()

    def reset_moments(self) -> None:
        """Forget the optimizer's moments; weights, counters and the schedule of the rate stay."""
        self.optimizer.reset_moments()

    def weights(self) -> Iterator[tuple[str, torch.Tensor]]:
        """The working weights under Hugging Face names, adapters merged into theirs; the others are views, changed by
        the next update."""
        yield from merged_weights(self.model)

    def save(self, folder: Path) -> None:
        """Masters, moments (safetensors) and counters (learner.json) into `folder`."""
        files.make_folder(folder)
        for vector, tensors in self.optimizer.state().items():
            files.write_tensors(folder / f"{vector}.safetensors", tensors)
        counters = {
            "update_count": self.update_count,
            "num_trained_tokens": self.num_trained_tokens,
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
        self.num_trained_tokens = counters.get("num_trained_tokens", 0)
        self.num_skipped_in_row = counters["num_skipped_in_row"]

    def _count_skipped(self, skipped: bool) -> None:
        self.num_skipped_in_row = self.num_skipped_in_row + 1 if skipped else 0
        if self.num_skipped_in_row >= self.settings.skip_limit:
            raise DivergedError(
                f"{self.num_skipped_in_row} updates in a row had a loss or gradient that is not finite.",
                cure="Lower optimizer.lr, or look for rewards or log-probs that are not numbers (`aha doctor`).",
            )
