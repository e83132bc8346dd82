"""Finished runs of the lab recipes, made up: every stage with all that its settings would leave."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from aha.config.effective import effective
from aha.config.loading import load_recipe
from aha.config.yaml_files import dump
from aha.evaluation.benchmarks import file_name_of
from aha.evaluation.files import write_evaluation
from aha.runtime import files
from aha.runtime.rollout_store import write_rollouts
from aha.types import Group, Interval
from tests.benchmarks.make import evaluation
from tests.rollouts.make import make_rollout

ROUNDS = 10


def fill(folder: Path, recipe: str, overrides: Sequence[str] = (), **changes: Mapping[str, Any]) -> None:
    """A whole run; `changes` by stage (a low line for a dash): see `fill_stage`."""
    loaded = load_recipe(recipe, overrides).recipe
    files.make_folder(folder)
    (folder / "recipe.yaml").write_text(dump(effective(loaded)))
    for name, stage in loaded.stages.items():
        fill_stage(folder / "stages" / name, stage, **changes.get(name.replace("-", "_"), {}))


def fill_stage(
    place: Path,
    stage: Any,
    outcomes: str = "cw",
    tokens: int | Mapping[str, int] = 40,
    curves: Mapping[str, Sequence[float]] | None = None,
    wrong_tokens: Sequence[int] = (8,) * ROUNDS,
    parameters: int = 7,
    held_out: float | None = None,
) -> None:
    """One stage. `tokens` of every answer, of all benchmarks or by the end of a benchmark's name."""
    scores = getattr(stage, "evaluate", None)
    names = list(stage.on) if stage.kind == "evaluate" else list(scores.final_on or scores.on) if scores else []
    for name in names:
        by_end = {"": tokens} if isinstance(tokens, int) else tokens
        each = next(number for end, number in by_end.items() if name.endswith(end))
        write_evaluation(place, file_name_of(name), scored(name, outcomes, each))
    values = {"accuracy": [0.5] * ROUNDS, "length/mean": [30.0] * ROUNDS, "truncated_frac": [0.1] * ROUNDS}
    values |= {"eval/heldout/pass@1": [0.2] * ROUNDS, "value/explained_variance": [0.3] * ROUNDS}
    values |= {"kl/reference": [0.1] * ROUNDS} | {name: list(each) for name, each in (curves or {}).items()}
    for step in range(1, ROUNDS + 1) if stage.kind == "rl" else ():
        files.make_folder(place / "rollouts")
        line = {name: each[step - 1] for name, each in values.items()}
        files.append_line(place / "metrics.jsonl", {"step": step, **line})
        files.append_line(place / "timing.jsonl", {"step": step, "memory_bytes": 2.0**30})
        lengths = [("correct", 4), ("wrong", wrong_tokens[step - 1])]
        made = [make_rollout("a", i, outcome, 1.0, num=num) for i, (outcome, num) in enumerate(lengths)]
        write_rollouts(place / "rollouts" / f"step-{step:06d}.parquet", [Group("a", made)], {}, "text", 1)
    result: dict[str, Any] = {"kind": stage.kind, "timing": {"seconds": {"sample": 60.0, "update": 30.0}}}
    result |= {"cost": {"trained_parameters": parameters, "updates": 10}} if stage.kind in ("rl", "sft") else {}
    result |= {"held_out": {"accuracy": {"value": held_out}}} if held_out is not None else {}
    files.make_folder(place)
    files.write_json(place / "result.json", result)


def scored(name: str, outcomes: str, tokens: int, reason: str = "mismatch") -> Any:
    """Ten problems alike, each with these outcomes and as many tokens in every answer."""
    reasons = ["match" if outcome == "c" else reason for outcome in outcomes]
    row = {"outcomes": outcomes, "reasons": reasons, "tokens": [tokens] * len(outcomes), "reference": "1"}
    value = outcomes.count("c") / len(outcomes)
    return evaluation(
        name,
        value,
        [{"id": f"p{i}", **row} for i in range(10)],
        mean_tokens=float(tokens),
        scores={"pass@1": Interval(value, value, value)},
    )
