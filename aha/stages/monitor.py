"""The proxy beside the truth: what a reward says of the training answers, and what a held-out benchmark says."""

from __future__ import annotations

from collections.abc import Sequence

from aha.stages.ending import best_seen, over_optimised
from aha.stages.parts import RLParts
from aha.stages.progress import Progress
from aha.types import Group, Interval


def add_proxy(parts: RLParts, progress: Progress, groups: Sequence[Group]) -> None:
    """Take the round's points of the monitored reward into the mean since the last evaluation."""
    name = parts.stage.monitor.reward
    if name is None:
        return
    found = [
        points
        for group in groups
        for rollout in group.rollouts
        if not rollout.verdict.failed and (points := rollout.rewards.get(name)) is not None
    ]
    progress.proxy_sum += sum(found)
    progress.proxy_count += len(found)


def watch(parts: RLParts, progress: Progress, truth: Interval | None) -> dict[str, float]:
    """At an evaluation: proxy beside truth in `progress`, metrics `monitor/…`, and an event where the proxy has been
    over-optimised. `truth` is rank 0's; the others pass None."""
    settings = parts.stage.monitor
    if settings.reward is None:
        return {}
    value, high = parts.world.sum_floats([truth.value, truth.high] if truth else [0.0, 0.0])
    proxy = progress.proxy_sum / progress.proxy_count if progress.proxy_count else None
    progress.seen.append((progress.round, value, high, proxy))
    progress.proxy_sum, progress.proxy_count = 0.0, 0
    found = over_optimised(progress.seen, settings.drop)
    if found and parts.writes:
        best = best_seen(progress.seen)
        parts.event("over_optimised", stage=parts.name, step=progress.round, best=best, action=settings.action)
        parts.tell(
            f"{parts.name}: over-optimised at round {progress.round}: {settings.reward} is at {proxy:.3f} and "
            f"{settings.truth} at {value:.3f}, {settings.drop:g} or more under its best of round {best}."
        )
    metrics = {"monitor/over_optimised": float(found)}
    return metrics if proxy is None else metrics | {"monitor/proxy": proxy}
