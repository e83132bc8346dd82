"""Random model folders in the form in which the Qwen2.5 and Llama 3 bases come: a byte-level BPE with the family's
special tokens, its chat template or none, a padded vocabulary. They only have to train, save and load.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aha.types import Json
from tests.models.tiny import save_reference

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>\\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
)


@dataclass(slots=True, frozen=True)
class Family:
    """How the folders of a family look."""

    special: tuple[str, ...]
    eos: str
    bos: str | None = None
    chat_template: str | None = None
    config: dict[str, Json] = field(default_factory=dict)


FAMILIES = {
    "qwen2": Family(
        ("<|endoftext|>", "<|im_start|>", "<|im_end|>"),
        eos="<|endoftext|>",
        chat_template=CHATML,
        config={"rope_parameters": {"rope_type": "default", "rope_theta": 1e6}, "tie_word_embeddings": True},
    ),
    "llama": Family(
        ("<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>"),
        eos="<|end_of_text|>",
        bos="<|begin_of_text|>",
        config={
            "rope_parameters": {
                "rope_type": "llama3",
                "rope_theta": 5e5,
                "factor": 8.0,
                "low_freq_factor": 1.0,
                "high_freq_factor": 4.0,
                "original_max_position_embeddings": 512,
            },
            "tie_word_embeddings": False,
        },
    ),
}
SHAPE: dict[str, Json] = {
    "hidden_size": 64,
    "intermediate_size": 160,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 1024,
    "initializer_range": 0.02,
}
PADDED_TOKENS = 24
"""Rows of the embeddings behind the tokenizer's last token, as real folders have them."""


def save_random_model(folder: Path, family: str, texts: Sequence[str], num_tokens: int = 1024) -> None:
    """A model of two layers whose tokenizer was made from `texts`."""
    tokenizer = tokenizer_of(FAMILIES[family], texts, num_tokens)
    ids: dict[str, Any] = {
        "vocab_size": len(tokenizer) + PADDED_TOKENS,
        "eos_token_id": tokenizer.eos_token_id,
        "bos_token_id": tokenizer.bos_token_id,
    }
    save_reference(folder, family, **SHAPE | FAMILIES[family].config | ids)
    tokenizer.save_pretrained(folder)


def tokenizer_of(family: Family, texts: Sequence[str], num_tokens: int) -> Any:
    """A fast tokenizer; one with a begin token puts it before every text, as Llama's does."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, processors, trainers
    from transformers import PreTrainedTokenizerFast

    inner = Tokenizer(models.BPE())
    inner.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    inner.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=num_tokens, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    inner.train_from_iterator(texts, trainer)
    inner.add_special_tokens(list(family.special))
    if family.bos is not None:
        inner.post_processor = processors.TemplateProcessing(
            single=f"{family.bos} $A", special_tokens=[(family.bos, inner.token_to_id(family.bos))]
        )
    names = {"eos_token": family.eos} | ({"bos_token": family.bos} if family.bos else {})
    extra = [token for token in family.special if token not in names.values()]
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=inner, extra_special_tokens=extra, **names)
    tokenizer.chat_template = family.chat_template
    return tokenizer
