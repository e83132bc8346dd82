"""A task's easy and hard parts."""

from __future__ import annotations

from typing import Any

import pytest

from aha.config.settings import DataSettings
from aha.errors import ConfigError, DataError
from aha.rollouts.problems import load_task, load_tasks, task_weights
from aha.tasks.base import validate
from tests.tasks.fakes import InlinePool


def test_easy_and_hard_problems_are_mixed_by_weight() -> None:
    entries: list[str | dict[str, Any]] = [
        {"name": "lab:arithmetic", "size": 60, "difficulties": [0, 2], "weight": 1},
        {"name": "lab:arithmetic", "size": 60, "difficulties": [3, 9], "weight": 3},
    ]
    tasks = load_tasks(DataSettings(tasks=entries))
    easy, hard = (task.problems() for task in tasks)
    assert [task.name for task in tasks] == ["lab:arithmetic?difficulties=[0, 2]", "lab:arithmetic?difficulties=[3, 9]"]
    assert {problem.difficulty for problem in easy} == {2.0}
    assert {problem.difficulty for problem in hard} == {3.0, 4.0}
    assert len(easy) + len(hard) == 60
    assert task_weights(DataSettings(tasks=entries), tasks) == [0.25, 0.75]
    validate(tasks[1], 10, InlinePool())


@pytest.mark.parametrize("bounds", [3, [3], ["a", 4], [True, 4], [1, 2, 3]])
def test_bounds_are_two_numbers(bounds: Any) -> None:
    with pytest.raises(ConfigError, match=r"difficulties = .*, expected the lowest and the highest"):
        load_task({"name": "lab:arithmetic", "size": 5, "difficulties": bounds})


def test_bounds_without_problems_are_refused() -> None:
    entry = {"name": "lab:arithmetic", "size": 20, "difficulties": [90, 99]}
    with pytest.raises(DataError, match="has no problems"):
        load_tasks(DataSettings(tasks=[entry]))
