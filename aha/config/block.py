"""What all settings classes are made of: blocks, kinds of numbers, and marks on keys. Never imports torch."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field


def _not_bool(value: Any) -> Any:
    """true is not 1."""
    if isinstance(value, bool):
        raise ValueError("expected a number")
    return value


Fraction = Annotated[float, BeforeValidator(_not_bool), Field(ge=0, le=1)]
NonNegative = Annotated[float, BeforeValidator(_not_bool), Field(ge=0)]
Positive = Annotated[float, BeforeValidator(_not_bool), Field(gt=0)]
Count = Annotated[int, BeforeValidator(_not_bool), Field(ge=0)]
PositiveCount = Annotated[int, BeforeValidator(_not_bool), Field(ge=1)]
Device = Literal["auto", "cpu", "cuda"]
TemplateName = Literal["r1-zero", "chat", "plain"]

Artifact = Literal["model", "scorer", "examples", "pairs", "labels", "evaluation"]
"""What stages make and read: a language model; a reward model; texts to imitate; preferences; judged texts; scores."""
Reading = Literal["model", "writer", "scorer", "examples", "pairs", "labels", "tasks", "benchmarks"]
"""What a key names. A `writer` is a model, an endpoint's address or `scripted`."""
READABLE: dict[Reading, frozenset[Artifact]] = {
    "model": frozenset({"model"}),
    "writer": frozenset({"model"}),
    "scorer": frozenset({"scorer"}),
    "examples": frozenset({"examples", "pairs"}),
    "pairs": frozenset({"pairs"}),
    "labels": frozenset({"labels"}),
    "tasks": frozenset(),
    "benchmarks": frozenset(),
}
"""What a key can take from a stage, as `stage/NAME`."""


def execution(default: Any, description: str = "") -> Any:
    """A field that does not change results."""
    return Field(default, description=description, json_schema_extra={"execution": True})


def reads(what: Reading, default: Any = ...) -> Any:
    """A field that names what the stage reads: a name, a list of names, or a list of `{name, …}`."""
    return Field(default, json_schema_extra={"reads": what})


class Block(BaseModel):
    """Unknown keys are errors; values are checked when assigned."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True, allow_inf_nan=False)
