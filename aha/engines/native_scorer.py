"""The frozen reference in this process."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from aha.config.settings import EngineSettings
from aha.engines.scoring import score
from aha.errors import DataError
from aha.models.decoder import Decoder
from aha.models.fallback import FallbackModel
from aha.types import Float32, NamedTensors, Sample


class NativeScorer:
    """A frozen model's log-probs; `sync` replaces its weights."""

    def __init__(
        self, model: Decoder | FallbackModel, engine: EngineSettings, temperature: float, device: torch.device
    ) -> None:
        """Takes `model` over: it must be a copy of its own, in the engine's dtype, and is moved to `device`."""
        self.model = model.to(device).requires_grad_(False)
        self.engine, self.temperature, self.device = engine, temperature, device

    def logprobs(self, samples: Sequence[Sample]) -> list[Float32]:
        """Log-probs of every token of every sample at the sampling temperature, [T] each."""
        return score(self.model, samples, self.temperature, self.engine.micro_batch_tokens, self.device)

    @torch.no_grad()
    def sync(self, weights: NamedTensors) -> None:
        """Copy new weights by name. Raises DataError for a name or shape that this model does not have."""
        parameters = dict(self.model.named_parameters())
        for name, tensor in weights:
            if name not in parameters or parameters[name].shape != tensor.shape:
                raise DataError(
                    f"The reference cannot take parameter {name} of shape {tuple(tensor.shape)}.",
                    cure="Reference and learner must be the same architecture.",
                )
            parameters[name].copy_(tensor)

    def weights(self) -> Iterator[tuple[str, torch.Tensor]]:
        """The weights under Hugging Face names, for a checkpoint."""
        for name, parameter in self.model.named_parameters():
            yield name, parameter.detach()
