"""Multiplications and additions that useful tokens need, by the model's shape; nothing for padding or recomputing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(slots=True, frozen=True)
class Shape:
    """Sizes of a decoder's matrix products."""

    body: int
    """Weights of all projections in the layers."""
    head: int
    """Weights of the output head."""
    attention: int
    """Layers times query heads times head size: multiplications of one query with one key."""


def shape_of(config: Mapping[str, Any]) -> Shape:
    """From a Hugging Face config.json of a Llama or Qwen decoder."""
    width, layers, heads = config["hidden_size"], config["num_hidden_layers"], config["num_attention_heads"]
    head_dim = config.get("head_dim") or width // heads
    kv_heads = config.get("num_key_value_heads") or heads
    layer = 2 * width * heads * head_dim + 2 * width * kv_heads * head_dim + 3 * width * config["intermediate_size"]
    return Shape(layers * layer, config["vocab_size"] * width, layers * heads * head_dim)


def sampling_flops(shape: Shape, prompts: Sequence[int], news: Sequence[int]) -> int:
    """2 · weights a new token, and attention over all tokens before it and itself. The prompts' own pass, once a group,
    is not counted. `prompts` and `news`: tokens of each row."""
    weights = 2 * (shape.body + shape.head) * sum(news)
    pairs = sum(new * prompt + new * (new + 1) // 2 for prompt, new in zip(prompts, news, strict=True))
    return weights + 4 * shape.attention * pairs


def training_flops(shape: Shape, prompts: Sequence[int], news: Sequence[int]) -> int:
    """Three times the forward pass (6 · weights a token, attention beside it); the head on trained tokens alone."""
    lengths = [prompt + new for prompt, new in zip(prompts, news, strict=True)]
    weights = 2 * shape.body * sum(lengths) + 2 * shape.head * sum(news)
    pairs = sum(length * (length + 1) // 2 for length in lengths)
    return 3 * (weights + 4 * shape.attention * pairs)
