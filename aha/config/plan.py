"""What a recipe will cost at most, before anything runs: memory, tokens and time for each stage."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from aha.config.amounts import PROMPT_TOKENS, Amounts, amounts, longest
from aha.config.data_stages import CollectStage, PreferenceStage, RejectionStage
from aha.config.lora import LoRASettings, num_adapter_parameters
from aha.config.model_stages import RewardModelStage, SFTStage
from aha.config.packaged import PACKAGED_MODELS
from aha.config.reading import inputs, model_input
from aha.config.recipe import Recipe, Stage
from aha.config.settings import EvaluateStage, ModelShape, PretrainStage, RLStage

SAMPLING_SHARE, TRAINING_SHARE = 0.10, 0.35
"""Assumed shares of the machine's matrix rate; sampling is bound by memory, training by products."""
DTYPE_BYTES = {"bfloat16": 2, "float32": 4, "float64": 8}

BESIDE = ("model", "writer", "scorer")
"""What a stage may read besides its own model and hold at the same time."""
COUNTED_APART = ("model", "critic.model")
"""Keys whose models are no such others: the stage's own, and a critic, which is counted with what it trains."""
SCRIPTED = "scripted"
"""The lab's stand-in for a writer or judge: it takes neither memory nor time."""

ModelConfig = Mapping[str, Any]
"""A model's config.json."""


@dataclass(frozen=True, slots=True)
class StagePlan:
    """An upper bound for one stage; None where the model's files are not there, the machine's rate or the size of the
    data unknown."""

    stage: str
    kind: str
    model: str
    """Name of the model that it starts from or asks; empty where it has none."""
    num_parameters: int | None
    memory_bytes: int | None
    sampled_tokens: int | None
    asked_tokens: int | None
    """Of writers and judges, in words."""
    trained_tokens: int | None
    seconds: float | None


def find_model_config(name: str) -> ModelConfig | None:
    """config.json of a packaged model or a local folder; None where there is none (a Hub name that is not on disk)."""
    file = PACKAGED_MODELS.get(name, Path(name)) / "config.json"
    if not file.is_file():
        return None
    config: ModelConfig = json.loads(file.read_text(encoding="utf-8"))
    return config


def num_parameters(config: ModelConfig) -> int | None:
    """Parameters of a dense Llama- or Qwen-shaped model, biases and norms included; None for other shapes."""
    needed = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "vocab_size")
    if any(key not in config for key in needed) or "n_routed_experts" in config or "num_experts" in config:
        return None
    width, layers, heads, mlp, vocab = (int(config[key]) for key in needed)
    head, kv = _head_size(config), int(config.get("num_key_value_heads") or heads)
    biases = (heads + 2 * kv) * head if config.get("model_type") == "qwen2" else 0
    layer = 2 * width * head * (heads + kv) + biases + 3 * width * mlp + 2 * width
    embeddings = vocab * width * (1 if config.get("tie_word_embeddings") else 2)
    return embeddings + layers * layer + width


def plan(
    recipe: Recipe,
    configs: Mapping[str, ModelConfig | None],
    matrix_flops: float | None = None,
    data_bytes: Mapping[str, int] = MappingProxyType({}),
) -> list[StagePlan]:
    """One plan a stage. `configs`: config.json by the recipe's model names; `matrix_flops`: the machine's FLOP/s;
    `data_bytes`: sizes of the data sets that stages made already, by `stage/NAME`."""
    known: dict[str, ModelConfig | None] = dict(configs)
    plans = []
    for name, stage in recipe.stages.items():
        found = model_input(stage)
        config: ModelConfig | None = None
        if isinstance(stage, PretrainStage):
            config = _shape_config(stage.shape)
        elif found is not None:
            config = known[found.name] if found.name in known else find_model_config(found.name)
        model = "new" if isinstance(stage, PretrainStage) else "" if found is None else found.name
        known[f"stage/{name}"] = config
        beside = [each.name for each in inputs(stage) if each.what in BESIDE and each.key not in COUNTED_APART]
        others = {other: known[other] if other in known else find_model_config(other) for other in beside}
        places = {other: recipe.models.get(other, other) for other in others}
        local = [
            0 if place == SCRIPTED else None if others[other] is None else num_parameters(others[other] or {})
            for other, place in places.items()
            if "://" not in place
        ]
        place = recipe.models.get(model, model)
        own = 0 if place == SCRIPTED else None if config is None else num_parameters(config)
        here = "://" not in place
        plans.append(
            _plan_stage(name, stage, model, config, own, here, local, amounts(stage, data_bytes), matrix_flops)
        )
    return plans


def as_json(plans: list[StagePlan]) -> list[dict[str, Any]]:
    """Plans as JSON objects."""
    return [asdict(one) for one in plans]


