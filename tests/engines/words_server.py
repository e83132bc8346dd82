"""A local OpenAI-compatible server that holds gold answers and is right in 70 % of its calls: as the one who answers,
writes, judges and compares. What it says depends on the request alone, so that a resumed run hears the same."""

from __future__ import annotations

import contextlib
import hashlib
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random

from aha.rollouts import cold_start, judge, preferences
from aha.types import Json, Problem
from tests.engines.api_server import Reply, Server, chat, ok, running_server

HEAD_CHARS = 60
"""A prompt is known by its first characters before any gap."""


def head(prompt: str) -> str:
    return re.split(r"\{\w+\}", prompt)[0][:HEAD_CHARS]


def response(answer: str, words: str) -> str:
    thought = f"I am asked this: {words} I work it out. It comes to {answer}. Let me check: yes, {answer}."
    return f"<think>\n{thought}\n</think>\n\nThe answer is \\boxed{{{answer}}}."


@dataclass
class Gold:
    """Answers by question, numbers; a wrong answer is one more, another verdict, a thought that says so. What holds the
    gold answer is preferred, and safe."""

    answers: Mapping[str, str]
    right_frac: float = 0.7
    num_calls: dict[str, int] = field(default_factory=dict)
    """By use."""

    def __call__(self, number: int, path: str, body: Json) -> Reply:
        if body is None:
            self.num_calls["models"] = self.num_calls.get("models", 0) + 1
            return ok(json.dumps({"data": [{"id": "gold"}]}).encode())
        text = body["prompt"] if "prompt" in body else body["messages"][-1]["content"]
        digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        rng = Random(digest)
        use, answer = self.answering(text)
        self.num_calls[use] = self.num_calls.get(use, 0) + 1
        said = answer(text, rng.random() < self.right_frac)
        if "prompt" not in body:
            return ok(chat(said))
        choice = {"text": said, "finish_reason": "stop"}
        return ok(json.dumps({"choices": [choice], "usage": {"completion_tokens": 5}}).encode())

    def answering(self, text: str) -> tuple[str, Callable[[str, bool], str]]:
        uses = {
            "rewrite": (cold_start.REWRITE, self.solve),
            "thought": (cold_start.THOUGHT, self.think),
            "judge": (judge.PROMPT, self.judge),
            "compare": (preferences.COMPARE, self.compare),
            "safety": (preferences.SAFETY, self.label),
        }
        for use, (prompt, answer) in uses.items():
            if text.startswith(head(prompt)):
                return use, answer
        return "answer", self.solve

    def question(self, text: str) -> str:
        """The gold question that stands last in a text."""
        found = max(self.answers, key=lambda question: text.rfind(question))
        assert found in text, text
        return found

    def solve(self, text: str, is_right: bool) -> str:
        question = self.question(text)
        answer = self.answers[question]
        return response(answer if is_right else wrong(answer), question)

    def think(self, text: str, is_right: bool) -> str:
        return "They ask for something. I say it in a few words." if is_right else "I do not know what this is about."

    def judge(self, text: str, is_right: bool) -> str:
        verdict = "correct" if self.holds_gold(text, "answer") == is_right else "incorrect"
        return json.dumps({"analysis": "compared", "verdict": verdict})

    def compare(self, text: str, is_right: bool) -> str:
        first, second = self.holds_gold(text, "answer A"), self.holds_gold(text, "answer B")
        if first == second:
            return "Mine.\n[[A=B]]"
        return "Mine.\n[[A>>B]]" if first == is_right else "Mine.\n[[B>>A]]"

    def label(self, text: str, is_right: bool) -> str:
        return "[[safe]]" if self.holds_gold(text, "response") == is_right else "[[unsafe]]"

    def holds_gold(self, text: str, part: str) -> bool:
        """Whether the gold answer is the last number of a marked part of a prompt."""
        marked = re.search(rf"\[{part} (\w+)\]\n(.*)\n\[/{part} \1\]", text, re.DOTALL)
        assert marked is not None, text
        numbers = re.findall(r"-?\d+(?:\.\d+)?", marked.group(2))
        return bool(numbers) and numbers[-1] == self.answers[self.question(text[: marked.start()])]


def gold_answers(problems: Iterable[Problem]) -> dict[str, str]:
    """Answers by question, of problems whose references are numbers, also as GSM8K writes them."""
    return {
        problem.messages[-1]["content"]: str(problem.reference).rpartition("####")[2].strip().replace(",", "")
        for problem in problems
    }


def wrong(answer: str) -> str:
    return str(int(answer) + 1) if answer.lstrip("-").isdecimal() else f"not {answer}"


@contextlib.contextmanager
def gold_server(answers: Mapping[str, str], right_frac: float = 0.7) -> Iterator[tuple[Server, Gold]]:
    """The server and what answers there; its address is `server.url`."""
    gold = Gold(answers, right_frac)
    with running_server() as server:
        server.answer = gold
        yield server, gold
