"""Loading and saving model folders, and what a broken folder gets."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file

from aha.config.packaged import PACKAGED_MODELS
from aha.errors import DataError
from aha.models.decoder import Decoder
from aha.models.fallback import FallbackModel
from aha.models.layout import RowLayout
from aha.models.load import load_model, locate, num_parameters
from aha.models.save import named_weights, save_model
from aha.models.weights import INDEX, SINGLE, model_hash
from tests.models.tiny import DEEPSEEK, save_reference

LENGTHS = (9, 4, 1)
FAMILIES = [("qwen2", {}), ("qwen3", {"head_dim": 8}), ("llama", {}), ("deepseek_v3", DEEPSEEK)]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_reference(tmp_path / "model")
    return tmp_path / "model"


def change_config(folder: Path, **changes: Any) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))


def logits_of(model: Decoder | FallbackModel, rows: list[torch.Tensor]) -> torch.Tensor:
    with torch.no_grad():
        return model.head(model(torch.cat(rows), RowLayout([len(row) for row in rows])))


@pytest.mark.parametrize(("family", "changes"), FAMILIES)
def test_load_and_save_keep_the_logits(tmp_path: Path, family: str, changes: dict[str, Any]) -> None:
    from transformers import AutoModelForCausalLM, AutoTokenizer

    reference = save_reference(tmp_path / "a", family, **changes)
    rows = [torch.randint(0, 257, (length,)) for length in LENGTHS]
    loaded = load_model(tmp_path / "a", "float32")
    assert isinstance(loaded.model, FallbackModel if family == "deepseek_v3" else Decoder)
    assert num_parameters(loaded.model) == sum(value.numel() for value in reference.parameters())
    with torch.no_grad():
        expected = torch.cat([reference(row[None]).logits[0] for row in rows])
    torch.testing.assert_close(logits_of(loaded.model, rows), expected, atol=1e-5, rtol=1e-5)

    for index, shard_bytes in enumerate((1 << 30, 20_000)):
        out = tmp_path / f"b{index}"
        save_model(
            out,
            named_weights(loaded.model),
            loaded.config,
            loaded.tokenizer,
            card="# A card\n",
            shard_bytes=shard_bytes,
        )
        assert (out / INDEX).exists() == (shard_bytes == 20_000)
        again = AutoModelForCausalLM.from_pretrained(out, dtype=torch.float32).eval()
        with torch.no_grad():
            torch.testing.assert_close(torch.cat([again(row[None]).logits[0] for row in rows]), expected)
        assert AutoTokenizer.from_pretrained(out).eos_token_id == loaded.tokenizer.eos_token_id
        assert (out / "README.md").read_text() == "# A card\n"
        assert json.loads((out / "generation_config.json").read_text()) == {
            "eos_token_id": list(loaded.tokenizer.stop_token_ids)
        }
        torch.testing.assert_close(logits_of(load_model(out, "float32").model, rows), expected, atol=1e-5, rtol=1e-5)


def test_hash_sees_content_and_not_shards(folder: Path, tmp_path: Path) -> None:
    loaded = load_model(folder, "float32")
    weights = dict(named_weights(loaded.model))
    save_model(tmp_path / "b", weights.items(), loaded.config, loaded.tokenizer, shard_bytes=10_000)
    assert len(list((tmp_path / "b").glob("*.safetensors"))) > 2
    assert model_hash(tmp_path / "b") == loaded.model_hash
    weights["model.norm.weight"] = weights["model.norm.weight"] * 2
    save_model(tmp_path / "b", weights.items(), loaded.config, loaded.tokenizer)
    assert not (tmp_path / "b" / INDEX).exists()
    assert model_hash(tmp_path / "b") != loaded.model_hash


def test_dtype_is_the_callers_and_is_written_down(folder: Path, tmp_path: Path) -> None:
    loaded = load_model(folder, "bfloat16")
    assert {value.dtype for value in loaded.model.parameters()} == {torch.bfloat16}
    assert all(value.requires_grad for value in loaded.model.parameters())
    save_model(tmp_path / "b", named_weights(loaded.model), loaded.config, loaded.tokenizer)
    assert json.loads((tmp_path / "b" / "config.json").read_text())["dtype"] == "bfloat16"


def test_lab_is_the_embedded_folder(monkeypatch: pytest.MonkeyPatch, folder: Path, tmp_path: Path) -> None:
    monkeypatch.setitem(PACKAGED_MODELS, "lab", folder)
    assert locate("lab") == folder
    monkeypatch.setitem(PACKAGED_MODELS, "lab", tmp_path / "nowhere")
    with pytest.raises(DataError, match="embedded model is missing"):
        locate("lab")


@pytest.mark.parametrize("name", ["no-such-folder", "/no/such/folder", "./no/folder"])
def test_missing_folder(name: str) -> None:
    with pytest.raises(DataError, match="no model folder"):
        load_model(name)


def test_hub_name_without_network(monkeypatch: pytest.MonkeyPatch) -> None:
    import huggingface_hub
    from huggingface_hub.errors import LocalEntryNotFoundError

    def refuse(*_: Any, **__: Any) -> str:
        raise LocalEntryNotFoundError("offline")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", refuse)
    with pytest.raises(DataError, match=r"'owner/model' is neither.*offline"):
        load_model("owner/model")


def test_missing_and_broken_config(folder: Path) -> None:
    (folder / "config.json").write_text("{")
    with pytest.raises(DataError, match=r"config.json is not readable JSON"):
        load_model(folder)
    (folder / "config.json").write_text("[]")
    with pytest.raises(DataError, match=r"holds list"):
        load_model(folder)
    (folder / "config.json").unlink()
    with pytest.raises(DataError, match=r"config.json does not exist"):
        load_model(folder)


def test_unsupported_setting_names_the_file(folder: Path) -> None:
    change_config(folder, hidden_act="gelu")
    with pytest.raises(DataError, match=r"config.json: hidden_act is 'gelu'"):
        load_model(folder)


def test_tokenizer_without_end_token(folder: Path) -> None:
    from tests.models.tiny import save_tokenizer

    save_tokenizer(folder, eos=None)
    with pytest.raises(DataError, match="no end token"):
        load_model(folder)


def test_tokenizer_larger_than_the_model(tmp_path: Path) -> None:
    save_reference(tmp_path, vocab_size=200)
    with pytest.raises(DataError, match="257 tokens, the model only 200"):
        load_model(tmp_path)


def test_weights_missing_corrupt_or_misshaped(folder: Path) -> None:
    path = folder / SINGLE
    whole = path.read_bytes()
    path.write_bytes(whole[:-100])
    with pytest.raises(DataError, match=r"model.safetensors is not a whole safetensors file"):
        load_model(folder)
    path.write_bytes(whole)
    weights = load_file(path)
    norm = weights.pop("model.norm.weight")
    save_file(weights, path)
    with pytest.raises(DataError, match=r"1 weights are missing, the first is model.norm.weight"):
        load_model(folder)
    save_file(weights | {"model.norm.weight": norm[:-1].clone()}, path)
    with pytest.raises(DataError, match=r"model.norm.weight has shape \[31\]; config.json says \[32\]"):
        load_model(folder)
    save_file(weights | {"model.norm.weight": norm, "extra": norm.clone()}, path)
    with pytest.raises(DataError, match="weight extra belongs to no qwen2"):
        load_model(folder)
    path.unlink()
    with pytest.raises(DataError, match=r"model.safetensors does not exist"):
        load_model(folder)


def test_index_without_files(folder: Path) -> None:
    (folder / INDEX).write_text('{"weight_map": {}}')
    with pytest.raises(DataError, match="names no weight file"):
        load_model(folder)


def test_harmless_extra_weights_are_skipped(folder: Path) -> None:
    weights = load_file(folder / SINGLE)
    weights["lm_head.weight"] = weights["model.embed_tokens.weight"].clone()
    weights["model.rotary_emb.inv_freq"] = torch.ones(4)
    save_file(weights, folder / SINGLE)
    assert load_model(folder).model.lm_head is None  # type: ignore[union-attr]
