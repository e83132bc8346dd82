"""What the settings classes say about themselves: blocks, keys, stage kinds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, get_args

from pydantic.fields import FieldInfo

from aha.config.block import Block
from aha.config.recipe import Recipe, Stage
from aha.config.yaml_files import KeyPath


def stage_kinds() -> dict[str, type[Block]]:
    """Stage classes by the word under `kind`."""
    classes = get_args(get_args(Stage)[0])
    return {get_args(cls.model_fields["kind"].annotation)[0]: cls for cls in classes}


def inner_block(annotation: Any) -> type[Block] | None:
    """The settings class inside an annotation such as `list[RewardSettings]`, None where there is none."""
    if isinstance(annotation, type) and issubclass(annotation, Block):
        return annotation
    found = [block for argument in get_args(annotation) if (block := inner_block(argument))]
    return found[0] if len(found) == 1 else None


def block_at(path: KeyPath, tree: Any) -> type[Block] | None:
    """The settings class that describes what stands at `path` of a recipe's tree."""
    if len(path) >= 2 and path[0] == "stages":
        stage = tree["stages"][path[1]]
        block = stage_kinds().get(str(stage.get("kind"))) if isinstance(stage, dict) else None
        rest = path[2:]
    else:
        block, rest = Recipe, path
    for part in rest:
        if isinstance(part, int) or block is None:
            continue
        field = block.model_fields.get(part)
        block = inner_block(field.annotation) if field else None
    return block


def leaves(block: type[Block], prefix: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], FieldInfo]]:
    """Every single key under a settings class, blocks inside it opened; of one that may be missing also its own key."""
    for name, field in block.model_fields.items():
        choices = get_args(field.annotation)
        inner = [each for each in (field.annotation, *choices) if isinstance(each, type) and issubclass(each, Block)]
        if not inner or choices:
            yield (*prefix, name), field
        if inner and (not choices or type(None) in choices):
            yield from leaves(inner[0], (*prefix, name))


def is_execution(field: FieldInfo) -> bool:
    """Whether a key is marked as changing how a stage runs and not what it computes."""
    extra = field.json_schema_extra
    return isinstance(extra, dict) and extra.get("execution") is True
