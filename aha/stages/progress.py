"""Where an RL stage stands between two rounds: everything but tensors that the next round depends on."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace

from aha.config.settings import RLStage
from aha.rollouts.collect import Collected
from aha.rollouts.grading import PendingGroup
from aha.rollouts.problems import Cursor, ProblemStream
from aha.stages.ending import Ended, Seen, best_seen, out_of_patience, over_optimised
from aha.types import Json

UNDECIDED_WINDOW = 20
"""Rounds over which undecided verdicts are counted."""


@dataclass(slots=True)
class Progress:
    """Counters after the last finished round; goes into every checkpoint."""

    round: int = 0
    update: int = 0
    """Optimizer steps done, skipped ones included."""
    policy_version: int = 0
    reference_update: int = 0
    """The update after which the reference was refreshed last."""
    cursor: Cursor = field(default_factory=dict)
    scores: list[tuple[int, float]] = field(default_factory=list)
    """(round, mean held-out pass@1) of each evaluation."""
    undecided: list[tuple[int, int]] = field(default_factory=list)
    """(undecided, graded) rollouts of the last rounds."""
    num_tokens: int = 0
    """New tokens sampled for training."""
    num_trained_tokens: int = 0
    """Those that the loss covered, in all updates."""
    credits: Cursor = field(default_factory=dict)
    """What tasks that began late are counted as having had."""
    success: dict[str, tuple[int, int]] = field(default_factory=dict)
    """The table of a prioritised curriculum: (correct, decided) answers by problem."""
    seen: list[Seen] = field(default_factory=list)
    """The monitor's evaluations."""
    proxy_sum: float = 0.0
    """Points of the monitored reward since the last evaluation, over `proxy_count` rollouts."""
    proxy_count: int = 0
    held: list[PendingGroup] = field(default_factory=list)
    """Partial rollouts that wait for the next round; a file of their own in the checkpoint."""

    def to_json(self) -> dict[str, Json]:
        """As JSON, without what waits."""
        record = asdict(replace(self, held=[]))
        del record["held"]
        return record

    @classmethod
    def from_json(cls, record: dict[str, Json]) -> Progress:
        """The reverse of `to_json`."""
        rows = {name: [tuple(row) for row in record.get(name, ())] for name in ("scores", "undecided", "seen")}
        success = {name: tuple(counts) for name, counts in record.get("success", {}).items()}
        return cls(**{**record, **rows, "success": success})

    def after(self, collected: Collected, stream: ProblemStream, update: int, num_trained: int) -> Progress:
        """Progress once the next round has been trained on, `num_trained` tokens of it; `stream` as it is then."""
        rollouts = [rollout for group in collected.groups for rollout in group.rollouts]
        num_undecided = sum(rollout.verdict.failed for rollout in rollouts)
        return replace(
            self,
            round=self.round + 1,
            update=update,
            policy_version=self.policy_version + 1,
            cursor=dict(stream.cursor),
            credits=dict(stream.credits),
            success=dict(stream.success),
            held=collected.held,
            scores=list(self.scores),
            seen=list(self.seen),
            undecided=[*self.undecided, (num_undecided, len(rollouts))][-UNDECIDED_WINDOW:],
            num_tokens=self.num_tokens + sum(len(rollout.completion.token_ids_N) for rollout in rollouts),
            num_trained_tokens=self.num_trained_tokens + num_trained,
        )

    @property
    def best_round(self) -> int | None:
        """The round with the best held-out score, the first of equals; None before any evaluation."""
        return max(self.scores, key=lambda score: score[1])[0] if self.scores else None

    def ended(self, stage: RLStage) -> Ended | None:
        """Why the stage is at its end; None while it goes on."""
        if stage.monitor.action == "stop" and over_optimised(self.seen, stage.monitor.drop):
            return "over_optimised"
        if spent(stage, self.num_trained_tokens) >= 1:
            return "tokens"
        if self.round >= stage.rounds:
            return "rounds"
        scores = [score for _, score in self.scores]
        return "plateau" if out_of_patience(scores, stage.stop.patience, stage.stop.min_gain) else None

    def finished(self, stage: RLStage) -> bool:
        """Whether the stage is at its end."""
        return self.ended(stage) is not None

    def rounds_left(self, stage: RLStage) -> float:
        """How many more rounds there will be if each trains on as many tokens as those so far."""
        share = spent(stage, self.num_trained_tokens)
        rounds = float(stage.rounds - self.round)
        return min(rounds, self.round * max(0.0, 1 - share) / share) if share else rounds

    def kept_best(self, stage: RLStage) -> int | None:
        """The round whose checkpoint stays because it is the best so far: by the monitor's truth where there is a
        monitor, else by the mean held-out score. None where no best one may become the stage's model."""
        if stage.monitor.reward is not None and (stage.keep.best or stage.monitor.action == "stop"):
            return best_seen(self.seen)
        return self.best_round if stage.keep.best else None

    def model_round(self, stage: RLStage) -> int:
        """The round whose weights are the stage's model: the last one; the best one with `keep.best`, or where the
        stage ended as over-optimised."""
        best = self.kept_best(stage)
        chosen = best is not None and (stage.keep.best or self.ended(stage) == "over_optimised")
        return best if chosen and best is not None else self.round


def longest_limit(stage: RLStage) -> int:
    """The largest number of new tokens that the stage ever allows."""
    return max([stage.sampling.max_new_tokens, *(limit for _, limit in stage.sampling.length_stages)])


def length_limit(stage: RLStage, update: int) -> int:
    """New tokens allowed after this many updates: the last entry of `length_stages` that has begun, else the limit."""
    begun = [entry for entry in stage.sampling.length_stages if entry[0] <= update]
    return max(begun)[1] if begun else stage.sampling.max_new_tokens


def spent(stage: RLStage, num_trained_tokens: int) -> float:
    """The share of the stage's token budget that is gone; 0 where it has none."""
    return num_trained_tokens / stage.max_trained_tokens if stage.max_trained_tokens else 0.0
