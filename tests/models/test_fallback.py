"""Models that transformers runs for us, and which of them are refused."""

import json
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file

from aha.errors import DataError
from aha.models.fallback import FallbackModel
from aha.models.layout import RowLayout
from aha.models.load import load_model
from aha.models.logprobs import token_logprobs
from tests.models.tiny import DEEPSEEK, save_reference, save_tokenizer


def test_gradients_with_and_without_checkpointing(tmp_path: Path) -> None:
    save_reference(tmp_path, "deepseek_v3", **DEEPSEEK)
    model = load_model(tmp_path, "float32").model
    ids = torch.randint(0, 257, (12,))
    grads = []
    for checkpointing in (False, True):
        model.zero_grad()
        logprobs, _ = token_logprobs(model, ids, RowLayout([7, 5]), gradient_checkpointing=checkpointing)
        logprobs.sum().backward()
        grads.append({name: value.grad for name, value in model.named_parameters() if value.grad is not None})
    assert grads[0].keys() == grads[1].keys()
    for name, grad in grads[0].items():
        torch.testing.assert_close(grad, grads[1][name])


def test_own_code_is_never_run(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text(
        json.dumps({"model_type": "mine", "auto_map": {"AutoConfig": "evil.C", "AutoModelForCausalLM": "evil.M"}})
    )
    (tmp_path / "evil.py").write_text("raise SystemExit('ran')")
    save_tokenizer(tmp_path)
    with pytest.raises(DataError, match=r"could not be loaded|No tokenizer"):
        load_model(tmp_path)


def test_missing_weights_are_refused(tmp_path: Path) -> None:
    save_reference(tmp_path, "deepseek_v3", **DEEPSEEK)
    weights = load_file(tmp_path / "model.safetensors")
    del weights["model.norm.weight"]
    save_file(weights, tmp_path / "model.safetensors", {"format": "pt"})
    with pytest.raises(DataError, match=r"the first is model.norm.weight"):
        load_model(tmp_path)


def test_dropout_is_refused(tmp_path: Path) -> None:
    save_reference(tmp_path, "deepseek_v3", **DEEPSEEK, attention_dropout=0.1)
    with pytest.raises(DataError, match=r"attention_dropout is 0\.1"):
        load_model(tmp_path)


def test_logits_changed_after_the_head_are_refused(tmp_path: Path) -> None:
    reference = save_reference(tmp_path, "granite", logits_scaling=4.0)
    with pytest.raises(DataError, match="'granite' change their logits"):
        FallbackModel(reference)
