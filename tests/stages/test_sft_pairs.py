"""Fine-tuning from pairs: the chosen answers become likelier than the rejected ones, and a killed run resumes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aha.config.checks import contradictions
from aha.config.effective import idle_keys
from aha.config.loading import LoadedRecipe
from aha.config.plan import plan
from aha.config.recipe import Recipe
from aha.errors import DataError
from aha.runtime.metrics import read_lines
from aha.runtime.run_directory import RunDirectory
from aha.stages.pipeline import run_recipe
from benchmarks.measuring.same_run import differences
from tests.models.tiny import save_reference
from tests.stages.test_sft import ENGINE, run_killed_at


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aha.stages.session.measured_matrix_flops", lambda dtype: 1e9)


def recipe(folder: Path, *rows: dict[str, str], **changes: Any) -> LoadedRecipe:
    """A tiny base that shall prefer short answers."""
    save_reference(folder / "tiny")
    pairs = [{"prompt": f"{a}?", "chosen": "b", "rejected": "a long one"} for a in range(6)]
    (folder / "pairs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows or pairs))
    stage = {
        "kind": "sft",
        "model": "base",
        "data": [f"file:{folder / 'pairs.jsonl'}"],
        "term": "preference",
        "template": "plain",
        "epochs": 3,
        "batch_size": 4,
        "optimizer": {"lr": 3e-3},
        "engine": ENGINE,
        "logging": {"checkpoint_every": 1},
    } | changes
    made = Recipe.model_validate({"name": "p", "models": {"base": str(folder / "tiny")}, "stages": {"dpo": stage}})
    return LoadedRecipe(made, Path("p.yaml"), ())


def test_the_chosen_answers_win_and_a_killed_run_ends_in_the_same_bytes(tmp_path: Path) -> None:
    loaded = recipe(tmp_path)
    run_recipe(loaded, tmp_path / "whole", tell=lambda text: None)
    place = RunDirectory(tmp_path / "whole").stage("dpo")
    lines = read_lines(place.metrics)[1:]
    assert len(lines) == 5
    assert lines[0]["loss"] == pytest.approx(0.6931, abs=1e-3)
    assert lines[0]["pair_accuracy"] == pytest.approx(0.5, abs=0.5)
    assert (lines[0]["kl/reference"], lines[-1]["pair_accuracy"]) == (pytest.approx(0, abs=1e-6), 1.0)
    assert lines[-1]["loss"] < lines[0]["loss"] - 0.05
    card = (place.model / "README.md").read_text()
    assert "direct preference optimization, β 0.1" in card
    assert f"by preferences between answers from `{tmp_path / 'tiny'}`" in card
    for call in (40, 90):
        run_killed_at(loaded, tmp_path / "cut", call)
    run_recipe(loaded, tmp_path / "cut", tell=lambda text: None)
    assert differences(tmp_path / "whole", tmp_path / "cut") == []


def test_a_file_without_pairs_is_refused_before_the_run(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no pair in the first rows"):
        run_recipe(recipe(tmp_path, {"prompt": "q", "completion": "x"}), tmp_path / "run", tell=lambda text: None)


def test_examples_are_no_pairs_and_imitation_has_no_beta(tmp_path: Path) -> None:
    rejection = {"kind": "rejection", "model": "lab", "data": {"tasks": ["lab:mixed"]}}

    def found(leaves: str, **changes: Any) -> Recipe:
        sft = {"kind": "sft", "model": "lab", "data": ["stage/many"], **changes}
        return Recipe.model_validate({"name": "x", "stages": {"many": rejection | {"leaves": leaves}, "tune": sft}})

    (wrong,) = contradictions(found("examples", term="preference"))
    assert wrong.problem == "data.0 = 'stage/many' makes examples, but the term preference learns from pairs"
    assert not list(contradictions(found("pairs", term="preference")))
    assert not list(contradictions(found("pairs")))
    idle = {".".join(each.path[2:]) for each in idle_keys(found("pairs")) if each.path[1] == "tune"}
    assert "beta" in idle
    assert "beta" not in {".".join(each.path[2:]) for each in idle_keys(found("pairs", term="preference"))}


def test_the_reference_takes_memory(tmp_path: Path) -> None:
    memory = []
    for term in ("imitation", "preference"):
        loaded = recipe(tmp_path, term=term)
        config = json.loads((tmp_path / "tiny" / "config.json").read_text())
        (one,) = plan(loaded.recipe, {"base": config}, 1e12)
        assert one.memory_bytes is not None
        assert one.num_parameters is not None
        memory.append(one.memory_bytes)
    assert memory[1] - memory[0] == 4 * one.num_parameters
