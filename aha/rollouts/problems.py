"""Task names to tasks, and the endless, resumable stream of problems that a stage trains on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from aha.config.settings import DataSettings
from aha.errors import ConfigError, DataError
from aha.runtime.seeds import seed_of, shuffled
from aha.tasks.base import Task
from aha.types import Problem

Cursor = dict[str, int]
"""Problems taken so far, by task name; all that a stream needs to go on."""


def load_task(name_or_dict: str | Mapping[str, Any]) -> Task:
    """The task behind `lab:NAME`, `gym:NAME`, `knights`, `file:PATH`, `PATH.py:FUNCTION` or a benchmark's name such as
    `math500` (`math500:PATH` where its file lies elsewhere), or `{name, ...arguments}`.

    Raises ConfigError where the name says nothing, and what the task itself raises.
    """
    if isinstance(name_or_dict, str):
        name, arguments = name_or_dict, {}
    else:
        arguments = {key: value for key, value in name_or_dict.items() if key not in ("name", "weight")}
        name = str(name_or_dict.get("name", ""))
    source, _, rest = name.partition(":")
    if source == "lab" and rest:
        from aha.lab.tasks import lab_task

        return lab_task(name, **arguments)
    if source == "gym" and rest:
        from aha.tasks.gym import gym_task

        return gym_task(rest, **arguments)
    if source == "file" and rest:
        from aha.tasks.files import file_task

        return file_task(rest, **arguments)
    if source.endswith(".py") and rest:
        from aha.tasks.plugin import plugin_task

        return plugin_task(name, **arguments)
    if name.partition("?")[0] == "knights":
        from aha.tasks.knights import knights_task

        return knights_task(name, **arguments)
    from aha.tasks.doors import DOORS, door_task, is_door

    if is_door(name):
        return door_task(name, **arguments)
    close = get_close_matches(source, DOORS, n=2)
    known = "Write lab:NAME, gym:NAME, file:PATH, PATH.py:FUNCTION or a benchmark's name; `aha list tasks` shows them."
    raise ConfigError(
        f"{name!r} is no task.", cure=(f"Did you mean {' or '.join(close)}? " if close else "") + known
    )


def load_tasks(settings: DataSettings) -> list[Task]:
    """All tasks of `data.tasks`, in order. Raises DataError for one without problems or a name used twice."""
    tasks = [load_task(entry) for entry in settings.tasks]
    if not tasks:
        raise ConfigError("data.tasks is empty.", cure="Name at least one task, for example lab:arithmetic.")
    for place, task in enumerate(tasks):
        if not len(task.problems()):
            raise DataError(f"Task {task.name} has no problems.", cure="Check its file or its arguments.")
        if task.name in {other.name for other in tasks[:place]}:
            raise ConfigError(f"data.tasks: {task.name} is there twice.", cure="Name it once, with a weight.")
    return tasks


def task_weights(settings: DataSettings, tasks: Sequence[Task]) -> list[float]:
    """Share of each task in the stream: its `weight`, else its number of problems; they sum to 1.

    Raises ConfigError for weights that are not positive, or given for some tasks only.
    """
    given = [entry.get("weight") if isinstance(entry, Mapping) else None for entry in settings.tasks]
    if all(weight is None for weight in given):
        sizes = [float(len(task.problems())) for task in tasks]
        return [size / sum(sizes) for size in sizes]
    weights = [float(weight) for weight in given if weight is not None]
    if len(weights) < len(given) or min(weights) <= 0:
        raise ConfigError("data.tasks: weights must be positive and given for all tasks or for none.")
    return [weight / sum(weights) for weight in weights]


class ProblemStream:
    """Problems of several tasks in their shares, each task in epochs shuffled by (seed, stage, task, epoch).

    What comes next is a pure function of the settings and the cursor.
    """

    def __init__(self, tasks: Sequence[Task], weights: Sequence[float], seed: int, stage: str, shuffle: bool) -> None:
        self.tasks, self.weights = list(tasks), list(weights)
        self.seed, self.stage, self.shuffle = seed, stage, shuffle
        self.cursor: Cursor = {task.name: 0 for task in tasks}
        self._orders: dict[str, tuple[int, list[int]]] = {}

    def next(self, num_problems: int) -> list[Problem]:
        """The next problems; moves the cursor."""
        return [self._take(self._furthest_behind()) for _ in range(num_problems)]

    def _furthest_behind(self) -> Task:
        """The task that has had least of its share; the first one of equals."""
        total = sum(self.cursor.values()) + 1
        behind = [
            weight * total - self.cursor[task.name] for task, weight in zip(self.tasks, self.weights, strict=True)
        ]
        return self.tasks[behind.index(max(behind))]

    def _take(self, task: Task) -> Problem:
        problems = task.problems()
        epoch, place = divmod(self.cursor[task.name], len(problems))
        self.cursor[task.name] += 1
        return problems[self._order(task.name, epoch, len(problems))[place]]

    def _order(self, name: str, epoch: int, num_problems: int) -> Sequence[int]:
        if not self.shuffle:
            return range(num_problems)
        if self._orders.get(name, (-1, []))[0] != epoch:
            self._orders[name] = epoch, shuffled(num_problems, seed_of(self.seed, self.stage, name, epoch))
        return self._orders[name][1]
