"""Task names to tasks, and the endless, resumable stream of problems that a stage trains on."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from typing import Any

from aha.algorithms.schedules import first_update
from aha.config.settings import DataSettings
from aha.errors import ConfigError, DataError
from aha.rollouts.curriculum import Curriculum, Float64, Success, chances, counted, draw_place, hardest
from aha.runtime.seeds import seed_of, shuffled
from aha.tasks.base import Task
from aha.tasks.budget import BudgetedTask, take_budget
from aha.tasks.selected import KEY, SelectedTask
from aha.types import Group, Problem

Cursor = dict[str, int]
"""Problems by task name: taken so far, or counted as taken before the task began."""


def load_task(name_or_dict: str | Mapping[str, Any]) -> Task:
    """The task behind `lab:NAME`, `gym:NAME`, `knights`, `file:PATH`, `PATH.py:FUNCTION` or a benchmark's name such as
    `math500` (`math500:PATH` where its file lies elsewhere), or `{name, ...arguments}`; any of them with
    `difficulties` (aha.tasks.selected), and with a budget in its prompts (`think_tokens`, `max_think_tokens`:
    aha.tasks.budget).

    Raises ConfigError where the name says nothing, and what the task itself raises.
    """
    entry = {"name": name_or_dict} if isinstance(name_or_dict, str) else name_or_dict
    arguments = {key: value for key, value in entry.items() if key not in ("name", "weight", "after")}
    name, arguments, budget = take_budget(str(entry.get("name", "")), arguments)
    bounds = arguments.pop(KEY, None)
    task = _find_task(name, arguments)
    task = task if bounds is None else SelectedTask(task, bounds)
    return task if budget is None else BudgetedTask(task, budget)


def _find_task(name: str, arguments: dict[str, Any]) -> Task:
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
    raise ConfigError(f"{name!r} is no task.", cure=(f"Did you mean {' or '.join(close)}? " if close else "") + known)


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


def task_starts(settings: DataSettings, total_updates: int) -> list[int]:
    """Updates that must be done before each task of `data.tasks` begins: its `after`, else none."""
    entries = [entry if isinstance(entry, Mapping) else {} for entry in settings.tasks]
    return [first_update(float(entry.get("after", 0.0)), total_updates) for entry in entries]


class ProblemStream:
    """Problems of several tasks in their shares, each task in epochs shuffled by (seed, stage, task, epoch).

    A task may begin late; from then on it has its share, and nothing is caught up. A curriculum may draw a task's
    problems by their success, or from some time on the hard ones alone. What comes next is a pure function of the
    settings, `cursor`, `credits`, `success` and the number of updates done.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        weights: Sequence[float],
        seed: int,
        stage: str,
        shuffle: bool,
        starts: Sequence[int] | None = None,
        curriculum: Curriculum | None = None,
    ) -> None:
        """`starts`: updates before each task begins (`task_starts`); None: all begin at once."""
        self.tasks, self.weights = list(tasks), list(weights)
        self.seed, self.stage, self.shuffle = seed, stage, shuffle
        self.starts = list(starts) if starts is not None else [0] * len(self.tasks)
        self.cursor: Cursor = {task.name: 0 for task in tasks}
        self.credits: Cursor = {}
        """What a task that began late counts as having had, so that it does not catch up."""
        self.curriculum = curriculum or Curriculum()
        self.success: Success = {}
        """What a prioritised curriculum draws by."""
        self._orders: dict[str, tuple[tuple[int, int], list[int]]] = {}
        self._chances: tuple[Success, dict[tuple[str, int], Float64]] = self.success, {}
        self._hard: dict[str, list[int]] = {}

    def next(self, num_problems: int, update: int = 0) -> list[Problem]:
        """The next problems when `update` updates are done; moves the cursor."""
        return [problem for _, problem in self.draw(num_problems, update)]

    def draw(self, num_problems: int, update: int = 0) -> list[tuple[str, Problem]]:
        """The same, each with the name of its task."""
        self._begin(update)
        begun = [place for place, start in enumerate(self.starts) if start <= update]
        drawn = []
        for _ in range(num_problems):
            task = self.tasks[self._furthest_behind(begun)]
            drawn.append((task.name, self._take(task, update)))
        return drawn

    def find(self, task: str, problem_id: str) -> Problem:
        """A problem of a task by its id. Raises DataError where it is gone."""
        found = (problem for each in self.tasks if each.name == task for problem in each.problems())
        problem = next((problem for problem in found if problem.id == problem_id), None)
        if problem is None:
            raise DataError(
                f"Task {task} has no problem {problem_id!r} any more, of which answers are unfinished.",
                cure="Give the task its old problems back, or start the stage again with --from.",
            )
        return problem

    def record(self, groups: Sequence[Group]) -> None:
        """Count the answers of a round, where problems are drawn by their success."""
        if self.curriculum.prioritised:
            self.success = counted(self.success, groups)

    def _begin(self, update: int) -> None:
        """Give tasks that begin now the credit with which they are neither behind nor ahead."""
        old = [place for place, start in enumerate(self.starts) if not start or self.tasks[place].name in self.credits]
        had, share = sum(self._counted(place) for place in old), sum(self.weights[place] for place in old)
        for place, start in enumerate(self.starts):
            if 0 < start <= update and place not in old:
                self.credits[self.tasks[place].name] = round(self.weights[place] * had / share) if share else 0

    def _furthest_behind(self, begun: Sequence[int]) -> int:
        """The place of the task that has had least of its share; the first one of equals."""
        share = sum(self.weights[place] for place in begun) if len(begun) < len(self.tasks) else 1.0
        total = sum(self._counted(place) for place in begun) + 1
        behind = [self.weights[place] / share * total - self._counted(place) for place in begun]
        return begun[behind.index(max(behind))]

    def _counted(self, place: int) -> int:
        name = self.tasks[place].name
        return self.cursor[name] + self.credits.get(name, 0)

    def _take(self, task: Task, update: int) -> Problem:
        problems, name, number = task.problems(), task.name, self.cursor[task.name]
        self.cursor[name] += 1
        places = self._open(task, update)
        if self.curriculum.prioritised:
            seed = seed_of(self.seed, self.stage, name, "prioritised", number)
            return problems[places[draw_place(self._chances_of(name, problems, places), seed)]]
        epoch, place = divmod(number, len(places))
        return problems[places[self._order(name, epoch, len(places))[place]]]

    def _open(self, task: Task, update: int) -> Sequence[int]:
        """The places of the problems that may be drawn now."""
        start = self.curriculum.hard_start
        if start is None or update < start:
            return range(len(task.problems()))
        if task.name not in self._hard:
            self._hard[task.name] = hardest(task.name, task.problems(), self.curriculum.hard_frac)
        return self._hard[task.name]

    def _chances_of(self, name: str, problems: Sequence[Problem], places: Sequence[int]) -> Float64:
        """Made once for a table of successes."""
        if self._chances[0] is not self.success:
            self._chances = self.success, {}
        known, key = self._chances[1], (name, len(places))
        if key not in known:
            known[key] = chances([problems[place] for place in places], self.success)
        return known[key]

    def _order(self, name: str, epoch: int, num_problems: int) -> Sequence[int]:
        if not self.shuffle:
            return range(num_problems)
        if name not in self._orders or self._orders[name][0] != (epoch, num_problems):
            self._orders[name] = (
                (epoch, num_problems),
                shuffled(num_problems, seed_of(self.seed, self.stage, name, epoch)),
            )
        return self._orders[name][1]
