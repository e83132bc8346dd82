"""Checkpoints of an RL stage: what goes in, when, which stay, and how the stage goes on from one."""

from __future__ import annotations

from pathlib import Path

from aha.config.settings import RLStage
from aha.errors import DataError
from aha.runtime import checkpoints, files
from aha.stages.parts import RLParts
from aha.stages.progress import Progress
from aha.types import Json

LEARNER = "learner"
REFERENCE = "reference.safetensors"


def checkpoint_due(stage: RLStage, progress: Progress) -> bool:
    """Every n rounds, at the end, and where a score was taken that may turn out to be the best."""
    scored = bool(progress.scores) and progress.scores[-1][0] == progress.round
    regular = progress.round > 0 and progress.round % stage.logging.checkpoint_every == 0
    return regular or progress.finished(stage) or (stage.keep.best and scored)


def save_checkpoint(parts: RLParts, progress: Progress) -> None:
    """Save the state after `progress.round`, unless it is there whole, and delete checkpoints that are not kept."""
    folder = parts.directory.checkpoints
    if parts.writes and not checkpoints.holds(folder, progress.round):
        with parts.clock.phase("checkpoint"):
            state = {
                "key": parts.key,
                "progress": progress.to_json(),
                "machine": parts.machine,
                "offsets": parts.log.offsets(),
            }
            checkpoints.save(folder, progress.round, lambda target: write_tensors(parts, target), state)
            checkpoints.retain(folder, kept_steps(folder, parts.stage, progress))
    parts.world.barrier()


def write_tensors(parts: RLParts, target: Path) -> None:
    """The learner's state, the weights as a model folder, and a reference that is not the stage's first model."""
    files.make_folder(target / LEARNER)
    parts.learner.save(target / LEARNER)
    parts.export(target / "model", parts.learner.weights())
    if parts.reference is not None and parts.stage.algorithm.kl.reference_every:
        files.write_tensors(target / REFERENCE, dict(parts.reference.weights()))


def kept_steps(folder: Path, stage: RLStage, progress: Progress) -> set[int]:
    """The newest `keep.last` rounds, and with `keep.best` the best one."""
    steps = sorted(int(path.name.removeprefix("step-")) for path in folder.glob("step-*"))
    best = {progress.best_round} if stage.keep.best and progress.best_round is not None else set()
    return set(steps[-stage.keep.last :]) | best


def resume(parts: RLParts) -> Progress | None:
    """Go back to the newest whole checkpoint; None where there is none and the stage starts from its beginning.

    Raises DataError where the checkpoint is of other settings, or where the machine differs in what the last bit of a
    result depends on and `accept_drift` is not given.
    """
    checkpoint = checkpoints.latest(parts.directory.checkpoints, tell=lambda text: parts.event("warning", text=text))
    if checkpoint is None:
        if parts.writes:
            parts.log.rewind({})
        return None
    state = checkpoint.state
    if state["key"] != parts.key:
        raise DataError(
            f"{checkpoint.path} was made with other settings or another model.",
            cure="Run in another --dir, or start the stage again with --from.",
        )
    check_machine(state["machine"], parts)
    restore(parts, checkpoint.path)
    progress = Progress.from_json(state["progress"])
    parts.stream.cursor = dict(progress.cursor)
    parts.sampler.sync(parts.learner.weights(), progress.policy_version)
    if parts.writes:
        parts.log.rewind(state["offsets"])
        parts.event("resume", stage=parts.name, step=progress.round)
    return progress


def restore(parts: RLParts, folder: Path) -> None:
    """Learner and reference as they were."""
    from safetensors.torch import load_file

    parts.learner.load(folder / LEARNER)
    if parts.reference is not None and (folder / REFERENCE).exists():
        parts.reference.sync(load_file(folder / REFERENCE).items())


def check_machine(saved: dict[str, Json], parts: RLParts) -> None:
    """Refuse, unless drift is accepted, to go on where results would differ in the last bits."""
    changed = [
        f"{name} was {saved.get(name)}, is {now}" for name, now in parts.machine.items() if saved.get(name) != now
    ]
    if not changed:
        return
    if not parts.accept_drift:
        raise DataError(
            f"This machine would not reproduce the run bit for bit: {'; '.join(changed)}.",
            cure="Go on where the run began, or pass --accept-drift.",
        )
    if parts.writes:
        parts.event("drift", changed=changed)
