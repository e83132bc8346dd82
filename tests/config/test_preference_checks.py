"""Stages of preferences and reward models: keys that cannot be meant together, keys without effect."""

from __future__ import annotations

from typing import Any

import pytest

from aha.config.checks import contradictions
from aha.config.effective import effective, idle_keys, stage_key
from aha.config.recipe import Recipe

PAIRS = ["file:pairs.jsonl"]


def recipe(**stage: Any) -> Recipe:
    reward = {"kind": "reward_model", "model": "lab"}
    return Recipe.model_validate({"name": "x", "stages": {"one": reward | stage}})


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({}, "neither pairs nor labels"),
        ({"pairs": PAIRS, "labels": ["file:labels.jsonl"]}, "not both"),
        ({"pairs": PAIRS, "held_out": 1}, "leaves nothing to train on"),
    ],
)
def test_a_reward_model_learns_from_pairs_or_labels(changes: dict[str, Any], message: str) -> None:
    (found,) = contradictions(recipe(**changes))
    assert message in found.problem
    assert found.path[:2] == ("stages", "one")
    assert not list(contradictions(recipe(pairs=PAIRS)))
    assert not list(contradictions(recipe(labels=PAIRS)))


def test_what_a_reward_model_never_reads_has_no_effect() -> None:
    plain = recipe(pairs=PAIRS)
    kept = effective(plain)["stages"]["one"]
    assert "micro_batch_tokens" in kept["engine"]
    assert not {"max_rows", "compile", "cache_tokens"} & kept["engine"].keys()
    assert "end_frac" not in kept["optimizer"]
    assert "end_frac" in effective(recipe(pairs=PAIRS, optimizer={"schedule": "linear"}))["stages"]["one"]["optimizer"]
    idle = {found.path[2:] for found in idle_keys(recipe(pairs=PAIRS, held_out=0))}
    assert ("min_accuracy",) in idle
    assert ("min_accuracy",) not in {found.path[2:] for found in idle_keys(plain)}


def test_what_is_seen_changes_a_reward_models_key_and_the_accuracy_asked_for_does_not() -> None:
    keys = [
        stage_key(recipe(pairs=PAIRS, **changes).stages["one"], {})
        for changes in ({}, {"sees": "summary"}, {"min_accuracy": 0.9})
    ]
    assert keys[0] == keys[2] != keys[1]


def test_labels_have_no_margin() -> None:
    stage = {"kind": "preference", "model": "lab", "judge": {"model": "lab"}, "data": {"tasks": ["lab:safety"]}}
    made = Recipe.model_validate({"name": "x", "stages": {"one": {**stage, "question": "safe"}}})
    idle = {found.path[2:] for found in idle_keys(made)}
    assert {("min_margin",), ("balance_length",)} <= idle
    assert not list(contradictions(made))
