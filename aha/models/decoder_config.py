"""Shape and switches of the decoder, read from a Hugging Face config."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from aha.errors import DataError
from aha.types import Json

FAMILIES = ("llama", "qwen2", "qwen3")
ROPE_TYPES = ("default", "linear", "llama3")


@dataclass(slots=True, frozen=True)
class DecoderConfig:
    """What a Llama, Qwen2 or Qwen3 decoder needs to know. Widths and counts are per model, head_dim per head."""

    family: str
    vocab_size: int
    width: int
    mlp_width: int
    num_layers: int
    num_heads: int
    num_kv_heads: int
    head_dim: int
    max_positions: int
    rms_eps: float
    tied: bool
    qkv_bias: bool
    output_bias: bool
    mlp_bias: bool
    qk_norm: bool
    initializer_range: float
    rope_theta: float
    rope_type: str
    rope_factor: float
    rope_low_factor: float
    rope_high_factor: float
    rope_original_positions: int

    @classmethod
    def from_hugging_face(cls, config: Mapping[str, Json], where: str = "config.json") -> DecoderConfig:
        """Read the keys of a config.json (old `rope_theta`, `rope_scaling` and new `rope_parameters` alike).

        `where` names the file in errors. Raises DataError for a missing key, another family, sliding-window
        attention, an activation other than SiLU, an unknown rope type, or head counts that do not fit.
        """
        family = str(config.get("model_type"))
        if family not in FAMILIES:
            raise DataError(f"{where}: model_type is {family!r}; the decoder knows {', '.join(FAMILIES)}.")
        _refuse_unsupported(config, where)
        width, num_heads = _count(config, "hidden_size", where), _count(config, "num_attention_heads", where)
        num_kv_heads = int(config.get("num_key_value_heads") or num_heads)
        if num_heads % num_kv_heads:
            raise DataError(f"{where}: {num_heads} attention heads are no multiple of {num_kv_heads} key-value heads.")
        max_positions = int(config.get("max_position_embeddings") or 2048)
        rope = _rope(config, where)
        bias = bool(config.get("attention_bias", False))
        return cls(
            family=family,
            vocab_size=_count(config, "vocab_size", where),
            width=width,
            mlp_width=_count(config, "intermediate_size", where),
            num_layers=_count(config, "num_hidden_layers", where),
            num_heads=num_heads,
            num_kv_heads=num_kv_heads,
            head_dim=int(config.get("head_dim") or (128 if family == "qwen3" else width // num_heads)),
            max_positions=max_positions,
            rms_eps=float(config.get("rms_norm_eps", 1e-6)),
            tied=bool(config.get("tie_word_embeddings", False)),
            qkv_bias=family == "qwen2" or bias,
            output_bias=family != "qwen2" and bias,
            mlp_bias=family == "llama" and bool(config.get("mlp_bias", False)),
            qk_norm=family == "qwen3",
            initializer_range=float(config.get("initializer_range", 0.02)),
            rope_theta=float(rope.get("rope_theta") or 10000.0),
            rope_type=str(rope["rope_type"]),
            rope_factor=float(rope.get("factor") or 1.0),
            rope_low_factor=float(rope.get("low_freq_factor") or 1.0),
            rope_high_factor=float(rope.get("high_freq_factor") or 4.0),
            rope_original_positions=int(rope.get("original_max_position_embeddings") or max_positions),
        )


def _count(config: Mapping[str, Json], key: str, where: str) -> int:
    """A positive whole number under `key`, or a DataError that names it."""
    value = config.get(key)
    if not isinstance(value, int) or value < 1:
        raise DataError(f"{where}: {key} is {value!r}; a positive whole number was expected.")
    return value


def _rope(config: Mapping[str, Json], where: str) -> dict[str, Json]:
    """Rotary settings under their new names, whichever way the file wrote them."""
    rope: dict[str, Json] = {"rope_theta": config.get("rope_theta")}
    rope |= config.get("rope_scaling") or {}
    rope |= config.get("rope_parameters") or {}
    rope["rope_type"] = rope.get("rope_type") or rope.get("type") or "default"
    if rope["rope_type"] not in ROPE_TYPES:
        raise DataError(f"{where}: rope type {rope['rope_type']!r} is not known; known are {', '.join(ROPE_TYPES)}.")
    return rope


def _refuse_unsupported(config: Mapping[str, Json], where: str) -> None:
    """Settings that would change the numbers and that the decoder does not compute."""
    windowed = config.get("use_sliding_window") or "sliding_attention" in (config.get("layer_types") or ())
    if windowed:
        raise DataError(f"{where}: sliding-window attention is not supported.", cure="Set use_sliding_window to false.")
    activation = config.get("hidden_act", "silu")
    if activation != "silu":
        raise DataError(f"{where}: hidden_act is {activation!r}; only 'silu' is supported.")
