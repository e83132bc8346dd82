"""AdamW against torch's own, masters, rounding, and state."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from aha.engines import optimizer as optimizer_module
from aha.engines.optimizer import FlatAdamW
from aha.errors import DataError
from tests.parity.tiny import tiny_model


def adamw(model: nn.Module) -> FlatAdamW:
    return FlatAdamW(model, betas=(0.9, 0.95), eps=1e-8, weight_decay=0.1)


def run_backward(model: nn.Module, seed: int) -> None:
    """A gradient for every parameter, from a seed."""
    chance = torch.Generator().manual_seed(seed)
    total = torch.zeros((), dtype=torch.float64)
    for _, parameter in sorted(model.named_parameters()):
        weight = torch.randn(parameter.shape, generator=chance, dtype=torch.float64).to(parameter.dtype)
        total = total + (parameter * weight).double().sum()
    total.backward()


@pytest.mark.parametrize("chunk", [7, 1 << 24])
def test_steps_equal_torch_adamw_with_decay_on_matrices_alone(chunk: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimizer_module, "CHUNK", chunk)
    model, twin = tiny_model(), tiny_model()
    ours = adamw(model)
    matrices = [p for p in twin.parameters() if p.dim() >= 2]
    others = [p for p in twin.parameters() if p.dim() < 2]
    theirs = torch.optim.AdamW(
        [{"params": matrices, "weight_decay": 0.1}, {"params": others, "weight_decay": 0.0}],
        lr=0.01,
        betas=(0.9, 0.95),
        eps=1e-8,
    )
    for step in range(4):
        run_backward(model, step)
        run_backward(twin, step)
        norm = nn.utils.clip_grad_norm_(twin.parameters(), 1.0)
        assert ours.gradient_norm().item() == pytest.approx(norm.item())
        ours.step(0.01, 1.0 / (norm.item() + 1e-6))
        ours.clear_gradients()
        theirs.step()
        theirs.zero_grad()
    for (name, ours_now), theirs_now in zip(model.named_parameters(), twin.parameters(), strict=True):
        assert torch.allclose(ours_now, theirs_now, rtol=1e-10, atol=1e-12), name


def test_narrow_weights_are_the_rounded_masters_and_small_steps_are_not_lost() -> None:
    model = tiny_model(torch.bfloat16)
    ours = adamw(model)
    assert ours.masters.dtype == torch.float32
    start = ours.masters.clone()
    for step in range(20):
        run_backward(model, 0)
        ours.step(1e-5, 1.0)
        ours.clear_gradients()
        assert step or (ours.masters != start).all()
    for parameter, master in zip(ours.parameters, ours.views(ours.masters), strict=True):
        assert parameter.dtype == torch.bfloat16
        assert torch.equal(parameter, master.bfloat16())
    assert (ours.masters - start).abs().median() == pytest.approx(20e-5, rel=0.1)


def test_gradients_of_narrow_weights_add_up_in_the_masters_type() -> None:
    model = nn.Linear(1, 1, bias=False).bfloat16()
    ours = adamw(model)
    for slope in (256.0, 1.0):
        (model.weight * slope).sum().backward()
    assert ours.gradients.item() == 257.0
    assert model.weight.grad is None


def test_wide_weights_are_their_own_masters() -> None:
    model = tiny_model(torch.float32)
    ours = adamw(model)
    for parameter, master in zip(ours.parameters, ours.views(ours.masters), strict=True):
        assert parameter.data_ptr() == master.data_ptr()


def test_mixed_types_follow_the_widest() -> None:
    model = nn.Sequential(nn.Linear(2, 2).float(), nn.Linear(2, 2).bfloat16())
    ours = adamw(model)
    run_backward(model, 0)
    ours.step(0.1, 1.0)
    for parameter, master in zip(ours.parameters, ours.views(ours.masters), strict=True):
        assert torch.equal(parameter, master.to(parameter.dtype))


def test_another_models_state_is_refused_by_the_first_parameter_that_differs() -> None:
    ours = adamw(tiny_model())
    before = ours.masters.clone()
    wider = adamw(tiny_model(hidden_size=32)).state()["masters"]
    expected = r"belongs to another model: parameter model.embed_tokens.weight is \(23, 32\) .* there and \(23, 16\)"
    with pytest.raises(DataError, match=expected):
        ours.load_vector("masters", wider, "file")
    untied = adamw(tiny_model(tie_word_embeddings=False)).state()["masters"]
    with pytest.raises(DataError, match=r"parameter lm_head.weight is .* there and absent here"):
        ours.load_vector("masters", untied, "file")
    narrow = {name: tensor.float() for name, tensor in ours.state()["masters"].items()}
    with pytest.raises(DataError, match=r"float32 there and .*float64 here"):
        ours.load_vector("masters", narrow, "file")
    assert torch.equal(ours.masters, before)


def test_without_its_moments_the_next_step_is_a_first_step() -> None:
    model, fresh = tiny_model(), tiny_model()
    ours = adamw(model)
    run_backward(model, 0)
    ours.step(0.01, 1.0)
    ours.clear_gradients()
    ours.reset_moments()
    fresh.load_state_dict(model.state_dict())
    theirs = adamw(fresh)
    for each, its in ((model, ours), (fresh, theirs)):
        run_backward(each, 1)
        its.step(0.01, 1.0)
    assert torch.equal(ours.masters, theirs.masters)
    assert ours.num_steps == 1
