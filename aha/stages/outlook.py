"""What a run would do, stage by stage, and why: the dry run's look at the run directory. Nothing is written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from aha.config.preview import Outlook, Standing
from aha.config.reading import FROM_STAGE, inputs
from aha.config.recipe import Recipe
from aha.errors import DataError
from aha.runtime import files
from aha.runtime.run_directory import RunDirectory
from aha.stages.graph import changes, done, node_of, place_in, prolongs

MOST_REASONS = 6


def outlook(recipe: Recipe, path: Path, until: str | None = None, from_stage: str | None = None) -> Outlook:
    """How every stage stands in the run directory `path`, which need not exist.

    Raises UsageError for an `until` or `from_stage` that is no stage, ConfigError for a stage read before it is made.
    """
    directory, names = RunDirectory(path), list(recipe.stages)
    last = place_in(recipe, until) if until else len(names) - 1
    anew = names[place_in(recipe, from_stage) : last + 1] if from_stage else []
    hashes: dict[str, str] = {}

    def hash_of(model: str) -> str:
        from aha.models.weights import model_hash

        if model not in hashes:
            hashes[model] = model_hash(_local(model))
        return hashes[model]

    found: dict[str, Standing] = {}
    for place, name in enumerate(names):
        waiting = [
            each.source
            for each in inputs(recipe.stages[name])
            if each.source in found and found[each.source].state not in ("done", "left out")
        ]
        if place > last:
            found[name] = Standing("left out", f"comes after {until}")
        elif name in anew:
            found[name] = Standing("runs again" if directory.stage(name).path.exists() else "runs", "--from")
        elif not (directory.stage(name).path / "stage.json").exists():
            found[name] = Standing("runs", f"after {', '.join(dict.fromkeys(waiting))}" if waiting else "")
        elif waiting:
            makers = ", ".join(dict.fromkeys(waiting))
            found[name] = Standing("may run", f"unless {makers} makes what it made before")
        else:
            found[name] = _compare(recipe, name, directory, hash_of)
    return Outlook(found, _data_bytes(recipe, directory))


def _compare(recipe: Recipe, name: str, directory: RunDirectory, hash_of: Callable[[str], str]) -> Standing:
    """A stage that was begun before, and all of whose sources are done."""
    try:
        node = node_of(recipe, name, directory, hash_of)
    except DataError as error:
        return Standing("unknown", error.problem)
    before = files.read_json(directory.stage(name).path / "stage.json") or {}
    if done(node, directory) is not None:
        return Standing("done", "")
    if before["key"] == node.key:
        return Standing("goes on", "it was begun with the same settings and inputs")
    now = node.stage.model_dump(mode="json")
    if prolongs(node, before):
        return Standing("goes on", f"to round {now['rounds']}; it ended at {before['settings']['rounds']}")
    reasons = changes(before["settings"], now) + changes(before["inputs"], node.inputs)
    more = f" and {len(reasons) - MOST_REASONS} more" if len(reasons) > MOST_REASONS else ""
    return Standing("runs again", f"{', '.join(reasons[:MOST_REASONS]) or 'its key'}{more} changed")


def _local(model: str) -> Path:
    """The folder of a model that is on this machine. Raises DataError for one that would have to be fetched."""
    if model.count("/") == 1 and not model.startswith(("/", ".", "~")) and not Path(model).is_dir():
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import LocalEntryNotFoundError

        try:
            return Path(snapshot_download(model, local_files_only=True))
        except LocalEntryNotFoundError as error:
            raise DataError(f"The files of {model} are not on this machine, so it cannot be compared.") from error
    from aha.models.load import locate

    return locate(model)


def _data_bytes(recipe: Recipe, directory: RunDirectory) -> dict[str, int]:
    made = {name: directory.stage(name).data_file(stage.makes) for name, stage in recipe.stages.items()}
    return {f"{FROM_STAGE}{name}": path.stat().st_size for name, path in made.items() if path.is_file()}
