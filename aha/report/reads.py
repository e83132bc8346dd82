"""What each stage of a run reads, from its settings alone: models, writers, data of other stages and files."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

from aha.report.read import Row, RunRecord, row_of
from aha.types import Json

FROM_STAGE, FROM_FILE = "stage/", "file:"
SCRIPTED = "scripted"
"""The lab's stand-in for a writer or judge, wrong in one answer of ten."""
BENCHMARKS = ("on", "final_on", "decontaminate")
"""Keys that name benchmarks, which are no inputs."""
Flow = Literal["model", "data", "scorer", "writer"]


@dataclass(slots=True, frozen=True)
class Read:
    """One thing that a stage reads."""

    key: str
    """Where it stands in the settings, dotted: `model`, `writer.model`, `data.0`."""
    name: str
    """As the recipe has it: `stage/zero`, `base`, `file:rows.jsonl`."""
    place: str
    """What a name under `models` stands for; else the name."""
    flow: Flow

    @property
    def source(self) -> str | None:
        """The stage of this run that makes it."""
        return self.name.removeprefix(FROM_STAGE) if self.name.startswith(FROM_STAGE) else None

    @property
    def shown(self) -> str:
        """For people: no folders, no `stage/`."""
        short = short_place(self.source or self.place)
        return short if self.source or self.place == self.name else f"{self.name} ({short})"

    @property
    def scripted(self) -> bool:
        """Whether the lab's stand-in writes or judges."""
        return self.place == SCRIPTED


def reads(run: RunRecord, settings: Row) -> list[Read]:
    """All that a stage with these settings reads, in the order of its keys."""
    known = row_of(run.recipe.get("models"))
    found = []
    for path, name in _named(settings, ()):
        key = ".".join(path[:-1] if path[-1] == "name" else path)
        found.append(Read(key, name, str(known.get(name, name)), _flow(path, str(known.get(name, name)), settings)))
    return found


def short_place(place: str) -> str:
    """A file or folder by its last name; an endpoint by its model's name, where the address has one."""
    if "://" in place:
        return place.partition("#")[2] or place.partition("://")[2]
    return place.rstrip("/").rpartition("/")[2]


def planned(run: RunRecord) -> dict[str, Row]:
    """Settings of every stage: those of the recipe in its order, then any that only the directory has."""
    found = {str(name): row_of(value) for name, value in row_of(run.recipe.get("stages")).items()}
    return found | {stage.name: stage.settings for stage in run.stages if stage.name not in found}


def root_of(run: RunRecord, name: str) -> str | None:
    """The model outside the run from which a stage's model descends; None for one made from nothing."""
    stages = planned(run)
    for _ in range(len(stages)):
        found = next((read for read in reads(run, stages.get(name, {})) if read.key == "model"), None)
        if found is None or found.source is None:
            return found.place if found else None
        name = found.source
    return None


def scripted_in(run: RunRecord) -> dict[str, list[str]]:
    """Keys under which the scripted stand-in was used, by stage."""
    found = {
        name: [read.key.removesuffix(".model") for read in reads(run, settings) if read.scripted]
        for name, settings in planned(run).items()
    }
    return {name: keys for name, keys in found.items() if keys}


def _named(value: Json, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], str]]:
    """Every text that names a model, a stage or a file, with its keys."""
    if isinstance(value, dict):
        for key, item in value.items():
            yield from _named(item, (*path, str(key)))
    elif isinstance(value, list):
        for place, item in enumerate(value):
            yield from _named(item, (*path, str(place)))
    elif isinstance(value, str) and path and not set(path) & set(BENCHMARKS):
        named = path[-1] == "model" or value.startswith((FROM_STAGE, FROM_FILE))
        yield from [(path, value)] if named else []


def _flow(path: tuple[str, ...], place: str, settings: Row) -> Flow:
    if path == ("model",):
        writes = settings.get("kind") in ("collect", "general") and not place.startswith(FROM_STAGE)
        return "writer" if writes or "://" in place else "model"
    if path[-1] != "model":
        return "data"
    return "scorer" if path[0] == "rewards" else "writer"


def number(value: Any) -> float | None:
    """A number that is no truth value."""
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
