from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aha.config.loading import load_recipe
from aha.config.model_stages import SFTStage
from aha.config.settings import RLStage
from aha.errors import DataError
from aha.evaluation.files import write_evaluation
from aha.runtime import files
from benchmarks import distill_vs_rl
from benchmarks.measuring import runs
from tests.benchmarks.make import evaluation

STAGES: dict[str, dict[str, Any]] = {
    "teacher": {"kind": "rl", "model": "base"},
    "traces": {"kind": "rejection", "model": "stage/teacher"},
    "before": {"kind": "evaluate", "model": "student"},
    "sft": {"kind": "sft", "model": "student", "data": [{"name": "stage/traces"}]},
    "rl": {"kind": "rl", "model": "student"},
    "sft-half": {"kind": "sft", "model": "student", "data": ["stage/traces"]},
    "sft-rl": {"kind": "rl", "model": "stage/sft-half"},
}
COSTS: dict[str, dict[str, int]] = {
    "teacher": {"sampled_tokens": 900, "trained_tokens": 900},
    "traces": {"answers_tokens": 400},
    "before": {},
    "sft": {"trained_tokens": 201},
    "rl": {"sampled_tokens": 210, "trained_tokens": 205},
    "sft-half": {"trained_tokens": 101},
    "sft-rl": {"sampled_tokens": 107, "trained_tokens": 104},
}
OUTCOMES = {"teacher": "cccc", "before": "wwww", "sft": "ccww", "rl": "cwww", "sft-rl": "cccw"}


def fill(folder: Path, **outcomes: str) -> Path:
    """A finished run of two problems; the second one is always half right."""
    files.make_folder(folder)
    files.write_json(folder / "recipe.yaml", {"models": {"base": "lab", "student": "lab-small"}, "stages": STAGES})
    for name, settings in STAGES.items():
        place = folder / "stages" / name
        if name in OUTCOMES:
            answers = (OUTCOMES | outcomes)[name]
            rows = [{"id": "p0", "outcomes": answers}, {"id": "p1", "outcomes": "cw"}]
            write_evaluation(place, "heldout", evaluation(value=(answers.count("c") / 4 + 0.5) / 2, problems=rows))
        files.make_folder(place)
        files.write_json(place / "stage.json", {"settings": settings})
        files.write_json(place / "result.json", {"stage": name, "kind": settings["kind"], "cost": COSTS[name]})
    return folder


def test_scores_are_pooled_over_seeds_and_tokens_count_all_stages_before(tmp_path: Path) -> None:
    folders = {"0": fill(tmp_path / "a"), "1": fill(tmp_path / "b", sft="cccw")}
    found = distill_vs_rl.collect(folders)
    pooled = found["pooled"]
    assert pooled["sft"]["pass@1"]["value"] == pytest.approx((0.625 + 0.5) / 2)
    assert {stage: tuple(pooled[stage][name] for name in distill_vs_rl.AMOUNTS) for stage in distill_vs_rl.ROWS} == {
        "teacher": (900, 900, 0),
        "before": (0, 0, 0),
        "sft": (201, 0, 400),
        "rl": (205, 210, 0),
        "sft-rl": (205, 107, 400),
    }
    assert found["seeds"]["1"]["sft"]["trained"] == 201
    first = found["expected"]["SFT at least RL"]
    assert (first["seeds"], first["held"]) == ([0.125, 0.25], True)
    assert first["difference"]["value"] == pytest.approx(0.1875)
    assert found["equal_tokens"] == {"0": True, "1": True}


def test_what_did_not_hold_and_unequal_arms_are_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = fill(tmp_path, **{"sft-rl": "cwww"})
    place = folder / "stages" / "rl" / "result.json"
    files.write_json(place, {"kind": "rl", "cost": {"sampled_tokens": 300, "trained_tokens": 212}})
    found = distill_vs_rl.collect({"0": folder})
    distill_vs_rl.print_result(found)
    told = capsys.readouterr().out
    assert "SFT at least RL: held, difference 12.5 [" in told
    assert "SFT + RL at least SFT: NOT held, difference -12.5 [-25.0, 0.0] (0 is within); seeds -12.5" in told
    assert "Arms on equal tokens: NO, seeds 0" in told
    assert distill_vs_rl.equal({"a": 100, "b": 105})
    assert not distill_vs_rl.equal({"a": 100, "b": 106})


def test_a_difference_is_clear_where_its_interval_leaves_0_out() -> None:
    rows = [{"id": f"p{place}", "outcomes": "cccw"} for place in range(40)]
    worse = [{"id": f"p{place}", "outcomes": "cwww" if place % 2 else "ccww"} for place in range(40)]
    scored = {"0": {"a": evaluation(problems=rows), "b": evaluation(problems=worse)}}
    assert distill_vs_rl.expected(scored, "a", "b")["clear"]
    assert distill_vs_rl.expected(scored, "b", "a") | {"difference": 0} == {
        "difference": 0, "seeds": [-0.375], "held": False, "clear": True
    }  # fmt: skip
    assert not distill_vs_rl.expected(scored, "a", "a")["clear"]


def test_a_stage_without_a_score_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="stage sft has 0 evaluations"):
        runs.only(fill(tmp_path).parent / "nowhere", "sft")


def test_each_seed_is_run_in_its_own_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = []

    def fake_run(recipe: str, folder: Path, overrides: list[str]) -> None:
        asked.append((recipe, folder.name, overrides))
        fill(folder)

    monkeypatch.setattr(distill_vs_rl, "run", fake_run)
    distill_vs_rl.main(["--seeds", "2", "--runs", str(tmp_path / "runs"), "--out", str(tmp_path), "sft.epochs=9"])
    assert asked == [("distill-vs-rl", f"seed-{seed}", [f"seed={seed}", "sft.epochs=9"]) for seed in range(2)]
    written = json.loads((tmp_path / "distill_vs_rl.json").read_text())
    assert set(written["seeds"]) == {"0", "1"}
    assert "Arms on equal tokens: yes" in capsys.readouterr().out


def test_the_arms_of_the_recipe_have_equal_budgets_and_the_same_settings() -> None:
    stages = load_recipe("distill-vs-rl").recipe.stages
    sft, rl, half, after = (stages[name] for name in ("sft", "rl", "sft-half", "sft-rl"))
    assert isinstance(sft, SFTStage)
    assert isinstance(half, SFTStage)
    assert isinstance(rl, RLStage)
    assert isinstance(after, RLStage)
    budgets = [stage.max_trained_tokens or 0 for stage in (sft, rl, half, after)]
    assert budgets[0] == budgets[1] == budgets[2] + budgets[3] == 2 * budgets[2] > 0
    assert half.model_copy(update={"max_trained_tokens": sft.max_trained_tokens}) == sft
    assert after.model_copy(update={"max_trained_tokens": rl.max_trained_tokens, "model": rl.model}) == rl
    assert after.model == "stage/sft-half"
    evaluated = [stage.evaluate for stage in (sft, rl, half, after)]
    assert len({(tuple(each.final_on), each.final_k) for each in evaluated}) == 1
