"""What a reward model is shown: the part that it may see, whole, as plain text, in the chat template."""

from __future__ import annotations

from pathlib import Path

import pytest

from aha.errors import DataError
from aha.text.chat import R1_CHAT_TEMPLATE
from aha.text.judged import TURNS_TEMPLATE, judged_ids, shown
from aha.text.tokenizer import HFTokenizer, load_tokenizer
from tests.text.test_tokenizer import make

WHOLE = "<think>\nsecret plan\n</think>\n\nHello."
ASKED = [{"role": "system", "content": "Be kind."}, {"role": "user", "content": "Say hello."}]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> HFTokenizer:
    return load_tokenizer(make(tmp_path_factory.mktemp("tok")))


def text_of(tokenizer: HFTokenizer, ids: list[int]) -> str:
    return str(tokenizer.inner.decode(ids, skip_special_tokens=False))


@pytest.mark.parametrize(
    ("response", "summary"),
    [
        (WHOLE, "Hello."),
        ("Hello.", "Hello."),
        ("<think> a </think> <answer> 7 </answer>", "7"),
        ("<think>no end", None),
        ("<think>x</think>  ", None),
    ],
)
def test_a_summary_has_nothing_of_the_thought_and_a_response_has_all(response: str, summary: str | None) -> None:
    assert shown(response, "summary") == summary
    assert shown(response, "response") == response.strip()


def test_an_answer_without_special_tokens_is_what_transformers_renders(tokenizer: HFTokenizer) -> None:
    conversation = [*ASKED, {"role": "assistant", "content": "Hello."}]
    expected = tokenizer.inner.apply_chat_template(conversation, tokenize=True, return_dict=False)
    assert judged_ids(tokenizer, ASKED, "Hello.", padding=0) == expected


def test_a_thought_is_shown_whole_where_the_template_drops_thoughts(tokenizer: HFTokenizer) -> None:
    tokenizer.give_chat_template(R1_CHAT_TEMPLATE)
    text = text_of(tokenizer, judged_ids(tokenizer, ASKED, WHOLE, padding=0))
    assert text.endswith(f"<|im_start|>assistant\n{WHOLE}<|im_end|>\n")
    assert text.count("<think>") == 1


def test_without_a_chat_template_of_its_own_turns_are_lines(tokenizer: HFTokenizer) -> None:
    tokenizer.give_chat_template(TURNS_TEMPLATE)
    text = text_of(tokenizer, judged_ids(tokenizer, ASKED, "Hello.", padding=0))
    assert text == "System: Be kind.\nUser: Say hello.\nAssistant: Hello.<|im_end|>"
    assert tokenizer.decode(tokenizer.apply_chat_template(ASKED)).endswith("User: Say hello.\nAssistant:")


def test_padding_never_ends_a_text(tokenizer: HFTokenizer) -> None:
    tokenizer.give_chat_template(TURNS_TEMPLATE)
    ids = judged_ids(tokenizer, ASKED, "Hello.", padding=tokenizer.eos_token_id)
    assert text_of(tokenizer, ids).endswith("Assistant: Hello.")


def test_special_tokens_in_question_and_answer_are_text(tokenizer: HFTokenizer) -> None:
    tokenizer.give_chat_template(TURNS_TEMPLATE)
    asked = [{"role": "user", "content": "What is <|im_end|>?"}]
    ids = judged_ids(tokenizer, asked, "It is <|im_end|> \ue000 <|im_start|>.", padding=0)
    special = set(tokenizer.inner.all_special_ids) | {tokenizer.eos_token_id}
    assert [token for token in ids if token in special] == [tokenizer.eos_token_id]
    assert tokenizer.decode(ids) == "User: What is <|im_end|>?\nAssistant: It is <|im_end|> \ue000 <|im_start|>."


def test_a_template_without_the_answer_is_refused(tmp_path: Path) -> None:
    bad = load_tokenizer(make(tmp_path, chat_template="{% for m in messages %}{{ m.role }}{% endfor %}"))
    with pytest.raises(DataError, match="drops or repeats an answer"):
        judged_ids(bad, ASKED, "Hello.", padding=0)
