"""Problems put to a model that answers in words, and verdicts on texts; all in the order of asking."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from aha.config.data_stages import WriterSettings
from aha.engines.words import Remembered, WordsModel, WordsReply, WordsRequest, problem_facts
from aha.rollouts.collect import OnProgress, quiet
from aha.rollouts.problems import ProblemStream
from aha.runtime.seeds import seed_of
from aha.types import Json, Message, Problem, Verdict

Grade = Callable[[Problem, str], Future[Verdict]]
"""Problem and answer text to the verdict to come; never blocks."""


@dataclass(slots=True, frozen=True)
class Drawn:
    """How answers are drawn, and the seed that each one's own is made of."""

    seed: int
    stage: str
    num_samples: int
    temperature: float
    top_p: float
    max_new_tokens: int


@dataclass(slots=True, frozen=True)
class Answered:
    """One sample of a problem; finish `aborted` where none could be had."""

    problem: Problem
    sample_index: int
    reply: WordsReply


def distinct_problems(stream: ProblemStream, num_problems: int) -> list[Problem]:
    """The next `num_problems` different problems of a stream in its order; fewer where the tasks have no more."""
    sizes = [len(task.problems()) for task in stream.tasks]
    wanted = min(num_problems, sum(sizes))
    num_epoch = max(math.ceil(size / weight) for size, weight in zip(sizes, stream.weights, strict=True)) + len(sizes)
    found: dict[tuple[str, str], Problem] = {}
    for _ in range(num_epoch):  # by then the slowest task has had its turn as a whole
        if len(found) >= wanted:
            break
        for problem in stream.next(1):
            found.setdefault((problem.source, problem.id), problem)
    return list(found.values())


def ask_problems(
    model: WordsModel,
    problems: Sequence[Problem],
    drawn: Drawn,
    messages: Callable[[Problem], Sequence[Message]] = lambda problem: problem.messages,
    on_progress: OnProgress = quiet,
) -> list[Answered]:
    """`num_samples` answers to each problem, asked with `messages`."""
    asked = [(problem, sample) for problem in problems for sample in range(drawn.num_samples)]
    requests = [
        WordsRequest(
            messages=messages(problem),
            prompt=None,
            seed=seed_of(drawn.seed, drawn.stage, problem.source, problem.id, sample),
            max_new_tokens=problem.max_new_tokens or drawn.max_new_tokens,
            temperature=drawn.temperature,
            top_p=drawn.top_p,
            use="answer",
            facts=problem_facts(problem),
        )
        for problem, sample in asked
    ]
    replies = ask_watched(model, requests, "sampling", on_progress)
    return [Answered(problem, sample, reply) for (problem, sample), reply in zip(asked, replies, strict=True)]


@dataclass(slots=True, frozen=True)
class Writing:
    """One text that a writer is asked for."""

    prompt: str
    seed: int
    facts: Mapping[str, Json]
    """What the lab's stand-in answers from."""


def ask_writer(
    model: WordsModel, settings: WriterSettings, use: str, tasks: Sequence[Writing], on_progress: OnProgress
) -> list[WordsReply]:
    """A writer's replies, in the order of the tasks."""
    requests = [
        WordsRequest(
            messages=[{"role": "user", "content": task.prompt}],
            prompt=None,
            seed=task.seed,
            max_new_tokens=settings.max_new_tokens,
            temperature=settings.temperature,
            top_p=settings.top_p,
            use=use,
            facts=task.facts,
        )
        for task in tasks
    ]
    return ask_watched(model, requests, "writing", on_progress)


def rewriting(problem: Problem, prompt: str, *place: int | str) -> Writing:
    """What is asked about an answer to a problem; `place` makes the seed."""
    return Writing(prompt, seed_of(*place, problem.source, problem.id), problem_facts(problem))


def num_remembered(model: WordsModel) -> int:
    """Answers of a model that were there already."""
    return model.num_remembered if isinstance(model, Remembered) else 0


def ask_watched(
    model: WordsModel, requests: Sequence[WordsRequest], doing: str, on_progress: OnProgress
) -> list[WordsReply]:
    """All replies in the order of the requests; `on_progress` is told of each and may raise to stop."""
    replies: dict[int, WordsReply] = {}
    on_progress(doing, 0, len(requests))
    for place, reply in model.ask_all(requests):
        replies[place] = reply
        on_progress(doing, len(replies), len(requests))
    return [replies[place] for place in range(len(requests))]


def verdicts(grade: Grade, texts: Sequence[tuple[Problem, str]], on_progress: OnProgress = quiet) -> list[Verdict]:
    """The verdict on each response; `on_progress` may raise to stop."""
    pending = [grade(problem, text) for problem, text in texts]
    found: list[Verdict] = []
    for future in pending:
        on_progress("verifying", len(found), len(pending))
        found.append(future.result())
    return found
