"""Reward models: our decoder with one number at the end, in the format of transformers' sequence classifiers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from math import sqrt
from pathlib import Path
from typing import Final

import torch
import torch.nn.functional as F
from torch import nn

from aha.errors import DataError
from aha.models.decoder import Decoder
from aha.models.decoder_config import FAMILIES, DecoderConfig
from aha.models.layout import RowLayout
from aha.models.load import LoadedModel, check_vocabulary, fill, locate
from aha.models.weights import model_hash, read_json
from aha.runtime.device import DTYPES
from aha.text.tokenizer import HFTokenizer, load_tokenizer
from aha.types import Json

HEAD = "score.weight"
SEES = "sees"
"""The key of config.json that says what of a response the model was trained to see."""
ARCHITECTURES: Final = {
    "llama": "LlamaForSequenceClassification",
    "qwen2": "Qwen2ForSequenceClassification",
    "qwen3": "Qwen3ForSequenceClassification",
}


class RewardModel(Decoder):
    """A decoder whose score is a linear function of a row's last hidden state; it has no logits of its own.

    A critic is one whose score at any token is the value of what stands up to there.

    Parameter names are those of `ARCHITECTURES` in transformers.
    """

    def __init__(self, config: DecoderConfig) -> None:
        """The head is drawn by `new_head` or comes from a file."""
        super().__init__(replace(config, tied=True))
        self.score = nn.Linear(config.width, 1, bias=False)

    def scores(self, hidden_ND: torch.Tensor, layout: RowLayout) -> torch.Tensor:
        """One score a row [B], at least fp32: in bf16 two good answers would often have the same."""
        return self.values(hidden_ND.index_select(0, layout.cu_seqlens[1:].long() - 1))

    def values(self, hidden_MD: torch.Tensor) -> torch.Tensor:
        """The head at any hidden states [M], at least fp32."""
        wide = torch.promote_types(hidden_MD.dtype, torch.float32)
        values_M1: torch.Tensor = F.linear(hidden_MD.to(wide), self.score.weight.to(wide))
        return values_M1[:, 0]


def new_head(width: int, seed: int) -> torch.Tensor:
    """A head [1, D] drawn from N(0, 1 / (D + 1)) (Stiennon et al., arXiv 2009.01325, appendix B.1)."""
    chance = torch.Generator().manual_seed(seed % 2**63)
    return torch.randn(1, width, generator=chance) / sqrt(width + 1)


def value_head(width: int, spread: float, seed: int) -> torch.Tensor:
    """A critic's new head [1, D], drawn from U(-spread, spread); zeros where that is 0."""
    chance = torch.Generator().manual_seed(seed % 2**63)
    return (2 * torch.rand(1, width, generator=chance) - 1) * spread


def load_reward_model(
    name_or_folder: str | Path,
    dtype: str | torch.dtype = "bfloat16",
    device: torch.device | str = "cpu",
    head_seed: int | None = None,
) -> LoadedModel:
    """A reward model with its tokenizer; `model` of what is returned is a RewardModel.

    With `head_seed` a language model is taken instead and gets a new head. Raises DataError for a family that the
    decoder does not know, a language model where a reward model is wanted and the other way round, and as `load_model`.
    """
    folder = locate(name_or_folder)
    config, tokenizer = read_json(folder / "config.json"), load_tokenizer(folder)
    if config.get("model_type") not in FAMILIES:
        known = ", ".join(FAMILIES)
        raise DataError(f"{folder}: reward models of type {config.get('model_type')!r} are not known; known: {known}.")
    if is_reward_model(config) == (head_seed is not None):
        found = "a reward model" if head_seed is not None else "no reward model"
        raise DataError(
            f"{folder} holds {found} (architectures: {config.get('architectures')}).",
            cure="Train one by a stage `reward_model`, which starts from a language model.",
        )
    with torch.device("meta"):
        model = RewardModel(DecoderConfig.from_hugging_face(config, str(folder / "config.json")))
    made = {} if head_seed is None else {HEAD: new_head(model.config.width, head_seed)}
    fill(model, folder, config, dtype if isinstance(dtype, torch.dtype) else DTYPES[dtype], device, made)
    check_vocabulary(folder, config, tokenizer)
    return LoadedModel(model.eval(), tokenizer, config, {}, model_hash(folder), folder)


def is_reward_model(config: Mapping[str, Json]) -> bool:
    """Whether a config.json is that of a sequence classifier."""
    return any(str(name).endswith("ForSequenceClassification") for name in config.get("architectures") or ())


def reward_config(config: Mapping[str, Json], tokenizer: HFTokenizer, sees: str) -> dict[str, Json]:
    """config.json of a reward model made from a language model's: one label, where padding is found, what it sees."""
    return {
        **config,
        "architectures": [ARCHITECTURES[config["model_type"]]],
        "id2label": {"0": "score"},
        "label2id": {"score": 0},
        "pad_token_id": padding_id(tokenizer),
        SEES: sees,
    }


def padding_id(tokenizer: HFTokenizer) -> int:
    """The token that fills rows up; the end token where the tokenizer has none of its own.

    transformers reads a row's score at its last token that is not this one, so none may stand at the end of a text.
    """
    found = tokenizer.inner.pad_token_id
    return tokenizer.eos_token_id if found is None else int(found)
