"""A recipe: named models and stages in order."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from aha.config.block import Block, Count
from aha.config.data_stages import CollectStage, GeneralStage, PreferenceStage, RejectionStage
from aha.config.model_stages import MergeStage, RewardModelStage, SFTStage
from aha.config.settings import EvaluateStage, PretrainStage, RLStage

Stage = Annotated[
    RLStage
    | EvaluateStage
    | PretrainStage
    | SFTStage
    | CollectStage
    | RejectionStage
    | GeneralStage
    | PreferenceStage
    | RewardModelStage
    | MergeStage,
    Field(discriminator="kind"),
]


StageName = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]*$", max_length=64)]
"""A stage's name is a folder name."""


class Recipe(Block):
    """A run: named models and stages in order."""

    name: str
    description: str = ""
    seed: Count = 0
    models: dict[str, str] = {"base": "lab"}
    """Names for model folders, Hub names, `lab`, or the addresses of endpoints."""
    tasks: dict[str, list[str | dict[str, Any]]] = {}
    """Names for lists of tasks or benchmarks; `data.tasks`, `on`, `evaluate.on`, `evaluate.final_on`,
    `filters.decontaminate` and a reward's `on` take such a name for the list."""
    stages: Annotated[dict[StageName, Stage], Field(min_length=1)]
