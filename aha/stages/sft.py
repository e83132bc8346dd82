"""Supervised fine-tuning: written answers are imitated, token by token, and nothing else is learned. The whole loop.

rows of files → conversations in the model's template → samples of which the answers are trained → updates. Where the
rows are pairs, the chosen answer is preferred to the rejected one, against the model as it was (DPO).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

from aha.config.algorithm import AlgorithmSettings
from aha.config.model_stages import SFTStage
from aha.errors import Interrupted
from aha.rollouts.mixture import Mixture
from aha.rollouts.pack import num_trained_tokens
from aha.runtime import files
from aha.runtime.distributed import World
from aha.stages import keeping, logs
from aha.stages.parts import Evaluate, PolicyLearner, Reference, StageParts
from aha.stages.scores import benchmark_scores
from aha.types import Json, NamedTensors, Sample, StepMetrics

IMITATION = AlgorithmSettings(baseline="none", scale="none", objective="log_prob", aggregate="token_mean")
"""Cross-entropy as a point in the space of objectives: every trained token of an update counts the same."""


@dataclass(slots=True, kw_only=True)
class SFTParts(StageParts):
    """A fine-tuning stage's learner and data."""

    stage: SFTStage
    learner: PolicyLearner
    reference: Reference | None = None
    """The model as it was, where pairs are learned from."""
    data: Mixture
    template: str
    """In which the model learns."""
    evaluate: Evaluate
    """A benchmark's name to scores of the learner's weights."""
    export: Callable[[Path, NamedTensors], None]


@dataclass(slots=True)
class SFTProgress:
    """Counters after the last update; goes into every checkpoint. The data's order needs no more than `update`."""

    update: int = 0
    num_tokens: int = 0
    """Tokens of the rows so far, prompts included."""
    num_trained_tokens: int = 0
    """Those of them that were imitated."""
    scores: list[tuple[int, float]] = field(default_factory=list)
    """(update, mean held-out pass@1) of each evaluation."""

    @classmethod
    def from_json(cls, record: dict[str, Json]) -> SFTProgress:
        """The reverse of `asdict`."""
        return cls(**{**record, "scores": [tuple(pair) for pair in record["scores"]]})

    def ended(self, stage: SFTStage) -> Literal["tokens", "updates", "epochs"]:
        """Why the stage, which is at its end, is there: the token budget spent, all updates or all epochs done."""
        if stage.max_trained_tokens is not None and self.num_trained_tokens >= stage.max_trained_tokens:
            return "tokens"
        return "updates" if self.update == stage.max_updates else "epochs"

    @property
    def best_update(self) -> int | None:
        """The update with the best held-out score, the first of equals; None before any evaluation."""
        return max(self.scores, key=lambda score: score[1])[0] if self.scores else None


def train(parts: SFTParts) -> SFTProgress:
    """Run the stage from where its directory stands to its end; returns where it ended.

    Raises Interrupted, after a checkpoint, when asked to stop, and DivergedError when going on would waste time.
    """
    progress = resume(parts)
    try:
        if progress is None:
            progress = before_training(parts)
        while progress.update < parts.data.num_updates:
            progress = one_update(parts, progress)
            if checkpoint_due(parts, progress):
                save_checkpoint(parts, progress)
    except Interrupted:
        if progress is not None:
            save_checkpoint(parts, progress)
        raise
    return progress


def before_training(parts: SFTParts) -> SFTProgress:
    """Step 0: the model as it is, scored."""
    progress = SFTProgress()
    with parts.clock.phase("evaluate"):
        metrics = held_out_scores(parts, progress)
    write(parts, progress, metrics, 0)
    if checkpoint_due(parts, progress):
        save_checkpoint(parts, progress)
    return progress


def one_update(parts: SFTParts, before: SFTProgress) -> SFTProgress:
    """Learn from the next rows, score, log."""
    samples = parts.data.samples(before.update)
    own = own_share(samples, parts.world)
    parts.stop.check()
    if parts.reference is not None:
        with parts.clock.phase("score"):
            for sample, logprobs_T in zip(own, parts.reference.logprobs(own), strict=True):
                sample.reference_logprobs_T = logprobs_T
    with parts.clock.phase("update"):
        metrics = parts.learner.update(own)
    after = progressed(before, samples)
    with parts.clock.phase("evaluate"):
        metrics |= held_out_scores(parts, after)
    num_tokens = after.num_tokens - before.num_tokens
    metrics |= {"epoch": parts.data.epochs_done(after.update), "tokens": float(num_tokens)}
    write(parts, after, metrics, num_tokens)
    return after


