"""What a stage reads, found by the marks on its keys: models, data sets, tasks, benchmarks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aha.config.block import Block, Reading
from aha.config.recipe import Recipe, Stage

FROM_STAGE = "stage/"
"""`stage/NAME` is what an earlier stage made."""


@dataclass(frozen=True, slots=True)
class Input:
    """One name that a stage reads."""

    key: str
    """Where it stands below the stage, dotted: `model`, `writer.model`, `data.0`."""
    what: Reading
    name: str

    @property
    def source(self) -> str | None:
        """The stage of this run that makes it; None where it comes from outside."""
        return self.name.removeprefix(FROM_STAGE) if self.name.startswith(FROM_STAGE) else None


def inputs(stage: Block, prefix: str = "") -> Iterator[Input]:
    """Every name that a stage (or a block of it) reads, in the order of its keys; empty keys are left out."""
    for name, field in type(stage).model_fields.items():
        value, key = getattr(stage, name), f"{prefix}{name}"
        extra = field.json_schema_extra
        what = extra.get("reads") if isinstance(extra, dict) else None
        if what is not None:
            yield from _named(value, key, what)  # type: ignore[arg-type]
        elif isinstance(value, Block):
            yield from inputs(value, f"{key}.")
        elif isinstance(value, list):
            for place, each in enumerate(value):
                if isinstance(each, Block):
                    yield from inputs(each, f"{key}.{place}.")


def _named(value: Any, key: str, what: Reading) -> Iterator[Input]:
    if isinstance(value, list):
        for place, each in enumerate(value):
            yield from _named(each, f"{key}.{place}", what)
    elif isinstance(value, dict):
        yield Input(key, what, str(value.get("name", "")))
    elif isinstance(value, Block):
        yield Input(key, what, str(getattr(value, "name")))  # noqa: B009 - a data set's name
    elif value is not None:
        yield Input(key, what, value)


def named_model(recipe: Recipe, name: str) -> str:
    """The folder, Hub name or address behind a name under `models:`; any other name is itself."""
    return recipe.models.get(name, name)


def model_input(stage: Stage) -> Input | None:
    """The model that a stage starts from or asks; None where it has none."""
    return next((each for each in inputs(stage) if each.key == "model"), None)
