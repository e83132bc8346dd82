"""Merging: the plain average of two models, and what cannot be averaged."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from aha.config.amounts import Amounts, amounts
from aha.config.checks import contradictions
from aha.config.loading import LoadedRecipe
from aha.config.model_stages import MergeStage
from aha.config.plan import plan
from aha.config.recipe import Recipe
from aha.errors import DataError
from aha.models.load import load_model
from aha.runtime.run_directory import RunDirectory
from aha.stages.merge import average, check_alike
from aha.stages.pipeline import run_recipe
from tests.models.tiny import save_reference
from tests.parity.tiny import tiny_model

ENGINE = {"device": "cpu", "dtype": "float32", "num_threads": 1}


def recipe(folder: Path, **changes: Any) -> Recipe:
    stage = {"kind": "merge", "model": "long", "other": "short", "engine": ENGINE} | changes
    models = {name: str(folder / name) for name in ("long", "short")}
    return Recipe.model_validate({"name": "merged", "models": models, "stages": {"both": stage}})


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return dict(load_model(folder, torch.float32).model.named_parameters())


def test_the_model_is_the_average_and_loads_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aha.stages.session.measured_matrix_flops", lambda dtype: 1e9)
    for place, name in enumerate(("long", "short")):
        save_reference(tmp_path / name, "llama", initializer_range=0.1 * (1 + place))
    run_recipe(LoadedRecipe(recipe(tmp_path), Path("x.yaml"), ()), tmp_path / "run")
    made = RunDirectory(tmp_path / "run").stage("both")
    long, short, merged = (weights(folder) for folder in (tmp_path / "long", tmp_path / "short", made.model))
    assert merged.keys() == long.keys()
    for name, weight in merged.items():
        assert torch.allclose(weight, (long[name] + short[name]) / 2, atol=1e-7), name
    assert any(not torch.equal(weight, long[name]) for name, weight in merged.items())
    result = json.loads(made.result.read_text())
    assert {"model", "other", "seed"} <= result["inputs"].keys()
    card = (made.model / "README.md").read_text()
    assert f"from `{tmp_path / 'long'}` (weights " in card
    assert f"the plain average with `{tmp_path / 'short'}` (weights " in card


def test_narrow_weights_are_added_in_fp32() -> None:
    model, other = tiny_model(torch.bfloat16), tiny_model(torch.bfloat16, seed=1)
    others = dict(other.named_parameters())
    for name, weight in average(model, other):
        exact = (dict(model.named_parameters())[name].double() + others[name].double()) / 2
        assert torch.equal(weight, exact.to(torch.bfloat16)), name


def test_models_of_other_shapes_are_refused() -> None:
    check_alike(tiny_model(), tiny_model(seed=1), "a", "b")
    with pytest.raises(
        DataError, match=r"a and b cannot be averaged: the weight \S+ is \(24, 16\) in one and \(32, 16\)"
    ):
        check_alike(tiny_model(), tiny_model(intermediate_size=32), "a", "b")
    with pytest.raises(DataError, match=r"lm_head\.weight is absent in one"):
        check_alike(tiny_model(), tiny_model(tie_word_embeddings=False), "a", "b")


def test_a_model_with_itself_is_refused(tmp_path: Path) -> None:
    (found,) = contradictions(recipe(tmp_path, other="long"))
    assert found.problem == "other = 'long' is the model itself, and the average of both is that model"
    assert not list(contradictions(recipe(tmp_path)))


def test_a_merge_costs_the_memory_of_two_models_and_no_tokens(tmp_path: Path) -> None:
    found = recipe(tmp_path)
    stage = found.stages["both"]
    assert isinstance(stage, MergeStage)
    assert amounts(stage, {}) == Amounts()
    save_reference(tmp_path / "long", "llama")
    config = json.loads((tmp_path / "long" / "config.json").read_text())
    (one,) = plan(found, {"long": config, "short": config}, 1e12)
    assert one.num_parameters is not None
    assert one.memory_bytes == 2 * 4 * one.num_parameters
