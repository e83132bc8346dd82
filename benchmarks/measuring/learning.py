"""Do both sides learn the same? Mean reward of the last ten rounds, several seeds each, kept run by run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import mean
from typing import Any

from aha.evaluation.statistics import bootstrap
from aha.runtime import files
from benchmarks.measuring.intervals import welch

LAST_ROUNDS = 10
NARROW = 0.15
Rounds = list[list[float]]
"""Mean reward of each group, round by round."""


def run_once(path: Path, key: Mapping[str, Any], make: Callable[[], Rounds]) -> Rounds:
    """The rounds in `path` where it was written for the same `key`; else those that `make` makes, kept in `path`."""
    if path.exists():
        found = json.loads(path.read_text(encoding="utf-8"))
        if found["key"] == key:
            return [list(groups) for groups in found["rounds"]]
    rounds = make()
    files.make_folder(path.parent)
    files.write_json(path, {"key": dict(key), "rounds": rounds})
    return rounds


def compare(ours: Sequence[Rounds], theirs: Sequence[Rounds]) -> dict[str, Any]:
    """Mean reward of the last rounds of each seed, and the difference with its interval.

    `difference` treats each seed as one value (Welch); `difference_over_problems` compares group by group, as both
    sides saw the same problems in the same order, and says nothing about how runs differ.
    """
    means = {"aha": [_last_mean(run) for run in ours], "trl": [_last_mean(run) for run in theirs]}
    over_seeds = welch(means["aha"], means["trl"])
    pairs = [
        our_group - their_group
        for our_run, their_run in zip(ours, theirs, strict=True)
        for our_round, their_round in zip(our_run[-LAST_ROUNDS:], their_run[-LAST_ROUNDS:], strict=True)
        for our_group, their_group in zip(our_round, their_round, strict=True)
    ]
    return {
        "reward_of_last_rounds": means,
        "reward_of_first_round": {"aha": _mean_of_first(ours), "trl": _mean_of_first(theirs)},
        "difference": asdict(over_seeds),
        "difference_over_problems": asdict(bootstrap(pairs, seed=0)),
        "contains_0": over_seeds.low <= 0 <= over_seeds.high,
        "narrow": over_seeds.high - over_seeds.low < NARROW,
        "curves": {
            "aha": [[round(mean(groups), 4) for groups in run] for run in ours],
            "trl": [[round(mean(groups), 4) for groups in run] for run in theirs],
        },
    }


def _last_mean(run: Rounds) -> float:
    return mean(mean(groups) for groups in run[-LAST_ROUNDS:])


def _mean_of_first(runs: Sequence[Rounds]) -> float:
    return mean(mean(run[0]) for run in runs)
