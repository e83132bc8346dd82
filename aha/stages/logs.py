"""What a round leaves on disk besides checkpoints: a line of metrics, a line of timing, its rollouts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aha.rollouts.collect import Collected
from aha.rollouts.measures import repeats_frac, round_metrics
from aha.runtime import files
from aha.runtime.rollout_store import write_rollouts
from aha.stages.parts import RLParts, StageParts
from aha.stages.progress import Progress
from aha.types import Group, StepMetrics


def log_start(parts: RLParts, metrics: Mapping[str, float]) -> None:
    """The line of step 0: scores before training."""
    write(parts, StepMetrics(0, {"update": 0, "policy_version": 0, **metrics}, timing(parts, None, 0, 0)), ())


def log_round(
    parts: RLParts,
    after: Progress,
    collected: Collected,
    advantages: Mapping[str, float],
    metrics: Mapping[str, float],
) -> None:
    """Rollouts first, then the line, so that a line's rollouts are always there. `advantages` by rollout id."""
    if parts.writes and parts.stage.logging.rollouts != "none":
        files.make_folder(parts.directory.rollouts)
        write_rollouts(
            parts.directory.rollout_file(after.round),
            collected.groups,
            advantages,
            parts.stage.logging.rollouts,
            parts.stage.logging.rollout_groups,
        )
    values = {"update": float(after.update), "policy_version": float(after.policy_version)}
    values |= round_metrics(collected.groups, collected.filtered)
    values |= {"groups/num_samplings": float(collected.num_samplings)}
    values |= {f"groups/dropped_{reason}": float(count) for reason, count in collected.filtered.dropped.items()}
    if parts.stage.sampling.segment_tokens is not None:
        values |= {"groups/unfinished": float(len(after.held))}
    if parts.stage.sampling.cut_repeats is not None:
        values |= repeats_frac(collected.groups)
    num_new = sum(len(r.completion.token_ids_N) for group in collected.groups for r in group.rollouts)
    num_all = num_new + sum(len(r.prompt_ids) for group in collected.filtered.kept for r in group.rollouts)
    write(
        parts,
        StepMetrics(after.round, {**values, **metrics}, timing(parts, after, num_new, num_all)),
        collected.groups,
    )


def timing(parts: RLParts, after: Progress | None, num_sampled: int, num_trained: int) -> dict[str, float]:
    """Seconds by phase since the last line, tokens a second (new ones sampled; prompt and new ones trained), memory;
    and `after` a round, the seconds that are left."""
    seconds = parts.clock.seconds()
    values = {f"seconds/{phase}": spent for phase, spent in seconds.items()}
    values["memory_bytes"] = parts.memory_bytes()
    if after is not None:
        values["eta_seconds"] = sum(seconds.values()) * after.rounds_left(parts.stage)
    for phase, num_tokens in (("sample", num_sampled), ("update", num_trained)):
        if num_tokens and seconds.get(phase):
            values[f"tokens_per_second/{phase}"] = num_tokens / seconds[phase]
    return values


def write(parts: StageParts, line: StepMetrics, groups: Sequence[Group]) -> None:
    """Append to the logs and tell the watchers."""
    if parts.writes:
        parts.log.write(line)
        for watcher in parts.watchers:
            watcher(line, groups)
