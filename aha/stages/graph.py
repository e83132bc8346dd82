"""The graph of stages: whose model a stage takes, its key, and whether it is done, superseded or still to do."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from aha.config.effective import stage_key
from aha.config.settings import PretrainStage, Recipe, RewardSettings, Stage
from aha.errors import ConfigError, DataError, UsageError
from aha.rewards import BUILT_IN
from aha.runtime import files
from aha.runtime.run_directory import RunDirectory
from aha.tasks.doors import door_file, is_door
from aha.types import Json

FROM_STAGE = "stage/"


@dataclass(slots=True, frozen=True)
class Node:
    """A stage about to run, with what it depends on."""

    name: str
    stage: Stage
    model: str | None
    """Folder, Hub name or `lab`; None for a stage that makes its model from nothing."""
    inputs: dict[str, str]
    key: str


def place_in(recipe: Recipe, name: str) -> int:
    """Which stage of the recipe it is. Raises UsageError for a name that is not there."""
    names = list(recipe.stages)
    if name not in names:
        raise UsageError(f"There is no stage {name!r}.", cure=f"The recipe has: {', '.join(names)}.")
    return names.index(name)


def model_of(recipe: Recipe, name: str, directory: RunDirectory) -> str | None:
    """Where the model of stage `name` comes from: a folder, a Hub name or `lab`."""
    stage = recipe.stages[name]
    if isinstance(stage, PretrainStage):
        return None
    if not stage.model.startswith(FROM_STAGE):
        return recipe.models.get(stage.model, stage.model)
    source = stage.model.removeprefix(FROM_STAGE)
    names = list(recipe.stages)
    if source not in names[: names.index(name)]:
        raise ConfigError(
            f"stages.{name}.model: there is no stage {source!r} before {name!r}.",
            cure=f"Stages before it: {', '.join(names[: names.index(name)]) or 'none'}.",
        )
    return str(directory.stage(source).model)


def root_model(recipe: Recipe, name: str) -> str | None:
    """The model outside the run from which stage `name` descends; None where a stage of the run makes it.

    Stages refer to stages before them (`model_of` sees to that), so this ends.
    """
    stage = recipe.stages[name]
    while not isinstance(stage, PretrainStage) and stage.model.startswith(FROM_STAGE):
        stage = recipe.stages[stage.model.removeprefix(FROM_STAGE)]
    return None if isinstance(stage, PretrainStage) else recipe.models.get(stage.model, stage.model)


def node_of(recipe: Recipe, name: str, directory: RunDirectory, hash_of: Callable[[str], str]) -> Node:
    """The stage with its inputs' hashes and its key. `hash_of` gives the hash of a model's weights."""
    stage, model = recipe.stages[name], model_of(recipe, name, directory)
    inputs = {"seed": str(recipe.seed), "stage": name}
    if model is not None:
        inputs["model"] = hash_of(model)
    inputs |= {f"file {path}": file_hash(Path(path)) for path in read_files(stage)}
    return Node(name, stage, model, inputs, stage_key(stage, inputs))


def read_files(stage: Stage) -> list[str]:
    """Problem files and plugin sources that the stage reads, sorted."""
    if isinstance(stage, PretrainStage):
        return []
    found = {place_of(reward.name) for reward in stage.rewards if reward.name not in BUILT_IN}
    entries: Sequence[str | Mapping[str, Json]]
    if stage.kind == "rl":
        entries = [*stage.data.tasks, *stage.evaluate.on, *stage.evaluate.final_on]
    else:
        entries = stage.on
    for entry in entries:
        name = entry if isinstance(entry, str) else str(entry.get("name", ""))
        if name.startswith("file:") or ".py:" in name:
            found.add(place_of(name.removeprefix("file:")))
        elif is_door(name):
            found.add(str(door_file(name)))
    return sorted(found)


def place_of(name: str) -> str:
    """The file of `path.py:function`, or the path itself; arguments behind `?` are no part of it."""
    bare = name.partition("?")[0]
    return bare.rpartition(":")[0] if ".py:" in bare else bare


def file_hash(path: Path) -> str:
    """SHA-256 of a file. Raises DataError where it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.", cure="Check the name in the recipe.") from error


def custom_rewards(stage: Stage) -> list[RewardSettings]:
    """The rewards of a stage that are functions of the user's."""
    return [] if isinstance(stage, PretrainStage) else [r for r in stage.rewards if r.name not in BUILT_IN]


def done(node: Node, directory: RunDirectory) -> dict[str, Json] | None:
    """The stage's result where it was made from the same key; None where there is work to do."""
    result = files.read_json(directory.stage(node.name).result)
    return result if result is not None and result["key"] == node.key else None


def begin(node: Node, directory: RunDirectory, tell: Callable[[str], None]) -> None:
    """Make the stage's folder with stage.json; one of another key is moved to stages/.old, and why is told."""
    place = directory.stage(node.name)
    record: dict[str, Json] = {"key": node.key, "inputs": node.inputs, "settings": node.stage.model_dump(mode="json")}
    before = files.read_json(place.path / "stage.json")
    if before is not None and before["key"] != node.key:
        moved = directory.retire(node.name)
        reasons = changes(before["settings"], record["settings"]) + changes(before["inputs"], record["inputs"])
        tell(f"{node.name} runs again, because {', '.join(reasons) or 'its key'} changed; the old one is in {moved}.")
        before = None
    files.make_folder(place.path)
    if before is None:
        files.write_json(place.path / "stage.json", record)


def changes(before: Json, after: Json, prefix: str = "") -> list[str]:
    """Dotted names of the keys whose values differ."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return [] if before == after else [prefix]
    names = list(dict.fromkeys([*before, *after]))
    inner = [changes(before.get(name), after.get(name), f"{prefix}.{name}".lstrip(".")) for name in names]
    return [name for found in inner for name in found]
