"""Reward models: the same scores as transformers' sequence classifiers, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from aha.errors import DataError
from aha.models.heads import HEAD, RewardModel, load_reward_model, new_head, reward_config
from aha.models.layout import RowLayout
from aha.models.load import load_model
from aha.models.save import named_weights, save_model
from tests.models.tiny import SMALL, save_reference, save_tokenizer

ROWS = [[5, 9, 200, 7], [33], [1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12], [250, 251, 60]]


def our_scores(model: torch.nn.Module, rows: list[list[int]] = ROWS) -> torch.Tensor:
    assert isinstance(model, RewardModel)
    layout = RowLayout([len(row) for row in rows])
    return model.scores(model(torch.tensor([token for row in rows for token in row]), layout), layout)


def their_scores(folder: Path, dtype: torch.dtype, rows: list[list[int]] = ROWS) -> torch.Tensor:
    """By transformers alone, rows padded on the right with the config's padding token."""
    from transformers import AutoModelForSequenceClassification

    model: Any = AutoModelForSequenceClassification.from_pretrained(folder, dtype=dtype)
    assert model.config.num_labels == 1
    padding, longest = model.config.pad_token_id, max(map(len, rows))
    ids = torch.tensor([row + [padding] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    with torch.no_grad():
        scores: torch.Tensor = model(input_ids=ids, attention_mask=mask).logits.squeeze(-1)
    return scores


@pytest.mark.parametrize("family", ["llama", "qwen2", "qwen3"])
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float32, 1e-5), (torch.float64, 1e-5)])
def test_a_saved_reward_model_has_the_scores_that_transformers_gives(
    tmp_path: Path, family: str, dtype: torch.dtype, tolerance: float
) -> None:
    save_reference(tmp_path / "base", family, **({"head_dim": 8} if family == "qwen3" else {}))
    base = load_reward_model(tmp_path / "base", dtype, head_seed=7)
    config = reward_config(base.config, base.tokenizer, "summary")
    save_model(tmp_path / "reward", named_weights(base.model), config, base.tokenizer)
    ours = our_scores(base.model)
    assert torch.allclose(ours, their_scores(tmp_path / "reward", dtype), atol=tolerance, rtol=0)
    loaded = load_reward_model(tmp_path / "reward", dtype)
    assert loaded.config["sees"] == "summary"
    assert torch.allclose(our_scores(loaded.model), ours, atol=1e-6)
    assert all(torch.equal(a, b) for a, b in zip(loaded.model.parameters(), base.model.parameters(), strict=True))
    assert ours.unique().numel() == len(ROWS)


def test_a_reward_model_of_transformers_is_read(tmp_path: Path) -> None:
    from transformers import AutoConfig, AutoModelForSequenceClassification

    torch.manual_seed(0)
    config = AutoConfig.for_model("llama", **SMALL, num_labels=1, pad_token_id=256)
    AutoModelForSequenceClassification.from_config(config).save_pretrained(tmp_path)
    save_tokenizer(tmp_path)
    expected = their_scores(tmp_path, torch.float32)
    assert torch.allclose(our_scores(load_reward_model(tmp_path, "float32").model), expected, atol=1e-5)


def test_scores_of_narrow_weights_are_wide(tmp_path: Path) -> None:
    save_reference(tmp_path)
    scores = our_scores(load_reward_model(tmp_path, "bfloat16", head_seed=0).model)
    assert scores.dtype == torch.float32
    assert (scores != scores.bfloat16().float()).any()


def test_the_body_is_the_language_models_and_the_head_comes_of_its_seed(tmp_path: Path) -> None:
    save_reference(tmp_path, "llama")
    weights = dict(load_reward_model(tmp_path, "float32", head_seed=3).model.named_parameters())
    head = weights.pop(HEAD)
    base = dict(load_model(tmp_path, "float32").model.named_parameters())
    assert weights.keys() == base.keys() - {"lm_head.weight"}
    assert all(torch.equal(weights[name], base[name]) for name in weights)
    assert torch.equal(head, new_head(32, 3))
    assert not torch.equal(head, new_head(32, 4))
    assert new_head(100_000, 0).norm().item() == pytest.approx(1, rel=0.01)


def test_a_tokenizers_own_padding_is_kept_and_the_end_token_stands_in(tmp_path: Path) -> None:
    save_reference(tmp_path)
    loaded = load_reward_model(tmp_path, "float32", head_seed=0)
    assert reward_config(loaded.config, loaded.tokenizer, "response")["pad_token_id"] == loaded.tokenizer.eos_token_id
    loaded.tokenizer.inner.pad_token = "!"
    padding = reward_config(loaded.config, loaded.tokenizer, "response")["pad_token_id"]
    assert padding == loaded.tokenizer.encode("!")[0]


def test_other_models_are_refused_by_name(tmp_path: Path) -> None:
    save_reference(tmp_path / "base")
    with pytest.raises(DataError, match=r"holds no reward model \(architectures: \['Qwen2ForCausalLM'\]\)"):
        load_reward_model(tmp_path / "base", "float32")
    base = load_reward_model(tmp_path / "base", "float32", head_seed=0)
    config = reward_config(base.config, base.tokenizer, "response")
    save_model(tmp_path / "reward", named_weights(base.model), config, base.tokenizer)
    with pytest.raises(DataError, match="holds a reward model"):
        load_reward_model(tmp_path / "reward", "float32", head_seed=0)
    save_reference(tmp_path / "other")
    (tmp_path / "other" / "config.json").write_text(json.dumps({"model_type": "mistral"}))
    with pytest.raises(DataError, match="reward models of type 'mistral' are not known; known: llama, qwen2, qwen3"):
        load_reward_model(tmp_path / "other")
