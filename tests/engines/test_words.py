"""Writers and judges: a local sampler as one, and the memory that no answer is asked for twice."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from aha.engines.fake import LetterTokenizer, ScriptedSampler
from aha.engines.words import (
    AsText,
    Remembered,
    SamplerWords,
    WordsReply,
    WordsRequest,
    ask_in_order,
    request_key,
)
from aha.errors import DataError


def request(text: str, **changes: object) -> WordsRequest:
    asked = WordsRequest([{"role": "user", "content": text}], None, 7, 20, 0.6, 0.95)
    return replace(asked, **changes)  # type: ignore[arg-type]


class Echo:
    """Answers with the question, last request first; those that contain `lost` cannot be had."""

    def __init__(self, stop_after: int | None = None) -> None:
        self.asked: list[WordsRequest] = []
        self.stop_after = stop_after

    def ask_all(self, requests: Sequence[WordsRequest]) -> Iterator[tuple[int, WordsReply]]:
        for place in reversed(range(len(requests))):
            if len(self.asked) == self.stop_after:
                raise ConnectionError
            self.asked.append(requests[place])
            text = requests[place].prompt or requests[place].messages[-1]["content"]
            lost = "lost" in text
            yield place, WordsReply("" if lost else text, len(text), "aborted" if lost else "stop", "down" * lost)


def letters(script: str, max_positions: int = 100) -> tuple[SamplerWords, ScriptedSampler]:
    tokenizer = LetterTokenizer()
    sampler = ScriptedSampler(lambda request, version: script, tokenizer)
    return SamplerWords(sampler, tokenizer, "plain", (0,), max_positions), sampler  # type: ignore[arg-type]


def test_a_local_model_answers_messages_and_text_alike() -> None:
    words, sampler = letters("fine")
    replies = ask_in_order(words, [request("How?"), request("", prompt="Text: ", temperature=0.0)])
    assert replies == [WordsReply("fine", 5, "stop"), WordsReply("fine", 5, "stop")]
    first, second = sampler.requests
    assert [LetterTokenizer().decode(each.token_ids) for each in (first, second)] == ["How?", "Text: "]
    assert (first.seed, first.temperature, first.top_p, first.stop_token_ids) == (7, 0.6, 0.95, (0,))


def test_a_thought_that_the_prompt_opened_is_part_of_the_reply() -> None:
    words, _ = letters("a</think>b")
    assert ask_in_order(words, [request("?<think>\n")])[0].text == "<think>a</think>b"


def test_a_request_gets_the_room_that_is_left_and_without_room_none() -> None:
    words, sampler = letters("abcdefgh", max_positions=10)
    full, cut = ask_in_order(words, [request("0123456789"), request("01234")])
    assert full == WordsReply("", 0, "aborted", "the prompt has 10 tokens, the model 10 positions")
    assert cut == WordsReply("abcde", 5, "length")
    assert sampler.requests[0].max_new_tokens == 5


def test_whoever_stops_listening_leaves_an_idle_sampler() -> None:
    words, sampler = letters("x")
    asking = words.ask_all([request("a"), request("b")])
    next(asking)
    asking.close()
    assert not sampler.waiting


def test_a_base_model_behind_an_endpoint_gets_text() -> None:
    echo = Echo()
    first, second = ask_in_order(AsText(echo, "plain"), [request("a"), request("b", prompt="own")])
    assert (first.text, second.text) == ("a", "own")


def test_what_was_answered_is_never_asked_again(tmp_path: Path) -> None:
    asked = [request(text) for text in ("a", "b", "lost", "a")]
    first = Echo()
    replies = ask_in_order(Remembered(first, tmp_path / "x" / "answers.jsonl", "m"), asked)
    assert [reply.text for reply in replies] == ["a", "b", "", "a"]
    assert len(first.asked) == 3, "equal requests are one"
    again = Echo()
    memory = Remembered(again, tmp_path / "x" / "answers.jsonl", "m")
    assert ask_in_order(memory, asked) == replies
    assert [each.messages[-1]["content"] for each in again.asked] == ["lost"]
    assert memory.num_remembered == 3


def test_what_came_before_a_failure_stays_and_a_torn_line_is_asked_again(tmp_path: Path) -> None:
    path, asked = tmp_path / "answers.jsonl", [request(text) for text in ("a", "b", "c")]
    with pytest.raises(ConnectionError):
        ask_in_order(Remembered(Echo(stop_after=2), path, "m"), asked)
    path.write_bytes(path.read_bytes()[:-4])
    again = Echo()
    assert [reply.text for reply in ask_in_order(Remembered(again, path, "m"), asked)] == ["a", "b", "c"]
    assert sorted(each.messages[-1]["content"] for each in again.asked) == ["a", "b"]
    assert len([json.loads(line) for line in path.read_text().splitlines()]) == 3


def test_a_line_that_is_no_answer_is_named(tmp_path: Path) -> None:
    path = tmp_path / "answers.jsonl"
    path.write_text('{"key": "x"}\n')
    with pytest.raises(DataError, match=r"answers.jsonl, line 1, is no answer: it has the keys key\."):
        ask_in_order(Remembered(Echo(), path, "m"), [request("a")])


@pytest.mark.parametrize(
    "change",
    [
        {"prompt": "p"},
        {"messages": [{"role": "system", "content": "a"}]},
        {"seed": 8},
        {"max_new_tokens": 21},
        {"temperature": 0.7},
        {"top_p": 1.0},
    ],
)
def test_another_request_has_another_key(change: dict[str, object]) -> None:
    assert request_key(request("a", **change), "m") != request_key(request("a"), "m") != request_key(request("a"), "n")
    assert request_key(request("a", facts={"gold": 1}), "m") == request_key(request("a"), "m"), "no model is told facts"
