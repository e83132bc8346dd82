"""Tag parsing: exact on the tricky shapes, linear on hostile ones."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aha.text.answers import final_text, last_boxed, opens_thought, parse, visible, well_formed


def test_well_formed() -> None:
    parsed = parse(" <think> 2+2 is 4 </think>\n<answer> 4 </answer>\n")
    assert (parsed.think, parsed.answer, parsed.well_formed) == ("2+2 is 4", "4", True)


@pytest.mark.parametrize(
    "text",
    [
        "<think>a</think><answer>4</answer>",
        "<think></think><answer>4</answer>",
        "\n<think>\na\n</think>\n\n<answer>\n4\n</answer>\n",
        "<think>a</think> <answer>4</answer><|im_end|>",
        "<think>a</think> <answer>4</answer> <|im_end|>\n<|endoftext|>\n",
        "<think>a</think> <answer>4</answer></s>",
    ],
)
def test_line_breaks_and_the_tokens_that_end_a_turn_do_not_matter(text: str) -> None:
    assert parse(text).well_formed


def test_thought_opened_by_the_prompt() -> None:
    text = "2+2 </think> <answer>4</answer>"
    assert parse(text, opened=True).well_formed
    assert not parse(text).well_formed
    assert parse(text).answer == "4"
    assert opens_thought("Assistant: <think>\n")
    assert not opens_thought("Assistant:")


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<answer>4</answer>", "4"),
        ("x <think>a</think> <answer>4</answer>", "4"),
        ("<think>a</think> so <answer>4</answer>", "4"),
        ("<think>a</think> <answer>4</answer> Done.", "4"),
        ("<think>a</think> <answer>4</answer> <answer>5</answer>", None),
        ("<think>a</think> <answer>4 <answer>5</answer>", None),
        ("<think>a <answer>4</answer> </think> <answer>5</answer>", "5"),
        ("<think>a <answer>4</answer> </think>", None),
        ("<think>a <answer>4</answer>", None),
        ("<think>a</think> <think>b</think> <answer>4</answer>", "4"),
        ("<think>a</think> <answer>4", None),
        ("<think>a</think> <answer>  </answer>", ""),
        ("<think>a</think> </answer>4<answer>", None),
        ("<answer>4</answer> <think>a</think>", None),
        ("<think>a <think>b</think> <answer>4</answer>", "4"),
        ("<think>a</think> <answer>\u200b\x00</answer>", "\u200b\x00"),
        ("<think>a</think>\u200b<answer>4</answer>", "4"),
        ("<think>a</think> <answer>4</answer> <|im_end|> x", "4"),
        ("<|im_end|><think>a</think> <answer>4</answer>", "4"),
        ("<think>a</think> <answer>4</answer></answer>", None),
        ("<THINK>a</THINK> <answer>4</answer>", "4"),
        ("<think >a</think> <answer>4</answer>", "4"),
        ("", None),
    ],
)
def test_not_well_formed(text: str, answer: str | None) -> None:
    parsed = parse(text)
    assert not parsed.well_formed
    assert parsed.answer == answer


def test_several_answers_are_counted() -> None:
    assert parse("<answer>4</answer> <answer>5</answer>").num_answers == 2


def test_hostile_input_takes_linear_time() -> None:
    text = "<think>" * 200_000 + "<answer>" * 200_000 + "\\boxed{" * 100_000
    start = time.process_time()
    parse(text)
    parse("<think>a</think><answer>4</answer>" + "</s>" * 100_000)
    final_text(text)
    last_boxed(text)
    assert time.process_time() - start < 5


@given(st.lists(st.sampled_from(["<think>", "</think>", "<answer>", "</answer>", " ", "4", "\\boxed{", "}"])))
def test_well_formed_means_the_plain_definition(parts: list[str]) -> None:
    text = "".join(parts)
    parsed = parse(text)
    tags = ["<think>", "</think>", "<answer>", "</answer>"]
    once = all(text.count(tag) == 1 for tag in tags)
    expected = False
    if once and sorted(tags, key=text.index) == tags:
        before, rest = text.split("<think>")
        _, rest = rest.split("</think>")
        between, rest = rest.split("<answer>")
        answer, after = rest.split("</answer>")
        expected = not (before + between + after).strip() and bool(answer.strip())
    assert parsed.well_formed == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (r"so \boxed{7}", "7"),
        (r"\boxed{1} then \boxed{\frac{1}{2}}.", r"\frac{1}{2}"),
        (r"\boxed{7} then \boxed{8", ""),
        (r"\boxed{}", ""),
        (r"\fbox{3}", "3"),
        (r"\boxed{\left\{x\right.}", r"\left\{x\right."),
        (r"\boxed{a \\{b}} c}", r"a \\{b}"),
        (r"\boxed{7\}", ""),
        (r"$\boxed 7$.", "7"),
        (r"\boxed", ""),
        ("none", None),
    ],
)
def test_last_boxed(text: str, expected: str | None) -> None:
    assert last_boxed(text) == expected


def test_final_text() -> None:
    assert final_text("<think>a</think> b") == "b"
    assert final_text("b") == "b"
    assert final_text("<think>a") is None
    assert final_text("a</think>b") == "b"


@pytest.mark.parametrize(
    "text",
    [
        "<think>\n2+2 is 4\n</think>\n\nThe answer is \\boxed{4}.",
        "<think>\n\n</think>\n\nHello!",
        "<think>a</think> The answer is <answer>4</answer>, so four.",
        "<think>a</think> <answer>4</answer>",
        "<think>a</think> 4<|im_end|>",
    ],
)
def test_a_summary_after_a_thought_that_the_prompt_opened_is_well_formed(text: str) -> None:
    assert well_formed(text, opened=True)
    assert not well_formed(text, opened=True, cut_off=True)
    assert well_formed(text) == parse(text).well_formed


@pytest.mark.parametrize(
    "text",
    [
        "<think>2+2 is 4",
        "<think>a</think>",
        "<think>a</think> <|im_end|>\n",
        "<think>a</think> <think>b</think> 4",
        "<think>a</think> b </think> 4",
        "<think>a</think> <answer> </answer>",
        "<think>a</think> <answer>4",
        "<think>a</think> <answer>4</answer> <answer>5</answer>",
        "<think>a <answer>4</answer></think> 4",
        "b <think>a</think> 4",
        "",
    ],
)
def test_an_opened_thought_without_end_or_summary_is_not_well_formed(text: str) -> None:
    assert not well_formed(text, opened=True)


def test_visible() -> None:
    assert visible(" 4\n")
    assert not visible(" \n\u200b\t")
