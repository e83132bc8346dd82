"""Reward models: a scalar head learns which answers people or judges prefer, or which are safe. The whole loop.

pairs or labels → what the model may see of each answer → prompts held out → updates → scores of what was held out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from aha.algorithms.preference import Comparison
from aha.config.model_stages import RewardModelStage
from aha.errors import DivergedError, Interrupted
from aha.evaluation.reward_models import HeldOut, measure
from aha.rollouts.comparisons import JudgedMixture
from aha.runtime import files
from aha.stages import keeping, logs
from aha.stages.parts import StageParts
from aha.types import Int32, NamedTensors, StepMetrics

KEPT_CHECKPOINTS = 2


class RewardLearner(Protocol):
    """A reward model that learns from answers as token rows."""

    update_count: int

    def update(self, comparisons: Sequence[Comparison]) -> dict[str, float]:
        """One optimizer step over all of them; returns metrics by their documented names."""

    def scores(self, rows: Sequence[Int32]) -> list[float]:
        """One number a text."""

    def weights(self) -> NamedTensors:
        """Under Hugging Face names."""

    def save(self, folder: Path) -> None:
        """Masters, moments and counters."""

    def load(self, folder: Path) -> None:
        """The reverse of save."""


@dataclass(slots=True, kw_only=True)
class RewardParts(StageParts):
    """A reward model stage's learner and data."""

    stage: RewardModelStage
    learner: RewardLearner
    data: JudgedMixture


def train(parts: RewardParts) -> HeldOut | None:
    """Run the stage from where its directory stands to its end; what the model is worth on held-out prompts, None where
    none are held out.

    Raises Interrupted, after a checkpoint, when asked to stop, and DivergedError when going on would waste time or the
    model ends under `min_accuracy`.
    """
    resume(parts)
    every, total = parts.stage.logging.checkpoint_every, len(parts.data.batches)
    try:
        while parts.learner.update_count < total:
            one_update(parts)
            done = parts.learner.update_count
            if done % every == 0 or done == total:
                save_checkpoint(parts)
        return held_out(parts)
    except Interrupted:
        save_checkpoint(parts)
        raise


def one_update(parts: RewardParts) -> None:
    """Learn from the next prompts, log."""
    parts.stop.check()
    comparisons = parts.data.comparisons(parts.learner.update_count)
    with parts.clock.phase("update"):
        metrics = parts.learner.update(comparisons[parts.world.rank :: parts.world.size])
    write(parts, metrics | {"epoch": parts.data.epochs_done(parts.learner.update_count)})


def held_out(parts: RewardParts) -> HeldOut | None:
    """Scores of the held-out prompts; every process computes its share."""
    items = parts.data.held_out
    if not items:
        return None
    rows = [row for item in items for row in item.token_rows]
    parts.busy("scoring held-out answers", 0, len(rows))
    parts.stop.check()
    scores = [0.0] * len(rows)
    scores[parts.world.rank :: parts.world.size] = parts.learner.scores(rows[parts.world.rank :: parts.world.size])
    found = iter(parts.world.sum_floats(scores))
    measured = measure(items, [[next(found) for _ in item.token_rows] for item in items])
    if measured.accuracy.value < parts.stage.min_accuracy:
        raise DivergedError(
            f"{parts.name} agrees with {measured.accuracy.value:.1%} of the {measured.num_items} held-out judgements; "
            f"min_accuracy is {parts.stage.min_accuracy:.1%}.",
            cure="Give more or clearer judgements, train longer, or lower min_accuracy.",
        )
    return measured


def save_checkpoint(parts: RewardParts) -> None:
    """Save the learner after its last update; before the first there is nothing to save."""

    def write_tensors(target: Path) -> None:
        files.make_folder(target / keeping.LEARNER)
        parts.learner.save(target / keeping.LEARNER)

    if parts.learner.update_count:
        step = parts.learner.update_count
        keeping.keep(parts, step, {"update": step}, write_tensors, KEPT_CHECKPOINTS, None)


def resume(parts: RewardParts) -> None:
    """Go back to the newest whole checkpoint, where there is one. Raises DataError as `keeping.find` does."""
    checkpoint = keeping.find(parts)
    if checkpoint is not None:
        parts.learner.load(checkpoint.path / keeping.LEARNER)
        keeping.went_back(parts, checkpoint)
        keeping.tidy(parts, checkpoint.step, KEPT_CHECKPOINTS, None)


def write(parts: RewardParts, metrics: dict[str, float]) -> None:
    """A line of metrics and a line of times; the watchers are told."""
    step, seconds = parts.learner.update_count, parts.clock.seconds()
    timing = {f"seconds/{phase}": spent for phase, spent in seconds.items()} | {"memory_bytes": parts.memory_bytes()}
    timing["eta_seconds"] = sum(seconds.values()) * (len(parts.data.batches) - step)
    line = StepMetrics(step, {"update": float(step), **metrics}, timing)
    logs.write(parts, line, ())