def own_share(samples: Sequence[Sample], world: World) -> list[Sample]:
    """What this process learns from; the answers of a pair stay together."""
    names = [sample.pair_id or f"{place}" for place, sample in enumerate(samples)]
    turn = {name: place for place, name in enumerate(dict.fromkeys(names))}
    return [sample for name, sample in zip(names, samples, strict=True) if turn[name] % world.size == world.rank]


def progressed(before: SFTProgress, samples: Sequence[Sample]) -> SFTProgress:
    """Progress once these samples have been learned from."""
    return replace(
        before,
        update=before.update + 1,
        num_tokens=before.num_tokens + sum(len(sample.token_ids_T) for sample in samples),
        num_trained_tokens=before.num_trained_tokens + num_trained_tokens(samples),
        scores=list(before.scores),
    )


def held_out_scores(parts: SFTParts, progress: SFTProgress) -> dict[str, float]:
    """Scores where they are due: at the start, every n updates and after the last one. Rank 0 samples; the mean pass@1
    goes into `progress` on all processes."""
    settings = parts.stage.evaluate
    on_the_way = bool(settings.every) and progress.update % settings.every == 0
    if not settings.on or not (progress.update in (0, parts.data.num_updates) or on_the_way):
        return {}
    metrics, mean = benchmark_scores(parts, parts.evaluate, settings.on)
    if mean is not None:
        progress.scores.append((progress.update, mean))
    return metrics


def checkpoint_due(parts: SFTParts, progress: SFTProgress) -> bool:
    """Every n updates, at the end, and where a score was taken that may turn out to be the best."""
    every = parts.stage.logging.checkpoint_every
    scored = bool(progress.scores) and progress.scores[-1][0] == progress.update
    regular = progress.update > 0 and (progress.update % every == 0 or progress.update == parts.data.num_updates)
    return regular or (parts.stage.keep.best and scored)


def save_checkpoint(parts: SFTParts, progress: SFTProgress) -> None:
    """Save the learner after `progress.update`."""
    kept = parts.stage.keep

    def write_tensors(target: Path) -> None:
        files.make_folder(target / keeping.LEARNER)
        parts.learner.save(target / keeping.LEARNER)
        parts.export(target / "model", parts.learner.weights())

    keeping.keep(parts, progress.update, asdict(progress), write_tensors, kept.last, kept_best(parts, progress))


def kept_best(parts: SFTParts, progress: SFTProgress) -> int | None:
    """The update whose checkpoint stays because it may become the stage's model."""
    return progress.best_update if parts.stage.keep.best else None


def resume(parts: SFTParts) -> SFTProgress | None:
    """Go back to the newest whole checkpoint; None where there is none. Raises DataError as `keeping.find` does."""
    checkpoint = keeping.find(parts)
    if checkpoint is None:
        return None
    parts.learner.load(checkpoint.path / keeping.LEARNER)
    progress = SFTProgress.from_json(checkpoint.state["progress"])
    keeping.went_back(parts, checkpoint)
    keeping.tidy(parts, progress.update, parts.stage.keep.last, kept_best(parts, progress))
    return progress


def write(parts: SFTParts, progress: SFTProgress, metrics: dict[str, float], num_tokens: int) -> None:
    """A line of metrics and a line of times; the watchers are told."""
    seconds = parts.clock.seconds()
    timing = {f"seconds/{phase}": spent for phase, spent in seconds.items()} | {"memory_bytes": parts.memory_bytes()}
    if progress.update:
        timing["eta_seconds"] = sum(seconds.values()) * (parts.data.num_updates - progress.update)
        timing["tokens_per_second/update"] = num_tokens / max(seconds["update"], 1e-9)
    line = StepMetrics(progress.update, {"update": float(progress.update), **metrics}, timing)
    logs.write(parts, line, ())
