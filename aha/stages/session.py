"""One start of a run: what all its stages share, and what is checked before any of them takes time."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
import yaml

from aha.config.effective import effective
from aha.config.reading import inputs
from aha.config.recipe import Recipe
from aha.config.settings import EngineSettings, EvaluateStage, RLStage
from aha.models.load import locate
from aha.models.weights import model_hash, read_json, weight_files
from aha.rollouts.collect import Render
from aha.runtime import files
from aha.runtime.device import machine_facts, measured_matrix_flops
from aha.runtime.distributed import World
from aha.runtime.run_directory import RunDirectory
from aha.runtime.workers import WorkerPool
from aha.stages.graph import done, node_of, root_model
from aha.stages.interrupt import StopRequest
from aha.stages.preflight import check_disk, check_prompts, check_stage, max_positions
from aha.text.chat import Template, pick_template, render
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
        session.directory.retire(name)
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
        with worker_pool(stage.engine) as pool:
            check_stage(stage, pool)
        root = root_model(session.recipe, name)
        if root is not None and isinstance(stage, RLStage | EvaluateStage):
            check_model(session, name, stage, root)


def unfinished(session: Session, names: Sequence[str]) -> list[str]:
    """The stages that are to do: those without a result of their key, and all that read what these make."""
    waiting: list[str] = []
    for name in names:
        after = any(each.source in waiting for each in inputs(session.recipe.stages[name]))
        if after or done(node_of(session.recipe, name, session.directory, session.hash_of), session.directory) is None:
            waiting.append(name)
    return waiting


def check_model(session: Session, name: str, stage: RLStage | EvaluateStage, model: str) -> None:
    """Tokenizer, prompts and disk, by the model that the stage descends from."""
    folder = locate(model)
    tokenizer, config = load_tokenizer(folder), read_json(folder / "config.json")
    check_prompts(stage, renderer(stage_template(stage), tokenizer), max_positions(config))
    if isinstance(stage, RLStage):
        weight_bytes = sum(path.stat().st_size for path in weight_files(folder))
        check_disk(session.directory.stage(name).path, weight_bytes // 2, stage.keep.last + 2)


def renderer(template: Template | None, tokenizer: HFTokenizer) -> Render:
    """Problem to prompt ids."""
    picked = pick_template(template, tokenizer)
    return lambda problem: render(problem.messages, picked, tokenizer)


def stage_template(stage: RLStage | EvaluateStage) -> Template | None:
    """The template that the stage asks for."""
    return stage.data.template if isinstance(stage, RLStage) else stage.template


def drift_facts(engine: EngineSettings) -> dict[str, Json]:
    """What the last bits of a result depend on."""
    facts = machine_facts()
    return facts if engine.compile == "auto" else facts | {"compiler": engine.compile}


def worker_pool(engine: EngineSettings) -> WorkerPool:
    """Verifier processes: as many as asked for, else one a core."""
    return WorkerPool(engine.verifier_workers, engine.verifier_seconds, VERIFIER_BYTES)
