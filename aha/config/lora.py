"""Low-rank adapters in a recipe: their settings, what contradicts them, and how many numbers they are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Annotated, Any

from pydantic import Field

from aha.config.algorithm import AlgorithmSettings
from aha.config.block import Block, Positive, PositiveCount
from aha.config.yaml_files import KeyPath


class LoRASettings(Block):
    """Only low-rank adapters learn: W + (alpha / rank) B A in the place of each named layer's weight W (2106.09685)."""

    rank: PositiveCount = 16
    """Rows of A and columns of B."""
    alpha: Positive = 32.0
    """The adapter's product is scaled by alpha / rank."""
    layers: Annotated[list[str], Field(min_length=1)] = [
        *("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
    ]
    """Which linear layers, by the last part of their names (PEFT's `target_modules`); never the output head."""


def lora_contradictions(lora: LoRASettings | None, algorithm: AlgorithmSettings) -> Iterator[tuple[KeyPath, str, str]]:
    """Keys that adapters make impossible."""
    kl = algorithm.kl
    if lora is not None and kl.place != "none" and kl.reference_every:
        problem = f"algorithm.kl.reference_every = {kl.reference_every}, but with lora the reference is the model"
        cure = "Set algorithm.kl.reference_every to 0, or train without `lora`."
        yield ("algorithm", "kl", "reference_every"), f"{problem} without its adapters and stays it", cure


def num_adapter_parameters(config: Mapping[str, Any], lora: LoRASettings) -> int | None:
    """Numbers in the adapters of a Llama- or Qwen-shaped model, by its config.json; None for layers of other models."""
    width, heads, mlp = (int(config[key]) for key in ("hidden_size", "num_attention_heads", "intermediate_size"))
    head = int(config.get("head_dim") or width // heads)
    queries, keys = heads * head, int(config.get("num_key_value_heads") or heads) * head
    sizes = {
        "q_proj": width + queries,
        **dict.fromkeys(("k_proj", "v_proj"), width + keys),
        "o_proj": queries + width,
        **dict.fromkeys(("gate_proj", "up_proj", "down_proj"), width + mlp),
    }
    names = {layer.rpartition(".")[2] for layer in lora.layers}
    if not names <= sizes.keys():
        return None
    return lora.rank * int(config["num_hidden_layers"]) * sum(sizes[name] for name in names)
