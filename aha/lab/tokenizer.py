"""The lab's tokenizer: byte-level BPE (every byte is a token, so nothing is unknown), digits one by one, tags whole."""

from __future__ import annotations

import re
from collections.abc import Iterable

from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers

END_TOKEN = "<|endoftext|>"
SPECIAL_TOKENS = [END_TOKEN, "<|im_start|>", "<|im_end|>", "<|pad|>"]
TAGS = [
    "<think>",
    "</think>",
    "<answer>",
    "</answer>",
    "<search>",
    "</search>",
    "<result>",
    "</result>",
    "<calc>",
    "</calc>",
    "<out>",
    "</out>",
]
"""Tags are whole tokens but not special: they are text, and stay when special tokens are left out."""

SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*"
    r"|\s*[\r\n]+|\s+(?!\S)|\s+"
)
"""Words with the space before them, single digits, runs of marks (Qwen2's rule)."""

_MARKUP = re.compile("|".join(map(re.escape, [*SPECIAL_TOKENS, *TAGS])))


def train_tokenizer(texts: Iterable[str], vocab_size: int) -> Tokenizer:
    """Byte-level BPE with `vocab_size` entries in all, special tokens and tags included."""
    tokenizer = Tokenizer(models.BPE(byte_fallback=False))
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [
            pre_tokenizers.Split(Regex(SPLIT), behavior="isolated"),
            pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
        ]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=vocab_size - len(TAGS),
        special_tokens=[AddedToken(token, special=True, normalized=False) for token in SPECIAL_TOKENS],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator((_MARKUP.sub(" ", text) for text in texts), trainer)
    tokenizer.add_tokens([AddedToken(token, special=False, normalized=False) for token in TAGS])
    return tokenizer
