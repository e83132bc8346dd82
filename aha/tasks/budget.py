"""`think_tokens` and `max_think_tokens`: tasks whose prompts ask for a number of tokens (L1, arXiv 2503.04697)."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from random import Random
from typing import overload

from aha.errors import ConfigError
from aha.runtime.seeds import seed_of
from aha.tasks.base import Task, split_name
from aha.types import Json, Problem

SUFFIXES = {"think_tokens": " Think for {} tokens.", "max_think_tokens": " Think for maximum {} tokens."}
"""What is written behind the question: about so many tokens, or at most so many."""


@dataclass(slots=True, frozen=True)
class Budget:
    """How many tokens a prompt asks for: from `low` to `high`, drawn anew for every problem."""

    key: str
    """`think_tokens` or `max_think_tokens`; the number stands under it in the problem's metadata."""
    low: int
    high: int

    def asked_of(self, problem: Problem) -> Problem:
        """The problem with its budget in the last message; the same one whenever it is asked."""
        drawn = Random(seed_of(self.key, self.low, self.high, problem.id)).randint(self.low, self.high)
        return asked_for(problem, self.key, drawn)


def asked_for(problem: Problem, key: str, num_tokens: int) -> Problem:
    """The problem with this budget in its last message, and under `key` in its metadata."""
    *before, last = problem.messages
    asked = {**last, "content": last["content"] + SUFFIXES[key].format(num_tokens)}
    return replace(problem, messages=[*before, asked], metadata={**problem.metadata, key: num_tokens})


class BudgetedTask:
    """A task with a budget in each of its prompts."""

    def __init__(self, task: Task, budget: Budget) -> None:
        self.task, self.budget = task, budget
        shown = json.dumps([budget.low, budget.high])
        self.name = f"{task.name}{'&' if '?' in task.name else '?'}{budget.key}={shown}"

    def problems(self) -> Sequence[Problem]:
        """The task's problems, each with its budget."""
        return BudgetedProblems(self.task.problems(), self.budget)

    def gold_response(self, problem: Problem) -> str | None:
        """The task's own, of whatever length."""
        return self.task.gold_response(problem)


class BudgetedProblems(Sequence[Problem]):
    """Problems with their budgets, made when asked for."""

    def __init__(self, problems: Sequence[Problem], budget: Budget) -> None:
        self._problems, self._budget = problems, budget

    def __len__(self) -> int:
        return len(self._problems)

    @overload
    def __getitem__(self, place: int) -> Problem: ...

    @overload
    def __getitem__(self, place: slice) -> Sequence[Problem]: ...

    def __getitem__(self, place: int | slice) -> Problem | Sequence[Problem]:
        if isinstance(place, slice):
            return BudgetedProblems(self._problems[place], self._budget)
        return self._budget.asked_of(self._problems[place])

    def __iter__(self) -> Iterator[Problem]:
        return map(self._budget.asked_of, self._problems)


def take_budget(name: str, arguments: Mapping[str, Json]) -> tuple[str, dict[str, Json], Budget | None]:
    """A task's name and arguments without their budget, and the budget; None where there is none.

    Budgets are `think_tokens: 64`, `max_think_tokens: [100, 4000]`, also behind the name: `NAME?think_tokens=64`.

    Raises ConfigError for both kinds at once, and for what is neither a number of tokens nor two of them.
    """
    query = name.partition("?")[2].split("&")
    mine = [part for part in query if part.partition("=")[0] in SUFFIXES]
    given = {**split_name(f"?{'&'.join(mine)}")[1], **{key: arguments[key] for key in SUFFIXES if key in arguments}}
    if not given:
        return name, dict(arguments), None
    if len(given) > 1:
        raise ConfigError(
            f"Task {name}: think_tokens and max_think_tokens at once.", cure="Name the task twice, once with each."
        )
    ((key, value),) = given.items()
    low, high = value if isinstance(value, list) and len(value) == 2 else (value, value)
    if type(low) is not int or type(high) is not int or not 0 < low <= high:
        raise ConfigError(
            f"Task {name}: {key} = {value!r} is no number of tokens.",
            cure=f"Write {key}: 64, or {key}: [16, 64] for a number drawn for each problem.",
        )
    rest = "&".join(part for part in query if part and part not in mine)
    bare = name.partition("?")[0] + (f"?{rest}" if rest else "")
    return bare, {each: arguments[each] for each in arguments if each not in SUFFIXES}, Budget(key, low, high)
