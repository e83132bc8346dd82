"""Whole stages that train adapters alone: what they leave, that they resume to the same bytes, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

from aha.config.effective import stage_key
from aha.config.loading import LoadedRecipe
from aha.config.recipe import Recipe
from aha.errors import ConfigError
from aha.models.load import load_model
from aha.runtime.metrics import read_lines
from aha.stages import session
from aha.stages.pipeline import run_recipe
from aha.stages.preflight import check_lora
from benchmarks.measuring.same_run import differences
from tests.models.tiny import save_reference
from tests.resume import tiny_run
from tests.stages import test_sft, test_sft_pairs
from tests.stages.test_sft import run_killed_at

LORA = {"lora": {"rank": 2, "alpha": 8, "layers": ["q_proj", "v_proj", "down_proj"]}}
NUM_ADAPTERS = 2 * 2 * ((32 + 32) + (32 + 16) + (48 + 32))
FIXED = {"num_updates": 2, "kl": {"place": "loss", "coef": 0.01}}


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(session, "measured_matrix_flops", lambda dtype: 1e9)


def rl(folder: Path, **changes: Any) -> LoadedRecipe:
    """Two rounds of the tiny run with adapters and a KL to the model without them."""
    model, problems = tiny_run.make_inputs(folder)
    made = tiny_run.recipe(model, problems, rounds=2, **({"algorithm": FIXED} | LORA | changes))
    return LoadedRecipe(made, Path("tiny.yaml"), ())


def run(loaded: LoadedRecipe, folder: Path, **arguments: Any) -> None:
    run_recipe(loaded, folder, tell=lambda text: None, **arguments)


def left(stage: Path, base: Path) -> dict[str, Any]:
    """result.json of a stage whose model is the base with the adapter beside it merged, and nothing else changed."""
    before, after = (load_file(folder / "model.safetensors") for folder in (base, stage / "model"))
    adapter = load_file(stage / "model" / "adapter" / "adapter_model.safetensors")
    assert sum(tensor.numel() for tensor in adapter.values()) == NUM_ADAPTERS
    changed = 0
    for name, weight in before.items():
        key = f"base_model.model.{name.removesuffix('.weight')}.lora_{{}}.weight"
        if key.format("A") in adapter:
            weight = weight + 8 / 2 * adapter[key.format("B")] @ adapter[key.format("A")]
            changed += not torch.equal(weight, before[name])
        torch.testing.assert_close(after[name], weight, rtol=1e-6, atol=1e-7)
    assert changed == len(adapter) // 2 == 6
    result: dict[str, Any] = json.loads((stage / "result.json").read_text())
    assert result["cost"]["trained_parameters"] == NUM_ADAPTERS
    card = (stage / "model" / "README.md").read_text()
    numbers = f"rank 2, alpha 8 on q_proj, v_proj, down_proj: {NUM_ADAPTERS:,} parameters trained"
    assert f"| LoRA | {numbers}; merged into the weights, and apart in `adapter/` (PEFT) |" in card
    return result


def test_rl_leaves_a_merged_model_and_its_adapter_and_a_killed_run_the_same_bytes(tmp_path: Path) -> None:
    loaded = rl(tmp_path)
    run(loaded, tmp_path / "whole")
    stage = tmp_path / "whole" / "stages" / "zero"
    result = left(stage, tmp_path / "tiny")
    checkpoint = stage / "checkpoints" / "step-000002"
    assert load_model(checkpoint / "model", "float32").model_hash == result["model_hash"]
    assert (checkpoint / "model" / "adapter" / "adapter_config.json").is_file()
    masters = load_file(checkpoint / "learner" / "masters.safetensors")
    assert sum(tensor.numel() for tensor in masters.values()) == NUM_ADAPTERS
    assert not (checkpoint / "reference.safetensors").exists()
    lines = read_lines(stage / "metrics.jsonl")[1:]
    assert lines[0]["kl/reference"] < lines[1]["kl/reference"]
    assert all(line["logprob_gap/mean"] < 1e-5 for line in lines)
    assert json.loads((tmp_path / "whole" / "stages" / "after" / "result.json").read_text())["scores"]
    for call in (50, 110):
        run_killed_at(loaded, tmp_path / "cut", call)
    run(loaded, tmp_path / "cut")
    assert differences(tmp_path / "whole", tmp_path / "cut") == []


def test_a_critic_learns_beside_the_adapters_and_the_best_checkpoint_is_found_again(tmp_path: Path) -> None:
    critic = {"critic": {"optimizer": {"lr": 1e-2}}, "algorithm": {"baseline": "critic", "scale": "batch_std"}}
    run(rl(tmp_path, **critic, keep={"best": True}), tmp_path / "run", until="zero")
    stage = tmp_path / "run" / "stages" / "zero"
    cost = json.loads((stage / "result.json").read_text())["cost"]
    whole = sum(tensor.numel() for tensor in load_file(tmp_path / "tiny" / "model.safetensors").values()) + 32
    assert cost["trained_parameters"] == NUM_ADAPTERS + whole
    best = stage / "checkpoints" / f"step-{cost['model_round']:06d}" / "model" / "adapter" / "adapter_model.safetensors"
    assert best.read_bytes() == (stage / "model" / "adapter" / "adapter_model.safetensors").read_bytes()


@pytest.mark.parametrize("term", ["imitation", "preference"])
def test_fine_tuning_leaves_the_same_and_learns(term: str, tmp_path: Path) -> None:
    if term == "imitation":
        test_sft.make_inputs(tmp_path)
        loaded, name, base = test_sft.recipe(tmp_path, **LORA, epochs=3), "tune", tmp_path / "base"
    else:
        loaded, name, base = test_sft_pairs.recipe(tmp_path, **LORA, epochs=6), "dpo", tmp_path / "tiny"
    run(loaded, tmp_path / "whole")
    stage = tmp_path / "whole" / "stages" / name
    left(stage, base)
    lines = read_lines(stage / "metrics.jsonl")[1:]
    assert lines[-1]["loss"] < 0.97 * lines[0]["loss"]
    if term == "preference":
        assert (lines[0]["loss"], lines[0]["kl/reference"]) == (
            pytest.approx(0.6931, abs=1e-3),
            pytest.approx(0, abs=1e-6),
        )
    for call in (40, 90):
        run_killed_at(loaded, tmp_path / "cut", call)
    run(loaded, tmp_path / "cut")
    assert differences(tmp_path / "whole", tmp_path / "cut") == []


@pytest.mark.parametrize("kind", ["rl", "sft"])
def test_layers_that_the_model_does_not_have_are_refused_before_anything_runs(kind: str, tmp_path: Path) -> None:
    wrong = {"lora": {"layers": ["q_proj", "query_key_value"]}}
    if kind == "rl":
        loaded, name = rl(tmp_path, **wrong), "zero"
    else:
        test_sft.make_inputs(tmp_path)
        loaded, name = test_sft.recipe(tmp_path, **wrong), "tune"
    message = f"stage '{name}': lora.layers names query_key_value, and the model has no such linear layer. .*down_proj."
    with pytest.raises(ConfigError, match=message):
        run(loaded, tmp_path / "run")
    assert not (tmp_path / "run" / "stages").exists()


def test_checkpoints_of_adapters_need_little_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[int] = []
    monkeypatch.setattr(session, "check_disk", lambda folder, num_parameters, num: asked.append(num_parameters))
    for number, changes in enumerate(({}, {"lora": None})):
        run(rl(tmp_path, **changes), tmp_path / str(number), until="zero")
    weight_bytes = (tmp_path / "tiny" / "model.safetensors").stat().st_size
    assert asked == [weight_bytes // 16 + NUM_ADAPTERS, weight_bytes // 2]
    assert check_lora(None, tmp_path) is None


def test_adapters_are_part_of_what_a_stage_is(tmp_path: Path) -> None:
    save_reference(tmp_path / "tiny")
    stages = [rl(tmp_path, **changes).recipe for changes in ({}, {"lora": {"rank": 3}}, {"lora": None})]
    assert len({stage_key(Recipe.model_validate(each.model_dump()).stages["zero"], {}) for each in stages}) == 3
