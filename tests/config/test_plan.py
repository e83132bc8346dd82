"""Estimates before anything runs, and the dry run that shows them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aha.config.loading import load_recipe
from aha.config.plan import as_json, find_model_config, num_parameters, plan
from aha.config.preview import Outlook, Standing, as_text, as_tree
from aha.config.recipe import Recipe

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


def test_a_critic_is_a_second_learner_in_memory_and_time_and_no_frozen_model_beside() -> None:
    rl = R1["stages"]["zero"] | {"algorithm": {"scale": "none"}}
    ppo = {**rl, "critic": {}, "algorithm": {"scale": "none", "baseline": "critic"}}
    after_reward = {**ppo, "critic": {"model": "/reward"}}
    oreal = {**rl, "token_reward": {}, "algorithm": {"scale": "none", "weights": {"tokens": "learned"}}}
    stages = {"rl": rl, "ppo": ppo, "reward": after_reward, "oreal": oreal}
    recipe = Recipe.model_validate(R1 | {"stages": stages})
    plain, critic, reward, tokens = plan(recipe, {"base": QWEN_1_5B}, 1e12)
    assert (plain.memory_bytes, plain.seconds) != (None, None)
    assert critic.memory_bytes == reward.memory_bytes == (plain.memory_bytes or 0) + 1_543_714_304 * (2 + 16)
    products = 2 * plain.sampled_tokens / 0.1 + (6 + 6 + 2) * plain.trained_tokens / 0.35  # type: ignore[operator]
    assert (tokens.memory_bytes, tokens.seconds) == (critic.memory_bytes, critic.seconds)
    assert critic.seconds == reward.seconds == pytest.approx(1_543_714_304 * products / 1e12)


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
    text = as_text(loaded, 1e12, Outlook())
    assert "the lab's corpus → base [pretrain] → model" in text
    assert "2.56 M" in text
    assert "1,000 GFLOP/s" in text
    assert "a rate that is unknown" in as_text(loaded, None, Outlook())
    assert as_tree(loaded, None, Outlook())["recipe"]["name"] == "lab-pretrain"
    unknown = as_text(load_recipe("lab-zero", ["models.base=someone/not-on-disk"]), None, Outlook())
    assert "base (someone/not-on-disk) → zero [rl] → model" in unknown
    assert "unknown" in unknown


R1: dict[str, Any] = {
    "name": "r1",
    "models": {"base": "/base", "api": "http://127.0.0.1:1/v1#judge"},
    "stages": {
        "zero": {"kind": "rl", "model": "base", "rounds": 2, "data": {"tasks": ["lab:mixed"]}},
        "cold": {
            "kind": "collect", "way": "rewrite", "model": "stage/zero", "data": {"tasks": ["lab:mixed"]},
            "num_problems": 10, "num_samples": 4, "max_new_tokens": 100,
            "writer": {"model": "base", "max_new_tokens": 50},
        },
        "dev1": {"kind": "sft", "model": "base", "data": ["stage/cold"], "epochs": 3},
        "rejection": {"kind": "rejection", "model": "stage/dev1", "data": {"tasks": ["lab:mixed"]}, "num_samples": 8},
        "general": {"kind": "general", "files": [{"name": "file:g.jsonl", "limit": 7}], "writer": {"model": "api"}},
        "compare": {
            "kind": "preference", "model": "stage/dev1", "data": {"tasks": ["lab:mixed"]}, "judge": {"model": "api"},
            "num_problems": 5, "num_samples": 4, "max_new_tokens": 10, "num_judgements": 2,
        },
        "helpful": {"kind": "reward_model", "model": "stage/dev1", "pairs": ["stage/compare"]},
        "mine": {"kind": "collect", "way": "reviewed", "examples": "file:mine.jsonl"},
    },
}  # fmt: skip


def test_amounts_of_the_stages_that_make_and_read_data() -> None:
    recipe = Recipe.model_validate(R1)
    sizes = {"stage/cold": 3_000, "stage/compare": 600}
    found = {one.stage: one for one in plan(recipe, {"base": QWEN_1_5B, "api": None}, 1e12, sizes)}
    amounts = {name: (one.sampled_tokens, one.asked_tokens, one.trained_tokens) for name, one in found.items()}
    assert amounts["cold"] == (4_000, 2_000, 0)
    assert amounts["dev1"] == (0, 0, 3_000)
    assert amounts["rejection"] == (None, 0, 0)
    assert amounts["general"] == (0, 7 * 1024, 0)
    assert amounts["compare"] == (200, 5 * 6 * 2 * 1024, 0)
    assert amounts["helpful"] == (0, 0, 200)
    assert amounts["mine"] == (0, 0, 0)
    assert found["cold"].seconds == pytest.approx(2 * 1543714304 * 6_000 / 0.1 / 1e12)
    assert found["dev1"].seconds == pytest.approx(6 * 1543714304 * 3_000 / 0.35 / 1e12)
    assert found["compare"].seconds is None
    assert found["rejection"].seconds is None
    stages = {"general": {"kind": "general", "files": [{"name": "file:g.jsonl"}], "writer": {"model": "api"}}}
    stages["direct"] = R1["stages"]["cold"] | {"way": "direct", "model": "api"}
    stages["direct"].pop("writer")
    for one in plan(Recipe.model_validate(R1 | {"stages": stages}), {}, 1e12):
        assert (one.seconds, one.memory_bytes) == (None, 0)
    scripted = Recipe.model_validate(R1 | {"models": {"api": "scripted"}, "stages": {"direct": stages["direct"]}})
    assert [(one.seconds, one.memory_bytes) for one in plan(scripted, {}, 1e12)] == [(0.0, 0)]
    assert (found["mine"].seconds, found["mine"].memory_bytes) == (0.0, 0)
    writer = 2 * 1543714304
    alone = plan(
        Recipe.model_validate(R1 | {"models": {"base": "/base", "api": "scripted"}}), {"base": QWEN_1_5B}, 1e12
    )
    assert alone[5].seconds == pytest.approx(writer * 200 / 0.1 / 1e12)
    assert found["cold"].memory_bytes == found["rejection"].memory_bytes - 256 * 924 * 2 * 28 * 2 * 128 * 2 + writer
    assert plan(recipe, {"base": QWEN_1_5B})[2].trained_tokens is None


def test_fine_tuning_is_bounded_by_its_updates_and_by_files(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text("x" * 900)
    for name, more, trained in (
        (f"file:{tmp_path}/rows.jsonl", {}, 600),
        (f"file:{tmp_path}/rows.jsonl", {"max_updates": 1, "batch_size": 2, "max_tokens": 5}, 10),
        ("file:nowhere.jsonl", {"max_updates": 1, "batch_size": 2, "max_tokens": 5}, 10),
        ("file:nowhere.jsonl", {}, None),
        ("file:rows.parquet", {}, None),
    ):
        stage = {"kind": "sft", "model": "lab", "data": [name], **more}
        assert plan(Recipe.model_validate({"name": "x", "stages": {"a": stage}}), {})[0].trained_tokens == trained, name


def test_the_dry_run_tells_what_is_done_and_sums_what_is_not() -> None:
    loaded = load_recipe("lab-zero", ["zero.evaluate.on=[]", "zero.evaluate.final_on=[]", "zero.rounds=10"])
    standings = {"base": Standing("done", ""), "zero": Standing("runs again", "optimizer.lr changed")}
    text = as_text(loaded, 1e12, Outlook(standings))
    assert "→ base [evaluate] → evaluation  done\n" in text
    assert "→ zero [rl] → model             runs again: optimizer.lr changed\n" in text
    table = text[text.index("parameters") :]
    assert "\nbase" not in table
    assert "In all: 655 k sampled, 1.31 M trained tokens, where they are known; " in table
    assert " in 1 stages." in table
    tree = as_tree(loaded, None, Outlook(standings))
    assert [(stage["state"], stage["why"]) for stage in tree["stages"]] == [
        ("done", ""),
        ("runs again", "optimizer.lr changed"),
    ]
    done = dict.fromkeys(("base", "zero"), Standing("done", ""))
    assert "Nothing is to do." in as_text(loaded, 1e12, Outlook(done))
    assert "and 2 whose time is unknown" in as_text(loaded, None, Outlook())
