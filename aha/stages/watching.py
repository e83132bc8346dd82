"""Who is told of each round: the live view, the trackers, status.json."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager

from aha.config.model_stages import RewardModelStage, SFTStage
from aha.config.settings import RLStage
from aha.rollouts.collect import OnProgress, quiet
from aha.runtime.live import LiveView
from aha.runtime.trackers import Trackers
from aha.stages.graph import Node
from aha.stages.parts import Watcher
from aha.stages.session import Session
from aha.types import Group, StepMetrics


@contextmanager
def watching(
    session: Session, node: Node, total_steps: int, unit: str = "round"
) -> Iterator[tuple[list[Watcher], OnProgress]]:
    """The watchers of a stage while it trains, and who is told what a round is doing; none but on rank 0.

    `unit` is what its steps are called.
    """
    stage = node.stage
    assert isinstance(stage, RLStage | SFTStage | RewardModelStage)
    if session.world.rank:
        yield [], quiet
        return
    run, config = session.directory, stage.model_dump(mode="json")
    with (
        LiveView(node.name, total_steps, unit=unit) as view,
        closing(Trackers(stage.logging.track, run.path, config)) as trackers,
    ):

        def show(line: StepMetrics, groups: Sequence[Group]) -> None:
            view.update(line.values, line.step, line.timing.get("eta_seconds"))
            if groups and groups[0].rollouts:
                rollout = groups[0].rollouts[0]
                verdict = f"{rollout.verdict.outcome} ({rollout.verdict.reason}), reward {rollout.reward:g}"
                view.sample(rollout.problem.messages[-1]["content"], rollout.completion.text, verdict)

        def track(line: StepMetrics, groups: Sequence[Group]) -> None:
            trackers.log(line.step, {f"{node.name}/{name}": value for name, value in line.values.items()})

        def note(line: StepMetrics, groups: Sequence[Group]) -> None:
            eta = line.timing.get("eta_seconds")
            run.status(state="running", stage=node.name, step=line.step, rounds=total_steps, eta_seconds=eta)

        yield [show, track, note], view.phase
