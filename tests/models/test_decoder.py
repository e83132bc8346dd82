"""The decoder equals transformers on random small models, whichever way the rows lie."""

from typing import Any

import pytest
import torch

from aha.errors import DataError
from aha.models.decoder import Decoder
from aha.models.decoder_config import DecoderConfig
from aha.models.layout import RowLayout

SMALL: dict[str, Any] = {
    "vocab_size": 61,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 64,
    "rms_norm_eps": 1e-5,
    "initializer_range": 0.2,
}
LLAMA3 = {
    "rope_type": "llama3",
    "rope_theta": 10000.0,
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 32,
}
CASES: list[tuple[str, dict[str, Any]]] = [
    ("llama", {}),
    ("llama", {"attention_bias": True, "mlp_bias": True, "tie_word_embeddings": True}),
    ("llama", {"rope_parameters": LLAMA3}),
    ("llama", {"rope_parameters": {"rope_type": "linear", "factor": 4.0, "rope_theta": 500.0}}),
    ("qwen2", {"num_key_value_heads": 4}),
    ("qwen2", {"tie_word_embeddings": True}),
    ("qwen3", {"head_dim": 16}),
    ("qwen3", {"head_dim": 8, "attention_bias": True, "tie_word_embeddings": True}),
]


def reference_and_decoder(family: str, changes: dict[str, Any]) -> tuple[Any, Decoder]:
    """A random transformers model and our decoder with its weights."""
    from transformers import AutoConfig, AutoModelForCausalLM

    torch.manual_seed(0)
    config = AutoConfig.for_model(family, **SMALL | changes)
    reference = AutoModelForCausalLM.from_config(config, dtype=torch.float32).eval()
    for name, value in reference.named_parameters():
        if "bias" in name or "norm" in name:
            torch.nn.init.normal_(value, mean=0.5, std=0.3)
    decoder = Decoder(DecoderConfig.from_hugging_face(config.to_dict()))
    weights = reference.state_dict()
    if decoder.config.tied:
        del weights["lm_head.weight"]
    decoder.load_state_dict(weights)
    return reference, decoder


@pytest.mark.parametrize(("family", "changes"), CASES)
@pytest.mark.parametrize("lengths", [(40, 40), (37, 3, 40, 1, 33)])
def test_logits_equal_transformers(family: str, changes: dict[str, Any], lengths: tuple[int, ...]) -> None:
    reference, decoder = reference_and_decoder(family, changes)
    rows = [torch.randint(0, 61, (length,)) for length in lengths]
    with torch.no_grad():
        logits = decoder.head(decoder(torch.cat(rows), RowLayout(lengths)))
        expected = torch.cat([reference(row[None]).logits[0] for row in rows])
    torch.testing.assert_close(logits, expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("lengths", [(12, 12), (12, 5, 1)])
@pytest.mark.parametrize("checkpointing", [False, True])
def test_gradients_equal_transformers(lengths: tuple[int, ...], checkpointing: bool) -> None:
    reference, decoder = reference_and_decoder("qwen3", {"head_dim": 8})
    rows = [torch.randint(0, 61, (length,)) for length in lengths]
    weights = torch.randn(sum(lengths), 61)
    hidden = decoder(torch.cat(rows), RowLayout(lengths), gradient_checkpointing=checkpointing)
    (decoder.head(hidden) * weights).sum().backward()
    (torch.cat([reference(row[None]).logits[0] for row in rows]) * weights).sum().backward()
    for name, value in reference.named_parameters():
        torch.testing.assert_close(decoder.get_parameter(name).grad, value.grad, atol=2e-4, rtol=1e-4)


def test_checkpointing_recomputes_layers() -> None:
    _, decoder = reference_and_decoder("qwen2", {})
    calls = []
    decoder.model.layers[0].register_forward_pre_hook(lambda *_: calls.append(1))
    decoder(torch.arange(6), RowLayout([6]), gradient_checkpointing=True).sum().backward()
    assert len(calls) == 2


def test_bfloat16_norms_are_computed_wide() -> None:
    _, decoder = reference_and_decoder("llama", {})
    norm = decoder.model.norm.to(torch.bfloat16)
    x = torch.randn(4, 32).bfloat16() * 100
    wide = x.double()
    expected = wide / (wide.square().mean(-1, keepdim=True) + 1e-5).sqrt() * norm.weight.double()
    torch.testing.assert_close(norm(x).double(), expected, rtol=0.008, atol=0.0)


def test_initialisation() -> None:
    decoder = Decoder(DecoderConfig.from_hugging_face({"model_type": "qwen2", **SMALL, "tie_word_embeddings": True}))
    names = [name for name, _ in decoder.named_parameters()]
    assert "lm_head.weight" not in names
    assert decoder.model.embed_tokens.weight.std().item() == pytest.approx(0.2, rel=0.1)
    assert decoder.model.layers[0].get_parameter("self_attn.q_proj.bias").abs().max() == 0


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"model_type": "gpt2"}, "model_type is 'gpt2'"),
        ({"hidden_size": None}, "hidden_size is None"),
        ({"num_key_value_heads": 3}, "no multiple of 3"),
        ({"use_sliding_window": True}, "sliding-window"),
        ({"layer_types": ["full_attention", "sliding_attention"]}, "sliding-window"),
        ({"hidden_act": "gelu"}, "hidden_act is 'gelu'"),
        ({"rope_scaling": {"type": "yarn", "factor": 4.0}}, "rope type 'yarn'"),
    ],
)
def test_unsupported_configs_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        DecoderConfig.from_hugging_face({"model_type": "llama", **SMALL} | changes)


def test_old_and_new_rope_keys_agree() -> None:
    old = {"model_type": "llama", **SMALL, "rope_theta": 7.0, "rope_scaling": {"type": "linear", "factor": 2.0}}
    new = {
        "model_type": "llama",
        **SMALL,
        "rope_parameters": {"rope_type": "linear", "rope_theta": 7.0, "factor": 2.0},
    }
    assert DecoderConfig.from_hugging_face(old) == DecoderConfig.from_hugging_face(new)
