"""The graph of stages: what a stage reads and where it lies, its key, and whether it is done, superseded or to do."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from aha.config.effective import stage_key
from aha.config.model_stages import SFTStage
from aha.config.reading import Input, inputs, model_input, named_model
from aha.config.recipe import Recipe, Stage
from aha.config.settings import EvaluateStage, RewardSettings, RLStage
from aha.errors import ConfigError, DataError, UsageError
from aha.rewards import BUILT_IN
from aha.runtime import files
from aha.runtime.run_directory import RunDirectory
from aha.tasks.doors import door_file, is_door
from aha.text.chat import CHAT_TEMPLATES
from aha.types import Json

MODELS = ("model", "writer", "scorer")
DATA = ("examples", "pairs", "labels")
SCRIPTED = "scripted"
"""The lab's stand-in for a writer or judge."""
LENGTHS = {"rl": ("rounds", "round"), "sft": ("max_updates", "update")}
"""The key that says when a stage of a kind ends, and what it counts."""


@dataclass(slots=True, frozen=True)
class Node:
    """A stage about to run, with what it depends on."""

    name: str
    stage: Stage
    places: dict[str, str]
    """Where each model and data set lies, by its key: a folder, a file, a Hub name, an address, `lab`, `scripted`."""
    inputs: dict[str, str]
    """Content hashes of all that it reads, and the run's seed."""
    key: str
    resume_key: str
    """The key without the stop length where nothing but the end depends on that: such a stage can be prolonged."""
    sources: dict[str, Input] = field(default_factory=dict)

    @property
    def model(self) -> str | None:
        """Folder, Hub name or `lab`; None for a stage that starts from no model."""
        return self.places.get("model")


def place_in(recipe: Recipe, name: str) -> int:
    """Which stage of the recipe it is. Raises UsageError for a name that is not there."""
    names = list(recipe.stages)
    if name not in names:
        raise UsageError(f"There is no stage {name!r}.", cure=f"The recipe has: {', '.join(names)}.")
    return names.index(name)


def place_of_input(recipe: Recipe, name: str, wanted: Input, directory: RunDirectory) -> str:
    """Where an input of stage `name` lies. Raises ConfigError for a stage that does not come before it."""
    if wanted.source is None:
        return named_model(recipe, wanted.name) if wanted.what in MODELS else wanted.name.removeprefix("file:")
    before = list(recipe.stages)[: list(recipe.stages).index(name)]
    if wanted.source not in before:
        raise ConfigError(
            f"stages.{name}.{wanted.key}: there is no stage {wanted.source!r} before {name!r}.",
            cure=f"Stages before it: {', '.join(before) or 'none'}.",
        )
    place = directory.stage(wanted.source)
    if wanted.what in MODELS:
        return str(place.model)
    return str(place.data_file(recipe.stages[wanted.source].makes))


def root_model(recipe: Recipe, name: str) -> str | None:
    """The model outside the run from which stage `name` descends; None where a stage of the run makes it, or it has
    none. Stages refer to stages before them (`place_of_input` sees to that), so this ends."""
    found = model_input(recipe.stages[name])
    while found is not None and found.source is not None:
        found = model_input(recipe.stages[found.source])
    return None if found is None else named_model(recipe, found.name)


def node_of(recipe: Recipe, name: str, directory: RunDirectory, hash_of: Callable[[str], str]) -> Node:
    """The stage with its inputs' hashes and its keys. `hash_of` gives the hash of a model's weights."""
    stage = recipe.stages[name]
    found = {each.key: each for each in inputs(stage) if each.what in MODELS + DATA}
    places = {key: place_of_input(recipe, name, each, directory) for key, each in found.items()}
    hashes = {"seed": str(recipe.seed), "stage": name}
    for key, each in found.items():
        hashes[key] = content_hash(places[key], each, hash_of)
    hashes |= {f"file {path}": file_hash(Path(path)) for path in read_files(stage)}
    return Node(name, stage, places, hashes, stage_key(stage, hashes), stage_key(lengthless(stage), hashes), found)


