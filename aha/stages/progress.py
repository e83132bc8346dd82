"""Where an RL stage stands between two rounds: everything but tensors that the next round depends on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace

from aha.config.settings import RLStage
from aha.rollouts.problems import Cursor
from aha.types import Group, Json

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

    def to_json(self) -> dict[str, Json]:
        """As JSON."""
        return asdict(self)

    @classmethod
    def from_json(cls, record: dict[str, Json]) -> Progress:
        """The reverse of `to_json`."""
        pairs = {name: [tuple(pair) for pair in record[name]] for name in ("scores", "undecided")}
        return cls(**{**record, **pairs})

    def after(self, groups: Sequence[Group], cursor: Cursor, update: int) -> Progress:
        """Progress once the next round has been trained on."""
        rollouts = [rollout for group in groups for rollout in group.rollouts]
        num_undecided = sum(rollout.verdict.failed for rollout in rollouts)
        return replace(
            self,
            round=self.round + 1,
            update=update,
            policy_version=self.policy_version + 1,
            cursor=dict(cursor),
            scores=list(self.scores),
            undecided=[*self.undecided, (num_undecided, len(rollouts))][-UNDECIDED_WINDOW:],
            num_tokens=self.num_tokens + sum(len(rollout.completion.token_ids_N) for rollout in rollouts),
        )

    @property
    def best_round(self) -> int | None:
        """The round with the best held-out score, the first of equals; None before any evaluation."""
        return max(self.scores, key=lambda score: score[1])[0] if self.scores else None

    def finished(self, stage: RLStage) -> bool:
        """Whether all rounds are done, or the last `patience` evaluations brought no new best."""
        return self.round >= stage.rounds or out_of_patience([score for _, score in self.scores], stage.stop.patience)


def out_of_patience(scores: Sequence[float], patience: int) -> bool:
    """Whether the best of `scores` is more than `patience` - 1 evaluations old. Patience 0 never ends."""
    return bool(patience and scores) and len(scores) - 1 - scores.index(max(scores)) >= patience


def longest_limit(stage: RLStage) -> int:
    """The largest number of new tokens that the stage ever allows."""
    return max([stage.sampling.max_new_tokens, *(limit for _, limit in stage.sampling.length_stages)])


def length_limit(stage: RLStage, update: int) -> int:
    """New tokens allowed after this many updates: the last entry of `length_stages` that has begun, else the limit."""
    begun = [entry for entry in stage.sampling.length_stages if entry[0] <= update]
    return max(begun)[1] if begun else stage.sampling.max_new_tokens
