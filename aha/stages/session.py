"""One start of a run: what all its stages share, and what is checked before any of them takes time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
import yaml

from aha.config.effective import effective
from aha.config.model_stages import SFTStage
from aha.config.reading import FROM_STAGE, inputs, model_input
from aha.config.recipe import Recipe
from aha.config.settings import EngineSettings, EvaluateStage, RLStage
from aha.errors import AhaError, ConfigError
from aha.models.load import locate
from aha.models.weights import model_hash, read_json, weight_files
from aha.rollouts.collect import OnProgress, Render
from aha.rollouts.examples import check_columns
from aha.runtime import files
from aha.runtime.clock import PhaseClock
from aha.runtime.device import machine_facts, measured_matrix_flops
from aha.runtime.distributed import World
from aha.runtime.metrics import MetricsLog
from aha.runtime.run_directory import RunDirectory
from aha.runtime.workers import WorkerPool
from aha.stages.build import Engines
from aha.stages.graph import Node, done, node_of, place_of_input, root_model
from aha.stages.interrupt import StopRequest
from aha.stages.parts import Watcher
from aha.stages.preflight import (
    BYTES_A_PARAMETER,
    check_disk,
    check_lora,
    check_prompts,
    check_stage,
    max_positions,
)
from aha.text.chat import Template, chat_template_text, pick_template, render
from aha.text.conversation import turn_end_id
from aha.text.tokenizer import HFTokenizer, load_tokenizer
from aha.types import Json

VERIFIER_BYTES = 2 << 30
"""Memory of one verifier process."""
Tell = Callable[[str], None]


@dataclass(slots=True)
class Session:
    """One start of a run."""

    recipe: Recipe
    directory: RunDirectory
    world: World
    stop: StopRequest
    accept_drift: bool
    tell: Tell
    hashes: dict[str, str] = field(default_factory=dict)
    """Hashes of models' weights, by folder or name."""

    def hash_of(self, model: str) -> str:
        """Hash of a model's weights, read once."""
        if model not in self.hashes:
            self.hashes[model] = model_hash(locate(model))
        return self.hashes[model]


def say(text: str) -> None:
    """A line for the person who started the run."""
    print(text, file=sys.stderr, flush=True)


def open_run(session: Session, anew: Sequence[str]) -> None:
    """Set stages aside that are to be computed anew, write recipe.yaml and environment.json, tell the matrix rate."""
    if session.world.rank:
        return
    for name in anew:
        session.directory.forget(name)
    files.write_text(session.directory.recipe, yaml.safe_dump(effective(session.recipe), sort_keys=False))
    rates = {
        str(dtype).removeprefix("torch."): measured_matrix_flops(dtype) for dtype in (torch.bfloat16, torch.float32)
    }
    session.directory.write_environment(processes=session.world.size, matrix_flops=rates, drift=machine_facts())
    printed = ", ".join(f"{name} {rate / 1e9:,.0f}" for name, rate in rates.items())
    session.tell(f"Matrix rate of this machine in GFLOP/s: {printed}.")


def preflight(session: Session, names: Sequence[str]) -> None:
    """Check all stages that are to do before the first one takes time."""
    for name in unfinished(session, names):
        stage = session.recipe.stages[name]
        with worker_pool(stage.engine) as pool, of_stage(name):
            check_stage(stage, pool)
        root = root_model(session.recipe, name)
        if root is not None and isinstance(stage, RLStage | EvaluateStage | SFTStage):
            check_model(session, name, stage, root)
        if isinstance(stage, SFTStage):
            check_same_model(session, name, only_from_outside=True)
            for entry in stage.data:
                if not entry.name.startswith(FROM_STAGE):
                    check_columns(Path(entry.name.removeprefix("file:")), entry.name, stage.term == "preference")


@contextmanager
def of_stage(name: str) -> Iterator[None]:
    """A refusal of what happens inside names the stage."""
    try:
        yield
    except AhaError as error:
        raise type(error)(f"stage {name!r}: {error.problem}", cure=error.cure) from error


def unfinished(session: Session, names: Sequence[str]) -> list[str]:
    """The stages that are to do: those without a result of their key, and all that read what these make."""
    waiting: list[str] = []
    for name in names:
        after = any(each.source in waiting for each in inputs(session.recipe.stages[name]))
        if after or done(node_of(session.recipe, name, session.directory, session.hash_of), session.directory) is None:
            waiting.append(name)
    return waiting


