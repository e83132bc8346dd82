"""The `lora` block: what is refused, and what a dry run knows of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aha.config.loading import load_recipe
from aha.config.lora import LoRASettings, num_adapter_parameters
from aha.config.plan import StagePlan, plan
from aha.config.recipe import Recipe
from aha.errors import ConfigError
from aha.models.lora import adapter_size, folder_layers, named_layers
from tests.config.test_plan import QWEN_1_5B
from tests.models.tiny import save_reference

ALL = LoRASettings().layers
RL = {"kind": "rl", "model": "base", "rounds": 2, "data": {"tasks": ["lab:mixed"]}}
SFT = {"kind": "sft", "model": "base", "data": ["file:a.jsonl"], "max_updates": 3}


@pytest.mark.parametrize("place", ["loss", "reward"])
def test_a_reference_that_moves_is_refused_and_one_that_is_not_read_is_not(place: str) -> None:
    overrides = ["zero.lora={}", f"zero.algorithm.kl.place={place}", "zero.algorithm.kl.reference_every=400"]
    message = (
        r"algorithm.kl.reference_every = 400, but with lora the reference is the model without its adapters .* to 0"
    )
    with pytest.raises(ConfigError, match=message):
        load_recipe("lab-zero", overrides)
    stage = load_recipe("lab-zero", [*overrides[:2], "zero.algorithm.kl.coef=0.1"]).recipe.stages["zero"]
    assert stage.lora == LoRASettings()  # type: ignore[union-attr]
    load_recipe("lab-zero", ["zero.lora={}"])
    with pytest.raises(ConfigError, match="reference_every = round, but with lora"):
        load_recipe("lab-kimi", ["kimi.lora={}"])


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("zero.lora={rank: 0}", r"zero.lora.rank = 0, expected greater than or equal to 1"),
        ("zero.lora={alpha: 0}", r"zero.lora.alpha = 0, expected greater than 0"),
        ("zero.lora={layers: []}", r"zero.lora.layers = \[\], expected"),
        ("zero.lora={dropout: 0.1}", r"unknown key 'zero.lora.dropout'.*The keys here are rank, alpha, layers"),
        ("base.lora={}", r"unknown key 'base.lora'.*The keys here are kind, model, on"),
    ],
)
def test_what_makes_no_adapters_is_refused(override: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        load_recipe("lab-zero", [override])


@pytest.mark.parametrize(("family", "layers"), [("qwen2", ALL), ("llama", ["self_attn.k_proj", "o_proj", "down_proj"])])
def test_the_estimate_counts_the_adapters_of_the_model(family: str, layers: list[str], tmp_path: Path) -> None:
    config = save_reference(tmp_path, family, head_dim=12, tie_word_embeddings=True).config.to_dict()
    made = named_layers(folder_layers(tmp_path), layers)
    assert num_adapter_parameters(config, LoRASettings(rank=3, layers=layers)) == adapter_size(made.values(), 3)
    assert num_adapter_parameters(config, LoRASettings(layers=["q_proj", "c_attn"])) is None


def plans(**stages: dict[str, Any]) -> list[StagePlan]:
    return plan(
        Recipe.model_validate({"name": "a", "models": {"base": "/b"}, "stages": stages}), {"base": QWEN_1_5B}, 1e12
    )


def test_a_dry_run_counts_adapters_for_optimizer_and_reference_and_no_gradients_of_what_is_frozen() -> None:
    base, adapters = 1_543_714_304, num_adapter_parameters(QWEN_1_5B, LoRASettings()) or 0
    kl: dict[str, Any] = {"algorithm": {"kl": {"place": "loss"}}}
    full, lora, unknown = plans(full=RL | kl, lora=RL | kl | {"lora": {}}, unknown=RL | {"lora": {"layers": ["x"]}})
    assert adapters == 16 * 28 * (3072 + 2 * 1792 + 3072 + 3 * (1536 + 8960))
    assert (full.memory_bytes or 0) - (lora.memory_bytes or 0) == 16 * (base - adapters) + 2 * base
    assert unknown.memory_bytes is None
    products = 2 * lora.sampled_tokens / 0.1 + 4 * lora.trained_tokens / 0.35  # type: ignore[operator]
    assert lora.seconds == pytest.approx(base * products / 1e12)
    critic = {"critic": {}, "lora": {}, "algorithm": {"scale": "none", "baseline": "critic"}}
    ppo, tuned, pairs = plans(ppo=RL | critic, tuned=SFT | {"lora": {}}, pairs=SFT | {"lora": {}, "term": "preference"})
    products = 2 * ppo.sampled_tokens / 0.1 + (4 + 6 + 2) * ppo.trained_tokens / 0.35  # type: ignore[operator]
    assert ppo.seconds == pytest.approx(base * products / 1e12)
    assert tuned.memory_bytes == pairs.memory_bytes
    assert (plans(full=SFT)[0].memory_bytes or 0) - (tuned.memory_bytes or 0) == 16 * (base - adapters)
