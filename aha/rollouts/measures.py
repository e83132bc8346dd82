"""What is measured of each rollout and of a round; the names are documented in docs/metrics.md."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aha.rollouts.filters import Filtered, decided
from aha.text.answers import parse
from aha.text.language import language_share
from aha.text.reflection import reflections
from aha.text.repetition import repetition
from aha.types import Group, Rollout

KINDS = ("recheck", "backtrack", "another_approach")


def text_measures(text: str, language: str | None = None) -> dict[str, float | str]:
    """Facts of one completion: `format` 0/1, `repetition` [0, 1], `language` (share of its words in the question's
    language; left out where that is not given or there are no words), the number of reflections by kind, and of the
    re-checks how many `repaired` a wrong value and how many `broke` a right one."""
    found = reflections(text)
    measures: dict[str, float | str] = {"format": float(parse(text).well_formed), "repetition": repetition(text)}
    share = None if language is None else language_share(text, language)
    if share is not None:
        measures["language"] = share
    for kind in KINDS:
        measures[kind] = float(sum(reflection.kind == kind for reflection in found))
    measures["repaired"] = float(sum(reflection.repaired is True for reflection in found))
    measures["broke"] = float(sum(reflection.broke is True for reflection in found))
    return measures


def reflects(rollout: Rollout) -> bool:
    """Whether the completion re-checks, goes back or tries another way at least once."""
    return any(rollout.measures[kind] for kind in KINDS)


def round_metrics(groups: Sequence[Group], filtered: Filtered) -> dict[str, float]:
    """Metrics of all decided rollouts of a round, dropped groups included; undecided ones count in `undecided_frac`
    alone. `reward/std` is the mean of the groups' population standard deviations."""
    rollouts = [rollout for group in groups for rollout in group.rollouts]
    trimmed = [group for group in map(decided, groups) if group.rollouts]
    graded = [rollout for group in trimmed for rollout in group.rollouts]
    metrics = {"undecided_frac": 1 - len(graded) / len(rollouts)}
    metrics |= group_metrics(trimmed, filtered)
    if not graded:
        return metrics
    lengths = np.array([len(rollout.completion.token_ids_N) for rollout in graded], dtype=np.float64)
    metrics["reward/mean"] = _mean([rollout.reward for rollout in graded])
    metrics["reward/std"] = _mean([float(np.std([rollout.reward for rollout in group.rollouts])) for group in trimmed])
    metrics |= reward_means(graded)
    metrics["accuracy"] = _mean([rollout.verdict.outcome == "correct" for rollout in graded])
    metrics["format_rate"] = _measure_mean(graded, "format")
    metrics["length/mean"] = float(lengths.mean())
    metrics["length/p95"] = float(np.percentile(lengths, 95))
    metrics["truncated_frac"] = _mean([rollout.completion.finish == "length" for rollout in graded])
    metrics["reflection_rate"] = _mean([reflects(rollout) for rollout in graded])
    for name in (*KINDS, "repaired", "broke"):
        metrics[f"reflection/{name}"] = _measure_mean(graded, name)
    metrics["repetition_rate"] = _measure_mean(graded, "repetition")
    worded = [rollout for rollout in graded if "language" in rollout.measures]
    if worded:
        metrics["language_consistency"] = _measure_mean(worded, "language")
    return metrics


def group_metrics(trimmed: Sequence[Group], filtered: Filtered) -> dict[str, float]:
    """Shares of groups: kept for training, all correct, all wrong (before the filter)."""
    num_groups = len(filtered.kept) + sum(filtered.dropped.values())
    outcomes = [{rollout.verdict.outcome for rollout in group.rollouts} for group in trimmed]
    return {
        "groups/kept_frac": len(filtered.kept) / num_groups,
        "groups/all_correct_frac": sum(found == {"correct"} for found in outcomes) / num_groups,
        "groups/all_wrong_frac": sum(found == {"wrong"} for found in outcomes) / num_groups,
    }


def reward_means(rollouts: Sequence[Rollout]) -> dict[str, float]:
    """`reward/NAME`: mean points of each reward over the rollouts that it scored."""
    points: dict[str, list[float]] = {}
    for rollout in rollouts:
        for name, value in rollout.rewards.items():
            if value is not None:
                points.setdefault(name, []).append(value)
    return {f"reward/{name}": _mean(values) for name, values in points.items()}


def _measure_mean(rollouts: Sequence[Rollout], name: str) -> float:
    return _mean([float(rollout.measures[name]) for rollout in rollouts])


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
