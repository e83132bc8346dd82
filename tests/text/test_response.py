"""Thought and summary: taken apart, put together, and what is no response."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aha.text.response import OPEN_THOUGHT, Response, join_response, response_fault, split_response

PIECES = st.lists(
    st.sampled_from(["<think>", "</think>", "<answer>", "</answer>", "a", "\n", " ", "<", "think", "\u200b", "안"])
)
PLAIN = st.text().map(str.strip).filter(lambda text: "think>" not in text and not text.startswith("<answer>"))
SEEN = PLAIN.filter(lambda text: any(char.isprintable() and not char.isspace() for char in text))


@settings(deadline=None)
@given(PLAIN.map(lambda text: text or None), SEEN, st.booleans())
def test_what_was_joined_is_split_again(thought: str | None, summary: str, opened: bool) -> None:
    response = Response(thought, summary)
    assert split_response(join_response(response, opened), opened) == response
    if opened and thought is not None:
        assert OPEN_THOUGHT + join_response(response, opened) == join_response(response)


@settings(deadline=None)
@given(PIECES.map("".join), st.booleans())
def test_any_text_is_a_response_or_has_a_fault(text: str, opened: bool) -> None:
    found = split_response(text, opened)
    assert (found is None) != (response_fault(text, opened) is None)
    if found is not None:
        again = split_response(join_response(found, opened), opened)
        assert again is not None
        assert again.thought == found.thought
        assert text.count("<think>") + opened == text.count("</think>") <= 1


@pytest.mark.parametrize(
    ("text", "opened", "expected"),
    [
        ("<think>\n2 + 2\n</think>\n\nIt is 4.", False, Response("2 + 2", "It is 4.")),
        ("2 + 2\n</think>\n\nIt is 4.", True, Response("2 + 2", "It is 4.")),
        ("<think> 2 + 2 </think> <answer> \\boxed{4} </answer>", False, Response("2 + 2", "\\boxed{4}")),
        (" 2 + 2 </think>\n<answer>4</answer>\n", True, Response("2 + 2", "4")),
        ("<think>x</think>So: <answer>4</answer>", False, Response("x", "So: <answer>4</answer>")),
        ("Hello!", False, Response(None, "Hello!")),
        ("\n</think>\n\nHello!", True, Response(None, "Hello!")),
        ("<think>\n\n</think>\n\nHello!", False, Response(None, "Hello!")),
    ],
)
def test_forms(text: str, opened: bool, expected: Response) -> None:
    assert split_response(text, opened) == expected


@pytest.mark.parametrize(
    ("text", "opened", "fault"),
    [
        ("<think> 2 + 2", False, "thought_without_end"),
        ("2 + 2, so 4", True, "thought_without_end"),
        ("2 + 2 </think> 4", False, "thought_without_start"),
        ("<think>a</think>4<think>b</think>5", False, "several_thoughts"),
        ("<think>a</think>4", True, "several_thoughts"),
        ("</think>a<think>", False, "several_thoughts"),
        ("Sure. <think>a</think>4", False, "text_before_thought"),
        ("<think>a</think> \n", False, "no_summary"),
        ("<think>a</think><answer> </answer>", False, "no_summary"),
        ("\u200b", False, "no_summary"),
        ("", False, "no_summary"),
    ],
)
def test_faults(text: str, opened: bool, fault: str) -> None:
    assert split_response(text, opened) is None
    assert response_fault(text, opened) == fault


def test_a_long_text_takes_linear_time() -> None:
    def seconds(num: int) -> float:
        start = time.process_time()
        for text in ("<think>" * num, "<answer>" * num, "<think>a</think><answer>" + "<" * num, "<think>" + " " * num):
            response_fault(text)
        return time.process_time() - start

    seconds(1_000)
    assert seconds(800_000) < 60 * max(seconds(40_000), 0.01)
