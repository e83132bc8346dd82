"""From messages to prompt token ids: the R1-Zero frame, the model's own chat template, or the bare text."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, Protocol

from aha.errors import ConfigError, DataError
from aha.types import Message, Tokenizer

Template = Literal["r1-zero", "chat", "plain"]

R1_ZERO_TEMPLATE = """\
A User asks and an Assistant answers. The Assistant first reasons in its mind, then gives the answer: \
<think> reasoning </think> <answer> answer </answer>
User: {question}
Assistant:"""
"""Structure only, no hint how to think (DeepSeek-R1, section 2.2.3, in own words)."""

R1_CHAT_TEMPLATE = (
    "{{ bos_token or '' }}{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' }}"
    "{% if message['role'] == 'assistant' %}{{ message['content'].split('</think>')[-1] | trim }}"
    "{% else %}{{ message['content'] }}{% endif %}{{ eos_token + '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n<think>\\n' }}{% endif %}"
)
"""Jinja, for any tokenizer: its own end token ends each turn, earlier answers appear without their thoughts, and the
prompt opens the thought, as in the released R1 models."""

R1_ZERO_CHAT_TEMPLATE = (
    "{% for message in messages if message['role'] == 'system' %}{{ message['content'] + '\\n' }}{% endfor %}"
    + R1_ZERO_TEMPLATE.partition("User: {question}")[0]
    + "{% for message in messages if message['role'] != 'system' %}"
    "{{ message['role'] | capitalize + ': ' + message['content'] }}"
    "{{ eos_token if loop.last and message['role'] == 'assistant' else '\\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}"
)
"""Jinja for the frame of R1-Zero: a model that learned in it leaves with it, so that others need not know the frame."""

CHAT_TEMPLATES = {"r1": R1_CHAT_TEMPLATE}

_SPEAKERS = {"user": "User", "assistant": "Assistant", "tool": "Tool"}


class ChatTokenizer(Tokenizer, Protocol):
    """A tokenizer that may bring its own chat template."""

    @property
    def has_chat_template(self) -> bool:
        """Whether `apply_chat_template` can be called."""

    @property
    def turn_end_id(self) -> int:
        """The token that ends an assistant's turn in the chat template."""

    def apply_chat_template(self, messages: Sequence[Message]) -> list[int]:
        """Prompt ids up to and including the start of the assistant's turn."""


def chat_template_text(name: str) -> str:
    """The Jinja text behind the key `chat_template`: a name of `CHAT_TEMPLATES`, or a file.

    Raises ConfigError where it is neither.
    """
    if name in CHAT_TEMPLATES:
        return CHAT_TEMPLATES[name]
    try:
        return Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(
            f"chat_template: {name!r} is neither of {', '.join(CHAT_TEMPLATES)} nor a file to read.",
            cure="Paths are relative to where the command runs.",
        ) from error


def pick_template(setting: Template | None, tokenizer: ChatTokenizer) -> Template:
    """The template that a stage uses. None: the model's chat template where it has one, else r1-zero.

    Raises DataError when `chat` is asked of a tokenizer without a chat template.
    """
    if setting is None:
        return "chat" if tokenizer.has_chat_template else "r1-zero"
    if setting == "chat" and not tokenizer.has_chat_template:
        raise DataError("The tokenizer has no chat template.", cure="Set `data.template: r1-zero` or `plain`.")
    return setting


def render_text(messages: Sequence[Message], template: Template) -> str:
    """The prompt as text, for the templates that are text. Raises DataError where no user message is last."""
    if not messages or messages[-1]["role"] not in ("user", "tool"):
        raise DataError("A prompt's last message must be a user's or a tool's.", cure="Check the row's `messages`.")
    if template == "plain":
        return messages[-1]["content"]
    system = "".join(message["content"] + "\n" for message in messages if message["role"] == "system")
    turns = [message for message in messages if message["role"] != "system"]
    lines = [f"{_SPEAKERS[turn['role']]}: {turn['content']}" for turn in turns]
    frame, _, end = R1_ZERO_TEMPLATE.partition("User: {question}")
    return system + frame + "\n".join(lines) + end


def render(messages: Sequence[Message], template: Template, tokenizer: ChatTokenizer) -> tuple[int, ...]:
    """Prompt token ids [T]. Special tokens written in a message are encoded as plain text."""
    if template == "chat":
        return tuple(tokenizer.apply_chat_template(messages))
    return tuple(tokenizer.encode(render_text(messages, template)))
