"""Estimates before anything runs, and the dry run that shows them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aha.config.loading import load_recipe
from aha.config.plan import as_json, find_model_config, num_parameters, plan
from aha.config.preview import as_text, as_tree

QWEN_1_5B = {
    "model_type": "qwen2", "hidden_size": 1536, "num_hidden_layers": 28, "num_attention_heads": 12,
    "num_key_value_heads": 2, "intermediate_size": 8960, "vocab_size": 151936, "tie_word_embeddings": True,
}  # fmt: skip
LLAMA_8B = {
    "model_type": "llama", "hidden_size": 4096, "num_hidden_layers": 32, "num_attention_heads": 32,
    "num_key_value_heads": 8, "intermediate_size": 14336, "vocab_size": 128256, "tie_word_embeddings": False,
}  # fmt: skip


def test_parameters_of_known_models() -> None:
    assert num_parameters(QWEN_1_5B) == 1_543_714_304
    assert num_parameters(LLAMA_8B) == 8_030_261_248
    assert num_parameters({"model_type": "deepseek_v3"}) is None
    assert num_parameters({**QWEN_1_5B, "num_experts": 8}) is None


def test_model_config_of_a_folder_and_of_nothing(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(json.dumps(LLAMA_8B), encoding="utf-8")
    assert find_model_config(str(tmp_path)) == LLAMA_8B
    assert find_model_config("someone/not-on-disk") is None


def test_lab_zero_in_numbers() -> None:
    recipe = load_recipe("lab-zero", ["zero.evaluate.on=[]", "zero.evaluate.final_on=[]", "zero.rounds=10"]).recipe
    base, zero = plan(recipe, {"base": QWEN_1_5B}, 1e12)
    assert base.sampled_tokens == 4 * 200 * 16 * 256
    assert zero.sampled_tokens == 10 * 256 * 256
    assert zero.trained_tokens == 10 * 256 * (256 + 256)
    products = 2 * zero.sampled_tokens / 0.1 + 6 * zero.trained_tokens / 0.35
    assert zero.seconds == pytest.approx(1543714304 * products / 1e12)
    assert zero.memory_bytes is not None
    assert 60e9 < zero.memory_bytes < 100e9


def test_length_stages_count_from_their_update() -> None:
    overrides = ["zero.sampling.length_stages=[[4, 20]]", "zero.sampling.max_new_tokens=10", "zero.rounds=10"]
    recipe = load_recipe("lab-zero", [*overrides, "zero.evaluate.on=[]", "zero.evaluate.final_on=[]"]).recipe
    assert plan(recipe, {})[1].sampled_tokens == 256 * (4 * 10 + 6 * 20)


def test_unknown_where_the_models_files_are_not_there() -> None:
    recipe = load_recipe("lab-zero", ["models.base=someone/not-on-disk"]).recipe
    for one in plan(recipe, {"base": None}, 1e12):
        assert (one.num_parameters, one.memory_bytes, one.seconds) == (None, None, None)
    assert as_json(plan(recipe, {}))[0]["stage"] == "base"


def test_a_stage_can_use_the_model_that_pretraining_makes() -> None:
    loaded = load_recipe("lab-pretrain", ["stages.after={kind: evaluate, model: stage/base, on: [heldout]}"])
    base, after = plan(loaded.recipe, {})
    assert base.num_parameters == after.num_parameters == 2_560_320
    assert base.seconds is None


def test_dry_run_for_people_and_as_json() -> None:
    loaded = load_recipe("lab-pretrain")
    text = as_text(loaded, 1e12)
    assert "the lab's corpus → base [pretrain] → model" in text
    assert "2.56 M" in text
    assert "1,000 GFLOP/s" in text
    assert "a rate that is unknown" in as_text(loaded, None)
    assert as_tree(loaded, None)["recipe"]["name"] == "lab-pretrain"
    unknown = as_text(load_recipe("lab-zero", ["models.base=someone/not-on-disk"]), None)
    assert "base (someone/not-on-disk) → zero [rl] → model" in unknown
    assert "unknown" in unknown
