"""Models that write or judge in words: text in, text out. What was answered once is kept and never asked again."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

from aha.errors import DataError
from aha.runtime import files
from aha.runtime.metrics import read_lines
from aha.text.answers import opens_thought
from aha.text.chat import ChatTokenizer, Template, render, render_text
from aha.types import Finish, Json, Message, Problem, Request, Sampler

OPENING_TOKENS = 16
"""Tokens at a prompt's end in which an opened thought is looked for."""


@dataclass(slots=True, frozen=True)
class WordsRequest:
    """One text to ask for; `prompt` is given to the model as it is, else the messages in its chat template."""

    messages: Sequence[Message]
    prompt: str | None
    seed: int
    max_new_tokens: int
    temperature: float
    top_p: float
    use: str = ""
    """What the text is for (`rewrite`, `judge`, …); no model is told."""
    facts: Mapping[str, Json] = field(default_factory=dict)
    """What the lab's scripted stand-in answers from; no model is told."""


@dataclass(slots=True, frozen=True)
class WordsReply:
    """What came back. `aborted`: nothing could be had; then the text is empty and `problem` says why."""

    text: str
    """The answer, with the reasoning before it in `<think>` tags where it came apart or its prompt opened it."""
    num_tokens: int
    """New tokens as the model's own side counts them, reasoning included."""
    finish: Finish
    problem: str = ""


class WordsModel(Protocol):
    """Who writes or judges."""

    def ask_all(self, requests: Sequence[WordsRequest]) -> Iterator[tuple[int, WordsReply]]:
        """Yield (position in requests, reply) for each request, in order of arrival."""


@dataclass(slots=True)
class SamplerWords:
    """A local model. A request that leaves no room for an answer in the model's positions is `aborted`; one that asks
    for more than the room gets the room."""

    sampler: Sampler
    tokenizer: ChatTokenizer
    template: Template
    stop_token_ids: tuple[int, ...]
    max_positions: int

    def ask_all(self, requests: Sequence[WordsRequest]) -> Iterator[tuple[int, WordsReply]]:
        """Submit everything at once (the sampler schedules) and yield in completion order."""
        places: dict[str, tuple[int, str]] = {}
        submitted: list[Request] = []
        for place, request in enumerate(requests):
            prompt_ids = self._prompt_ids(request)
            room = self.max_positions - len(prompt_ids)
            if not prompt_ids or room < 1:
                problem = f"the prompt has {len(prompt_ids)} tokens, the model {self.max_positions} positions"
                yield place, WordsReply("", 0, "aborted", problem)
                continue
            opened = opens_thought(self.tokenizer.decode(prompt_ids[-OPENING_TOKENS:]))
            places[f"words/{place}"] = place, "<think>" if opened else ""
            submitted.append(
                Request(
                    id=f"words/{place}",
                    token_ids=prompt_ids,
                    seed=request.seed,
                    max_new_tokens=min(request.max_new_tokens, room),
                    temperature=request.temperature,
                    top_p=request.top_p,
                    stop_token_ids=self.stop_token_ids,
                )
            )
        self.sampler.submit(submitted)
        try:
            for completion in self.sampler.completions():
                place, opening = places[completion.request_id]
                yield place, WordsReply(opening + completion.text, len(completion.token_ids_N), completion.finish)
        except BaseException:
            self.sampler.abort(list(places))  # whoever stops gets an idle sampler back
            raise

    def _prompt_ids(self, request: WordsRequest) -> tuple[int, ...]:
        if request.prompt is not None:
            return tuple(self.tokenizer.encode(request.prompt))
        return render(request.messages, self.template, self.tokenizer)


@dataclass(slots=True)
class AsText:
    """Another model, given its messages as text of a template: for endpoints of base models."""

    model: WordsModel
    template: Template

    def ask_all(self, requests: Sequence[WordsRequest]) -> Iterator[tuple[int, WordsReply]]:
        """As the model's own."""
        return self.model.ask_all(
            [
                request if request.prompt is not None else replace(request, prompt=self._text(request))
                for request in requests
            ]
        )

    def _text(self, request: WordsRequest) -> str:
        return render_text(request.messages, self.template)


@dataclass(slots=True)
class Remembered:
    """Another model, whose answers are kept line by line in a file the moment they arrive. The same request is asked
    once; what could not be had is not kept, so that the next start asks again."""

    model: WordsModel
    path: Path
    model_name: str
    """What tells its answers from another model's: the hash of its weights, or its address."""
    num_remembered: int = field(default=0, init=False)
    """Answers that were there already."""

    def ask_all(self, requests: Sequence[WordsRequest]) -> Iterator[tuple[int, WordsReply]]:
        """First what is known, then the rest in order of arrival."""
        known = self._read()
        waiting: dict[str, list[int]] = {}
        for place, request in enumerate(requests):
            key = request_key(request, self.model_name)
            if key in known:
                self.num_remembered += 1
                yield place, known[key]
            else:
                waiting.setdefault(key, []).append(place)
        keys = list(waiting)
        for index, reply in self.model.ask_all([requests[waiting[key][0]] for key in keys]):
            if reply.finish != "aborted":
                record = {"key": keys[index], "text": reply.text, "tokens": reply.num_tokens, "finish": reply.finish}
                files.append_line(self.path, record)
            for place in waiting[keys[index]]:
                yield place, reply

    def _read(self) -> dict[str, WordsReply]:
        files.make_folder(self.path.parent)
        found = {}
        for number, line in enumerate(read_lines(self.path), start=1):
            if line.keys() != {"key", "text", "tokens", "finish"}:
                problem = f"{self.path}, line {number}, is no answer: it has the keys {', '.join(line)}."
                raise DataError(problem, cure="Delete the line; what it answered is asked for again.")
            found[line["key"]] = WordsReply(line["text"], line["tokens"], line["finish"])
        return found


def request_key(request: WordsRequest, model_name: str) -> str:
    """SHA-256 (hex) of all that an answer depends on."""
    asked = [model_name, request.use, request.prompt, [dict(message) for message in request.messages]]
    drawn = [request.seed, request.max_new_tokens, request.temperature, request.top_p]
    return hashlib.sha256(json.dumps([*asked, *drawn], sort_keys=True).encode()).hexdigest()


def problem_facts(problem: Problem) -> dict[str, Json]:
    """What the stand-in knows a problem by."""
    return {
        "id": problem.id,
        "source": problem.source,
        "seed": problem.metadata.get("seed", 0),
        "verifier": problem.verifier.name,
        "arguments": dict(problem.verifier.arguments),
        "reference": problem.reference,
    }


def ask_in_order(model: WordsModel, requests: Sequence[WordsRequest]) -> list[WordsReply]:
    """All replies, in the order of the requests."""
    replies = dict(model.ask_all(requests))
    return [replies[place] for place in range(len(requests))]
