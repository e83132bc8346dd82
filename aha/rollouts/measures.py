"""What is measured of each rollout and of a round; the names are documented in docs/metrics.md."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from aha.config.settings import RewardSettings
from aha.rewards.routing import weighs_now
from aha.rollouts.filters import Filtered, decided
from aha.text.answers import well_formed
from aha.text.language import language_share
from aha.text.reflection import reflections
from aha.text.repetition import repetition
from aha.types import CUT_OFF, Group, Rollout

KINDS = ("recheck", "backtrack", "another_approach")


def text_measures(
    text: str, language: str | None = None, *, opened: bool = False, cut_off: bool = False
) -> dict[str, float | str]:
    """Facts of one whole response: `format` 0/1 (text.answers.well_formed, with `opened` and `cut_off`), `repetition`
    [0, 1], `language` (share of its words in the question's language; left out where that is not given or there are no
    words), the number of reflections by kind, and of the re-checks how many `repaired` a wrong value and how many
    `broke` a right one."""
    found = reflections(text)
    formed = well_formed(text, opened=opened, cut_off=cut_off)
    measures: dict[str, float | str] = {"format": float(formed), "repetition": repetition(text)}
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
    """Metrics of a round's rollouts, dropped groups included; those about which we failed to decide count in
    `undecided_frac` alone, those about which no rule decides in all but `accuracy`. `reward/std` is the mean of the
    groups' population standard deviations. Nothing where no rollout was finished."""
    rollouts = [rollout for group in groups for rollout in group.rollouts]
    if not rollouts:
        return {}
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
    ruled = [rollout for rollout in graded if rollout.problem.has_rule]
    if ruled:
        metrics["accuracy"] = _mean([rollout.verdict.outcome == "correct" for rollout in ruled])
    metrics["format_rate"] = _measure_mean(graded, "format")
    metrics["length/mean"] = float(lengths.mean())
    metrics["length/p95"] = float(np.percentile(lengths, 95))
    metrics["truncated_frac"] = _mean([rollout.completion.finish in CUT_OFF for rollout in graded])
    metrics["reflection_rate"] = _mean([reflects(rollout) for rollout in graded])
    for name in (*KINDS, "repaired", "broke"):
        metrics[f"reflection/{name}"] = _measure_mean(graded, name)
    metrics["repetition_rate"] = _measure_mean(graded, "repetition")
    worded = [rollout for rollout in graded if "language" in rollout.measures]
    if worded:
        metrics["language_consistency"] = _measure_mean(worded, "language")
    return metrics | budget_metrics(graded) | refusal_rates(graded)


def budget_metrics(rollouts: Sequence[Rollout]) -> dict[str, float]:
    """How lengths keep to the budgets of their prompts (tasks.budget): the mean of |used - asked| / asked, and the
    share that used over a tenth more than the most allowed; each where there are such prompts."""

    def used_over_asked(key: str) -> list[float]:
        asked = [each for each in rollouts if key in each.problem.metadata]
        return [len(each.completion.token_ids_N) / each.problem.metadata[key] for each in asked]

    exact, most = used_over_asked("think_tokens"), used_over_asked("max_think_tokens")
    found = {"length/budget_error": _mean([abs(share - 1) for share in exact])} if exact else {}
    return found | ({"length/over_budget_frac": _mean([share > 1.1 for share in most])} if most else {})


def group_metrics(trimmed: Sequence[Group], filtered: Filtered) -> dict[str, float]:
    """Shares of groups: kept for training, all correct, all wrong (before the filter)."""
    num_groups = len(filtered.kept) + sum(filtered.dropped.values())
    outcomes = [{rollout.verdict.outcome for rollout in group.rollouts} for group in trimmed]
    return {
        "groups/kept_frac": len(filtered.kept) / num_groups,
        "groups/all_correct_frac": sum(found == {"correct"} for found in outcomes) / num_groups,
        "groups/all_wrong_frac": sum(found == {"wrong"} for found in outcomes) / num_groups,
    }


def repeats_frac(groups: Sequence[Group]) -> dict[str, float]:
    """`repeats_frac`: the share of a round's decided rollouts that were ended in a loop; nothing where none is."""
    ends = [rollout.completion.finish for group in map(decided, groups) for rollout in group.rollouts]
    return {"repeats_frac": _mean([end == "repeats" for end in ends])} if ends else {}


def reward_means(rollouts: Sequence[Rollout]) -> dict[str, float]:
    """`reward/NAME`: mean points of each reward over the rollouts that it scored."""
    points: dict[str, list[float]] = {}
    for rollout in rollouts:
        for name, value in rollout.rewards.items():
            if value is not None:
                points.setdefault(name, []).append(value)
    return {f"reward/{name}": _mean(values) for name, values in points.items()}


def refusal_rates(rollouts: Sequence[Rollout]) -> dict[str, float]:
    """`refusal_rate/DOMAIN`: the share of refusals (text.refusal) among answers about which no rule decides."""
    found: dict[str, list[float]] = {}
    for rollout in rollouts:
        if "refusal" in rollout.measures:
            found.setdefault(rollout.problem.domain, []).append(float(rollout.measures["refusal"]))
    return {f"refusal_rate/{domain}": _mean(found[domain]) for domain in sorted(found)}


def late_weights(rewards: Sequence[RewardSettings], update: int, total_updates: int) -> dict[str, float]:
    """`reward_weight/NAME` of the rewards that begin later than a stage: 0 before they do."""
    return {
        f"reward_weight/{reward.name}": reward.weight if weighs_now(reward, update, total_updates) else 0.0
        for reward in rewards
        if reward.after
    }


def _measure_mean(rollouts: Sequence[Rollout], name: str) -> float:
    return _mean([float(rollout.measures[name]) for rollout in rollouts])


def _mean(values: Sequence[float]) -> float:
    return float(np.mean(values))
