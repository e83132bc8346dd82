"""Whole conversations as token ids: what of them is the assistant's, and therefore trained."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from aha.errors import DataError
from aha.text.answers import opens_thought
from aha.text.chat import ChatTokenizer, Template, render
from aha.text.response import Fault, join_response, response_fault, split_response
from aha.types import Message

OPENING_TOKENS = 16
"""Tokens at a prompt's end in which an opened thought is looked for."""

Unusable = Literal[Fault, "no_assistant_turn", "no_question", "refused_by_template"]
"""Why a conversation cannot be learned from."""


class UnusableConversationError(DataError):
    """A conversation that cannot be learned from, with the reason as a word that can be counted."""

    def __init__(self, reason: Unusable, problem: str) -> None:
        super().__init__(problem)
        self.reason = reason


@dataclass(slots=True)
class TokenRow:
    """A piece of a conversation as the model reads it."""

    token_ids: list[int]
    trained: list[tuple[int, int]]
    """Token spans [start, end) that the assistant wrote, each with the token that ends its turn; ascending."""


def turn_end_id(template: Template, tokenizer: ChatTokenizer) -> int:
    """The token with which an answer ends: where a sampler with this template stops."""
    return tokenizer.turn_end_id if template == "chat" else tokenizer.eos_token_id


def conversation_rows(
    messages: Sequence[Message], template: Template, tokenizer: ChatTokenizer, end_id: int
) -> list[TokenRow]:
    """Every assistant turn after its prompt, exactly as a sampler would see that prompt.

    A turn whose tokens the next turn's prompt begins with shares that turn's row; a template that shows earlier turns
    in another form (without their thoughts, say) makes a row for each. After a prompt that opens the thought, the
    response is put into the form that continues it; else it is taken as it is. `end_id` is `turn_end_id` of the two.
    Raises UnusableConversationError.
    """
    turns = [place for place, message in enumerate(messages) if message["role"] == "assistant"]
    if not turns:
        raise UnusableConversationError("no_assistant_turn", "no message is the assistant's")
    if turns[0] == 0 or any(after - before == 1 for before, after in pairwise(turns)):
        raise UnusableConversationError("no_question", "an answer follows no question")
    rows: list[TokenRow] = []
    for place in turns:
        prompt_ids = _prompt(messages[:place], template, tokenizer)
        opened = opens_thought(tokenizer.decode(prompt_ids[-OPENING_TOKENS:]))
        text = _completion(messages[place]["content"], template, opened)
        token_ids = [*prompt_ids, *tokenizer.encode(text), end_id]
        row = TokenRow(token_ids, [(len(prompt_ids), len(token_ids))])
        before = rows[-1] if rows else None
        if before is not None and token_ids[: len(before.token_ids)] == before.token_ids:
            rows[-1] = TokenRow(token_ids, before.trained + row.trained)
        else:
            rows.append(row)
    return rows


def _prompt(messages: Sequence[Message], template: Template, tokenizer: ChatTokenizer) -> tuple[int, ...]:
    if messages[-1]["role"] not in ("user", "tool"):
        raise UnusableConversationError("no_question", "an answer follows no question")
    try:
        return render(messages, template, tokenizer)
    except DataError as error:
        raise UnusableConversationError("refused_by_template", error.problem) from error


def _completion(content: str, template: Template, opened: bool) -> str:
    """What the model should write after the prompt."""
    continues = split_response(content, opened=True) if opened else None
    found = split_response(content) or continues
    if found is None:
        fault = response_fault(content)
        assert fault is not None
        raise UnusableConversationError(fault, f"an answer is no response: {fault.replace('_', ' ')}")
    if template == "r1-zero":
        return f" {content.strip()}"
    return join_response(found, opened=True) if template == "chat" and opened else content
