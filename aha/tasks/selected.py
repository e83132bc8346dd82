"""`difficulties`: the part of a task whose problems are that hard, so that easy and hard mix by weight."""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cached_property

from aha.errors import ConfigError
from aha.tasks.base import Task
from aha.types import Json, Problem

KEY = "difficulties"


class SelectedTask:
    """A task's problems from one difficulty to another, both included."""

    def __init__(self, task: Task, bounds: Json) -> None:
        """`bounds`: two numbers in the task's own unit. Raises ConfigError for anything else."""
        numbers = bounds if isinstance(bounds, list) else []
        if len(numbers) != 2 or any(isinstance(each, bool) or not isinstance(each, int | float) for each in numbers):
            raise ConfigError(
                f"Task {task.name}: {KEY} = {bounds!r}, expected the lowest and the highest.",
                cure=f"For example {KEY}: [2, 3], in the task's own unit (steps, people, digits).",
            )
        self.task, (self.lowest, self.highest) = task, numbers
        self.name = f"{task.name}{'&' if '?' in task.name else '?'}{KEY}={json.dumps(numbers)}"

    def problems(self) -> Sequence[Problem]:
        """Those in the bounds, in the task's order."""
        return self._problems

    def gold_response(self, problem: Problem) -> str | None:
        """The task's own."""
        return self.task.gold_response(problem)

    @cached_property
    def _problems(self) -> list[Problem]:
        return [each for each in self.task.problems() if self.lowest <= each.difficulty <= self.highest]
