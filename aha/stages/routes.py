"""Before time is spent: every problem has a reward that can give it points, and every route leads somewhere."""

from __future__ import annotations

from collections.abc import Sequence

from aha.algorithms.schedules import first_update
from aha.config.overrides import suggest
from aha.config.reward_checks import BUDGET_KEYS, BUDGETED
from aha.config.settings import RewardSettings, RLStage
from aha.errors import ConfigError, DataError
from aha.evaluation.benchmarks import load_benchmark
from aha.rewards.routing import applies
from aha.rollouts.grading import is_built_in
from aha.tasks.base import Task
from aha.types import Problem

BY_RULE = ("accuracy", "tests", "outcome", "logic", "cosine", "lcpo", "relative_length", "expected_length")
"""Built-in rewards that only speak where a rule decides."""


def check_routes(stage: RLStage, tasks: Sequence[Task]) -> None:
    """Raise ConfigError for a reward's `on` that names neither a task nor a domain of the stage's problems, a truth
    that no rule decides, budgets that no prompt names, or a late phase that never comes; DataError for a problem that
    no reward can give points to once its task has begun."""
    domains = {problem.domain for task in tasks for problem in task.problems()} if any_route(stage) else set()
    known = [*sorted(domains), *(task.name.partition("?")[0] for task in tasks)]
    for reward in stage.rewards:
        for name in reward.on:
            if name.partition("?")[0] not in known:
                raise ConfigError(
                    f"rewards: {reward.name} is for {name!r}, but no problem of data.tasks is of that domain or task.",
                    cure=suggest(name, known) or f"There are: {', '.join(known)}.",
                )
    check_begun(stage)
    for task, entry in zip(tasks, stage.data.tasks, strict=True):
        begins = float(entry.get("after", 0.0)) if isinstance(entry, dict) else 0.0
        check_graded(task, [reward for reward in stage.rewards if reward.after <= begins])
        for reward in stage.rewards:
            if is_built_in(reward) and reward.name == BUDGETED:
                check_budgets(task, reward)
    if stage.algorithm.select == "one_correct_one_wrong":
        check_ruled(tasks, "algorithm.select = one_correct_one_wrong never trains on", "to all or best_of_n")
    if stage.algorithm.weights.tokens == "learned":
        check_ruled(tasks, "algorithm.weights.tokens = learned has nothing to learn from", "to same")
    truth = stage.monitor.truth
    if truth is not None and not any(problem.has_rule for problem in load_benchmark(truth).problems):
        raise ConfigError(
            f"monitor.truth: no rule decides about the problems of {truth}, so it has no pass@1.",
            cure="Name a benchmark of evaluate.on whose problems have a verifier.",
        )


def check_begun(stage: RLStage) -> None:
    """Raise ConfigError for a reward or a task whose late phase lies behind the start of the last round."""
    num_updates = stage.algorithm.num_updates
    total, last = stage.total_updates, stage.total_updates - num_updates
    late = {f"rewards: {reward.name}": reward.after for reward in stage.rewards}
    named = [entry for entry in stage.data.tasks if isinstance(entry, dict)]
    late |= {f"data.tasks: {entry.get('name')}": float(entry.get("after", 0.0)) for entry in named}
    for name, after in late.items():
        if first_update(after, total) > last:
            raise ConfigError(
                f"{name} begins after {after:g} of the updates, of which there are {total}; the last round starts "
                f"after {last}, so it never counts.",
                cure="Lower `after`, or add rounds.",
            )


def check_budgets(task: Task, reward: RewardSettings) -> None:
    """Raise ConfigError where a reward for budgets of tokens grades a task none of whose problems has one."""
    budgets = (
        bool(problem.metadata.keys() & set(BUDGET_KEYS))
        for problem in task.problems()
        if applies(reward, problem, task.name)
    )
    if not next(budgets, True) and not any(budgets):
        raise ConfigError(
            f"rewards: {reward.name} has no points on {task.name!r}, whose prompts name no budget of tokens.",
            cure="Write think_tokens: [100, 4000] beside the task's name, give its rows that column, or tell "
            f"{reward.name} its tasks (`on`).",
        )


def check_ruled(tasks: Sequence[Task], refusal: str, instead: str) -> None:
    """Raise ConfigError for the first problem that no rule decides: none of its answers is correct or wrong."""
    for task in tasks:
        unruled = next((problem for problem in task.problems() if not problem.has_rule), None)
        if unruled is not None:
            raise ConfigError(
                f"{refusal} problem {unruled.id!r} of {task.name!r}, about which no rule decides.",
                cure=f"Set it {instead}, or leave the task out.",
            )


def any_route(stage: RLStage) -> bool:
    """Whether a reward is for some problems only."""
    return any(reward.on for reward in stage.rewards)


def check_graded(task: Task, rewards: Sequence[RewardSettings]) -> None:
    """Raise DataError for the first kind of problem (domain, with or without a rule) that none of `rewards` grades."""
    seen: set[tuple[str, bool]] = set()
    for problem in task.problems():
        kind = problem.domain, problem.has_rule
        if kind not in seen and not any(speaks(reward, problem, task.name) for reward in rewards):
            raise DataError(
                f"Problem {problem.id!r} of task {task.name!r} (domain {problem.domain}, verifier "
                f"{problem.verifier.name}) is graded by no reward when its task begins.",
                cure="Add a reward for it, widen a reward's `on`, or let the task begin later (`after`).",
            )
        seen.add(kind)


def speaks(reward: RewardSettings, problem: Problem, task: str) -> bool:
    """Whether a reward can give points to this problem."""
    needs_rule = is_built_in(reward) and reward.name in BY_RULE
    needs_budget = is_built_in(reward) and reward.name == BUDGETED and not problem.metadata.keys() & set(BUDGET_KEYS)
    return applies(reward, problem, task) and (problem.has_rule or not needs_rule) and not needs_budget
