"""Before time is spent: tasks load and grade their own answers, prompts fit, rewards are there, the disk has room."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from functools import partial
from pathlib import Path

from aha.algorithms.rewards import overlong_penalty
from aha.config.lora import LoRASettings
from aha.config.model_stages import SFTStage
from aha.config.reading import inputs
from aha.config.recipe import Stage
from aha.config.settings import DataSettings, EvaluateStage, RLStage
from aha.errors import ConfigError, DataError, MachineError
from aha.evaluation.benchmarks import load_benchmark
from aha.models.lora import adapter_size, folder_layers, named_layers
from aha.rewards import BUILT_IN
from aha.rollouts.collect import Render
from aha.rollouts.curriculum import hardest
from aha.rollouts.grading import LengthPoints
from aha.rollouts.problems import load_tasks, task_weights
from aha.stages.graph import custom_rewards, place_of
from aha.stages.progress import longest_limit
from aha.stages.routes import check_routes
from aha.tasks.base import Pool, validate
from aha.types import JUDGE, Json, Problem

CHECKED_PROMPTS = 512
"""Prompts of a task whose length is checked, spread evenly."""
BYTES_A_PARAMETER = 16
"""Of a checkpoint: fp32 masters and two moments, the working weights, and a reference in bf16."""


def check_stage(stage: Stage, pool: Pool) -> None:
    """Everything about a stage that needs no model. Raises ConfigError, DataError or MachineError."""
    for reward in custom_rewards(stage):
        path = Path(place_of(reward.name))
        if path.suffix != ".py" or not path.is_file():
            raise ConfigError(
                f"rewards: {reward.name!r} is neither built in nor a function in a file.",
                cure=f"Built in: {', '.join(BUILT_IN)}; else write PATH.py:FUNCTION of a file that exists.",
            )
    data = getattr(stage, "data", None)
    if isinstance(data, DataSettings):
        tasks = load_tasks(data)
        task_weights(data, tasks)
        for task in tasks:
            validate(task, data.verify_gold, pool)
            if getattr(stage, "judge", None) is None:
                check_rules(task.name, task.problems())
        if isinstance(stage, RLStage):
            length_points(stage)
            for task in tasks if data.hard_after is not None else ():
                hardest(task.name, task.problems(), data.hard_frac)
            check_routes(stage, tasks)
    for name in benchmarks_of(stage):
        found = load_benchmark(name)
        if isinstance(stage, RLStage | EvaluateStage | SFTStage):
            check_rules(name, found.problems)


def check_rules(name: str, problems: Sequence[Problem]) -> None:
    """Raise ConfigError for problems that a judge decides about, where there is none. Of problems that are made when
    asked for, some are looked at."""
    looked_at = problems if isinstance(problems, list) else spread(problems)
    problem = next((each for each in looked_at if each.verifier.name == JUDGE), None)
    if problem is not None:
        raise ConfigError(
            f"Problem {problem.id!r} of {name} is decided by a judge (verifier {JUDGE}), and this stage has none.",
            cure="Use it in a stage of kind rejection with `judge: {model: …}`, or give it another verifier.",
        )


def benchmarks_of(stage: Stage) -> list[str]:
    """Every benchmark that a stage names, once."""
    return list(dict.fromkeys(each.name for each in inputs(stage) if each.what == "benchmarks"))


def length_points(stage: RLStage) -> LengthPoints | None:
    """The soft punishment of length, where the stage asks for it. Raises ConfigError for a buffer that does not fit."""
    if stage.algorithm.truncated != "punish":
        return None
    limits = [stage.sampling.max_new_tokens, *(limit for _, limit in stage.sampling.length_stages)]
    overlong_penalty(0, min(limits), stage.algorithm.overlong_buffer)
    return partial(overlong_penalty, buffer=stage.algorithm.overlong_buffer)


def check_prompts(stage: Stage, render: Render, max_positions: int | None) -> None:
    """Every prompt and its answer must fit into the model's positions. Raises DataError that names the problem."""
    if max_positions is None:
        return
    if isinstance(stage, RLStage):
        limit = longest_limit(stage)
        for task in load_tasks(stage.data):
            check_lengths(spread(task.problems()), render, limit, max_positions)
        limit = stage.evaluate.max_new_tokens or limit
    elif isinstance(stage, EvaluateStage):
        limit = stage.max_new_tokens
    elif isinstance(stage, SFTStage):
        limit = stage.evaluate.max_new_tokens or 1
    for name in benchmarks_of(stage):
        check_lengths(spread(load_benchmark(name).problems), render, limit, max_positions)


def spread(problems: Sequence[Problem]) -> Iterable[Problem]:
    """At most `CHECKED_PROMPTS` problems, evenly from first to last."""
    step = max(1, len(problems) // CHECKED_PROMPTS)
    return (problems[place] for place in range(0, len(problems), step))


def check_lengths(problems: Iterable[Problem], render: Render, max_new_tokens: int, max_positions: int) -> None:
    """Raise DataError for the first problem whose prompt and answer are longer than the model's positions."""
    for problem in problems:
        num_prompt, num_new = len(render(problem)), problem.max_new_tokens or max_new_tokens
        if num_prompt + num_new > max_positions:
            raise DataError(
                f"Problem {problem.id!r} of {problem.source} needs {num_prompt} prompt tokens and up to {num_new} new "
                f"ones; the model has {max_positions} positions.",
                cure="Lower max_new_tokens, shorten the problem, or take a model with more positions.",
            )


def max_positions(config: dict[str, Json]) -> int | None:
    """Positions of a model by its config.json; None where it names no limit."""
    found = config.get("max_position_embeddings")
    return found if isinstance(found, int) else None


def check_lora(settings: LoRASettings | None, folder: Path) -> int | None:
    """Numbers in the adapters that a model gets; None without. Raises ConfigError for layers that it does not have."""
    if settings is None:
        return None
    return adapter_size(named_layers(folder_layers(folder), settings.layers).values(), settings.rank)


def check_disk(folder: Path, num_parameters: int, num_checkpoints: int) -> None:
    """Raise MachineError where the disk has no room for the checkpoints that will lie there at the same time."""
    needed = num_parameters * BYTES_A_PARAMETER * num_checkpoints
    existing = next(place for place in [folder, *folder.absolute().parents] if place.exists())
    free = shutil.disk_usage(existing).free
    if free < needed:
        raise MachineError(
            f"{folder} has {free:,} bytes free; {num_checkpoints} checkpoints need about {needed:,}.",
            cure="Free some space, lower keep.last, or give another --dir.",
        )
