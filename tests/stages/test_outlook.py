"""What a run would do with each stage, read off its directory."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from aha.config.recipe import Recipe
from aha.errors import UsageError
from aha.runtime import files
from aha.runtime.run_directory import RunDirectory
from aha.stages import outlook as module
from aha.stages.graph import begin, node_of
from aha.stages.outlook import outlook


def _recipe(**changes: dict[str, Any]) -> Recipe:
    stages: dict[str, dict[str, Any]] = {
        "zero": {"kind": "rl", "model": "lab", "rounds": 2, "data": {"tasks": ["lab:arithmetic"]}},
        "cold": {"kind": "collect", "way": "direct", "model": "stage/zero", "data": {"tasks": ["lab:arithmetic"]}},
        "dev1": {"kind": "sft", "model": "lab", "data": ["stage/cold"]},
    }
    return Recipe.model_validate(
        {"name": "r", "stages": {name: stage | changes.get(name, {}) for name, stage in stages.items()}}
    )


@pytest.fixture(autouse=True)
def _hashes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aha.models.weights.model_hash", lambda folder: f"hash of {folder}")
    monkeypatch.setattr(module, "_local", Path)


def _make(recipe: Recipe, path: Path, *names: str, finish: bool = True) -> None:
    directory = RunDirectory(path)
    for name in names:
        node = node_of(recipe, name, directory, lambda model: f"hash of {model}")
        begin(node, directory, lambda text: None)
        place = directory.stage(name)
        if recipe.stages[name].makes == "examples":
            files.make_folder(place.data)
            files.write_text(place.data_file("examples"), "{}\n")
        if finish:
            files.write_json(place.result, {"key": node.key})


def _told(recipe: Recipe, path: Path, **more: str) -> list[tuple[str, str]]:
    return [(one.state, one.why) for one in outlook(recipe, path, **more).stages.values()]


def test_without_a_directory_everything_runs(tmp_path: Path) -> None:
    assert _told(_recipe(), tmp_path) == [("runs", ""), ("runs", "after zero"), ("runs", "after cold")]
    assert not list(tmp_path.iterdir())


def test_done_begun_and_changed_stages(tmp_path: Path) -> None:
    _make(_recipe(), tmp_path, "zero", "cold")
    _make(_recipe(), tmp_path, "dev1", finish=False)
    assert _told(_recipe(), tmp_path) == [
        ("done", ""),
        ("done", ""),
        ("goes on", "it was begun with the same settings and inputs"),
    ]
    assert outlook(_recipe(), tmp_path).data_bytes == {"stage/cold": 3}
    assert _told(_recipe(cold={"num_samples": 9}), tmp_path)[1:] == [
        ("runs again", "num_samples changed"),
        ("may run", "unless cold makes what it made before"),
    ]
    assert _told(_recipe(zero={"rounds": 5}), tmp_path)[0] == ("goes on", "to round 5; it ended at 2")
    many = dict(
        epochs=1, batch_size=1, max_tokens=1, max_updates=1, template="plain", chat_template="r1", optimizer={"lr": 1}
    )
    told = _told(_recipe(dev1=many), tmp_path)[2][1]
    assert re.fullmatch(
        r"chat_template, template, epochs, batch_size, max_tokens, max_updates and \d more changed", told
    )


def test_until_and_from(tmp_path: Path) -> None:
    assert _told(_recipe(), tmp_path, until="zero")[1:] == [("left out", "comes after zero")] * 2
    _make(_recipe(), tmp_path, "zero", "cold")
    assert _told(_recipe(), tmp_path, from_stage="cold") == [("done", ""), ("runs again", "--from"), ("runs", "--from")]
    assert _told(_recipe(), tmp_path, from_stage="cold", until="cold")[2] == ("left out", "comes after cold")
    with pytest.raises(UsageError, match="There is no stage 'x'"):
        outlook(_recipe(), tmp_path, until="x")


def test_what_cannot_be_read_is_unknown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    _make(_recipe(), tmp_path / "run", "zero", "cold")
    (tmp_path / "run/stages/cold/data/examples.jsonl").unlink()
    files.make_folder(tmp_path / "run/stages/dev1")
    files.write_json(tmp_path / "run/stages/dev1/stage.json", {"key": ""})
    assert _told(_recipe(), tmp_path / "run")[2][0] == "unknown"
    monkeypatch.undo()
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    recipe = _recipe(zero={"model": "someone/not-here"})
    assert _told(recipe, tmp_path / "run")[0] == (
        "unknown",
        "The files of someone/not-here are not on this machine, so it cannot be compared.",
    )
