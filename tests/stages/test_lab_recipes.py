"""Every recipe on the embedded models runs, in miniature."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aha.config.loading import load_recipe, recipe_names
from aha.config.settings import RLStage
from aha.stages.pipeline import run_recipe
from benchmarks.language import write_rows
from tests.house.test_recipes import LEFT_TO_THE_USER

EMBEDDED = {"lab", "lab-small", "scripted"}
NAMES = [
    name
    for name in recipe_names()
    if set(load_recipe(name, LEFT_TO_THE_USER.get(name, [])).recipe.models.values()) <= EMBEDDED
]
FEW = '["lab:mixed?split=heldout&size=4"]'
IN_MINIATURE = {
    "rl": (
        *("rounds=2", "optimizer.warmup=1", "sampling.num_problems=2", "sampling.group_size=4"),
        *("data.verify_gold=2", "algorithm.num_updates=2"),
    ),
    "evaluate": ("num_problems=4", "k=1"),
    "rejection": ("num_problems=12",),
    "sft": ("optimizer.warmup=0",),
    "collect": ("num_problems=24",),
    "general": (),
    "preference": ("num_problems=32",),
    "reward_model": ("epochs=1", "held_out=0.5"),
    "pretrain": ("tokens=16384", "optimizer.warmup=1"),
    "merge": (),
}
"""Overrides by kind of stage."""
WITHOUT_VERIFIERS = ("sft", "pretrain", "reward_model", "merge")


def miniature(stage: Any) -> Iterator[str]:
    """Overrides of one stage: few rounds, few problems, one core."""
    yield from IN_MINIATURE[stage.kind]
    evaluate = getattr(stage, "evaluate", None)
    if evaluate is not None and (evaluate.on or evaluate.final_on):
        yield from ("evaluate.final_k=1", f"evaluate.final_on={FEW}")
        if evaluate.on:
            yield "evaluate.num_problems=4"
    if isinstance(stage, RLStage) and stage.critic is not None:
        yield from ("critic.num_updates=2", "critic.optimizer.warmup=1")
    if isinstance(stage, RLStage) and stage.token_reward is not None:
        yield from ("token_reward.alone=1", "token_reward.num_updates=2", "token_reward.optimizer.warmup=1")
    if isinstance(stage, RLStage):
        yield from (f"rewards.{place}.after=0.5" for place, reward in enumerate(stage.rewards) if reward.after)
    if stage.kind == "general":
        yield from (f"files.{place}.limit=200" for place in range(len(stage.files)))
    if stage.kind == "preference" and stage.question == "helpful":
        yield from ("min_margin=0", "balance_length=false")
    yield "engine.num_threads=1"
    if stage.kind not in WITHOUT_VERIFIERS:
        yield "engine.verifier_workers=1"


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", NAMES)
def test_it_runs_for_two_rounds(name: str, tmp_path: Path) -> None:
    given = LEFT_TO_THE_USER.get(name, [])
    if name == "lab-language":
        given = [f"mixed.data=[file:{write_rows(tmp_path / 'mixed.jsonl', 32, 0.45)}]"]
    stages = load_recipe(name, given).recipe.stages
    overrides = [f"{stage_name}.{each}" for stage_name, stage in stages.items() for each in miniature(stage)]
    run_recipe(load_recipe(name, [*given, *overrides]), tmp_path / "run", tell=lambda text: None)
    for stage_name in stages:
        assert (tmp_path / "run" / "stages" / stage_name / "result.json").is_file()


def test_all_of_the_lab_is_among_them() -> None:
    assert {name for name in recipe_names() if name.startswith("lab-")} <= set(NAMES)
    assert {"distill-vs-rl", "gym-zero"} <= set(NAMES)
