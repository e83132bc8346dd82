from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from aha.config.loading import load_recipe
from aha.errors import UsageError
from benchmarks import recipes
from benchmarks.measuring import runs
from benchmarks.measuring.curves import OF_CURVES, jitter
from benchmarks.measuring.expectations import Check
from benchmarks.measuring.recipe_checks import CHECKS
from benchmarks.measuring.recipe_facts import (
    correlation,
    of_evaluation,
    of_perturbations,
    of_round,
    of_targets,
    read_run,
)
from benchmarks.measuring.recipe_measures import difference, value
from benchmarks.measuring.recipe_table import COLUMNS, rows
from tests.benchmarks.fake_recipes import ROUNDS, fill, scored

RISE = [float(i) for i in range(1, ROUNDS + 1)]


def fake(monkeypatch: pytest.MonkeyPatch, **changes: Mapping[str, Any]) -> list[str]:
    """`aha run` that fills the folder at once; the folders that were asked for, in order."""
    asked = []

    def run(recipe: str, folder: Path, overrides: Sequence[str]) -> None:
        asked.append(folder.name)
        if not (folder / "recipe.yaml").exists():
            fill(folder, recipe, overrides, **changes)

    monkeypatch.setattr(runs, "run", run)
    return asked


def bench(tmp_path: Path, *words: str) -> dict[str, Any]:
    recipes.main([*words, "--runs", str(tmp_path / "runs"), "--out", str(tmp_path)])
    found: dict[str, Any] = json.loads((tmp_path / "recipes.json").read_text())
    return found


def held(found: Mapping[str, Any], recipe: str) -> dict[tuple[str, str], bool | None]:
    return {(each["row"], each["measure"]): each["held"] for each in found["recipes"][recipe]["checks"]}


@pytest.mark.parametrize("recipe", CHECKS)
def test_every_check_finds_its_figure_in_a_whole_run(tmp_path: Path, recipe: str) -> None:
    helpful = {"helpful": {"held_out": 0.9}} if recipe == "lab-rlhf" else {}
    fill(tmp_path, recipe, **helpful)
    recipes.refuse_missing(recipe, list(load_recipe(recipe).recipe.stages))
    stages = read_run(tmp_path)
    alike = {"length_correlation"}  # all answers are of one length
    for check in CHECKS[recipe]:
        assert difference(check, [stages]) is not None or check.measure in alike, check


def test_lengths_that_follow_and_lengths_that_do_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = {"tokens": {"=16": 18, "=32": 34, "=64": 66}}
    most = {"tokens": {"=32": 32, "=48": 48, "=64": 128}}
    fake(monkeypatch, told={"tokens": {"=16": 30, "=32": 28, "=64": 40}}, exact=exact, max=most)
    found = bench(tmp_path, "lab-l1", "--seeds", "1")
    told = held(found, "lab-l1")
    assert told["exact", "length_correlation"]
    assert told["exact", "length_error"]
    assert told["max", "over_budget_32"]
    assert not told["max", "over_budget"]
    stage = found["recipes"]["lab-l1"]["stages"]["max"]
    assert stage["over_budget"] == pytest.approx(1 / 3, abs=1e-4)
    assert (stage["over_budget_32"], stage["over_budget_64"]) == (0, 1)
    assert [each["tokens"] for name, each in stage["benchmarks"].items() if name.endswith("=64")] == [128]
    assert stage["training"] == {"accuracy": 0.5, "tokens": 30.0, "wrong_tokens": 8.0, "cut_off": 0.1}
    assert (stage["minutes"], stage["memory_bytes"], stage["trained_parameters"]) == (1.5, 2**30, 7)


def test_stages_of_a_run_are_compared_seed_by_seed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake(
        monkeypatch,
        unsolvable={"wrong_tokens": [int(10 * each) for each in RISE]},
        checking={"tokens": 100},
        concise={"tokens": 60, "curves": {"length/mean": RISE[::-1]}},
        lambda1={"tokens": 90},
    )
    found = bench(tmp_path, "lab-concise", "--seeds", "2")
    assert all(held(found, "lab-concise").values())
    check = next(each for each in found["recipes"]["lab-concise"]["checks"] if each["control"] == "unpunished")
    assert (check["found"], check["clear"]) == ({"value": 70.0, "low": 70.0, "high": 70.0}, True)
    told = capsys.readouterr().out
    sums = "tokens on lab:arithmetic?split=heldout&size=200"
    assert f"answers are shorter by 30 % ({sums} over checking): held, -40 [-40, -40] %" in told
    assert "7 of 7 checks held, 0 did not, 0 are not known." in told
    assert found["made"]["packages"]["torch"]
    assert found["recipes"]["lab-concise"]["seeds"] == ["0", "1"]


