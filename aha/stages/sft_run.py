"""A fine-tuning stage from its settings to its result: model and data are read, `sft.train` runs, a model is left."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack, closing
from functools import partial
from pathlib import Path

from aha.config.model_stages import SFTStage
from aha.evaluation.answerers import Drawing
from aha.evaluation.runner import Progress as Scored
from aha.models.load import LoadedModel
from aha.models.positions import set_positions
from aha.models.weights import model_hash
from aha.rollouts.examples import Dataset, read_dataset
from aha.rollouts.grading import Grader
from aha.rollouts.mixture import Mixture
from aha.runtime import files
from aha.runtime.run_directory import StageDirectory
from aha.runtime.seeds import seed_of
from aha.stages.build import Engines, build
from aha.stages.card import sft_card
from aha.stages.evaluate import Examiner, score_all
from aha.stages.finish import export_model, write_result
from aha.stages.graph import Node
from aha.stages.keeping import LEARNER
from aha.stages.session import Session, check_same_model, renderer, shared_parts, worker_pool
from aha.stages.sft import IMITATION, SFTParts, SFTProgress, train
from aha.stages.watching import watching
from aha.text.chat import Template, chat_template_text, pick_template
from aha.types import Evaluation, Json, Learner, Sampler

TOLD_ROWS = 20_000
"""Rows between two lines that tell how far the reading is."""
GENERATION = {"do_sample": True, "temperature": 0.6, "top_p": 0.95}
"""How the released R1 models are sampled."""


def run(session: Session, node: Node) -> None:
    """Build the parts of a fine-tuning stage, train, finish."""
    stage = node.stage
    assert isinstance(stage, SFTStage)
    assert node.model is not None
    check_same_model(session, node.name)
    engines = build(node.model, stage.engine)
    template = dress(engines.loaded, stage)
    place = session.directory.stage(node.name)
    datasets = read_data(session, node, engines, template)
    if session.world.rank == 0:
        write_rejected(place, datasets)
    data = Mixture(
        datasets,
        epochs=stage.epochs,
        batch_size=stage.batch_size,
        seed=seed_of(session.recipe.seed, node.name),
        max_updates=stage.max_updates,
        max_trained_tokens=stage.max_trained_tokens,
        beta=stage.beta if stage.term == "preference" else None,
    )
    with ExitStack() as stack:
        sampler = None
        if session.world.rank == 0 and (stage.evaluate.on or stage.evaluate.final_on):
            sampler = stack.enter_context(closing(engines.sampler(own_copy=True)))
        engines.adapt(stage.lora, seed_of(session.recipe.seed, node.name, "lora"))
        reference = engines.reference(temperature=1.0) if stage.term == "preference" else None
        learner = engines.learner(
            IMITATION, stage.optimizer, total_updates=data.num_updates, temperature=1.0, world=session.world
        )
        watchers, busy = stack.enter_context(watching(session, node, data.num_updates, unit="update"))
        learner.on_progress = partial(busy, "learning")
        examiner = None
        if sampler is not None:
            pool = stack.enter_context(worker_pool(stage.engine))
            render, stops = renderer(template, engines.loaded.tokenizer), engines.loaded.tokenizer.stop_token_ids
            examiner = Examiner(sampler, Grader(pool, [], engines.loaded.tokenizer), render, stops, template)
            examiner.on_progress = lambda found: busy("evaluating", found.num_sampled, found.num_total)
        parts = SFTParts(
            **shared_parts(session, node, engines, watchers, busy),
            stage=stage,
            learner=learner,
            reference=reference,
            data=data,
            template=template,
            evaluate=partial(score, examiner, sampler, learner, stage, session.recipe.seed),
            export=engines.export,
        )
        progress = train(parts)
        if examiner is not None:
            examiner.on_progress = partial(checked, session, examiner.on_progress)
        finish(parts, progress, node, examiner, sampler, session.recipe.seed)


def dress(loaded: LoadedModel, stage: SFTStage) -> Template:
    """Give the model its chat template, its positions and how it is to be sampled; returns the template in which it
    learns. Raises ConfigError or DataError where one of them cannot be had."""
    if stage.max_positions is not None:
        set_positions(loaded, stage.max_positions)
    if stage.chat_template is not None:
        loaded.tokenizer.give_chat_template(chat_template_text(stage.chat_template))
    loaded.generation = generation_of(loaded)
    return pick_template(stage.template, loaded.tokenizer)


def generation_of(loaded: LoadedModel) -> dict[str, Json]:
    """generation_config.json of a model that is made here: sampled as R1 is, stopped as the model it came from."""
    kept = {key: loaded.generation[key] for key in ("bos_token_id", "pad_token_id") if key in loaded.generation}
    return kept | {"eos_token_id": list(loaded.tokenizer.stop_token_ids)} | GENERATION


def read_data(session: Session, node: Node, engines: Engines, template: Template) -> list[Dataset]:
    """The stage's data sets in the order of its settings; what is left out is told."""
    stage = node.stage
    assert isinstance(stage, SFTStage)
    limit = min(stage.max_tokens, engines.loaded.model.max_positions)
    datasets = []
    for number, entry in enumerate(stage.data):
        found = read_dataset(
            Path(node.places[f"data.{number}"]),
            entry.name,
            entry.weight,
            template=template,
            tokenizer=engines.loaded.tokenizer,
            max_tokens=limit,
            pairs=stage.term == "preference",
            on_progress=partial(reading, session, entry.name),
        )
        session.tell(found.describe())
        datasets.append(found)
    return datasets


