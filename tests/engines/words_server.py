"""A local OpenAI-compatible server that holds gold answers and is right in 70 % of its calls: as the one who answers,
writes, judges and compares. What it says depends on the request alone, so that a resumed run hears the same; whether it
refuses, dawdles or says half of it at the first asking does, too."""

from __future__ import annotations

import contextlib
import hashlib
import json
import math
import re
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from random import Random

from aha.rollouts import cold_start, judge, preferences
from aha.types import Json, Problem
from tests.engines.api_server import Reply, Server, chat, ok, running_server

TROUBLES = ("busy", "broken", "half", "slow")
"""What may happen at the first asking: 429, 500, an answer that is cut off, one that comes late."""
SLOW_SECONDS = 0.3
SHOWN_WORDS = 6
"""Of a question in its thought: a small model learns such answers in a minute."""
HEAD_CHARS = 60
"""A prompt is known by its first characters before any gap."""


def head(prompt: str) -> str:
    return re.split(r"\{\w+\}", prompt)[0][:HEAD_CHARS]


def response(answer: str, words: str) -> str:
    start = " ".join(words.split()[:SHOWN_WORDS])
    thought = f"I am asked this: {start} … I work it out. It comes to {answer}. Let me check: yes, {answer}."
    return f"<think>\n{thought}\n</think>\n\nThe answer is \\boxed{{{answer}}}."


@dataclass
class Gold:
    """Answers by question, numbers; a wrong answer is one more, another verdict, a thought that says so. What ends
    nearer to the gold answer is preferred; what ends in it is safe."""

    answers: Mapping[str, str]
    right_frac: float = 0.7
    trouble_frac: float = 0.0
    """Of the requests, at their first asking."""
    num_calls: dict[str, int] = field(default_factory=dict)
    """By use."""
    num_right: dict[str, int] = field(default_factory=dict)
    num_troubles: dict[str, int] = field(default_factory=dict)
    troubled: set[str] = field(default_factory=set, repr=False)

    def __call__(self, number: int, path: str, body: Json) -> Reply:
        if body is None:
            self.num_calls["models"] = self.num_calls.get("models", 0) + 1
            return ok(json.dumps({"data": [{"id": "gold"}]}).encode())
        text = body["prompt"] if "prompt" in body else body["messages"][-1]["content"]
        digest = hashlib.sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()
        rng = Random(digest)
        is_right, trouble = rng.random() < self.right_frac, self.trouble(digest, rng)
        if trouble in ("busy", "broken"):
            return (429, {"Retry-After": "0"}, b"busy") if trouble == "busy" else (500, {}, b"broken")
        use, answer = self.answering(text)
        data = chat(answer(text, is_right)) if "prompt" not in body else completion(answer(text, is_right))
        if trouble == "half":
            return ok(data[: len(data) // 2])
        if trouble == "slow":
            time.sleep(SLOW_SECONDS)
        self.num_calls[use] = self.num_calls.get(use, 0) + 1
        self.num_right[use] = self.num_right.get(use, 0) + is_right
        return ok(data)

    def trouble(self, digest: str, rng: Random) -> str | None:
        if rng.random() >= self.trouble_frac or digest in self.troubled:
            return None
        self.troubled.add(digest)
        kind = rng.choice(TROUBLES)
        self.num_troubles[kind] = self.num_troubles.get(kind, 0) + 1
        return kind

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
        first, second = self.distance(text, "answer A"), self.distance(text, "answer B")
        if first == second:
            return "Mine.\n[[A=B]]"
        return "Mine.\n[[A>>B]]" if (first < second) == is_right else "Mine.\n[[B>>A]]"

    def label(self, text: str, is_right: bool) -> str:
        return "[[safe]]" if self.holds_gold(text, "response") == is_right else "[[unsafe]]"

    def holds_gold(self, text: str, part: str) -> bool:
        return self.distance(text, part) == 0

    def distance(self, text: str, part: str) -> float:
        """How far the last number of a marked part of a prompt is from the gold answer; infinite without one."""
        marked = re.search(rf"\[{part} (\w+)\]\n(.*)\n\[/{part} \1\]", text, re.DOTALL)
        assert marked is not None, text
        numbers = re.findall(r"-?\d+(?:\.\d+)?", marked.group(2))
        gold = self.answers[self.question(text[: marked.start()])]
        return abs(float(numbers[-1]) - float(gold)) if numbers else math.inf


def completion(text: str) -> bytes:
    choice = {"text": text, "finish_reason": "stop"}
    return json.dumps({"choices": [choice], "usage": {"completion_tokens": 5}}).encode()


def gold_answers(problems: Iterable[Problem]) -> dict[str, str]:
    """Answers by question, of problems whose references are numbers, also as GSM8K writes them."""
    return {
        problem.messages[-1]["content"]: str(problem.reference).rpartition("####")[2].strip().replace(",", "")
        for problem in problems
    }


def wrong(answer: str) -> str:
    return str(int(answer) + 1) if answer.lstrip("-").isdecimal() else f"not {answer}"


@contextlib.contextmanager
def gold_server(
    answers: Mapping[str, str], right_frac: float = 0.7, trouble_frac: float = 0.0
) -> Iterator[tuple[Server, Gold]]:
    """The server and what answers there; its address is `server.url`."""
    gold = Gold(answers, right_frac, trouble_frac)
    with running_server() as server:
        server.answer = gold
        yield server, gold
