"""Where answers come from: the one seam between the runner and a local sampler or an API."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from aha.engines.words import WordsModel, WordsRequest
from aha.errors import MachineError
from aha.runtime.seeds import seed_of
from aha.text.answers import opens_thought
from aha.types import Finish, Message, Problem, Request, Sampler, Tokenizer


@dataclass(slots=True, frozen=True)
class Drawing:
    """How answers are drawn."""

    temperature: float = 0.6
    """0 is greedy."""
    top_p: float = 0.95
    max_new_tokens: int = 256
    """A problem's own limit goes before it."""
    seed: int = 0
    """The run's seed; each answer's seed also hashes benchmark, problem id and sample index."""


@dataclass(slots=True, frozen=True)
class Answer:
    """One sampled answer to one problem."""

    problem_index: int
    sample_index: int
    text: str
    num_tokens: int
    finish: Finish
    """`length`: cut off, graded wrong; `aborted`: none could be had, undecided."""
    opened: bool = False
    """The prompt ended inside `<think>`, with which `text` starts."""


class Answerer(Protocol):
    """Who answers."""

    def answers(self, benchmark: str, problems: Sequence[Problem], k: int, drawing: Drawing) -> Iterator[Answer]:
        """Yield k answers to each problem, in any order."""


@dataclass(slots=True)
class SamplerAnswerer:
    """Answers by a sampler of tokens. Where a prompt ends inside `<think>`, the answer's text starts with that tag."""

    sampler: Sampler
    render: Callable[[Problem], tuple[int, ...]]
    """A problem's prompt as token ids."""
    stop_token_ids: tuple[int, ...]
    tokenizer: Tokenizer

    def answers(self, benchmark: str, problems: Sequence[Problem], k: int, drawing: Drawing) -> Iterator[Answer]:
        """Submit everything at once (the sampler schedules) and yield in completion order."""
        places: dict[str, tuple[int, int, str]] = {}
        requests: list[Request] = []
        for index, problem in enumerate(problems):
            prompt_ids = self.render(problem)
            opening = "<think>" if opens_thought(self.tokenizer.decode(prompt_ids[-16:])) else ""
            for sample in range(k):
                request_id = f"eval/{benchmark}/{index}/{sample}"
                places[request_id] = (index, sample, opening)
                requests.append(
                    Request(
                        id=request_id,
                        token_ids=prompt_ids,
                        seed=seed_of(drawing.seed, benchmark, problem.id, sample),
                        max_new_tokens=problem.max_new_tokens or drawing.max_new_tokens,
                        temperature=drawing.temperature,
                        top_p=drawing.top_p,
                        stop_token_ids=self.stop_token_ids,
                    )
                )
        self.sampler.submit(requests)
        try:
            for completion in self.sampler.completions():
                index, sample, opening = places[completion.request_id]
                num_tokens = len(completion.token_ids_N)
                text = opening + completion.text
                yield Answer(index, sample, text, num_tokens, completion.finish, opened=bool(opening))
        except BaseException:
            self.sampler.abort(list(places))  # whoever stops an evaluation gets an idle sampler back
            raise


@dataclass(slots=True)
class ApiAnswerer:
    """Answers by an OpenAI-compatible endpoint. `prompt_text` None: the endpoint's own chat template."""

    api: WordsModel
    prompt_text: Callable[[Sequence[Message]], str] | None = None

    def answers(self, benchmark: str, problems: Sequence[Problem], k: int, drawing: Drawing) -> Iterator[Answer]:
        """Ask in parallel, yield in order of arrival. An answer that could not be had is `aborted`."""
        requests = [
            WordsRequest(
                messages=problem.messages,
                prompt=self.prompt_text(problem.messages) if self.prompt_text else None,
                seed=seed_of(drawing.seed, benchmark, problem.id, sample),
                max_new_tokens=problem.max_new_tokens or drawing.max_new_tokens,
                temperature=drawing.temperature,
                top_p=drawing.top_p,
            )
            for problem in problems
            for sample in range(k)
        ]
        for position, reply in self.api.ask_all(requests):
            yield Answer(*divmod(position, k), reply.text, reply.num_tokens, reply.finish)


def check_complete(found: Sequence[Sequence[object | None]]) -> None:
    """Raise MachineError where an answerer left answers out."""
    missing = sum(answer is None for answers in found for answer in answers)
    if missing:
        total = sum(len(answers) for answers in found)
        raise MachineError(
            f"The sampler returned {total - missing} of {total} answers.", cure="Run the evaluation again."
        )
