"""The same problems, prompts and points for every contender."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from aha.models.load import locate
from aha.models.weights import read_json
from aha.rewards import BUILT_IN, Written
from aha.rollouts.grading import TRUNCATED
from aha.rollouts.problems import ProblemStream, load_task
from aha.text.chat import render, render_text
from aha.text.tokenizer import HFTokenizer, load_tokenizer
from aha.types import Problem, Verdict
from aha.verifiers import verify
from benchmarks.measuring import settings


@dataclass(slots=True)
class Workload:
    """What is sampled and trained on in each round."""

    model: str
    num_problems: int = settings.NUM_PROBLEMS
    group_size: int = settings.GROUP_SIZE
    max_new_tokens: int = settings.MAX_NEW_TOKENS
    folder: Path = field(init=False)
    tokenizer: HFTokenizer = field(init=False)
    config: dict[str, Any] = field(init=False)

    def __post_init__(self) -> None:
        self.folder = locate(self.model)
        self.tokenizer = load_tokenizer(self.folder)
        self.config = read_json(self.folder / "config.json")

    def stream(self, seed: int) -> ProblemStream:
        """The problems of all rounds, the same for every contender of this seed."""
        return ProblemStream([load_task(settings.TASK)], [1.0], seed, "bench", shuffle=True)

    def problems(self, seed: int, rounds: int) -> list[Problem]:
        """Those of the first `rounds` rounds, in order."""
        return self.stream(seed).next(rounds * self.num_problems)

    def prompt_ids(self, problem: Problem) -> tuple[int, ...]:
        """The prompt as tokens."""
        return render(problem.messages, settings.TEMPLATE, self.tokenizer)

    def prompt_text(self, problem: Problem) -> str:
        """The prompt as text, for a peer that encodes it itself.

        Raises ValueError where the plain tokenizer, which a peer uses, makes other tokens of it.
        """
        text = render_text(problem.messages, settings.TEMPLATE)
        if tuple(self.tokenizer.inner(text)["input_ids"]) != self.prompt_ids(problem):
            raise ValueError(f"problem {problem.id}: the peer would see another prompt")
        return text


def useful_ids(row: Sequence[int], stops: Sequence[int]) -> list[int]:
    """The tokens of a row up to and including its first end token."""
    for place, token in enumerate(row):
        if token in stops:
            return list(row[: place + 1])
    return list(row)


def points(problem: Problem, text: str, token_ids: Sequence[int], stops: Sequence[int]) -> float:
    """Accuracy and format, 1 each, graded in this process; a truncated answer is wrong."""
    if token_ids and token_ids[-1] in stops:
        arguments = dict(problem.verifier.arguments)
        found = verify(problem.verifier.name, text, problem.reference, arguments)
        verdict = Verdict(found["outcome"], found["extracted"], found["reason"])
    else:
        verdict = TRUNCATED
    return sum(BUILT_IN[name](Written(text, verdict, problem)) or 0.0 for name in ("accuracy", "format"))


@dataclass(slots=True)
class RewardFunction:
    """A reward as TRL calls one; keeps what it saw in the last call, and each round's mean by group."""

    problems: Sequence[Problem]
    stops: Sequence[int]
    group_size: int
    num_tokens: int = 0
    rounds: list[list[float]] = field(default_factory=list)
    __name__: str = "accuracy_and_format"

    def __call__(
        self, completions: list[str], completion_ids: list[list[int]], place: list[int], **columns: Any
    ) -> list[float]:
        """Points of each completion; `place` is the column that says which problem it answers."""
        found = [
            points(self.problems[i], text, ids, self.stops)
            for text, ids, i in zip(completions, completion_ids, place, strict=True)
        ]
        self.num_tokens = sum(len(ids) for ids in completion_ids)
        self.rounds.append(group_means(found, self.group_size))
        return found


def group_means(values: Sequence[float], group_size: int) -> list[float]:
    """Means of each `group_size` values that follow each other."""
    return [sum(values[i : i + group_size]) / group_size for i in range(0, len(values), group_size)]
