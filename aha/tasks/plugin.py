"""`file.py:function`: a task in one file of the user's, which returns rows or problems."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from aha.errors import ConfigError, DataError
from aha.tasks.base import Split, check_split, split_name
from aha.tasks.files import row_format
from aha.tasks.rows import RowFormat, gold_response, problems_from
from aha.types import Problem
from aha.verifiers.functions import load_function


class PluginTask:
    """What a user's function returns, as problems."""

    def __init__(
        self, name: str, call: dict[str, Any], form: RowFormat, split: Split = "all", limit: int | None = None
    ) -> None:
        self.name, self.call, self.form, self.split, self.limit = name, call, form, split, limit

    def problems(self) -> Sequence[Problem]:
        """The function's rows, as problems; it is called once. Raises DataError naming the row."""
        return self._problems

    def gold_response(self, problem: Problem) -> str | None:
        """A completion with the row's own answer."""
        return gold_response(problem, self.form)

    @cached_property
    def _problems(self) -> list[Problem]:
        made = load_function(self.name)(**self.call)
        if not isinstance(made, list | tuple):
            raise DataError(f"{self.name} returned {type(made).__name__}, expected a list of rows or Problems.")
        problems = [row for row in made if isinstance(row, Problem)]
        if not problems:
            return problems_from(enumerate(made, 1), self.name, self.form, self.split, self.limit)
        ids = {problem.id for problem in problems}
        if len(ids) != len(made):
            raise DataError(f"{self.name} mixes rows and Problems, or gives an id twice.")
        return problems


def plugin_task(name: str, **arguments: Any) -> PluginTask:
    """The task `path.py:function`, also with arguments behind it: `tasks.py:sums?size=100`.

    Arguments that the function takes go to it, the others are those of a `file:` task.
    """
    bare, written = split_name(name)
    arguments = {**written, **arguments}
    taken = inspect.signature(load_function(bare)).parameters
    call = {key: arguments.pop(key) for key in list(arguments) if key in taken}
    split = check_split(arguments.pop("split", "all"))
    limit = arguments.pop("limit", None)
    missing = [each.name for each in taken.values() if each.default is each.empty and each.name not in call]
    if missing:
        raise ConfigError(f"Task {bare} needs the argument {missing[0]!r}.", cure="Write it beside the task's name.")
    return PluginTask(bare, call, row_format(bare, arguments), split, limit)
