"""Which groups a round trains on, and why the others were left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from aha.types import Group, Rollout

FilterMode = Literal["keep_all", "drop_uniform", "refill"]
REASONS = ("undecided", "all_correct", "all_wrong", "all_equal")


@dataclass(slots=True)
class Filtered:
    """Groups that stay, in their order, and the number dropped by reason."""

    kept: list[Group] = field(default_factory=list)
    dropped: dict[str, int] = field(default_factory=lambda: dict.fromkeys(REASONS, 0))


def decided(group: Group) -> Group:
    """The group without its rollouts about which we failed to decide: that is no evidence about the answer."""
    return Group(group.id, [rollout for rollout in group.rollouts if not rollout.verdict.failed])


def drop_reason(rollouts: Sequence[Rollout], mode: FilterMode) -> str | None:
    """Why these decided rollouts of one group are not trained on; None where they are.

    Uniform means equal rewards: such a group has no advantage, so it could only dilute the token count
    (DAPO, dynamic sampling, written there for 0/1 rewards).
    """
    if not rollouts:
        return "undecided"
    if mode == "keep_all" or len({rollout.reward for rollout in rollouts}) > 1:
        return None
    outcomes = {rollout.verdict.outcome for rollout in rollouts}
    if outcomes == {"correct"}:
        return "all_correct"
    return "all_wrong" if outcomes == {"wrong"} else "all_equal"


def filter_groups(groups: Sequence[Group], mode: FilterMode) -> Filtered:
    """Split groups into kept (undecided rollouts taken out) and dropped by reason."""
    filtered = Filtered()
    for group in groups:
        trimmed = decided(group)
        reason = drop_reason(trimmed.rollouts, mode)
        if reason is None:
            filtered.kept.append(trimmed)
        else:
            filtered.dropped[reason] += 1
    return filtered
