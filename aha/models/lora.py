"""Low-rank adapters on frozen linear layers: put on, switched off, merged, and saved in PEFT's layout."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from math import sqrt
from pathlib import Path
from typing import Any

import torch
import torch.nn.functional as F
from torch import nn

from aha.config.lora import LoRASettings
from aha.errors import ConfigError
from aha.models.decoder import Decoder
from aha.models.decoder_config import FAMILIES, DecoderConfig
from aha.models.fallback import FallbackModel, skeleton
from aha.models.save import named_weights
from aha.models.weights import read_json
from aha.runtime import files

ADAPTER = "adapter"
"""The folder inside a model folder that holds the adapter apart."""
PARTS = ("lora_A", "lora_B")
PREFIX = "base_model.model."
"""What PEFT puts before the names of a model's parameters."""


class AdaptedLinear(nn.Linear):
    """A linear layer of weight W + (alpha / r) B A, of which A [r, in] and B [out, r] learn (Hu et al., arXiv
    2106.09685, equation 3).

    The sum is rounded to W's type before it is applied: learner, sampler and the saved model hold the same bits. It is
    made again in the backward pass instead of being kept. A and B are fp32 (fp64 for fp64 weights).
    """

    def __init__(self, linear: nn.Linear, settings: LoRASettings, chance: torch.Generator) -> None:
        """Takes the weights of `linear` over. As in PEFT, A is drawn from U(-1/sqrt(in), 1/sqrt(in)) and B is zero."""
        super().__init__(linear.in_features, linear.out_features, linear.bias is not None, device="meta")
        self.weight, self.bias = linear.weight, linear.bias
        self.scale, self.active = settings.alpha / settings.rank, True
        wide = torch.promote_types(linear.weight.dtype, torch.float32)
        drawn = torch.empty(settings.rank, linear.in_features, dtype=wide)
        nn.init.kaiming_uniform_(drawn, a=sqrt(5), generator=chance)
        zeros = torch.zeros(linear.out_features, settings.rank, dtype=wide)
        self.lora_A, self.lora_B = (_matrix(weight.to(linear.weight.device)) for weight in (drawn, zeros))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[..., in] to [..., out]; W alone where the adapter is switched off."""
        if not self.active:
            return F.linear(x, self.weight, self.bias)
        a, b = self.lora_A.weight, self.lora_B.weight
        out: torch.Tensor = _Adapted.apply(x, self.weight, self.bias, a, b, self.scale)  # type: ignore[no-untyped-call]
        return out

    def merged(self) -> torch.Tensor:
        """W + (alpha / r) B A in W's type, without gradient."""
        return _merge(self.weight.detach(), self.lora_A.weight.detach(), self.lora_B.weight.detach(), self.scale)


def _matrix(weight: torch.Tensor) -> nn.Linear:
    """A linear layer of this weight, so that parameters have PEFT's names."""
    made = nn.Linear(weight.shape[1], weight.shape[0], bias=False, device="meta")
    made.weight = nn.Parameter(weight)
    return made


def _merge(weight: torch.Tensor, a: torch.Tensor, b: torch.Tensor, scale: float) -> torch.Tensor:
    return torch.addmm(weight.to(a.dtype), b, a, alpha=scale).to(weight.dtype)


class _Adapted(torch.autograd.Function):
    """x (W + s B A)^T. The gradient is that of the sum before rounding: with G the gradient of the result,
    dB = s G^T (x A^T) and dA = s (G B)^T x, so that no gradient as large as W is ever made."""

    @staticmethod
    def forward(
        ctx: Any,
        x: torch.Tensor,
        weight: torch.Tensor,
        bias: torch.Tensor | None,
        a: torch.Tensor,
        b: torch.Tensor,
        scale: float,
    ) -> torch.Tensor:
        ctx.save_for_backward(x, weight, a, b)
        ctx.scale = scale
        return F.linear(x, _merge(weight, a, b, scale), bias)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor | None, ...]:
        x, weight, a, b = ctx.saved_tensors
        grad_x = grads[0] @ _merge(weight, a, b, ctx.scale) if ctx.needs_input_grad[0] else None
        x_NI, grad_NO = x.flatten(0, -2), grads[0].flatten(0, -2)
        grad_a = (grad_NO @ b.to(x.dtype)).T @ x_NI
        grad_b = grad_NO.T @ (x_NI @ a.to(x.dtype).T)
        return grad_x, None, None, ctx.scale * grad_a.to(a.dtype), ctx.scale * grad_b.to(b.dtype), None


