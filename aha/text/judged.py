"""What a reward model is shown of an answer, and how that becomes its tokens."""

from __future__ import annotations

from collections.abc import Sequence

from aha.text.response import split_response
from aha.text.tokenizer import HFTokenizer
from aha.types import Message, Sees

TURNS_TEMPLATE = (
    "{{ bos_token or '' }}{% for message in messages %}{{ message['role'] | capitalize + ': ' + message['content'] }}"
    "{{ eos_token if loop.last and message['role'] == 'assistant' else '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)
"""Jinja, for a reward model whose tokenizer brings no chat template: who says what, one turn a line."""


def shown(response: str, sees: Sees) -> str | None:
    """The part of a whole response that is judged: what follows its thought, or everything.

    None where that is a summary and there is none (no end of the thought, nothing visible after it).
    """
    if sees == "response":
        return response.strip()
    found = split_response(response)
    return None if found is None else found.summary


def judged_ids(tokenizer: HFTokenizer, messages: Sequence[Message], answer: str, padding: int) -> list[int]:
    """Token ids [T] of a conversation with its answer, in the tokenizer's chat template.

    Tokens `padding` at the end are left out: transformers takes them for padding and reads the score before them.
    Raises DataError where the template refuses the messages.
    """
    ids = tokenizer.answered_ids(messages, answer)
    while ids and ids[-1] == padding:
        ids.pop()
    return ids