def test_scores_are_paired_by_problem(tmp_path: Path) -> None:
    fill(tmp_path, "lab-orz", orz={"outcomes": "ccwc"}, gae95={"outcomes": "cwww"})
    stages = read_run(tmp_path)
    check = Check("orz", "better", "pass@1 on heldout", "above", "gae95")
    assert difference(check, [stages, stages]) == {"value": 0.5, "low": 0.5, "high": 0.5}
    alone = Check("orz", "above chance", "pass@1 on heldout", "above", threshold=0.5)
    assert difference(alone, [stages]) == {"value": 0.75, "low": 0.75, "high": 0.75}
    assert difference(Check("orz", "more", "pass@1 on general", "above", "gae95"), [stages]) is None


def test_figures_by_name(tmp_path: Path) -> None:
    fill(tmp_path, "lab-orz", orz={"curves": {"length/mean": RISE}, "tokens": 20})
    stage = read_run(tmp_path)["orz"]
    assert value(stage, "growth of length/mean") == 7
    assert value(stage, "tokens on heldout") == 20
    assert value(stage, "pass@1 on heldout") == 0.5
    assert value(stage, "points_a_token on heldout") == 0.025
    assert value(stage, "updates") == 10
    assert value(stage, "growth of wrong_tokens") == 0
    for missing in ("end of entropy", "tokens on general", "memory"):
        assert value(stage, missing) is None


def test_numbers_of_a_curve() -> None:
    wanted = {
        **{"early": 5.5, "end": 11.5, "growth": 9, "change": 4.5},
        **{"peak": 12, "fall from the peak": 0, "late spread": 3.0277, "late jitter": 0},
    }
    assert {how: of([*RISE, 11.0, 12.0]) for how, of in OF_CURVES.items()} == pytest.approx(wanted, abs=1e-4)
    assert OF_CURVES["fall from the peak"]([1.0, 3.0, 2.0]) == 1


def test_jitter_leaves_a_steady_rise_out() -> None:
    assert jitter([0.1, 0.2, 0.3, 0.4]) == pytest.approx(0.0, abs=1e-12)
    assert jitter([0.1, 0.3, 0.3, 0.5]) == pytest.approx((2 * 0.0667**2 + 0.1333**2) ** 0.5 / 3**0.5, abs=1e-3)


def test_figures_of_an_evaluation() -> None:
    found = of_evaluation(scored("heldout", "cw", 30, reason="truncated"))
    wanted = {"tokens": 30, "wrong_tokens": 30, "cut_off": 0.5, "format_rate": 0.97, "points_a_token": 0.5 / 30}
    assert found == wanted
    assert of_evaluation(scored("heldout", "cc", 30))["wrong_tokens"] is None
    assert of_round([]) == {}


def test_lengths_beside_what_was_asked_for() -> None:
    exact = {name: scored(name, "cw", 30) for name in ("heldout?think_tokens=20", "heldout?think_tokens=40")}
    assert of_targets(exact) == {
        "length_correlation": None, "length_error": 0.375, "length_error_20": 0.5, "length_error_40": 0.25
    }  # fmt: skip
    most = {f"a?size=9&max_think_tokens={n}": scored(f"a?size=9&max_think_tokens={n}", "cw", 30) for n in (27, 28)}
    assert of_targets(most) == {"over_budget": 0.5, "over_budget_27": 1, "over_budget_28": 0}
    wanted = np.corrcoef([10, 10, 20, 20], [11, 9, 19, 25])[0, 1]
    assert correlation({10: [11, 9], 20: [19, 25]}) == pytest.approx(wanted)
    assert of_targets({"heldout": scored("heldout", "cw", 30)}) == {}


def test_what_is_known_by_heart() -> None:
    names = ("lab:knights?size=100", "lab:knights?size=100&perturb=statement")
    known = {name: scored(name, outcomes, 30) for name, outcomes in zip(names, ("cc", "cw"), strict=True)}
    assert of_perturbations(known) == {"limem_statement": 0.5}
    assert of_perturbations({name: scored(name, "ww", 30) for name in names}) == {"limem_statement": None}
    assert of_perturbations({names[1]: known[names[1]]}) == {}


