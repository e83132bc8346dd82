"""The R1-Zero frame and the plain prompt."""

import pytest

from aha.errors import DataError
from aha.text.chat import R1_ZERO_TEMPLATE, render_text


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


def test_plain_is_the_last_content_only() -> None:
    assert render_text([{"role": "system", "content": "s"}, {"role": "user", "content": "Q"}], "plain") == "Q"


@pytest.mark.parametrize("messages", [[], [{"role": "assistant", "content": "x"}]])
def test_a_prompt_must_end_with_a_user(messages: list[dict[str, str]]) -> None:
    with pytest.raises(DataError, match="last message"):
        render_text(messages, "r1-zero")
