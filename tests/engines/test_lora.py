"""A learner of adapters alone: what it trains and saves, what the sampler gets, and its reference without a copy."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from aha.config.learners import OptimizerSettings
from aha.config.lora import LoRASettings
from aha.config.settings import EngineSettings
from aha.engines.native_learner import NativeLearner
from aha.engines.native_scorer import AdaptersOff, NativeScorer
from aha.errors import ConfigError, DataError
from aha.models.load import load_model
from aha.models.lora import attach
from aha.stages.build import build
from tests.models.tiny import DEEPSEEK, save_reference
from tests.parity.tiny import tiny_learner, tiny_model, tiny_samples

LORA = LoRASettings(rank=2, alpha=4.0, layers=["q_proj", "v_proj", "up_proj"])
NUM_ADAPTERS = 2 * 2 * ((16 + 16) + (16 + 8) + (16 + 24))
ENGINE = EngineSettings(device="cpu", dtype="float32", compile=False, micro_batch_tokens=30)


def learner(
    dtype: torch.dtype = torch.float64, seed: int = 0, lora: LoRASettings = LORA, **engine: Any
) -> NativeLearner:
    model = tiny_model(dtype)
    attach(model, lora, seed)
    return tiny_learner(model, optimizer=OptimizerSettings(lr=0.02), **engine)


def test_adapters_alone_are_learned_and_everything_else_stays_as_it_is() -> None:
    made, before = learner(), dict(tiny_model().named_parameters())
    for _ in range(3):
        assert made.update(tiny_samples())["grad_norm"] > 0
    assert made.num_trained_parameters == made.optimizer.masters.numel() == NUM_ADAPTERS
    changed = {name for name, value in made.weights() if not torch.equal(value, before[name])}
    assert changed == {
        f"model.layers.{k}.{n}.weight"
        for k in range(2)
        for n in ("self_attn.q_proj", "self_attn.v_proj", "mlp.up_proj")
    }
    for name, value in made.model.named_parameters():
        if name in before:
            assert torch.equal(value, before[name])


@pytest.mark.parametrize("engine", [{"micro_batch_tokens": 1}, {"gradient_checkpointing": True}])
def test_micro_batches_and_recomputed_layers_change_nothing(engine: dict[str, Any]) -> None:
    whole, other = learner(), learner(**engine)
    for each in (whole, other):
        each.update(tiny_samples())
        each.update(tiny_samples())
    for (name, one), (_, two) in zip(whole.weights(), other.weights(), strict=True):
        torch.testing.assert_close(one, two, rtol=1e-9, atol=1e-12, msg=name)


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_sampler_with_the_merged_weights_gives_the_learners_log_probs_to_the_bit(dtype: torch.dtype) -> None:
    made, samples = learner(dtype), tiny_samples()
    made.update(samples)
    plain = tiny_learner(tiny_model(dtype))
    plain.model.load_state_dict(dict(made.weights()))
    for one, two in zip(made.logprobs(samples), plain.logprobs(samples), strict=True):
        assert np.array_equal(one, two)


def test_the_reference_is_the_frozen_copy_in_numbers_and_no_copy_in_memory() -> None:
    samples, model = tiny_samples(), tiny_model()
    copied = NativeScorer(copy.deepcopy(model), ENGINE, 0.7, torch.device("cpu"))
    attach(model, LORA, 0)
    made = tiny_learner(model, optimizer=OptimizerSettings(lr=0.02))
    reference = AdaptersOff(model, ENGINE, 0.7, torch.device("cpu"))
    for _ in range(2):
        made.update(samples)
        for one, two in zip(reference.logprobs(samples), copied.logprobs(samples), strict=True):
            assert np.array_equal(one, two)
    assert abs(made.logprobs(samples)[0] - reference.logprobs(samples)[0]).max() > 0.01
    held = {parameter.data_ptr() for parameter in model.parameters()}
    assert {value.data_ptr() for _, value in reference.weights()} < held
    assert [name for name, _ in reference.weights()] == [name for name, _ in copied.weights()]
    with pytest.raises(ConfigError, match=r"without its adapters, and cannot become another. .*reference_every to 0"):
        reference.sync(made.weights())


def test_engines_put_adapters_on_the_model_and_take_the_reference_from_it(tmp_path: Path) -> None:
    save_reference(tmp_path / "base")
    engines = build(str(tmp_path / "base"), ENGINE)
    engines.adapt(None, 0)
    copied = engines.reference(1.0)
    assert isinstance(copied, NativeScorer)
    assert copied.model is not engines.loaded.model
    sampler = engines.sampler(own_copy=True)
    engines.adapt(LORA, 0)
    reference = engines.reference(1.0)
    assert isinstance(reference, AdaptersOff)
    assert reference.model is engines.loaded.model
    samples = tiny_samples()
    for one, two in zip(reference.logprobs(samples), copied.logprobs(samples), strict=True):
        assert np.array_equal(one, two)
    assert not any("lora" in name for name, _ in sampler.model.named_parameters())


def test_a_checkpoint_holds_adapters_alone_and_the_next_update_is_the_same_bit_by_bit(tmp_path: Path) -> None:
    straight, again, samples = learner(torch.bfloat16), learner(torch.bfloat16, seed=9), tiny_samples()
    straight.update(samples)
    straight.save(tmp_path)
    for vector in ("masters", "means", "squares"):
        saved = load_file(tmp_path / f"{vector}.safetensors")
        assert sum(tensor.numel() for tensor in saved.values()) == NUM_ADAPTERS
        assert all(".lora_A." in name or ".lora_B." in name for name in saved)
    again.load(tmp_path)
    assert straight.update(samples) == again.update(samples)
    for (name, one), (_, two) in zip(straight.weights(), again.weights(), strict=True):
        assert torch.equal(one, two), name
    with pytest.raises(DataError, match=r"belongs to another model: parameter .*lora_A.weight is \(2, 16\)"):
        learner(torch.bfloat16, lora=LoRASettings(rank=3, layers=LORA.layers)).load(tmp_path)


def test_a_model_that_transformers_runs_learns_and_is_left_whole(tmp_path: Path) -> None:
    save_reference(tmp_path / "base", "deepseek_v3", **DEEPSEEK)
    engines = build(str(tmp_path / "base"), ENGINE)
    engines.adapt(LoRASettings(rank=2, layers=["kv_b_proj", "o_proj"]), 0)
    made = tiny_learner(engines.loaded.model)  # type: ignore[arg-type]
    made.update(tiny_samples())
    engines.export(tmp_path / "made", made.weights())
    alone = tiny_learner(load_model(tmp_path / "made", "float32").model)  # type: ignore[arg-type]
    for one, two in zip(made.logprobs(tiny_samples()), alone.logprobs(tiny_samples()), strict=True):
        assert one == pytest.approx(two, abs=1e-5)
    record = json.loads((tmp_path / "made" / "adapter" / "adapter_config.json").read_text())
    assert record["base_model_name_or_path"] == str(tmp_path / "base")
    assert record["target_modules"] == ["kv_b_proj", "o_proj"]