def test_a_check_of_a_stage_that_is_not_there_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = fake(monkeypatch)
    monkeypatch.setitem(CHECKS, "lab-orz", (Check("orz", "better", "pass@1 on heldout", "above", "gae99"),))
    with pytest.raises(SystemExit):
        bench(tmp_path, "lab-orz")
    told = capsys.readouterr().err
    assert "The checks of lab-orz name the stage 'gae99', which is not in it (stages: orz, gae95, kl)." in told
    assert "Name another one in benchmarks/measuring/recipe_checks.py." in told
    assert not asked
    monkeypatch.undo()
    with pytest.raises(UsageError, match="name the stage 'gae95'"):
        recipes.refuse_missing("lab-orz", ["orz", "kl"])


def test_names_of_recipes(capsys: pytest.CaptureFixture[str]) -> None:
    assert recipes.chosen(["lab-orz", "lab-l1"]) == ["lab-l1", "lab-orz"]
    assert recipes.chosen([]) == list(CHECKS)
    with pytest.raises(SystemExit):
        recipes.main(["lab-zero"])
    assert "Nothing is expected of a recipe 'lab-zero'. Recipes: lab-l1," in capsys.readouterr().err


def test_recipes_of_earlier_starts_stay_if_their_settings_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = fake(monkeypatch)
    bench(tmp_path, "lab-limits", "--seeds", "1")
    assert list(bench(tmp_path, "lab-orz", "--seeds", "1", "orz.rounds=20")["recipes"]) == ["lab-limits", "lab-orz"]
    assert asked == ["lab-limits-0", "lab-orz-0"]
    settings = tmp_path / "runs" / "lab-limits-0" / "recipe.yaml"
    settings.write_text(settings.read_text().replace("rounds: 30", "rounds: 29"))
    assert list(bench(tmp_path, "lab-orz", "--seeds", "1")["recipes"]) == ["lab-orz"]
    settings.write_text(settings.read_text() + "unknown: 1\n")
    assert list(bench(tmp_path, "lab-orz", "--seeds", "1")["recipes"]) == ["lab-orz"]


def test_runs_that_are_there_are_told_and_none_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = fake(monkeypatch)
    recipes.main(["lab-orz", "--read", "--seeds", "1", "--runs", str(tmp_path / "runs"), "--out", str(tmp_path)])
    assert capsys.readouterr().out == "No stage has ended.\n"
    assert not (tmp_path / "recipes.json").exists()
    fill(tmp_path / "runs" / "lab-orz-1", "lab-orz", ["orz.rounds=20"])
    fill(tmp_path / "runs" / "lab-orz-2", "lab-orz")
    (tmp_path / "runs" / "lab-orz-2" / "stages" / "kl" / "result.json").unlink()
    found = bench(tmp_path, "lab-orz", "--read", "--seeds", "3")
    assert found["recipes"]["lab-orz"]["seeds"] == ["1", "2"]
    assert list(found["recipes"]["lab-orz"]["stages"]) == ["orz", "gae95"]
    assert [each["held"] for each in found["recipes"]["lab-orz"]["checks"] if each["control"] == "kl"] == [None]
    assert capsys.readouterr().out.startswith("lab-orz-2: not ended yet: kl.\n")
    assert not asked


def test_a_run_that_stops_is_told_and_the_others_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake(monkeypatch)
    good = runs.run

    def run(recipe: str, folder: Path, overrides: Sequence[str]) -> None:
        if folder.name == "lab-limits-0":
            raise subprocess.CalledProcessError(5, ["aha"])
        good(recipe, folder, overrides)

    monkeypatch.setattr(runs, "run", run)
    with pytest.raises(SystemExit) as left:
        bench(tmp_path, "lab-limits", "--seeds", "2")
    assert left.value.code == 1
    found = json.loads((tmp_path / "recipes.json").read_text())
    assert (found["failed"], found["recipes"]["lab-limits"]["seeds"]) == ({"lab-limits-0": 5}, ["1"])
    assert "lab-limits-0 stopped with exit code 5" in capsys.readouterr().out


def test_lines_of_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(monkeypatch)
    found = bench(tmp_path, "lab-long2short", "--seeds", "1")["recipes"]["lab-long2short"]
    first, second = rows("rl", found["stages"]["rl"])
    assert first == [
        "rl",
        "lab:arithmetic?split=heldout&size=200",
        "50.0 [50.0, 50.0]",
        "40.0",
        "40.0",
        "0.0",
        "1.5",
        "1.00",
        "0.00",
    ]
    assert second == ["", "training", "50.0", "30.0", "8.0", "10.0", "", "", ""]
    assert list(rows("merged", found["stages"]["merged"])) == [
        ["merged", "–", "–", "–", "–", "–", "1.5", "–", "–"]
    ]  # fmt: skip
    assert len(first) == len(COLUMNS)
