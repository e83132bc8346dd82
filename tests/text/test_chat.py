"""The R1-Zero frame and the plain prompt."""

import pytest

from aha.errors import DataError
from aha.text.chat import R1_ZERO_CHAT_TEMPLATE, R1_ZERO_TEMPLATE, render_text


def test_r1_zero_is_the_published_constant() -> None:
    text = render_text([{"role": "user", "content": "What is 2 + {x}?"}], "r1-zero")
    assert text == R1_ZERO_TEMPLATE.replace("{question}", "What is 2 + {x}?")
    assert text.endswith("Assistant:")
    assert len(R1_ZERO_TEMPLATE.split()) <= 60


def test_turns_and_system_message() -> None:
    messages = [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "a"},
        {"role": "assistant", "content": "b"},
        {"role": "user", "content": "c"},
    ]
    text = render_text(messages, "r1-zero")
    assert text.startswith("Be brief.\n")
    assert text.endswith("User: a\nAssistant: b\nUser: c\nAssistant:")


@pytest.mark.parametrize("num_turns", [1, 3])
@pytest.mark.parametrize("system", [[], [{"role": "system", "content": "Be brief."}]])
def test_the_frame_as_a_chat_template_gives_the_same_text(num_turns: int, system: list[dict[str, str]]) -> None:
    import jinja2

    turns = [{"role": ("user", "assistant")[turn % 2], "content": f"turn {turn}"} for turn in range(num_turns)]
    template = jinja2.Environment(trim_blocks=True, lstrip_blocks=True).from_string(R1_ZERO_CHAT_TEMPLATE)
    shown = template.render(messages=[*system, *turns], add_generation_prompt=True, eos_token="<end>")
    assert shown == render_text([*system, *turns], "r1-zero")
    answered = [*turns, {"role": "assistant", "content": "4"}]
    assert template.render(messages=answered, eos_token="<end>").endswith("Assistant: 4<end>")


def test_plain_is_the_last_content_only() -> None:
    assert render_text([{"role": "system", "content": "s"}, {"role": "user", "content": "Q"}], "plain") == "Q"


@pytest.mark.parametrize("messages", [[], [{"role": "assistant", "content": "x"}]])
def test_a_prompt_must_end_with_a_user(messages: list[dict[str, str]]) -> None:
    with pytest.raises(DataError, match="last message"):
        render_text(messages, "r1-zero")
