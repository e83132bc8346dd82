"""Every recipe of the lab that needs nothing from its user runs, in miniature."""

from __future__ import annotations

from pathlib import Path

import pytest

from aha.config.loading import load_recipe, recipe_names
from aha.config.settings import RLStage
from aha.stages.pipeline import run_recipe
from tests.house.test_recipes import LEFT_TO_THE_USER

ON_ONE_CORE = ("engine.num_threads=1", "engine.verifier_workers=1")
IN_MINIATURE = {
    "rl": (
        *("rounds=2", "optimizer.warmup=1", "sampling.num_problems=2", "sampling.group_size=4"),
        *("data.verify_gold=2", *ON_ONE_CORE),
    ),
    "evaluate": ("num_problems=4", "k=1", *ON_ONE_CORE),
    "rejection": ("num_problems=12", *ON_ONE_CORE),
    "sft": ("epochs=1", "optimizer.warmup=0", *ON_ONE_CORE),
    "merge": ("engine.num_threads=1",),
}
"""Overrides by kind of stage."""
NAMES = [
    name
    for name in recipe_names()
    if name.startswith("lab-")
    and name not in LEFT_TO_THE_USER
    and {stage.kind for stage in load_recipe(name).recipe.stages.values()} <= set(IN_MINIATURE)
]


@pytest.mark.slow
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("name", NAMES)
def test_it_runs_for_two_rounds(name: str, tmp_path: Path) -> None:
    overrides = []
    for stage_name, stage in load_recipe(name).recipe.stages.items():
        overrides += [f"{stage_name}.{each}" for each in IN_MINIATURE[stage.kind]]
        if isinstance(stage, RLStage):
            fewest = 2 if stage.algorithm.kl.reference_every == "round" else 1
            overrides.append(f"{stage_name}.algorithm.num_updates={fewest}")
            critic = ("num_updates=2", "optimizer.warmup=1") if stage.critic is not None else ()
            overrides += [f"{stage_name}.critic.{each}" for each in critic]
            late = (place for place, reward in enumerate(stage.rewards) if reward.after)
            overrides += [f"{stage_name}.rewards.{place}.after=0.5" for place in late]
        evaluate = getattr(stage, "evaluate", None)
        if evaluate is not None and (evaluate.on or evaluate.final_on):
            overrides.append(f"{stage_name}.evaluate.final_k=1")
            if evaluate.on or stage.kind == "rl":
                overrides.append(f"{stage_name}.evaluate.num_problems=4")
    run_recipe(load_recipe(name, overrides), tmp_path, tell=lambda text: None)
    for stage_name in load_recipe(name).recipe.stages:
        assert (tmp_path / "stages" / stage_name / "result.json").is_file()


def test_there_are_such_recipes() -> None:
    assert {"lab-zero", "lab-dapo", "lab-logic-rl", "lab-l1", "lab-open-rs"} <= set(NAMES)
