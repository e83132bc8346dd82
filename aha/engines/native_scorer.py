"""The frozen reference in this process: a copy of its own, or the learner's model without its adapters."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch

from aha.config.settings import EngineSettings
from aha.engines.scoring import score
from aha.errors import ConfigError, DataError
from aha.models.decoder import Decoder
from aha.models.fallback import FallbackModel
from aha.models.lora import adapters_off, base_weights
from aha.models.save import named_weights
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
        own = dict(named_weights(self.model))
        for name, tensor in weights:
            if name not in own or own[name].shape != tensor.shape:
                raise DataError(
                    f"The reference cannot take parameter {name} of shape {tuple(tensor.shape)}.",
                    cure="Reference and learner must be the same architecture.",
                )
            own[name].copy_(tensor)

    def weights(self) -> Iterator[tuple[str, torch.Tensor]]:
        """The weights under Hugging Face names, for a checkpoint."""
        yield from named_weights(self.model)


class AdaptersOff:
    """The reference of a model whose adapters alone learn: the same weights in memory, adapters switched off."""

    def __init__(
        self, model: Decoder | FallbackModel, engine: EngineSettings, temperature: float, device: torch.device
    ) -> None:
        """`model` is the learner's own."""
        self.model, self.engine, self.temperature, self.device = model, engine, temperature, device

    def logprobs(self, samples: Sequence[Sample]) -> list[Float32]:
        """As `NativeScorer.logprobs`, of the model as it was before adapters were put on it."""
        with adapters_off(self.model):
            return score(self.model, samples, self.temperature, self.engine.micro_batch_tokens, self.device)

    def sync(self, weights: NamedTensors) -> None:
        """Raises ConfigError: it stays what it is."""
        raise ConfigError(
            "With lora the reference is the model without its adapters, and cannot become another.",
            cure="Set algorithm.kl.reference_every to 0.",
        )

    def weights(self) -> Iterator[tuple[str, torch.Tensor]]:
        """The frozen weights under Hugging Face names."""
        yield from base_weights(self.model)
