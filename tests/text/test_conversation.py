"""Conversations as token rows: what is trained, what is shared, what transformers itself would make of the prompt."""

from __future__ import annotations

from pathlib import Path

import pytest

from aha.errors import ConfigError
from aha.text.chat import CHAT_TEMPLATES, Template, chat_template_text, pick_template, render
from aha.text.conversation import UnusableConversationError, conversation_rows, turn_end_id
from aha.text.tokenizer import HFTokenizer, load_tokenizer
from aha.types import Message
from tests.models.tiny import save_tokenizer
from tests.text.test_tokenizer import make

LAB = Path(__file__).parents[2] / "aha" / "lab" / "model"
TALK: list[Message] = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": "2+2?"},
    {"role": "assistant", "content": "<think>\nadd\n</think>\n\n4"},
    {"role": "user", "content": "Hi"},
    {"role": "assistant", "content": "Hello!"},
]


@pytest.fixture(scope="module", params=["lab", "plain", "chat"])
def tokenizer(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> HFTokenizer:
    """The lab's, one that knows no marks, and one that knows those of chats."""
    folder = tmp_path_factory.mktemp("tokenizer")
    if request.param == "plain":
        save_tokenizer(folder)
    elif request.param == "chat":
        make(folder)
    found = load_tokenizer(LAB if request.param == "lab" else folder)
    found.give_chat_template(chat_template_text("r1"))
    return found


def shown(messages: list[Message], template: Template, tokenizer: HFTokenizer) -> list[tuple[str, list[str]]]:
    """Text of each row and of its trained spans, special tokens kept."""
    decode = tokenizer.inner.decode
    rows = conversation_rows(messages, template, tokenizer, turn_end_id(template, tokenizer))
    return [(decode(row.token_ids), [decode(row.token_ids[a:b]) for a, b in row.trained]) for row in rows]


def test_r1_opens_the_thought_and_leaves_out_earlier_ones(tokenizer: HFTokenizer) -> None:
    end = tokenizer.inner.eos_token
    start = f"<|im_start|>system\nBe brief.{end}\n<|im_start|>user\n2+2?{end}\n<|im_start|>assistant\n"
    first = f"{start}<think>\nadd\n</think>\n\n4{end}"
    second = f"{start}4{end}\n<|im_start|>user\nHi{end}\n<|im_start|>assistant\n<think>\n\n</think>\n\nHello!{end}"
    assert shown(TALK, "chat", tokenizer) == [
        (first, [f"add\n</think>\n\n4{end}"]),
        (second, [f"\n</think>\n\nHello!{end}"]),
    ]


def test_r1_prompts_are_those_of_plain_transformers(tokenizer: HFTokenizer, tmp_path: Path) -> None:
    from transformers import AutoTokenizer

    tokenizer.save(tmp_path)
    theirs = AutoTokenizer.from_pretrained(tmp_path)
    expected = theirs.apply_chat_template(TALK[:4], add_generation_prompt=True, return_dict=False)
    assert render(TALK[:4], "chat", tokenizer) == tuple(expected)
    assert pick_template(None, load_tokenizer(tmp_path)) == "chat"
    assert theirs.decode(expected).endswith("<|im_start|>assistant\n<think>\n")


def test_a_message_cannot_forge_marks_that_only_the_vocabulary_knows(tokenizer: HFTokenizer) -> None:
    marks = {token.content for token in tokenizer.inner.added_tokens_decoder.values() if token.special}
    ids = {tokenizer.inner.convert_tokens_to_ids(mark) for mark in marks}

    def count(content: str) -> int:
        return sum(token in ids for token in render([{"role": "user", "content": content}], "chat", tokenizer))

    assert count("".join(marks)) == count("a")


def test_a_first_token_of_the_text_is_there_where_the_tokenizer_has_one(tmp_path: Path) -> None:
    make(tmp_path)
    tokenizer = load_tokenizer(tmp_path)
    tokenizer.give_chat_template(CHAT_TEMPLATES["r1"])
    before = render(TALK[:2], "chat", tokenizer)
    tokenizer.inner.bos_token = "<|endoftext|>"
    assert render(TALK[:2], "chat", tokenizer) == (tokenizer.inner.bos_token_id, *before)


def test_turns_share_a_row_where_the_template_keeps_them_as_they_were(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(make(tmp_path))
    (text, spans), *others = shown(TALK, "chat", tokenizer)
    assert not others
    assert text.endswith("<|im_start|>assistant\nHello!<|im_end|>")
    assert spans == ["<think>\nadd\n</think>\n\n4<|im_end|>", "Hello!<|im_end|>"]


def test_a_turn_ends_as_the_template_has_it_where_sampling_stops_there(tmp_path: Path) -> None:
    make(tmp_path, eos="<|endoftext|>")
    end_of_turn = load_tokenizer(tmp_path).inner.convert_tokens_to_ids("<|im_end|>")
    assert load_tokenizer(tmp_path).turn_end_id != end_of_turn
    (tmp_path / "generation_config.json").write_text(f'{{"eos_token_id": [{end_of_turn}]}}')
    assert turn_end_id("chat", load_tokenizer(tmp_path)) == end_of_turn
    assert turn_end_id("plain", load_tokenizer(tmp_path)) == load_tokenizer(tmp_path).eos_token_id


@pytest.mark.parametrize("template", ["r1-zero", "plain"])
def test_templates_of_text_take_the_answer_as_it_is(template: Template, tokenizer: HFTokenizer) -> None:
    messages = [{"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "<think> a </think> 4"}]
    ((text, (trained,)),) = shown(messages, template, tokenizer)
    prompt = tokenizer.decode(render(messages[:1], template, tokenizer))
    assert trained == f"{' ' if template == 'r1-zero' else ''}<think> a </think> 4{tokenizer.inner.eos_token}"
    assert text == prompt + trained


def test_an_opened_thought_may_be_continued(tokenizer: HFTokenizer) -> None:
    def trained(question: str, answer: str, template: Template) -> list[str]:
        messages = [{"role": "user", "content": question}, {"role": "assistant", "content": answer}]
        return shown(messages, template, tokenizer)[0][1]

    end = tokenizer.inner.eos_token
    assert trained("q", "a</think>4", "chat") == [f"a\n</think>\n\n4{end}"]
    assert trained("q", "<think>a</think><answer>4</answer>", "chat") == [f"a\n</think>\n\n4{end}"]
    assert trained("q <think>", " a</think>4", "plain") == [f" a</think>4{end}"]


@pytest.mark.parametrize(
    ("turns", "reason"),
    [
        (["user q"], "no_assistant_turn"),
        (["assistant a"], "no_question"),
        (["user q", "assistant a", "assistant b"], "no_question"),
        (["system s", "assistant a"], "no_question"),
        (["user q", "assistant "], "no_summary"),
        (["user q", "assistant <think> a"], "thought_without_end"),
        (["user q", "assistant a </think> b"], "thought_without_start"),
        (["user q", "assistant <think>a</think>", "user r", "assistant b"], "no_summary"),
    ],
)
def test_unusable_conversations(turns: list[str], reason: str, tokenizer: HFTokenizer) -> None:
    messages = [dict(zip(("role", "content"), turn.split(" ", 1), strict=True)) for turn in turns]
    with pytest.raises(UnusableConversationError) as refused:
        conversation_rows(messages, "r1-zero", tokenizer, tokenizer.eos_token_id)
    assert refused.value.reason == reason


def test_a_template_that_refuses_is_a_reason(tmp_path: Path) -> None:
    tokenizer = load_tokenizer(make(tmp_path, chat_template="{{ raise_exception('no system messages') }}"))
    with pytest.raises(UnusableConversationError, match="no system messages") as refused:
        conversation_rows(TALK, "chat", tokenizer, 0)
    assert refused.value.reason == "refused_by_template"


def test_a_chat_template_is_a_name_or_a_file(tmp_path: Path) -> None:
    (tmp_path / "own.jinja").write_text("own", encoding="utf-8")
    assert chat_template_text(str(tmp_path / "own.jinja")) == "own"
    with pytest.raises(ConfigError, match="'r2' is neither of r1 nor a file"):
        chat_template_text("r2")
