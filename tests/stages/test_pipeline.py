"""A whole run of a tiny random model: skipped where done, redone where changed, refused before time is spent."""

import json
from pathlib import Path

import pytest

from aha.config.loading import LoadedRecipe
from aha.config.recipe import Recipe
from aha.errors import DataError, MachineError
from aha.stages import session
from aha.stages.pipeline import run_recipe
from tests.resume.tiny_run import make_inputs, recipe


@pytest.fixture(autouse=True)
def _no_measuring(monkeypatch):
    monkeypatch.setattr(session, "measured_matrix_flops", lambda dtype: 4.2e11)


def run(made: Recipe, folder: Path, **options) -> list[str]:
    heard: list[str] = []
    run_recipe(LoadedRecipe(made, Path("tiny.yaml"), ()), folder, tell=heard.append, **options)
    return heard


def test_a_run_leaves_its_results_and_the_same_command_does_nothing_twice(tmp_path):
    model, problems = make_inputs(tmp_path)
    first = recipe(model, problems, rounds=1)
    assert "bfloat16 420" in run(first, tmp_path / "run")[0]
    zero = tmp_path / "run" / "stages" / "zero"
    result = json.loads((zero / "result.json").read_text())
    assert result["cost"]["rounds"] == 1
    assert list(result["scores"]) == [f"file:{problems}"]
    assert "# zero" in (zero / "model" / "README.md").read_text()
    assert (tmp_path / "run" / "environment.json").exists()

    from transformers import AutoModelForCausalLM

    AutoModelForCausalLM.from_pretrained(zero / "model")
    assert run(first, tmp_path / "run")[1:] == ["zero: done already.", "after: done already."]

    changed = recipe(model, problems, rounds=1)
    changed.stages["after"].k = 3
    heard = run(changed, tmp_path / "run")[1:]
    assert heard[0] == "zero: done already."
    assert "after runs again, because k changed" in heard[1]
    assert (tmp_path / "run" / "stages" / ".old" / "after-1" / "result.json").exists()

    again = run(changed, tmp_path / "run", from_stage="after")
    assert again[-1] == "after: evaluate."
    with session_lock(tmp_path / "run"), pytest.raises(MachineError, match="in use"):
        run(changed, tmp_path / "run")


def session_lock(folder):
    from aha.runtime.run_directory import RunDirectory

    return RunDirectory(folder).lock()


def test_prompts_that_do_not_fit_are_refused_before_anything_is_trained(tmp_path):
    model, problems = make_inputs(tmp_path)
    long = recipe(model, problems, sampling={"num_problems": 2, "group_size": 3, "max_new_tokens": 300})
    with pytest.raises(DataError, match="the model has 256 positions"):
        run(long, tmp_path / "run")
    assert not (tmp_path / "run" / "stages" / "zero").exists()
    assert json.loads((tmp_path / "run" / "status.json").read_text())["state"] == "stopped"


def test_a_model_that_is_not_there_is_refused(tmp_path):
    _, problems = make_inputs(tmp_path)
    with pytest.raises(DataError, match="no model folder"):
        run(recipe(tmp_path / "nowhere", problems), tmp_path / "run")
