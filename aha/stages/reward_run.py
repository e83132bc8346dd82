"""A reward model's stage from its settings to its result: model and data are read, `reward_model.train` runs, a scorer
is left."""

from __future__ import annotations

from functools import partial
from pathlib import Path

from aha.config.model_stages import RewardModelStage
from aha.evaluation.reward_models import HeldOut
from aha.models.heads import padding_id
from aha.models.weights import model_hash
from aha.rollouts.comparisons import JudgedData, JudgedMixture, Kind, read_judged
from aha.runtime import files
from aha.runtime.metrics import read_lines
from aha.runtime.seeds import seed_of
from aha.stages.build import Engines, build_reward
from aha.stages.finish import export_model, write_result
from aha.stages.graph import Node
from aha.stages.reward_card import reward_card
from aha.stages.reward_model import RewardParts, train
from aha.stages.session import Session, shared_parts
from aha.stages.watching import watching
from aha.types import Json


def run(session: Session, node: Node) -> None:
    """Build the parts of a reward model's stage, train, finish."""
    stage = node.stage
    assert isinstance(stage, RewardModelStage)
    assert node.model is not None
    seed = seed_of(session.recipe.seed, node.name)
    engines = build_reward(node.model, stage.engine, seed_of(seed, "head"))
    place = session.directory.stage(node.name)
    datasets = read_data(session, node, engines)
    if session.world.rank == 0:
        write_rejected(place.data / "rejected.jsonl", datasets)
    data = JudgedMixture(datasets, held_out=stage.held_out, epochs=stage.epochs, batch_size=stage.batch_size, seed=seed)
    learner = engines.reward_learner(stage.optimizer, total_updates=len(data.batches), world=session.world)
    with watching(session, node, len(data.batches), unit="update") as (watchers, busy):
        learner.on_progress = partial(busy, "learning")
        parts = RewardParts(
            **shared_parts(session, node, engines, watchers, busy),
            stage=stage,
            learner=learner,
            data=data,
        )
        found = train(parts)
    tell(session, node, found)
    finish(parts, node, engines, datasets, found)


def read_data(session: Session, node: Node, engines: Engines) -> list[JudgedData]:
    """The stage's data sets in the order of its settings; what is left out is told."""
    stage = node.stage
    assert isinstance(stage, RewardModelStage)
    kind: Kind = "pairs" if stage.pairs else "labels"
    tokenizer = engines.loaded.tokenizer
    datasets = []
    for number, entry in enumerate((stage.pairs or []) + (stage.labels or [])):
        found = read_judged(
            Path(node.places[f"{kind}.{number}"]),
            entry.name,
            entry.weight,
            kind,
            sees=stage.sees,
            tokenizer=tokenizer,
            padding=padding_id(tokenizer),
            max_tokens=min(stage.max_tokens, engines.loaded.model.max_positions),
            on_progress=lambda row: session.stop.check_alone(),
        )
        session.tell(found.describe())
        datasets.append(found)
    return datasets


def write_rejected(path: Path, datasets: list[JudgedData]) -> None:
    """Every row that was left out, with its reason; no file where there is none."""
    rows: list[dict[str, Json]] = [
        {"data": dataset.name, "row": each.row, "reason": each.reason, "detail": each.detail}
        for dataset in datasets
        for each in dataset.rejected
    ]
    if rows:
        files.make_folder(path.parent)
        files.write_bytes(path, b"".join(files.json_bytes(row, path, indent=None) + b"\n" for row in rows))


def tell(session: Session, node: Node, found: HeldOut | None) -> None:
    """A line about the held-out scores."""
    if found is not None:
        (value, low, high), baseline = found.scores()["accuracy"], found.baseline
        session.tell(
            f"{node.name}: held-out accuracy {value:.1%} ({low:.1%} to {high:.1%}) on {found.num_items} judgements; "
            f"{found.baseline_name.replace('_', ' ')} {baseline.value:.1%}."
        )


def finish(parts: RewardParts, node: Node, engines: Engines, datasets: list[JudgedData], found: HeldOut | None) -> None:
    """Write model/, the model card and, last, result.json. All of it again gives the same bytes."""
    if parts.writes:
        stage, place, counts = parts.stage, parts.directory, [each.counts for each in datasets]
        export_model(place.path, partial(engines.export_reward, stage.sees), parts.learner.weights())
        num_updates = parts.learner.update_count
        files.write_text(place.model / "README.md", reward_card(node, stage, counts, num_updates, found))
        more: dict[str, Json] = {
            "counts": {f"{number} ({each.name})": each.counts for number, each in enumerate(datasets)},
            "sees": stage.sees,
            "held_out": found.to_json() if found is not None else None,
        }
        if found is not None:
            more["scores"] = {"held-out": found.scores()}
        trained = sum(int(line["num_trained_tokens"]) for line in read_lines(place.metrics))
        cost = {"updates": num_updates, "trained_tokens": trained}
        write_result(node, place, {}, model_hash(place.model), cost, more)
    parts.world.barrier()