def attach(model: Decoder | FallbackModel, settings: LoRASettings, seed: int) -> None:
    """Freeze the model and put an adapter, drawn by `seed`, on each layer that the settings name.

    Raises ConfigError for a layer that the model does not have.
    """
    head = model.lm_head if isinstance(model, Decoder) else model.inner.get_output_embeddings()
    found = named_layers(linear_layers(model, head), settings.layers)
    model.requires_grad_(False)
    chance = torch.Generator().manual_seed(seed % 2**63)
    for name, layer in found.items():
        parent, _, last = name.rpartition(".")
        setattr(model.get_submodule(parent), last, AdaptedLinear(layer, settings, chance))


def linear_layers(model: nn.Module, head: nn.Module | None) -> dict[str, nn.Linear]:
    """Linear layers by their names, without the output head."""
    modules = model.named_modules()
    return {name: each for name, each in modules if isinstance(each, nn.Linear) and each is not head}


def named_layers(found: dict[str, nn.Linear], wanted: Sequence[str]) -> dict[str, nn.Linear]:
    """Those whose names end in one of `wanted`, part by part. Raises ConfigError for one that ends no name."""
    missing = [name for name in wanted if not any(f".{each}".endswith(f".{name}") for each in found)]
    if missing:
        have = ", ".join(dict.fromkeys(each.rpartition(".")[2] for each in found)) or "none"
        raise ConfigError(
            f"lora.layers names {', '.join(missing)}, and the model has no such linear layer.",
            cure=f"Linear layers that it has: {have}.",
        )
    return {each: layer for each, layer in found.items() if any(f".{each}".endswith(f".{name}") for name in wanted)}


def folder_layers(folder: Path) -> dict[str, nn.Linear]:
    """The linear layers of a model folder, without memory for their weights."""
    config = read_json(folder / "config.json")
    if config.get("model_type") not in FAMILIES:
        inner = skeleton(folder)
        return linear_layers(inner, inner.get_output_embeddings())
    with torch.device("meta"):
        model = Decoder(DecoderConfig.from_hugging_face(config, str(folder / "config.json")))
    return linear_layers(model, model.lm_head)


def adapter_size(layers: Iterable[nn.Linear], rank: int) -> int:
    """Numbers in the adapters of these layers."""
    return sum(rank * (layer.in_features + layer.out_features) for layer in layers)


@contextmanager
def adapters_off(model: nn.Module) -> Iterator[None]:
    """The model as it was before adapters were put on it."""
    for _, layer in _adapted(model):
        layer.active = False
    try:
        yield
    finally:
        for _, layer in _adapted(model):
            layer.active = True


def merged_weights(model: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """What a weight file holds, adapters merged into their layers; the others are views."""
    adapted = {f"{name}.weight": each for name, each in _adapted(model)}
    for name, value in base_weights(model):
        yield name, adapted[name].merged() if name in adapted else value


def base_weights(model: nn.Module) -> Iterator[tuple[str, torch.Tensor]]:
    """What a weight file holds without the adapters; views."""
    own = {f"{name}.{part}.weight" for name, _ in _adapted(model) for part in PARTS}
    for name, value in named_weights(model):
        if name not in own:
            yield name, value


def _adapted(model: nn.Module) -> Iterator[tuple[str, AdaptedLinear]]:
    """The layers with an adapter, by name."""
    for name, module in model.named_modules():
        if isinstance(module, AdaptedLinear):
            yield name, module


def save_adapter(folder: Path, model: nn.Module, settings: LoRASettings, base: str) -> None:
    """The adapter alone, as `peft.PeftModel.from_pretrained` loads it on the model `base`."""
    tensors = {
        f"{PREFIX}{name}.{part}.weight": matrix.weight.detach()
        for name, each in _adapted(model)
        for part, matrix in zip(PARTS, (each.lora_A, each.lora_B), strict=True)
    }
    files.make_folder(folder)
    files.write_tensors(folder / "adapter_model.safetensors", tensors, {"format": "pt"})
    record = {
        "peft_type": "LORA",
        "task_type": "CAUSAL_LM",
        "base_model_name_or_path": base,
        "r": settings.rank,
        "lora_alpha": settings.alpha,
        "target_modules": list(settings.layers),
        "lora_dropout": 0.0,
        "bias": "none",
        "fan_in_fan_out": False,
        "inference_mode": True,
    }
    files.write_json(folder / "adapter_config.json", record)