def content_hash(place: str, wanted: Input, hash_of: Callable[[str], str]) -> str:
    """Hash of a model's weights or of a data file; an endpoint, which nobody can hash, is its address."""
    if wanted.what in DATA:
        return file_hash(Path(place))
    return place if place == SCRIPTED or "://" in place else hash_of(place)


def lengthless(stage: Stage) -> Stage:
    """The stage without its stop length, where no schedule, reward or task depends on that."""
    if isinstance(stage, SFTStage) and stage.max_updates is not None and stage.optimizer.schedule == "constant":
        return stage.model_copy(update={"max_updates": 1})
    if not isinstance(stage, RLStage):
        return stage
    timed = [reward.after for reward in stage.rewards] + [stage.data.hard_after]
    timed += [entry.get("after", 0) for entry in stage.data.tasks if isinstance(entry, dict)]
    schedules = [stage.optimizer.schedule, *([stage.second.optimizer.schedule] if stage.second else [])]
    if set(schedules) != {"constant"} or any(timed):
        return stage
    return stage.model_copy(update={"rounds": 1})


def read_files(stage: Stage) -> list[str]:
    """Problem files, plugin sources and chat templates that the stage reads, sorted."""
    found = {place_of(reward.name) for reward in custom_rewards(stage)}
    if isinstance(stage, SFTStage) and stage.chat_template not in (None, *CHAT_TEMPLATES):
        found.add(str(stage.chat_template))
    for each in inputs(stage):
        if each.what not in ("tasks", "benchmarks"):
            continue
        if each.name.startswith("file:") or ".py:" in each.name:
            found.add(place_of(each.name.removeprefix("file:")))
        elif is_door(each.name):
            found.add(str(door_file(each.name)))
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
    rewards = stage.rewards if isinstance(stage, RLStage | EvaluateStage) else []
    return [reward for reward in rewards if reward.name not in BUILT_IN and reward.model is None]


def done(node: Node, directory: RunDirectory) -> dict[str, Json] | None:
    """The stage's result where it was made from the same key; None where there is work to do."""
    result = files.read_json(directory.stage(node.name).result)
    return result if result is not None and result["key"] == node.key else None


def begin(node: Node, directory: RunDirectory, tell: Callable[[str], None]) -> None:
    """Make the stage's folder with stage.json; one of another key is moved to stages/.old, and why is told.

    A stage that only ends later than before, and may (`Node.resume_key`), stays and goes on from its last checkpoint.
    """
    place = directory.stage(node.name)
    record: dict[str, Json] = {
        "key": node.key,
        "resume_key": node.resume_key,
        "inputs": node.inputs,
        "settings": node.stage.model_dump(mode="json"),
    }
    before = files.read_json(place.path / "stage.json")
    if before is not None and before["key"] != node.key:
        if prolongs(node, before):
            key, unit = LENGTHS[node.stage.kind]
            tell(f"{node.name} goes on to {unit} {record['settings'][key]}.")
            if place.result.exists():
                files.remove(place.result)
        else:
            moved = directory.retire(node.name)
            reasons = changes(before["settings"], record["settings"]) + changes(before["inputs"], record["inputs"])
            tell(
                f"{node.name} runs again, because {', '.join(reasons) or 'its key'} changed; the old one is in {moved}."
            )
        before = None
    files.make_folder(place.path)
    if before is None:
        files.write_json(place.path / "stage.json", record)


def prolongs(node: Node, before: Json) -> bool:
    """Whether the stage is the one of stage.json `before`, only longer."""
    if before.get("resume_key") != node.resume_key or node.stage.kind not in LENGTHS:
        return False
    key, _ = LENGTHS[node.stage.kind]
    now, then = getattr(node.stage, key), before["settings"][key]
    return now is not None and then is not None and now > then


def changes(before: Json, after: Json, prefix: str = "") -> list[str]:
    """Dotted names of the keys whose values differ."""
    if not (isinstance(before, dict) and isinstance(after, dict)):
        return [] if before == after else [prefix]
    names = list(dict.fromkeys([*before, *after]))
    inner = [changes(before.get(name), after.get(name), f"{prefix}.{name}".lstrip(".")) for name in names]
    return [name for found in inner for name in found]