def reading(session: Session, name: str, row: int) -> None:
    """While a data set is read: a large one takes a while."""
    session.stop.check_alone()
    if row % TOLD_ROWS == 0:
        session.tell(f"{name}: {row:,} rows read.")


def write_rejected(place: StageDirectory, datasets: list[Dataset]) -> None:
    """data/rejected.jsonl: every row that was left out, with its reason; no file where there is none."""
    path = place.data / "rejected.jsonl"
    rows: list[dict[str, Json]] = [
        {"data": dataset.name, "row": each.row, "reason": each.reason, "detail": each.detail}
        for dataset in datasets
        for each in dataset.rejected
    ]
    if rows:
        files.make_folder(place.data)
        files.write_bytes(path, b"".join(files.json_bytes(row, path, indent=None) + b"\n" for row in rows))


def score(
    examiner: Examiner | None, sampler: Sampler | None, learner: Learner, stage: SFTStage, seed: int, name: str
) -> Evaluation:
    """The fixed held-out set, answered with the learner's weights as they are."""
    assert examiner is not None
    assert sampler is not None
    sampler.sync(learner.weights(), sampler.policy_version + 1)
    settings = stage.evaluate
    return examiner.score(name, settings.num_problems, settings.k, drawing(stage, seed), "")


def drawing(stage: SFTStage, seed: int) -> Drawing:
    """How held-out answers are drawn."""
    settings = stage.evaluate
    assert settings.max_new_tokens is not None  # checks.contradictions sees to that
    return Drawing(settings.temperature, settings.top_p, settings.max_new_tokens, seed)


def checked(session: Session, tell: Callable[[Scored], None], found: Scored) -> None:
    """After each answer of an evaluation that rank 0 makes alone."""
    session.stop.check_alone()
    tell(found)


def finish(
    parts: SFTParts, progress: SFTProgress, node: Node, examiner: Examiner | None, sampler: Sampler | None, seed: int
) -> None:
    """Write model/, evaluation-*.json, the model card and, last, result.json. All of it again gives the same bytes."""
    if not parts.writes:
        parts.world.barrier()
        return
    stage, place, chosen = parts.stage, parts.directory, progress.update
    if stage.keep.best and progress.best_update is not None and progress.best_update != progress.update:
        chosen = progress.best_update
        parts.learner.load(place.checkpoints / f"step-{chosen:06d}" / LEARNER)
    export_model(place.path, parts.export, parts.learner.weights())
    found_hash = model_hash(place.model)
    evaluations: dict[str, Evaluation] = {}
    if examiner is not None and sampler is not None:
        sampler.sync(parts.learner.weights(), sampler.policy_version + 1)
        evaluations = score_all(
            stage.evaluate.final_on or stage.evaluate.on,
            place,
            examiner,
            num_problems=None,
            k=stage.evaluate.final_k,
            drawing=drawing(stage, seed),
            model_hash=found_hash,
        )
    facts: dict[str, Json] = {
        "updates": progress.update,
        "model_update": chosen,
        "epochs": parts.data.epochs_done(progress.update),
        "tokens": progress.num_tokens,
        "trained_tokens": progress.num_trained_tokens,
        "trained_parameters": parts.learner.num_trained_parameters,
    }
    counts = [each.counts for each in parts.data.datasets]
    files.write_text(place.model / "README.md", sft_card(node, stage, facts, counts, evaluations, parts.template))
    by_name = {f"data.{number} ({each.name})": each.counts for number, each in enumerate(parts.data.datasets)}
    ended = progress.ended(stage)
    parts.event("ended", stage=node.name, step=progress.update, why=ended, model_update=chosen)
    write_result(node, place, evaluations, found_hash, facts, {"counts": by_name, "ended": ended})
    parts.world.barrier()
