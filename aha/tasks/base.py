"""What a task is, and the proof that it grades its own gold answers as correct."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from concurrent.futures import Future
from hashlib import blake2b
from random import Random
from typing import TYPE_CHECKING, Literal, Protocol, get_args

from aha.errors import ConfigError, DataError, MachineError
from aha.types import Json, Problem, VerifierSpec
from aha.verifiers import call_seconds, extraction_rule

if TYPE_CHECKING:
    from aha.runtime.workers import CallResult


class Task(Protocol):
    """Where problems come from."""

    @property
    def name(self) -> str:
        """As a recipe writes it, e.g. `gym:chain_sum`."""

    def problems(self) -> Sequence[Problem]:
        """All problems, always the same and in the same order; items may be made when asked for."""

    def gold_response(self, problem: Problem) -> str | None:
        """A whole completion that must be graded as correct; None where the task knows no answer."""


class Pool(Protocol):
    """What validation needs of runtime.workers.WorkerPool."""

    def submit(self, target: str, arguments: dict[str, Json], cpu_seconds: float | None = None) -> Future[CallResult]:
        """Call `target` in a worker."""


Split = Literal["all", "train", "heldout"]
HELDOUT_SHARE = 8
"""One question in this many is held out."""


def in_split(question: str, split: Split) -> bool:
    """Whether a question belongs to the split: decided by its hash, so that equal questions never part."""
    held_out = blake2b(" ".join(question.split()).encode("utf-8", "replace")).digest()[0] % HELDOUT_SHARE == 0
    return split == "all" or held_out == (split == "heldout")


Perturbation = Literal["none", "reorder", "statement"]
"""Of a logic puzzle: told in another order; or one statement replaced by another, so that the solution changes."""


def reordered(rng: Random, count: int) -> list[int]:
    """Numbers from 0 to `count` - 1, at least 2 of them, in another order."""
    order = list(range(count))
    while order == sorted(order):
        rng.shuffle(order)
    return order


def check_perturbation(name: str) -> Perturbation:
    """The perturbation of that name. Raises ConfigError."""
    for known in get_args(Perturbation):
        if name == known:
            return known  # type: ignore[no-any-return]
    raise ConfigError(f"There is no perturbation {name!r}.", cure="Known: none, reorder, statement.")


def check_split(split: str) -> Split:
    """The split of that name. Raises ConfigError."""
    for known in get_args(Split):
        if split == known:
            return known  # type: ignore[no-any-return]
    raise ConfigError(f"There is no split {split!r}.", cure="Known: all, train, heldout.")


def split_name(name: str) -> tuple[str, dict[str, Json]]:
    """A task's name and the arguments behind it: `chain_sum?split=heldout&size=200`. Values are JSON, else text."""
    bare, _, query = name.partition("?")
    arguments: dict[str, Json] = {}
    for part in filter(None, query.split("&")):
        key, _, value = part.partition("=")
        try:
            arguments[key] = json.loads(value)
        except ValueError:
            arguments[key] = value
    return bare, arguments


def gold_block(answer: str, verifier: VerifierSpec) -> str:
    """A well-formed completion around a gold answer, as the verifier's extraction rule wants it."""
    rule = extraction_rule(verifier)
    plain = {"last_line": answer, "last_number": answer, "whole": answer, "code_block": f"````\n{answer}\n````"}
    body = {"boxed": f"\\boxed{{{answer}}}", **plain}.get(rule)
    return "<think> </think> " + (body if body is not None else f"<answer> {answer} </answer>")


def verdict_call(problem: Problem, response: str) -> tuple[str, dict[str, Json]]:
    """Worker target and arguments that grade `response` to `problem`."""
    arguments: Mapping[str, Json] = {
        "verifier": problem.verifier.name,
        "response": response,
        "reference": problem.reference,
        "arguments": dict(problem.verifier.arguments),
    }
    return "aha.verifiers:verify", dict(arguments)


def verdict_seconds(problem: Problem) -> float | None:
    """The processor seconds that a worker must be given for that call; None: the pool's own limit."""
    return call_seconds(problem.verifier, problem.reference)


def validate(task: Task, n: int, pool: Pool) -> None:
    """Grade the gold answers of up to `n` problems, spread evenly over the task, in the pool.

    Problems that no rule decides are left out. Raises DataError naming the first problem whose gold answer is not
    graded correct, or MachineError when a verdict could not be reached.
    """
    problems = task.problems()
    if not len(problems):
        raise DataError(f"Task {task.name!r} has no problems.", cure="Check its file and its filters.")
    if n == 0:
        return
    indices = sorted({index * len(problems) // n for index in range(n)}) if n < len(problems) else range(len(problems))
    chosen = [problems[index] for index in indices]
    checked = [(problem, _gold(task, problem)) for problem in chosen if problem.has_rule]
    pending = [
        (problem, gold, pool.submit(*verdict_call(problem, gold), verdict_seconds(problem)))
        for problem, gold in checked
    ]
    for problem, gold, future in pending:
        _check(task, problem, gold, future.result())


def _gold(task: Task, problem: Problem) -> str:
    gold = task.gold_response(problem)
    if gold is None:
        raise DataError(
            f"Task {task.name!r} knows no answer to problem {problem.id!r}, so its verifier cannot be checked.",
            cure="Choose another task, or set `data.verify_gold: 0`.",
        )
    return gold


def _check(task: Task, problem: Problem, gold: str, result: CallResult) -> None:
    where = f"Problem {problem.id!r} of task {task.name!r}"
    if result.failure is not None:
        raise MachineError(
            f"{where}: the verifier {problem.verifier.name!r} ended with {result.failure}: {result.message}",
            cure="A limit may be too low (`engine.verifier_seconds`), or a package is missing.",
        )
    if result.value["outcome"] != "correct":
        raise DataError(
            f"{where}: its own verifier {problem.verifier.name!r} rejects the gold answer "
            f"({result.value['reason']}); reference {str(problem.reference)[:200]!r}, response {gold[:200]!r}.",
            cure="Correct the row, or choose another `verifier`.",
        )
