"""A Hugging Face fast tokenizer behind aha's small protocol; special tokens never come out of data."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from aha.errors import DataError
from aha.types import Message


class HFTokenizer:
    """What aha needs of a fast tokenizer (types.Tokenizer), with its chat template and its stop tokens."""

    def __init__(self, inner: Any, stop_token_ids: Sequence[int] = ()) -> None:
        self.inner = inner
        if inner.eos_token_id is None:
            raise DataError(
                f"The tokenizer {inner.name_or_path!r} has no end token, so completions would never stop.",
                cure='Set "eos_token" in its tokenizer_config.json.',
            )
        self.eos_token_id: int = inner.eos_token_id
        self.stop_token_ids: tuple[int, ...] = tuple(sorted({self.eos_token_id, *stop_token_ids}))
        """Sampling any of these ends a completion: the end token and those of the model's generation settings."""
        self.vocab_size: int = len(inner)
        special = {*inner.all_special_tokens}
        special |= {token.content for token in inner.added_tokens_decoder.values() if token.special}
        self._special = re.compile("|".join(map(re.escape, sorted(special, key=len, reverse=True))))

    @property
    def has_chat_template(self) -> bool:
        """Whether the tokenizer brings a chat template."""
        return bool(self.inner.chat_template)

    @property
    def turn_end_id(self) -> int:
        """The token that ends an assistant's turn in the chat template, where sampling stops at it; else the end token.

        Raises DataError when the template refuses a question and its answer.
        """
        mark = "\ue000"
        text = self._template_text([{"role": "user", "content": "?"}, {"role": "assistant", "content": mark}], False)
        after = self._ids(text.rpartition(mark)[2], split_special_tokens=False)
        return after[0] if after and after[0] in self.stop_token_ids else self.eos_token_id

    def give_chat_template(self, text: str) -> None:
        """Use this Jinja text as the chat template from now on; `save` writes it with the tokenizer."""
        self.inner.chat_template = text

    def encode(self, text: str) -> list[int]:
        """Plain text to ids, nothing added; special tokens inside the text are encoded as text."""
        return self._ids(text, split_special_tokens=True)

    def decode(self, token_ids: Sequence[int]) -> str:
        """Ids to text, special tokens left out, spaces as they are."""
        return str(self.inner.decode(list(token_ids), skip_special_tokens=True, clean_up_tokenization_spaces=False))

    def apply_chat_template(self, messages: Sequence[Message]) -> list[int]:
        """Prompt ids up to the start of the assistant's turn.

        The template's own special tokens are special; those that stand in a message are encoded as text. Messages
        without any give exactly the ids of `transformers`. Raises DataError when the template refuses the messages.
        """
        mark, _ = _unused(messages)
        return self._special_as_text(self._template_text(self._masked(messages, mark), True), messages, mark)

    def answered_ids(self, messages: Sequence[Message], answer: str) -> list[int]:
        """Ids of a conversation and of the answer to it in the chat template, the end of its turn included.

        The answer is encoded as plain text and whole: also where the template would leave its thought out. Raises
        DataError when the template refuses the messages or does not show the answer once.
        """
        mark, place = _unused(messages)
        masked = [*self._masked(messages, mark), {"role": "assistant", "content": place}]
        before, *after = self._template_text(masked, False).split(place)
        if len(after) != 1:
            raise DataError(f"The chat template of {self.inner.name_or_path!r} drops or repeats an answer.")
        ids = self._special_as_text(before, messages, mark) + self.encode(answer)
        return ids + self._ids(after[0], split_special_tokens=False)

    def _masked(self, messages: Sequence[Message], mark: str) -> list[Message]:
        """The messages with `mark` in the place of each special token."""
        return [{**message, "content": self._special.sub(mark, message["content"])} for message in messages]

    def _special_as_text(self, text: str, messages: Sequence[Message], mark: str) -> list[int]:
        """Ids of a rendered text, what was masked encoded as text."""
        found = self._special.findall("".join(message["content"] for message in messages))
        pieces = text.split(mark)
        if len(pieces) != len(found) + 1:
            raise DataError(
                f"A message holds the special token {found[0]!r}, and the chat template drops or repeats its text.",
                cure="Remove the token from the problem's text.",
            )
        ids = self._ids(pieces[0], split_special_tokens=False)
        for token, piece in zip(found, pieces[1:], strict=True):
            ids += self.encode(token) + self._ids(piece, split_special_tokens=False)
        return ids

    def save(self, folder: Path) -> None:
        """Write the tokenizer's files into `folder`, as `transformers` reads them."""
        self.inner.save_pretrained(str(folder))

    def _template_text(self, messages: Sequence[Message], add_generation_prompt: bool) -> str:
        from jinja2 import TemplateError

        try:
            return str(
                self.inner.apply_chat_template(
                    list(messages), tokenize=False, add_generation_prompt=add_generation_prompt
                )
            )
        except TemplateError as error:
            raise DataError(
                f"The chat template of {self.inner.name_or_path!r} refuses these messages: {error}.",
                cure="Check their roles and order, or set `data.template: r1-zero`.",
            ) from error

    def _ids(self, text: str, split_special_tokens: bool) -> list[int]:
        clean = text.encode("utf-8", "replace").decode("utf-8")
        return list(self.inner(clean, add_special_tokens=False, split_special_tokens=split_special_tokens)["input_ids"])


def _unused(messages: Sequence[Message]) -> tuple[str, str]:
    """Two characters of the private use area that stand in no message."""
    contents = "".join(message["content"] for message in messages)
    free = [char for char in map(chr, range(0xE000, 0xF900)) if char not in contents]
    return free[0], free[1]


def load_tokenizer(folder_or_name: str | Path) -> HFTokenizer:
    """Load the tokenizer of a model folder or Hub name.

    Raises DataError when there is none, when it is not a fast tokenizer, or when it has no end token.
    """
    from transformers import AutoTokenizer

    name = str(folder_or_name)
    try:
        inner = AutoTokenizer.from_pretrained(name)
    except (OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0]
        raise DataError(
            f"No tokenizer could be loaded from {name!r}: {reason}",
            cure="The folder must hold tokenizer.json and tokenizer_config.json; or name a model on the Hub.",
        ) from error
    if not inner.is_fast:
        raise DataError(f"The tokenizer of {name!r} is not a fast one.", cure="Convert it: it needs a tokenizer.json.")
    return HFTokenizer(inner, _generation_stops(name))


def _generation_stops(name: str) -> list[int]:
    """End tokens of generation_config.json, where the model has one."""
    from transformers.utils.hub import cached_file

    path = cached_file(name, "generation_config.json", _raise_exceptions_for_missing_entries=False)
    if path is None:
        return []
    stops = json.loads(Path(path).read_text(encoding="utf-8")).get("eos_token_id")
    return [stops] if isinstance(stops, int) else list(stops or [])
