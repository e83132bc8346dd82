"""Checkpoints of an RL stage: what goes in, when, and how the stage goes on from one."""

from __future__ import annotations

from pathlib import Path

from aha.config.settings import RLStage
from aha.rollouts.partial import held_from, held_record
from aha.runtime import files
from aha.stages import keeping
from aha.stages.keeping import LEARNER
from aha.stages.parts import RLParts
from aha.stages.progress import Progress

CRITIC, REFERENCE, HELD = "critic", "reference.safetensors", "partial-rollouts.json"


def checkpoint_due(stage: RLStage, progress: Progress) -> bool:
    """Every n rounds, at the end, and where a score was taken that is the best so far and may be wanted as such."""
    regular = progress.round > 0 and progress.round % stage.logging.checkpoint_every == 0
    return regular or progress.finished(stage) or progress.kept_best(stage) == progress.round


def save_checkpoint(parts: RLParts, progress: Progress) -> None:
    """Save the state after `progress.round`, unless it is there whole, and delete checkpoints that are not kept."""
    kept = parts.stage.keep
    best = progress.kept_best(parts.stage)
    keeping.keep(
        parts, progress.round, progress.to_json(), lambda target: write_state(parts, progress, target), kept.last, best
    )


def write_state(parts: RLParts, progress: Progress, target: Path) -> None:
    """The states of learner and critic, the weights as a model folder, a reference that is not the stage's first model,
    and partial rollouts where some wait."""
    files.make_folder(target / LEARNER)
    parts.learner.save(target / LEARNER)
    if parts.critic is not None:
        files.make_folder(target / CRITIC)
        parts.critic.save(target / CRITIC)
    parts.export(target / "model", parts.learner.weights())
    if parts.reference is not None and parts.stage.algorithm.kl.reference_every:
        files.write_tensors(target / REFERENCE, dict(parts.reference.weights()))
    if progress.held:
        record = {"groups": [held_record(group) for group in progress.held]}
        files.write_bytes(target / HELD, files.json_bytes(record, target / HELD, indent=None))


def resume(parts: RLParts) -> Progress | None:
    """Go back to the newest whole checkpoint; None where there is none and the stage starts from its beginning.

    Raises DataError as `keeping.find` does.
    """
    checkpoint = keeping.find(parts)
    if checkpoint is None:
        return None
    restore(parts, checkpoint.path)
    progress = Progress.from_json(checkpoint.state["progress"])
    held = files.read_json(checkpoint.path / HELD) or {"groups": []}
    progress.held = [held_from(record, parts.stream.find) for record in held["groups"]]
    parts.stream.cursor, parts.stream.credits = dict(progress.cursor), dict(progress.credits)
    parts.stream.success = dict(progress.success)
    parts.sampler.sync(parts.learner.weights(), progress.policy_version)
    keeping.went_back(parts, checkpoint)
    keeping.tidy(parts, progress.round, parts.stage.keep.last, progress.kept_best(parts.stage))
    return progress


def restore(parts: RLParts, folder: Path) -> None:
    """Learner, critic and reference as they were."""
    from safetensors.torch import load_file

    parts.learner.load(folder / LEARNER)
    if parts.critic is not None:
        parts.critic.load(folder / CRITIC)
    if parts.reference is not None and (folder / REFERENCE).exists():
        parts.reference.sync(load_file(folder / REFERENCE).items())