def _plan_stage(
    name: str,
    stage: Stage,
    model: str,
    config: ModelConfig | None,
    parameters: int | None,
    here: bool,
    beside: list[int | None],
    found: Amounts,
    matrix_flops: float | None,
) -> StagePlan:
    """`here`: its model is no endpoint. `beside`: parameters of the writers, judges and reward models that lie on this
    machine beside the stage's own model."""
    memory = None
    if model == "" or not here or parameters is not None:
        size = DTYPE_BYTES[stage.engine.dtype]
        own = _memory(stage, config, parameters) if config is not None and parameters is not None else 0
        memory = None if own is None or None in beside else own + sum(size * (each or 0) for each in beside)
    seconds = _seconds(stage, found, parameters, beside, matrix_flops)
    if model == "" and found.asked == 0:
        seconds = 0.0
    return StagePlan(name, stage.kind, model, parameters, memory, found.sampled, found.asked, found.trained, seconds)


def _seconds(
    stage: Stage, found: Amounts, own: int | None, beside: list[int | None], matrix_flops: float | None
) -> float | None:
    """None too where an endpoint (no model `beside`) is asked: how fast it answers is not known."""
    numbers = (found.sampled, found.asked, found.trained)
    if own is None or not matrix_flops or None in numbers or (found.asked and (not beside or None in beside)):
        return None
    sampled, asked, trained = (number or 0 for number in numbers)
    full = 8 if stage.engine.gradient_checkpointing else 6
    passes = full - 2 if _lora(stage) else full  # no gradients of frozen weights
    passes += full + 2 if _has_second(stage) else 0  # it learns from the same tokens and is asked for values
    sampling = 2.0 * (own * sampled + max([each or 0 for each in beside], default=0) * asked) / SAMPLING_SHARE
    return (sampling + passes * own * trained / TRAINING_SHARE) / matrix_flops


def _memory(stage: Stage, config: ModelConfig, parameters: int) -> int | None:
    """Weights of each role, optimizer state, key-value cache and activations of a micro-batch, in bytes; None for
    adapters on layers of unknown size."""
    lora = _lora(stage)
    learned = parameters if lora is None else num_adapter_parameters(config, lora)
    if learned is None:
        return None
    size = DTYPE_BYTES[stage.engine.dtype]
    width, layers, mlp = (int(config[key]) for key in ("hidden_size", "num_hidden_layers", "intermediate_size"))
    total = parameters * size
    if isinstance(stage, RLStage | SFTStage | RewardModelStage | PretrainStage):
        kept = (4 if stage.engine.gradient_checkpointing else 16 + 3 * mlp // width) * width
        total += learned * (4 + 4 + 8) + stage.engine.micro_batch_tokens * layers * kept * size
    rows = _cache_tokens(stage)
    if rows:
        heads = int(config.get("num_key_value_heads") or config["num_attention_heads"])
        total += rows * 2 * layers * heads * _head_size(config) * size
    if isinstance(stage, SFTStage) and stage.term == "preference" and lora is None:
        total += parameters * size
    if isinstance(stage, RLStage):
        total += parameters * size * (2 if stage.algorithm.kl.place != "none" and lora is None else 1)
    if _has_second(stage):
        total += parameters * (size + 4 + 4 + 8)
    return total


def _lora(stage: Stage) -> LoRASettings | None:
    """The adapters that alone learn, and without which the model is its own reference."""
    return stage.lora if isinstance(stage, RLStage | SFTStage) else None


def _has_second(stage: Stage) -> bool:
    """Whether a second learner stands beside the policy; it is taken to be as large."""
    return isinstance(stage, RLStage) and stage.second is not None


def _cache_tokens(stage: Stage) -> int:
    """Tokens whose keys and values are held at a time, at most."""
    if stage.engine.cache_tokens:
        return stage.engine.cache_tokens
    match stage:
        case EvaluateStage() | CollectStage() | RejectionStage() | PreferenceStage():
            return stage.engine.max_rows * (PROMPT_TOKENS + stage.max_new_tokens)
        case RLStage():
            rows = min(stage.engine.max_rows, stage.sampling.num_problems * stage.sampling.group_size)
            return rows * (PROMPT_TOKENS + longest(stage, stage.rounds * stage.algorithm.num_updates))
    return 0


def _head_size(config: ModelConfig) -> int:
    return int(config.get("head_dim") or int(config["hidden_size"]) // int(config["num_attention_heads"]))


def _shape_config(shape: ModelShape) -> ModelConfig:
    """config.json of a model that a pretrain stage will make."""
    return {
        "model_type": shape.family,
        "hidden_size": shape.width,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "intermediate_size": shape.mlp_width,
        "vocab_size": shape.vocab_size,
        "tie_word_embeddings": True,
    }
