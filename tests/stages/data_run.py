"""Runs of stages that make data, without worker processes: what their tests share."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from aha.config.loading import LoadedRecipe
from aha.config.recipe import Recipe
from aha.config.settings import EngineSettings
from aha.runtime.run_directory import RunDirectory
from aha.stages import session
from aha.stages.pipeline import run_recipe
from aha.types import Json
from tests.tasks.fakes import InlinePool

ENGINE = {"device": "cpu", "dtype": "float32", "compile": False, "num_threads": 1, "verifier_workers": 1}


@contextmanager
def inline_pool(engine: EngineSettings) -> Iterator[InlinePool]:
    yield InlinePool()


def no_processes(monkeypatch: pytest.MonkeyPatch, *users: Any) -> None:
    """Verdicts in this process, no machine measured, no key of the environment's; `users`: modules of stages."""
    monkeypatch.setattr(session, "measured_matrix_flops", lambda dtype: 4.2e11)
    monkeypatch.setattr(session, "machine_facts", dict)
    for user in (session, *users):
        monkeypatch.setattr(user, "worker_pool", inline_pool)
    for name in ("AHA_API_KEY", "OPENAI_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def run(folder: Path, **stages: dict[str, Any]) -> list[str]:
    """The run, from where its folder stands; the lines that it told."""
    made = Recipe.model_validate({"name": "data", "seed": 5, "stages": stages})
    heard: list[str] = []
    run_recipe(LoadedRecipe(made, Path("data.yaml"), ()), folder / "run", tell=heard.append)
    return heard


def rows(folder: Path, name: str) -> list[dict[str, Json]]:
    """The examples that a stage made."""
    path = RunDirectory(folder / "run").stage(name).data_file("examples")
    return [json.loads(line) for line in path.read_text().splitlines()]


def result(folder: Path, name: str) -> dict[str, Json]:
    """A stage's result."""
    found: dict[str, Json] = json.loads(RunDirectory(folder / "run").stage(name).result.read_text())
    return found


def write_rows(path: Path, *lines: Json) -> str:
    """A file of rows (texts as they are) as a recipe names it."""
    path.write_text("".join((line if isinstance(line, str) else json.dumps(line)) + "\n" for line in lines))
    return f"file:{path}"
