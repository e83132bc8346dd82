"""Two models become one, whose weights are the plain average of theirs (Kimi k1.5, 2501.12599, 2.4: long2short)."""

from __future__ import annotations

from collections.abc import Iterator

import torch

from aha.config.model_stages import MergeStage
from aha.errors import DataError
from aha.models.decoder import Decoder
from aha.models.fallback import FallbackModel
from aha.models.load import load_model
from aha.models.weights import model_hash
from aha.runtime import files
from aha.stages.build import build
from aha.stages.card import merge_card
from aha.stages.finish import export_model, write_result
from aha.stages.graph import Node
from aha.stages.session import Session
from aha.text.chat import pick_template


def run(session: Session, node: Node) -> None:
    """The stage; rank 0 alone."""
    stage = node.stage
    assert isinstance(stage, MergeStage)
    if session.world.rank == 0:
        place, engines = session.directory.stage(node.name), build(node.places["model"], stage.engine)
        other = load_model(node.places["other"], stage.engine.dtype, engines.device)
        check_alike(engines.loaded.model, other.model, stage.model, stage.other)
        export_model(place.path, engines.export, average(engines.loaded.model, other.model))
        files.write_text(place.model / "README.md", merge_card(node, pick_template(None, engines.loaded.tokenizer)))
        write_result(node, place, {}, model_hash(place.model), {})
    session.world.barrier()


Model = Decoder | FallbackModel


def check_alike(model: Model, other: Model, name: str, other_name: str) -> None:
    """Raise DataError where the two have not the same weights by name and shape."""
    shapes, others = ({n: tuple(p.shape) for n, p in each.named_parameters()} for each in (model, other))
    for weight in [*shapes, *others]:
        if shapes.get(weight) != others.get(weight):
            raise DataError(
                f"{name} and {other_name} cannot be averaged: the weight {weight} is {shapes.get(weight, 'absent')} "
                f"in one and {others.get(weight, 'absent')} in the other.",
                cure="Merge models that descend from the same base.",
            )


@torch.no_grad()
def average(model: Model, other: Model) -> Iterator[tuple[str, torch.Tensor]]:
    """(a + b) / 2 of each weight, summed in fp32 at least."""
    others = dict(other.named_parameters())
    for name, weight in model.named_parameters():
        wide = torch.promote_types(weight.dtype, torch.float32)
        yield name, ((weight.to(wide) + others[name].to(wide)) / 2).to(weight.dtype)