def check_model(session: Session, name: str, stage: RLStage | EvaluateStage | SFTStage, model: str) -> None:
    """Tokenizer, prompts and disk, by the model that the stage descends from and what fine-tuning makes of it."""
    folder = locate(model)
    tokenizer, config = load_tokenizer(folder), read_json(folder / "config.json")
    for tuned in fine_tunings(session.recipe, name):
        if tuned.chat_template is not None:
            tokenizer.give_chat_template(chat_template_text(tuned.chat_template))
        if tuned.max_positions is not None:
            config |= {"max_position_embeddings": tuned.max_positions}
    check_prompts(stage, renderer(stage_template(stage), tokenizer), max_positions(config))
    if isinstance(stage, SFTStage):
        turn_end_id(pick_template(stage.template, tokenizer), tokenizer)
    if isinstance(stage, RLStage | SFTStage):
        with of_stage(name):
            adapters = check_lora(stage.lora, folder)
        weight_bytes = sum(path.stat().st_size for path in weight_files(folder))
        num_learned = weight_bytes // 2 if adapters is None else weight_bytes // BYTES_A_PARAMETER + adapters
        num_learned += weight_bytes // 2 if isinstance(stage, RLStage) and stage.second is not None else 0
        check_disk(session.directory.stage(name).path, num_learned, stage.keep.last + 2)


def fine_tunings(recipe: Recipe, name: str) -> list[SFTStage]:
    """The fine-tuning stages between the model outside the run and stage `name`, itself included, first to last."""
    found: list[SFTStage] = []
    place: str | None = name
    while place is not None:
        stage = recipe.stages[place]
        if isinstance(stage, SFTStage):
            found.insert(0, stage)
        read = model_input(stage)
        place = read.source if read is not None else None
    return found


def check_same_model(session: Session, name: str, only_from_outside: bool = False) -> None:
    """Raise ConfigError where a stage's `same_model_as` names a stage that starts from other weights.

    `only_from_outside`: models that stages of the run make are not there yet, and are not looked at.
    """
    stage = session.recipe.stages[name]
    assert isinstance(stage, SFTStage)
    if stage.same_model_as is None:
        return
    names = (name, stage.same_model_as)
    read = [model_input(session.recipe.stages[each]) for each in names]
    if any(each is None or (only_from_outside and each.source is not None) for each in read):
        return
    places = [
        place_of_input(session.recipe, each, wanted, session.directory)
        for each, wanted in zip(names, read, strict=True)
        if wanted is not None
    ]
    here, there = (session.hash_of(place) for place in places)
    if here != there:
        raise ConfigError(
            f"stages.{name}.same_model_as: {stage.same_model_as!r} starts from {places[1]} (weights {there[:12]}), "
            f"{name!r} from {places[0]} (weights {here[:12]}).",
            cure=f"Give both the same `model`, or take `same_model_as` out; a model of this run is {FROM_STAGE}NAME.",
        )


def renderer(template: Template | None, tokenizer: HFTokenizer) -> Render:
    """Problem to prompt ids."""
    picked = pick_template(template, tokenizer)
    return lambda problem: render(problem.messages, picked, tokenizer)


def stage_template(stage: RLStage | EvaluateStage | SFTStage) -> Template | None:
    """The template that the stage asks for."""
    return stage.data.template if isinstance(stage, RLStage) else stage.template


def shared_parts(
    session: Session, node: Node, engines: Engines, watchers: Sequence[Watcher], busy: OnProgress
) -> dict[str, Any]:
    """The fields of `parts.StageParts`, by name."""
    place = session.directory.stage(node.name)
    return {
        "name": node.name,
        "key": node.resume_key,
        "directory": place,
        "machine": drift_facts(node.stage.engine),
        "world": session.world,
        "stop": session.stop,
        "clock": PhaseClock(engines.synchronize),
        "memory_bytes": engines.peak_memory_bytes,
        "log": MetricsLog(place),
        "accept_drift": session.accept_drift,
        "event": session.directory.event,
        "watchers": watchers,
        "busy": busy,
    }


def drift_facts(engine: EngineSettings) -> dict[str, Json]:
    """What the last bits of a result depend on."""
    facts = machine_facts()
    return facts if engine.compile == "auto" else facts | {"compiler": engine.compile}


def worker_pool(engine: EngineSettings) -> WorkerPool:
    """Verifier processes: as many as asked for, else one a core."""
    return WorkerPool(engine.verifier_workers, engine.verifier_seconds, VERIFIER_BYTES)
