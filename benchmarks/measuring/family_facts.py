"""What one run of `scripts/bench family` left: its scores, its cost, and what the checks of its row look at."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean

from aha.runtime import files
from aha.runtime.metrics import read_lines
from aha.runtime.rollout_store import read_rollouts
from aha.runtime.run_directory import StageDirectory
from aha.types import Json
from benchmarks.measuring.curves import last
from benchmarks.measuring.results import scores
from benchmarks.measuring.runs import minutes, only

STAGE = "zero"
COLUMNS = ("group_id", "outcome", "finish", "num_tokens", "reward", "reward/accuracy", "advantage")
COSTS = {"sampled_tokens": "generated_tokens"} | {
    name: name for name in ("trained_tokens", "trained_parameters", "rounds", "updates")
}
TRAINING = ("sample", "score", "update", "sync")
"""Phases of the clock that are no evaluation and no checkpoint."""


def facts(folder: Path) -> dict[str, Json]:
    """All of a finished run, by name; None where there is no such figure. Entropy, explained variance and the length of
    wrong answers are means over the last rounds."""
    place = StageDirectory(folder / "stages" / STAGE)
    result, timing = files.read_json(place.result), read_lines(place.timing)
    lines = [line for line in read_lines(place.metrics) if line["step"] > 0]
    latest = last(lines)
    seconds = result["timing"]["seconds"]
    found: dict[str, Json] = {
        **scores(only(folder, STAGE)),
        **{ours: result["cost"][name] for name, ours in COSTS.items()},
        "ended": result["ended"],
        "minutes": round(minutes(folder), 2),
        "training_minutes": round(sum(seconds.get(phase, 0.0) for phase in TRAINING) / 60, 2),
        "memory_bytes": max(line["memory_bytes"] for line in timing),
        "entropy": average(latest, "entropy"),
        "explained_variance": average(latest, "value/explained_variance"),
        "clip_frac": (average(lines, "clip_frac/low") or 0.0) + (average(lines, "clip_frac/high") or 0.0),
    }
    return found | of_rollouts(
        [read_rollouts(place.rollout_file(int(line["step"])), COLUMNS) for line in lines], len(latest)
    )


def average(lines: Sequence[Mapping[str, Json]], name: str) -> float | None:
    """Mean of a metric over the rounds that have it; None where none has."""
    values = [line[name] for line in lines if line.get(name) is not None]
    return mean(values) if values else None


def of_rollouts(rounds: Sequence[Sequence[Mapping[str, Json]]], num_last: int) -> dict[str, Json]:
    """From the answers of all rounds: tokens of wrong ones in the last `num_last`, how many groups that were trained on
    earned the same throughout, how many answers were cut off and how many of these were paid as right."""
    wrong = [row["num_tokens"] for rows in rounds[-num_last:] for row in rows if row["outcome"] == "wrong"]
    cut_off = [row for rows in rounds for row in rows if row["finish"] == "length"]
    uniform = 0
    for rows in rounds:
        rewards: dict[str, set[float]] = {}
        for row in rows:
            if row["advantage"] is not None:
                rewards.setdefault(row["group_id"], set()).add(row["reward"])
        uniform += sum(len(found) == 1 for found in rewards.values())
    return {
        "wrong_tokens": mean(wrong) if wrong else None,
        "uniform_groups": uniform,
        "truncated": len(cut_off),
        "truncated_paid": sum((row["reward/accuracy"] or 0) > 0 for row in cut_off),
    }
