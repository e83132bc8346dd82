"""Paper-scale recipes of the family hold the papers' numbers."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from aha.config.loading import load_recipe
from aha.config.presets import PRESETS
from aha.config.settings import RLStage
from tests.house.test_recipes import LEFT_TO_THE_USER


def value_at(stage: RLStage, path: str) -> Any:
    """The value of a dotted key."""
    found: Any = stage
    for part in path.split("."):
        found = getattr(found, part)
    return found


NO_KL: dict[str, Any] = {"algorithm.kl.place": "none"}
IN_LOSS = {"algorithm.kl.place": "loss", "algorithm.kl.estimator": "k3"}
CLIP = {"algorithm.clip_low": 0.2, "algorithm.clip_high": 0.2}
RLVR = {
    "optimizer.lr": 5e-7, "sampling.group_size": 4, "sampling.num_problems": 32, "sampling.max_new_tokens": 1024,
    "algorithm.kl.place": "reward", "algorithm.kl.coef": 0.01, "algorithm.num_updates": 1,
}  # fmt: skip
L1 = {
    "sampling.group_size": 16, "sampling.num_problems": 128, "sampling.temperature": 0.6, "algorithm.num_updates": 2,
    "algorithm.kl.coef": 0.001, **IN_LOSS, **CLIP,
}  # fmt: skip
OPEN_RS = {
    "optimizer.lr": 1e-6, "optimizer.schedule": "cosine", "optimizer.end_frac": 0.1, "optimizer.warmup": 50,
    "sampling.group_size": 6, "sampling.temperature": 0.7, "sampling.max_new_tokens": 3584, "rounds": 500,
    "keep.best": True, "algorithm.num_updates": 1, **CLIP,
}  # fmt: skip
NUMBERS: dict[tuple[str, str], dict[str, Any]] = {
    ("dapo", "zero"): {
        "optimizer.lr": 1e-6, "optimizer.warmup": 20, "sampling.group_size": 16, "sampling.num_problems": 512,
        "algorithm.num_updates": 16, "algorithm.clip_low": 0.2, "algorithm.clip_high": 0.28, **NO_KL,
        "sampling.temperature": 1.0, "sampling.max_new_tokens": 20480, "algorithm.overlong_buffer": 4096,
        "algorithm.truncated": "punish", "algorithm.filter": "refill", "algorithm.aggregate": "token_mean",
        "evaluate.k": 32, "evaluate.temperature": 1.0, "evaluate.top_p": 0.7,
    },
    ("dr-grpo", "zero"): {
        "optimizer.lr": 1e-6, "optimizer.schedule": "constant", "sampling.group_size": 8, "sampling.num_problems": 16,
        "algorithm.num_updates": 1, "algorithm.scale": "none", "algorithm.aggregate": "constant",
        "algorithm.constant_length": None, "sampling.temperature": 1.0, "sampling.max_new_tokens": 3000,
        **CLIP, **NO_KL,
    },
    ("oreal", "oreal"): {
        "optimizer.lr": 5e-7, "optimizer.schedule": "cosine", "optimizer.end_frac": 0.2, "optimizer.weight_decay": 0.01,
        "token_reward.optimizer.lr": 2e-6, "token_reward.optimizer.schedule": "cosine", "token_reward.alone": 10,
        "token_reward.optimizer.end_frac": 0.2, "token_reward.num_updates": 1, "rounds": 90, "total_updates": 80,
        "sampling.group_size": 16, "sampling.num_problems": 64, "sampling.temperature": 1.0, "sampling.top_p": 0.9,
        "sampling.max_new_tokens": 14000, "algorithm.kl.coef": 0.01, "algorithm.kl.reference_every": 0, **IN_LOSS,
        "algorithm.num_updates": 1, "algorithm.baseline": "leave_one_out", "algorithm.weights.wrong": 0.5,
        "algorithm.weights.tokens": "learned", "algorithm.select": "one_correct_one_wrong", "keep.best": True,
    },
    ("logic-rl", "logic"): {
        "optimizer.lr": 4e-7, "sampling.group_size": 8, "sampling.num_problems": 8, "algorithm.kl.coef": 0.001,
        "sampling.temperature": 0.7, "sampling.max_new_tokens": 4096, "rounds": 3600,
        "algorithm.baseline": "batch_mean", "algorithm.scale": "batch_std", **IN_LOSS, **CLIP,
    },
    ("l1", "exact"): {**L1, "optimizer.lr": 1e-6, "sampling.max_new_tokens": 4096, "rounds": 700},
    ("l1", "max"): {**L1, "optimizer.lr": 4e-6, "sampling.max_new_tokens": 4500, "rounds": 120},
    ("open-rs", "accuracy"): OPEN_RS,
    ("open-rs", "cosine"): OPEN_RS,
    ("rloo", "zero"): {**RLVR, "algorithm.baseline": "leave_one_out", "algorithm.objective": "log_prob"},
    ("reinforce-pp", "zero"): {**RLVR, "algorithm.baseline": "batch_mean", **CLIP},
    ("gspo", "zero"): {
        "algorithm.ratio": "sequence", "algorithm.clip_low": 3e-4, "algorithm.clip_high": 4e-4,
        "algorithm.num_updates": 4, **NO_KL,
    },
    ("cispo", "zero"): {"algorithm.objective": "clipped_weight", "algorithm.clip_low": 1.0, **NO_KL},
}  # fmt: skip


def stage_of(recipe: str, name: str) -> RLStage:
    stage = load_recipe(recipe, LEFT_TO_THE_USER[recipe]).recipe.stages[name]
    assert isinstance(stage, RLStage)
    return stage


@pytest.mark.parametrize(("recipe", "name"), NUMBERS)
def test_recipe_holds_the_papers_numbers(recipe: str, name: str) -> None:
    stage, expected = stage_of(recipe, name), NUMBERS[recipe, name]
    assert {path: value_at(stage, path) for path in expected} == expected


@pytest.mark.parametrize(
    ("recipe", "name", "rewards"),
    [
        ("dapo", "zero", {"outcome": (1.0, {"correct": 1.0, "wrong": -1.0})}),
        ("dr-grpo", "zero", {"accuracy": (1.0, {})}),
        ("oreal", "oreal", {"accuracy": (1.0, {})}),
        ("logic-rl", "logic", {"logic": (1.0, {})}),
        ("l1", "exact", {"lcpo": (1.0, {"alpha": 3e-4})}),
        ("l1", "max", {"lcpo": (1.0, {"alpha": 3e-4, "delta": 0.5})}),
        ("open-rs", "cosine", {"cosine": (2.0, {}), "format": (1.0, {})}),
    ],
)
def test_recipe_holds_the_papers_rewards(recipe: str, name: str, rewards: dict[str, Any]) -> None:
    assert {each.name: (each.weight, each.arguments) for each in stage_of(recipe, name).rewards} == rewards


def test_dapo_makes_about_5000_updates() -> None:
    stage = stage_of("dapo", "zero")
    assert 5000 <= stage.rounds * stage.algorithm.num_updates < 5016


def test_l1_asks_for_100_to_4000_tokens_and_max_for_both_kinds() -> None:
    assert stage_of("l1", "exact").data.tasks == [{"name": "file:a.jsonl", "think_tokens": [100, 4000]}]
    assert stage_of("l1", "max").data.tasks == [
        {"name": "file:a.jsonl", "think_tokens": [100, 4000], "weight": 1.0},
        {"name": "file:a.jsonl", "max_think_tokens": [100, 4000], "weight": 1.0},
    ]


def test_the_ladder_adds_one_technique_a_step_and_ends_at_the_preset() -> None:
    stages = load_recipe("lab-dapo").recipe.stages
    settings = [stage.algorithm.model_dump() for stage in stages.values() if isinstance(stage, RLStage)]
    changed = [{key for key in after if after[key] != before[key]} for before, after in pairwise(settings)]
    assert changed == [{"truncated"}, {"clip_high"}, {"truncated", "overlong_buffer"}, {"aggregate"}, {"filter"}]


def test_oreals_ladder_adds_one_step_a_stage_and_ends_at_the_preset() -> None:
    stages = load_recipe("lab-oreal").recipe.stages
    settings = [stage.algorithm.model_dump() for stage in stages.values() if isinstance(stage, RLStage)]
    changed = [{key for key in after if after[key] != before[key]} for before, after in pairwise(settings)]
    assert changed == [{"baseline"}, {"select", "filter", "weights"}, {"weights"}]
    assert settings[2]["weights"] | {"tokens": "learned"} == settings[3]["weights"]
    assert {key: value for key, value in settings[3].items() if key in PRESETS["oreal"]} == PRESETS["oreal"]
    assert {stage.model for stage in stages.values() if isinstance(stage, RLStage)} == {"stage/start"}
    updates = [stage.total_updates for stage in stages.values() if isinstance(stage, RLStage)]
    assert set(updates) == {30}
