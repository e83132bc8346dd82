"""Low-rank adapters: the formula, what is trained, what is merged, and PEFT's layout."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from aha.config.lora import LoRASettings
from aha.errors import ConfigError, DataError
from aha.models.decoder import Decoder
from aha.models.fallback import FallbackModel
from aha.models.layout import RowLayout
from aha.models.load import load_model
from aha.models.logprobs import token_logprobs
from aha.models.lora import (
    AdaptedLinear,
    adapter_size,
    adapters_off,
    attach,
    base_weights,
    folder_layers,
    linear_layers,
    merged_weights,
    named_layers,
    save_adapter,
)
from aha.models.save import save_model
from tests.models.tiny import DEEPSEEK, save_reference
from tests.parity.tiny import tiny_model

SETTINGS = LoRASettings(rank=3, alpha=6.0, layers=["q_proj", "down_proj"])
IDS = torch.arange(11) % 23
Model = Decoder | FallbackModel


def disturb(model: nn.Module, seed: int = 1) -> None:
    """As after training: B is no longer zero."""
    chance = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if "lora_B" in name:
            parameter.data.copy_(0.1 * torch.randn(parameter.shape, generator=chance))


def logits(model: Model) -> torch.Tensor:
    """[N, V] of two rows, without gradient."""
    with torch.no_grad():
        return model.head(model(IDS, RowLayout([6, 5])))


def adapted(dtype: torch.dtype = torch.float64, **changes: Any) -> Decoder:
    model = tiny_model(dtype, **changes)
    attach(model, SETTINGS, seed=5)
    disturb(model)
    return model


def by_hand(layer: AdaptedLinear, x: list[float]) -> list[float]:
    """W x + 6 / 3 B A x + bias, number by number."""
    state = {name: tensor.tolist() for name, tensor in layer.state_dict().items()}
    low = [sum(a * each for a, each in zip(row, x, strict=True)) for row in state["lora_A.weight"]]
    out = []
    for number, row in enumerate(state["weight"]):
        added = sum(b * each for b, each in zip(state["lora_B.weight"][number], low, strict=True))
        bias = state["bias"][number] if "bias" in state else 0.0
        out.append(sum(w * each for w, each in zip(row, x, strict=True)) + 6.0 / 3 * added + bias)
    return out


@pytest.mark.parametrize("bias", [True, False])
def test_output_and_gradients_are_those_of_the_formula_written_out(bias: bool) -> None:
    plain = nn.Linear(5, 4, bias=bias, dtype=torch.float64)
    layer = AdaptedLinear(plain, SETTINGS, torch.Generator().manual_seed(0))
    disturb(layer)
    weight, a, b = plain.weight.detach(), layer.lora_A.weight, layer.lora_B.weight
    x = torch.randn(2, 7, 5, dtype=torch.float64, requires_grad=True)
    out = layer(x)
    for place in ((0, 0), (1, 6)):
        assert out.detach()[place].tolist() == pytest.approx(by_hand(layer, x.detach()[place].tolist()))
    slope = torch.randn_like(out)
    found = torch.autograd.grad(out, (x, a, b), slope)
    written = x @ weight.T + 2.0 * (x @ a.T) @ b.T
    for one, other in zip(found, torch.autograd.grad(written, (x, a, b), slope), strict=True):
        torch.testing.assert_close(one, other)


def test_the_base_gets_no_gradient_and_the_adapters_do() -> None:
    model = adapted()
    logprobs, _ = token_logprobs(model, IDS, RowLayout([6, 5]))
    logprobs.sum().backward()
    with_gradient = {name for name, parameter in model.named_parameters() if parameter.grad is not None}
    assert with_gradient == {
        f"model.layers.{number}.{name}.{part}.weight"
        for number in range(2)
        for name in ("self_attn.q_proj", "mlp.down_proj")
        for part in ("lora_A", "lora_B")
    }
    assert all(parameter.requires_grad == (name in with_gradient) for name, parameter in model.named_parameters())


def test_new_adapters_change_nothing_and_are_drawn_as_peft_draws_them() -> None:
    plain, model, other = tiny_model(hidden_size=64), tiny_model(hidden_size=64), tiny_model(hidden_size=64)
    settings = LoRASettings(rank=40, alpha=1.0, layers=["q_proj"])
    attach(model, settings, seed=1)
    attach(other, settings, seed=2)
    assert torch.equal(logits(model), logits(plain))
    parameters = dict(model.named_parameters())
    name = "model.layers.0.self_attn.q_proj.lora_{}.weight"
    drawn = parameters[name.format("A")]
    assert drawn.shape == (40, 64)
    assert 0.99 / 8 < drawn.abs().max().item() <= 1 / 8
    assert drawn.std().item() == pytest.approx(1 / 8 / 3**0.5, rel=0.05)
    assert not parameters[name.format("B")].any()
    assert not torch.equal(drawn, dict(other.named_parameters())[name.format("A")])
    again = tiny_model(hidden_size=64)
    attach(again, settings, seed=1)
    assert torch.equal(drawn, dict(again.named_parameters())[name.format("A")])


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_plain_model_with_the_merged_weights_gives_the_same_bits(dtype: torch.dtype) -> None:
    model, plain = adapted(dtype), tiny_model(dtype)
    before = logits(plain)
    names = [name for name, _ in plain.named_parameters()]
    assert [name for name, _ in merged_weights(model)] == names
    assert [name for name, _ in base_weights(model)] == names
    assert all(torch.equal(value, dict(base_weights(model))[name]) for name, value in plain.named_parameters())
    plain.load_state_dict(dict(merged_weights(model)))
    assert torch.equal(logits(model), logits(plain))
    assert not torch.equal(logits(model), before)
    parameters = dict(model.named_parameters())
    assert parameters["model.layers.0.self_attn.q_proj.lora_A.weight"].dtype == torch.float32
    assert parameters["model.layers.0.self_attn.q_proj.weight"].dtype == dtype


def test_switched_off_it_is_the_model_as_it_was_also_after_a_failure() -> None:
    model, plain = adapted(), tiny_model()
    trained = logits(model)
    with adapters_off(model):
        assert torch.equal(logits(model), logits(plain))
    with pytest.raises(KeyError), adapters_off(model):
        raise KeyError
    assert torch.equal(logits(model), trained)


def test_layers_that_the_model_does_not_have_are_refused_with_those_that_it_has() -> None:
    wrong = LoRASettings(layers=["q_proj", "c_attn", "lm_head"])
    message = r"lora.layers names c_attn, lm_head, and the model has no such linear layer. .*has: q_proj, k_proj, "
    message += "v_proj, o_proj, gate_proj, up_proj, down_proj."
    with pytest.raises(ConfigError, match=message):
        attach(tiny_model(tie_word_embeddings=False), wrong, 0)
    with pytest.raises(ConfigError, match="Linear layers that it has: none"):
        named_layers({}, ["q_proj"])
    assert list(named_layers({"a.q_proj": nn.Linear(1, 1), "a.my_q_proj": nn.Linear(1, 1)}, ["q_proj"])) == ["a.q_proj"]


def test_the_layers_of_a_folder_are_those_of_its_model_for_any_family(tmp_path: Path) -> None:
    for family, changes in (("qwen2", {}), ("llama", {}), ("deepseek_v3", DEEPSEEK)):
        save_reference(tmp_path / family, family, **changes)
        model = load_model(tmp_path / family, "float32").model
        head = model.lm_head if isinstance(model, Decoder) else model.inner.get_output_embeddings()
        found, there = folder_layers(tmp_path / family), linear_layers(model, head)
        assert list(found) == list(there)
        assert adapter_size(found.values(), 2) == sum(2 * sum(layer.weight.shape) for layer in there.values())
        assert all(layer.weight.is_meta for layer in found.values())


def test_a_folder_that_transformers_does_not_know_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text('{"model_type": "mine"}')
    with pytest.raises(DataError, match="could not be loaded by transformers"):
        folder_layers(tmp_path)


def trained_folder(folder: Path, family: str, skipped: str = "", **changes: Any) -> tuple[Model, LoRASettings]:
    """`folder/base`, a model trained from it on all linear layers but those of a module `skipped`, and what it leaves:
    `folder/made` with `adapter` inside."""
    save_reference(folder / "base", family, **changes)
    loaded = load_model(folder / "base", "float32")
    layers = list(
        dict.fromkeys(name.rpartition(".")[2] for name in folder_layers(folder / "base") if f".{skipped}." not in name)
    )
    settings = LoRASettings(rank=3, alpha=6.0, layers=layers)
    attach(loaded.model, settings, seed=5)
    disturb(loaded.model)
    save_model(folder / "made", merged_weights(loaded.model), loaded.config, loaded.tokenizer)
    save_adapter(folder / "made" / "adapter", loaded.model, settings, str(folder / "base"))
    return loaded.model, settings


FAMILIES = [("qwen2", {}), ("llama", {"tie_word_embeddings": False}), ("deepseek_v3", DEEPSEEK)]


@pytest.mark.parametrize(("family", "changes"), FAMILIES)
def test_merged_folder_loads_alone_and_the_adapter_has_pefts_layout(
    family: str, changes: dict[str, Any], tmp_path: Path
) -> None:
    model, settings = trained_folder(tmp_path, family, **changes)
    alone = load_model(tmp_path / "made", "float32").model
    assert torch.equal(logits(alone), logits(model))
    record = json.loads((tmp_path / "made" / "adapter" / "adapter_config.json").read_text())
    assert (record["peft_type"], record["task_type"], record["bias"]) == ("LORA", "CAUSAL_LM", "none")
    assert (record["r"], record["lora_alpha"], record["target_modules"]) == (3, 6.0, settings.layers)
    assert (record["base_model_name_or_path"], record["lora_dropout"]) == (str(tmp_path / "base"), 0.0)
    tensors = load_file(tmp_path / "made" / "adapter" / "adapter_model.safetensors")
    before = load_file(tmp_path / "base" / "model.safetensors")
    after = load_file(tmp_path / "made" / "model.safetensors")
    names = folder_layers(tmp_path / "base")
    assert set(tensors) == {f"base_model.model.{name}.lora_{part}.weight" for name in names for part in "AB"}
    for name in names:
        a, b = (tensors[f"base_model.model.{name}.lora_{part}.weight"] for part in "AB")
        torch.testing.assert_close(after[f"{name}.weight"], before[f"{name}.weight"] + 2.0 * b @ a)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(("family", "changes"), FAMILIES)
def test_peft_loads_the_adapter_and_gives_the_same_logits(family: str, changes: dict[str, Any], tmp_path: Path) -> None:
    peft = pytest.importorskip("peft", exc_type=ImportError)
    from transformers import AutoModelForCausalLM

    # PEFT takes the feed-forward names of this mixture of experts for those of the experts, which are no layers here.
    model, _ = trained_folder(tmp_path, family, "mlp" if family == "deepseek_v3" else "", **changes)
    theirs: Any = AutoModelForCausalLM
    base = theirs.from_pretrained(str(tmp_path / "base"), dtype=torch.float32)
    wrapped = peft.PeftModel.from_pretrained(base, str(tmp_path / "made" / "adapter")).eval()
    with torch.no_grad():
        ours = model.head(model(IDS, RowLayout([len(IDS)])))
        torch.testing.assert_close(wrapped(input_ids=IDS[None]).logits[0], ours, rtol=1e-4, atol=1e-4)
        with wrapped.disable_adapter(), adapters_off(model):
            ours = model.head(model(IDS, RowLayout([len(IDS)])))
            torch.testing.assert_close(wrapped(input_ids=IDS[None]).logits[0], ours, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("family", "changes"), FAMILIES)
def test_recomputing_layers_in_the_backward_pass_gives_the_same_gradients(
    family: str, changes: dict[str, Any], tmp_path: Path
) -> None:
    model, _ = trained_folder(tmp_path, family, **changes)
    found = []
    for checkpointing in (False, True):
        model.zero_grad()
        logprobs, _ = token_logprobs(model, IDS, RowLayout([6, 5]), gradient_checkpointing=checkpointing)
        logprobs.sum().backward()
        found.append({name: value.grad for name, value in model.named_parameters() if value.grad is not None})
    assert found[0]
    assert found[0].keys() == found[1].keys()
    for name, grad in found[0].items():
        torch.testing.assert_close(grad, found[1][name])
