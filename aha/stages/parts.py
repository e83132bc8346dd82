"""What the loops of training stages work with; built from a session, or of fakes in a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from aha.config.settings import RLStage
from aha.rollouts.collect import OnProgress, Render, quiet
from aha.rollouts.grading import Grader
from aha.rollouts.problems import ProblemStream
from aha.rollouts.scoring import Scorers
from aha.runtime.clock import PhaseClock
from aha.runtime.distributed import World
from aha.runtime.metrics import MetricsLog
from aha.runtime.run_directory import StageDirectory
from aha.stages.interrupt import StopRequest
from aha.types import Evaluation, Float32, Group, Json, Learner, NamedTensors, Sample, Sampler, StepMetrics

if TYPE_CHECKING:
    import torch


class Reference(Protocol):
    """A scorer whose weights can be replaced: the frozen policy of the KL term."""

    def logprobs(self, samples: Sequence[Sample]) -> list[Float32]:
        """Log-probs of every token, [T] each."""

    def sync(self, weights: NamedTensors) -> None:
        """Be these weights from now on."""

    def weights(self) -> Iterator[tuple[str, torch.Tensor]]:
        """What it is now."""


class PolicyLearner(Learner, Protocol):
    """What stages ask of a learner beside."""

    @property
    def num_trained_parameters(self) -> int:
        """How many numbers it learns."""

    def reset_moments(self) -> None:
        """Forget what the optimizer has gathered; weights, counters and schedule stay."""


class Critic(Protocol):
    """The second learner: what a state is worth, or a token."""

    @property
    def num_trained_parameters(self) -> int:
        """How many numbers it learns."""

    def values(self, samples: Sequence[Sample]) -> list[Float32]:
        """One number a token, [T] each."""

    def update(self, samples: Sequence[Sample]) -> dict[str, float]:
        """One optimizer step towards the samples' returns; metrics under a name of its own."""

    def save(self, folder: Path) -> None:
        """All its state into `folder`."""

    def load(self, folder: Path) -> None:
        """The reverse of save."""


Evaluate = Callable[[str], Evaluation]
"""A benchmark's name to scores of the weights that the sampler holds."""
Watcher = Callable[[StepMetrics, Sequence[Group]], None]
"""Told of each round: live view, trackers. It never fails a run."""


@dataclass(slots=True, kw_only=True)
class StageParts:
    """What every training stage works with. Every process of a world holds the same; rank 0 writes."""

    name: str
    key: str
    directory: StageDirectory
    machine: dict[str, Json]
    """What bitwise resume depends on: threads, torch version, instruction set, compiler on or off."""
    world: World
    stop: StopRequest
    clock: PhaseClock
    log: MetricsLog
    memory_bytes: Callable[[], float] = lambda: 0.0
    """Peak memory so far; depends on the machine, so it stands beside the times."""
    accept_drift: bool = False
    event: Callable[..., None] = lambda kind, **facts: None
    watchers: Sequence[Watcher] = field(default_factory=tuple)
    busy: OnProgress = quiet
    """Told what the step is doing."""

    @property
    def writes(self) -> bool:
        """Whether this process writes files."""
        return self.world.rank == 0


@dataclass(slots=True, kw_only=True)
class RLParts(StageParts):
    """An RL stage's engines and data."""

    stage: RLStage
    seed: int
    sampler: Sampler
    learner: PolicyLearner
    reference: Reference | None
    """Where the KL term needs one."""
    critic: Critic | None = None
    """Where the baseline is one, or the weights of tokens are learned."""
    grader: Grader
    stream: ProblemStream
    render: Render
    stop_token_ids: tuple[int, ...]
    evaluate: Evaluate
    export: Callable[[Path, NamedTensors], None]
    """Write weights as a Hugging Face model folder."""
    tell: Callable[[str], None] = lambda text: None
    """A line for the person who started the run."""
    scorers: Scorers = field(default_factory=dict)
    """Reward models by the names of their rewards."""
