"""Budgets in prompts: what is written, what is drawn, and what is refused."""

from __future__ import annotations

import re
from typing import Any

import pytest

from aha.errors import ConfigError
from aha.evaluation.benchmarks import load_benchmark
from aha.rollouts.problems import load_task
from aha.tasks.base import validate
from tests.tasks.fakes import InlinePool


@pytest.mark.parametrize(
    ("key", "pattern"),
    [("think_tokens", r" Think for (\d+) tokens\.$"), ("max_think_tokens", r" Think for maximum (\d+) tokens\.$")],
)
def test_every_prompt_ends_with_the_number_that_its_reward_reads(key: str, pattern: str) -> None:
    plain = load_task({"name": "lab:arithmetic", "size": 40}).problems()
    task = load_task({"name": "lab:arithmetic", "size": 40, key: [16, 64], "weight": 2})
    drawn = []
    for bare, problem in zip(plain, task.problems(), strict=True):
        content = problem.messages[-1]["content"]
        found = re.search(pattern, content)
        assert found is not None
        assert content == bare.messages[-1]["content"] + found.group()
        assert (problem.id, problem.metadata[key]) == (bare.id, int(found.group(1)))
        drawn.append(problem.metadata[key])
    assert min(drawn) >= 16
    assert max(drawn) <= 64
    assert len(set(drawn)) > 15
    assert drawn == [task.problems()[place].metadata[key] for place in range(40)]
    assert [each.metadata[key] for each in task.problems()[3:5]] == drawn[3:5]


def test_the_budget_may_stand_behind_the_name_and_leaves_other_arguments_alone() -> None:
    task = load_task("knights?people=2&think_tokens=[8,8]&size=5")
    assert task.name == "knights?people=[2]&think_tokens=[8, 8]"
    assert [problem.metadata["think_tokens"] for problem in task.problems()] == [8] * 5
    assert load_task({"name": "lab:mixed", "max_think_tokens": 32}).name == "lab:mixed?max_think_tokens=[32, 32]"


def test_a_budgeted_task_grades_its_gold_answers_as_correct() -> None:
    validate(load_task({"name": "lab:mixed", "size": 20, "think_tokens": 32}), 20, InlinePool())
    validate(load_task("knights?size=5&max_think_tokens=32"), 5, InlinePool())


def test_benchmarks_take_a_budget_too() -> None:
    plain, asked = load_benchmark("heldout"), load_benchmark("lab:heldout?think_tokens=32", 3)
    assert asked.name == "heldout?think_tokens=32"
    assert asked.file_name == "heldout-think_tokens-32"
    assert all(problem.messages[-1]["content"].endswith("Think for 32 tokens.") for problem in asked.problems)
    assert {problem.id for problem in asked.problems} <= {problem.id for problem in plain.problems}


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"think_tokens": 0}, "think_tokens = 0 is no number of tokens"),
        ({"think_tokens": [64, 16]}, "think_tokens = [64, 16] is no number of tokens"),
        ({"max_think_tokens": "many"}, "max_think_tokens = 'many' is no number of tokens"),
        ({"think_tokens": 5, "max_think_tokens": 5}, "think_tokens and max_think_tokens at once"),
    ],
)
def test_budgets_that_are_none_are_refused(entry: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        load_task({"name": "lab:arithmetic", **entry})
