"""From a name or a path and overrides to a checked recipe: file < preset under it, command line over it."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from aha.config.checks import contradictions
from aha.config.effective import idle_keys, remove
from aha.config.overrides import parse_override, put, resolve, suggest
from aha.config.presets import PRESETS
from aha.config.problems import dotted, refusal, where
from aha.config.recipe import Recipe
from aha.config.settings import EvaluateStage
from aha.config.yaml_files import KeyPath, parse
from aha.errors import ConfigError

RECIPES = Path(__file__).parent.parent / "recipes"

_PRESET, _FILE, _COMMAND = 0, 1, 2
_TASK_LISTS = (
    ("data", "tasks"),
    ("on",),
    ("evaluate", "on"),
    ("evaluate", "final_on"),
    ("filters", "decontaminate"),
)
"""Where a stage names tasks or benchmarks, below the stage."""


@dataclass(frozen=True, slots=True)
class LoadedRecipe:
    """A checked recipe, the file it came from, and what was dropped on the way."""

    recipe: Recipe
    path: Path
    notices: tuple[str, ...]
    """One sentence for each key of a preset or of the file that has no effect and was left out."""


class _Tree:
    """A recipe before it is checked: values, and for each path the layer and the place that wrote it."""

    def __init__(self, values: dict[str, Any], name: str) -> None:
        self.values = values
        self.name = name
        self.layers: dict[KeyPath, int] = {}
        self.places: dict[KeyPath, str] = {}

    def mark(self, path: KeyPath, layer: int, place: str) -> None:
        """Note who wrote `path`, and with it everything below."""
        for known in [known for known in self.layers if known[: len(path)] == path]:
            del self.layers[known], self.places[known]
        self.layers[path], self.places[path] = layer, place

    def layer(self, path: KeyPath) -> int:
        """The layer that wrote a key, -1 for a default."""
        for length in range(len(path), 2, -1):
            if path[:length] in self.layers and _has(self.values, path):
                return self.layers[path[:length]]
        return -1


def recipe_names() -> list[str]:
    """Names of the recipes in the package."""
    return sorted(path.stem for path in RECIPES.glob("*.yaml"))


def recipe_descriptions() -> dict[str, str]:
    """Name and description of the recipes in the package."""
    return {name: str(_read(RECIPES / f"{name}.yaml").values.get("description", "")) for name in recipe_names()}


def find_recipe(name_or_path: str) -> Path:
    """The file of a recipe: a path that exists, or a name from the package. ConfigError with the names otherwise."""
    path = Path(name_or_path)
    if path.is_file():
        return path
    packaged = RECIPES / f"{name_or_path}.yaml"
    if packaged.is_file() and packaged.parent == RECIPES:
        return packaged
    known = ", ".join(recipe_names())
    cure = suggest(name_or_path, recipe_names()) or f"Recipes in the package: {known}; or give the path of a YAML file."
    raise ConfigError(f"there is no recipe '{name_or_path}'.", cure=cure)


def load_recipe(name_or_path: str, overrides: Sequence[str] = ()) -> LoadedRecipe:
    """Read, override, expand presets and check. ConfigError (UsageError for a malformed override) names every place."""
    path = find_recipe(name_or_path)
    recipe, notices = _check(_read(path), overrides)
    return LoadedRecipe(recipe, path, tuple(notices))


def evaluate_settings(model: str, on: Sequence[str], overrides: Sequence[str] = ()) -> EvaluateStage:
    """Settings of `aha eval`: `overrides` are keys of an evaluate stage, e.g. `k=4` or `engine.device=cpu`."""
    stage = {"kind": "evaluate", "model": "model", "on": list(on)}
    tree = _Tree({"name": "eval", "models": {"model": model}, "stages": {"eval": stage}}, "aha eval")
    recipe, _ = _check(tree, [f"eval.{text}" for text in overrides])
    settings = recipe.stages["eval"]
    assert isinstance(settings, EvaluateStage)
    return settings.model_copy(update={"model": model})


def _check(tree: _Tree, overrides: Sequence[str]) -> tuple[Recipe, list[str]]:
    for text in overrides:
        parts, value = parse_override(text)
        target = resolve(parts, tree.values, Recipe.model_fields, text)
        tree.mark(put(tree.values, target, value, text), _COMMAND, f"override '{text}'")
    _expand_presets(tree)
    _expand_tasks(tree.values)
    notices = _drop_idle(tree, _validate(tree))
    recipe = _validate(tree)
    for found in contradictions(recipe):
        place = where(found.path, tree.places, tree.name)
        raise ConfigError(f"{place}: stage '{found.path[1]}': {found.problem}.", cure=found.cure)
    return recipe, notices


def _read(path: Path) -> _Tree:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not readable: {error}.") from error
    values, lines = parse(text, path.name)
    if not isinstance(values, dict):
        raise ConfigError(f"{path.name}: a recipe is a set of keys, at least name and stages.")
    tree = _Tree(values, path.name)
    for key, line in lines.items():
        tree.layers[key], tree.places[key] = _FILE, f"{path.name}:{line}"
    return tree


def _expand_presets(tree: _Tree) -> None:
    stages = tree.values.get("stages")
    for name, stage in stages.items() if isinstance(stages, dict) else ():
        preset = stage.get("preset") if isinstance(stage, dict) else None
        if preset is None:
            continue
        path: KeyPath = ("stages", name, "preset")
        if not isinstance(preset, str) or preset not in PRESETS:
            cure = suggest(str(preset), PRESETS) or f"Presets: {', '.join(PRESETS)}."
            raise ConfigError(f"{where(path, tree.places, tree.name)}: there is no preset '{preset}'.", cure=cure)
        if stage.get("algorithm") is None:
            stage["algorithm"] = {}
        _merge_under(tree, ("stages", name, "algorithm"), stage["algorithm"], PRESETS[preset], f"preset {preset}")


def _merge_under(tree: _Tree, path: KeyPath, written: Any, preset: dict[str, Any], place: str) -> None:
    if not isinstance(written, dict):
        return
    for key, value in preset.items():
        if isinstance(value, dict):
            _merge_under(tree, (*path, key), written.setdefault(key, {}), value, place)
        elif key not in written:
            written[key] = copy.deepcopy(value)
            tree.mark((*path, key), _PRESET, place)


def _expand_tasks(values: dict[str, Any]) -> None:
    """Put the lists under `tasks:` where a stage names them. Keys beside a name go to each task, a weight in parts."""
    named, stages = values.get("tasks"), values.get("stages")
    if not isinstance(named, dict) or not isinstance(stages, dict):
        return
    for stage in stages.values():
        for *blocks, key in _TASK_LISTS:
            block = stage
            for name in blocks:
                block = block.get(name) if isinstance(block, dict) else None
            if isinstance(block, dict) and isinstance(block.get(key), list):
                block[key] = [task for entry in block[key] for task in _tasks_of(entry, named)]
        rewards = stage.get("rewards") if isinstance(stage, dict) else None
        for reward in rewards if isinstance(rewards, list) else ():
            if isinstance(reward, dict) and isinstance(reward.get("on"), list):
                found = [task for entry in reward["on"] for task in _tasks_of(entry, named)]
                reward["on"] = [task.get("name") if isinstance(task, dict) else task for task in found]


def _tasks_of(entry: Any, named: dict[str, Any]) -> list[Any]:
    name, extra = (entry.get("name"), entry) if isinstance(entry, dict) else (entry, {})
    tasks = named.get(name) if isinstance(name, str) else None
    if not isinstance(tasks, list):
        return [entry]
    added = {key: value for key, value in extra.items() if key != "name"}
    if isinstance(added.get("weight"), int | float) and tasks:
        added["weight"] /= len(tasks)
    return [{**(task if isinstance(task, dict) else {"name": task}), **added} if added else task for task in tasks]


def _validate(tree: _Tree) -> Recipe:
    try:
        return Recipe.model_validate(tree.values)
    except ValidationError as error:
        raise refusal(error, tree.values, tree.places, tree.name) from error


def _drop_idle(tree: _Tree, recipe: Recipe) -> list[str]:
    """Leave out keys without effect; one that was written as late as, or later than, its cause is an error."""
    notices = []
    for idle in idle_keys(recipe):
        layer = tree.layer(idle.path)
        if layer < 0:
            continue
        place = where(idle.path, tree.places, tree.name)
        cause = max((tree.layer(path) for path in idle.causes), default=-1)
        if layer > _PRESET and layer >= cause:
            problem = f"{place}: '{dotted(idle.path)}' has no effect: {idle.because}."
            raise ConfigError(problem, cure="Remove it, or change what makes it idle.")
        notices.append(f"{dotted(idle.path)} ({place}) has no effect here ({idle.because}) and was left out.")
        remove(tree.values, idle.path)
    return notices


def _has(values: Any, path: KeyPath) -> bool:
    for part in path:
        if not isinstance(values, dict) or part not in values:
            return False
        values = values[part]
    return True
