from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aha.config.loading import load_recipe
from aha.runtime import files
from benchmarks import lab_r1
from tests.benchmarks.make import evaluation


def rated(value: float, **changes: Any) -> Any:
    """An evaluation of forty problems of which the first `value` are always solved."""
    problems = [{"id": f"p{i}", "outcomes": "cccc" if i < 40 * value else "wwww"} for i in range(40)]
    return evaluation(value=value, problems=problems, **changes)


def found(**values: float) -> dict[str, dict[str, Any]]:
    """Each stage at 0.5 on all benchmarks, but for those given as stage_benchmark=value."""
    names = ("heldout", "general", "preference", "instructions", "safety")
    return {
        stage: {name: rated(values.get(f"{stage}_{name}", 0.5)) for name in names}
        for stage in (each.replace("-", "_") for each in lab_r1.STAGES)
    }


def as_stages(by: dict[str, Any]) -> dict[str, Any]:
    return {stage.replace("no_instructions", "no-instructions"): each for stage, each in by.items()}


def metrics_line(update: int, accuracy: float, score: float | None) -> dict[str, Any]:
    line = {"step": update, "update": float(update), "num_trained_tokens": 100.0, "accuracy": accuracy}
    return line if score is None else {**line, "eval/heldout/pass@1": score}


def write_curve(folder: Path, stage: str, scores: list[float]) -> None:
    place = folder / "stages" / stage
    files.make_folder(place)
    start = {"step": 0, "update": 0, "eval/heldout/pass@1": 0.1}
    lines = [start, *(metrics_line(i, 0.1 * i, score) for i, score in enumerate(scores, 1))]
    (place / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))


def test_every_stage_of_the_table_is_in_the_recipe():
    assert set(lab_r1.STAGES) <= set(load_recipe("lab-r1", []).recipe.stages)


def test_scores_of_seeds_are_means_by_problem_with_an_interval_over_problems():
    seeds = {"0": as_stages(found(r1_heldout=0.5)), "1": as_stages(found(r1_heldout=0.7))}
    each = lab_r1.pooled(seeds)["r1"]["heldout"]
    assert each["pass@1"]["value"] == pytest.approx(0.6)
    assert each["seeds"] == [0.5, 0.7]
    assert each["pass@1"]["low"] < 0.55 < 0.65 < each["pass@1"]["high"]


def test_the_shape_is_the_papers_only_beyond_the_interval():
    seeds = {"0": as_stages(found(zero_heldout=0.9, dev1_heldout=0.4, r1_preference=0.8, dev3_general=0.525))}
    shape = lab_r1.shape(seeds)
    assert shape["Dev1 below Zero on reasoning"]["as the paper"]
    assert shape["R1 above Dev3 on preference"]["as the paper"]
    assert shape["R1 best on preference"]["as the paper"]
    assert shape["R1 not below Dev3 on reasoning"]["as the paper"]
    assert not shape["Dev3 above Dev2 on requests"]["as the paper"]  # 0.025 on forty problems says nothing
    assert not shape["Dev1 above Zero in format"]["as the paper"]


def test_cold_start_and_base_are_compared_on_equal_tokens(tmp_path):
    write_curve(tmp_path, "zero", [0.3, 0.5, 0.7, 0.65])
    write_curve(tmp_path, "dev2", [0.62, 0.66])
    each = lab_r1.cold_start({"0": tmp_path})["0"]
    assert each["tokens"] == 200
    assert (each["zero"]["end"], each["dev2"]["end"]) == (0.5, 0.66)
    assert (each["zero"]["updates to 0.6"], each["dev2"]["updates to 0.6"]) == (3.0, 1.0)
