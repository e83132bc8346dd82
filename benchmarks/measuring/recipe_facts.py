"""What one run of a lab recipe left, stage by stage: evaluations, the curves of its rounds, its cost."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import mean, pstdev

import numpy as np

from aha.errors import UsageError
from aha.evaluation.memorisation import memorisation
from aha.runtime import files
from aha.runtime.metrics import read_lines
from aha.runtime.rollout_store import read_rollouts
from aha.runtime.run_directory import StageDirectory
from aha.types import Evaluation, Json
from benchmarks.measuring.runs import ended, evaluations

COSTS = ("sampled_tokens", "trained_tokens", "trained_parameters", "rounds", "updates")
TARGET = re.compile(r"[?&](max_)?think_tokens=(\d+)")
PERTURBED = re.compile(r"[?&]perturb=(\w+)")
SLACK = 1.1
"""A budget of at most so many tokens is broken by a tenth more."""

Figures = dict[str, float | None]


@dataclass(slots=True, frozen=True)
class StageFacts:
    """A finished stage."""

    kind: str
    costs: Figures
    """What the stage cost, and what is said of it as a whole."""
    evaluations: dict[str, Evaluation]
    curves: dict[str, list[float]]
    """A metric's values by round, oldest first; rounds that lack it are left out."""


def read_run(folder: Path) -> dict[str, StageFacts]:
    """All stages of a run that have ended, in the order of its recipe."""
    return {stage: read_stage(folder, stage) for stage in ended(folder)}


def read_stage(folder: Path, stage: str) -> StageFacts:
    """One stage, whatever its kind: what it did not leave is not there, or None."""
    place = StageDirectory(folder / "stages" / stage)
    result, scored = files.read_json(place.result) or {}, evaluations(folder, stage)
    memory = [line["memory_bytes"] for line in read_lines(place.timing) if "memory_bytes" in line]
    held_out = result.get("held_out") or {}
    costs: Figures = {
        "minutes": round(sum(result.get("timing", {}).get("seconds", {}).values()) / 60, 2),
        "memory_bytes": max(memory, default=None),
        **{name: result.get("cost", {}).get(name) for name in COSTS},
        "held_out_accuracy": held_out.get("accuracy", {}).get("value"),
        **of_targets(scored),
        **of_perturbations(scored),
    }
    return StageFacts(result["kind"], costs, scored, curves(place))


def curves(place: StageDirectory) -> dict[str, list[float]]:
    """Every metric, and from the rollouts `wrong_tokens`, mean tokens of a round's wrong answers, and `length/std`."""
    found: dict[str, list[float]] = {}
    for line in read_lines(place.metrics):
        values = {name: value for name, value in line.items() if isinstance(value, int | float)}
        path = place.rollout_file(int(line["step"]))
        if path.exists():
            values |= of_round(read_rollouts(path, ("outcome", "num_tokens")))
        for name, value in values.items():
            found.setdefault(name, []).append(float(value))
    return found


def of_round(rows: Sequence[dict[str, Json]]) -> dict[str, float]:
    """Lengths of one round's answers."""
    wrong = [row["num_tokens"] for row in rows if row["outcome"] == "wrong"]
    spread = {"length/std": pstdev(row["num_tokens"] for row in rows)} if rows else {}
    return spread | ({"wrong_tokens": mean(wrong)} if wrong else {})


def of_evaluation(evaluation: Evaluation) -> Figures:
    """Means over an evaluation's answers."""
    answers = list(each_answer(evaluation))
    wrong = [tokens for outcome, _, tokens in answers if outcome == "w"]
    score = evaluation.scores.get("pass@1")
    return {
        "tokens": evaluation.mean_tokens,
        "wrong_tokens": mean(wrong) if wrong else None,
        "cut_off": mean(reason == "truncated" for _, reason, _ in answers),
        "format_rate": evaluation.format_rate,
        "points_a_token": score.value / evaluation.mean_tokens if score is not None else None,
    }


def each_answer(evaluation: Evaluation) -> Iterator[tuple[str, str, int]]:
    """Outcome, reason and tokens of every answer."""
    for row in evaluation.problems:
        yield from zip(row["outcomes"], row["reasons"], row["tokens"], strict=True)


def error(used: Sequence[int], asked: int) -> float:
    """Mean distance from the tokens asked for, as a share of these."""
    return mean(abs(tokens - asked) / asked for tokens in used)


def over(used: Sequence[int], asked: int) -> float:
    """Share of the answers that are more than a tenth over the budget."""
    return mean(tokens > SLACK * asked for tokens in used)


def of_targets(found: dict[str, Evaluation]) -> Figures:
    """Over all answers to benchmarks that ask for a number of tokens: correlation of asked and used, mean relative
    error; for those that ask for at most so many, the share over it; both also for each number (`length_error_16`)."""
    exact: dict[int, list[int]] = {}
    most: dict[int, list[int]] = {}
    for name, evaluation in found.items():
        if budget := TARGET.search(name):
            used = (most if budget[1] else exact).setdefault(int(budget[2]), [])
            used.extend(tokens for _, _, tokens in each_answer(evaluation))
    figures: Figures = {"length_correlation": correlation(exact)} if exact else {}
    for whole, of_one, targets in (("length_error", error, exact), ("over_budget", over, most)):
        for asked, used in sorted(targets.items()):
            figures[f"{whole}_{asked}"] = of_one(used, asked)
        if targets:
            figures[whole] = mean(of_one([tokens], asked) for asked, used in targets.items() for tokens in used)
    return figures


def correlation(targets: Mapping[int, Sequence[int]]) -> float | None:
    """Pearson's, of asked and used tokens answer by answer; None where one side never changes."""
    pairs = [(asked, tokens) for asked, used in targets.items() for tokens in used]
    asked_B, used_B = np.array(pairs, dtype=np.float64).T
    return float(np.corrcoef(asked_B, used_B)[0, 1]) if asked_B.std() > 0 and used_B.std() > 0 else None


def of_perturbations(found: dict[str, Evaluation]) -> Figures:
    """`limem_statement` and its like: LiMem of a benchmark and the same one changed; None where nothing is solved."""
    figures: Figures = {}
    for name, changed in found.items():
        how = PERTURBED.search(name)
        trained = found.get(PERTURBED.sub("", name)) if how else None
        if how and trained is not None:
            try:
                figures[f"limem_{how[1]}"] = memorisation(trained, changed).score.value
            except UsageError:
                figures[f"limem_{how[1]}"] = None
    return figures
