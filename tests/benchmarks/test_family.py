from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from aha.config.effective import effective
from aha.config.loading import load_recipe
from aha.config.settings import RLStage
from aha.config.yaml_files import dump
from aha.errors import Interrupted, UsageError
from aha.evaluation.files import write_evaluation
from aha.runtime import files
from aha.runtime.rollout_store import write_rollouts
from aha.types import Group
from benchmarks import family
from benchmarks.measuring import family_facts, family_rows, runs
from benchmarks.measuring.expectations import Check
from benchmarks.measuring.family_rows import Row
from benchmarks.measuring.runs import STARTS
from tests.benchmarks.make import evaluation
from tests.rollouts.make import make_rollout

ROWS = {row.name: row for row in family_rows.ROWS}
NUM_ROUNDS = 10


def groups(name: str, wrong_tokens: int, equal: bool) -> list[Group]:
    """A right and a wrong answer, the wrong one cut off; two wrong ones, of equal reward or not."""
    right = make_rollout(f"a{name}", 0, "correct", 2.0, num=3)
    wrong = make_rollout(f"a{name}", 1, "wrong", 0.0, finish="length", num=wrong_tokens)
    others = [make_rollout(f"b{name}", i, "wrong", 1.0 if equal else float(i), num=wrong_tokens) for i in range(2)]
    return [Group(f"a{name}", [right, wrong]), Group(f"b{name}", others)]


def fill(
    folder: Path,
    overrides: Sequence[str],
    outcomes: str = "ccww",
    entropy: float = 0.5,
    wrong_tokens: int = 8,
    equal: bool = True,
    variance: float | None = None,
) -> None:
    """A finished run: the figures of its last fifth are those given, before that they are twice as large."""
    place = folder / "stages" / "zero"
    files.make_folder(place / "rollouts")
    tree = effective(load_recipe(str(family.RECIPE), overrides).recipe)
    (folder / "recipe.yaml").write_text(dump(tree))
    for step in range(NUM_ROUNDS + 1):
        scale = 1 if step > 0.8 * NUM_ROUNDS else 2
        line: dict[str, Any] = {"step": step, "entropy": scale * entropy, "clip_frac/low": 0.1, "clip_frac/high": 0.05}
        line |= {} if variance is None else {"value/explained_variance": variance / scale}
        files.append_line(place / "metrics.jsonl", line if step else {"step": 0})
        files.append_line(place / "timing.jsonl", {"step": step, "memory_bytes": 1e9 + (step == 5)})
        if step:
            made = groups(str(step), scale * wrong_tokens, equal)
            advantages = {rollout.id: 0.5 for group in made for rollout in group.rollouts}
            write_rollouts(place / "rollouts" / f"step-{step:06d}.parquet", made, advantages, "text", 4)
    rows = [{"id": "p0", "outcomes": outcomes}, {"id": "p1", "outcomes": "cw"}]
    write_evaluation(place, "heldout", evaluation(value=outcomes.count("c") / 4, problems=rows))
    cost = {"rounds": 10, "updates": 40, "sampled_tokens": 900, "trained_tokens": 800, "trained_parameters": 7}
    timing = {"seconds": {"sample": 60.0, "update": 30.0, "evaluate": 600.0}}
    files.write_json(place / "result.json", {"cost": cost, "ended": "tokens", "timing": timing})
    files.append_line(folder / STARTS, {"seconds": 720.0})


def fake(monkeypatch: pytest.MonkeyPatch, **figures: dict[str, Any]) -> list[str]:
    """`aha run` that fills the folder at once; the folders that were asked for, in order."""
    asked = []

    def run(recipe: str, folder: Path, overrides: Sequence[str]) -> None:
        asked.append(folder.name)
        name = folder.name.rpartition("-")[0]
        if not (folder / "recipe.yaml").exists():
            fill(folder, overrides, **figures.get(name.replace("-", "_"), {}))

    monkeypatch.setattr(runs, "run", run)
    return asked


def bench(tmp_path: Path, *words: str) -> dict[str, Any]:
    family.main([*words, "--runs", str(tmp_path / "runs"), "--out", str(tmp_path)])
    found: dict[str, Any] = json.loads((tmp_path / "family.json").read_text())
    return found


@pytest.mark.parametrize("row", family_rows.ROWS, ids=lambda row: row.name)
def test_every_row_is_the_same_work_and_has_no_idle_key(row: Row) -> None:
    loaded = load_recipe(str(family.RECIPE), row.overrides(3))
    base, stage = load_recipe(str(family.RECIPE)).recipe.stages["zero"], loaded.recipe.stages["zero"]
    assert isinstance(base, RLStage)
    assert isinstance(stage, RLStage)
    assert loaded.recipe.seed == 3
    assert not loaded.notices
    for name in ("model", "data", "rewards", "sampling", "max_trained_tokens", "evaluate", "engine"):
        assert getattr(stage, name) == getattr(base, name)


def test_a_row_that_makes_as_many_updates_as_its_lab_recipe_has_its_objective() -> None:
    for name in ("gspo", "cispo", "rloo"):
        ours = load_recipe(str(family.RECIPE), ROWS[name].overrides(0)).recipe.stages["zero"]
        labs = load_recipe(f"lab-{name}").recipe.stages["zero"]
        assert isinstance(ours, RLStage)
        assert isinstance(labs, RLStage)
        assert (ours.algorithm, ours.optimizer) == (labs.algorithm, labs.optimizer)


def test_the_ladder_ends_at_dapo_and_ppo_differs_from_orz_in_lambda_alone() -> None:
    ladder = ("grpo-4", "overlong-filter", "clip-higher", "soft-punishment", "token-loss", "dapo")
    names = (*ladder, "ppo", "orz")
    stages = {name: load_recipe(str(family.RECIPE), ROWS[name].overrides(0)).recipe.stages["zero"] for name in names}
    found = {name: stage.algorithm for name, stage in stages.items() if isinstance(stage, RLStage)}
    assert found["dapo"] == found["token-loss"].model_copy(update={"filter": "refill"})
    assert found["orz"] == found["ppo"].model_copy(update={"gae_lambda": 1.0})
    assert len({found[name].model_dump_json() for name in ladder}) == len(ladder)


def test_checks_name_rows_that_exist_and_measures_that_are_there(tmp_path: Path) -> None:
    fill(tmp_path, ["seed=0"], variance=0.2)
    facts = family_facts.facts(tmp_path)
    for check in family_rows.CHECKS:
        assert {check.row, check.control or "grpo"} <= set(ROWS)
        assert check.measure in facts


def test_facts_of_a_run(tmp_path: Path) -> None:
    fill(tmp_path, ["seed=0"], entropy=0.25, wrong_tokens=6, variance=0.2)
    facts = family_facts.facts(tmp_path)
    wanted = {
        **{"entropy": 0.25, "wrong_tokens": 6, "explained_variance": 0.2, "clip_frac": pytest.approx(0.15)},
        **{"generated_tokens": 900, "trained_tokens": 800, "trained_parameters": 7, "rounds": 10, "updates": 40},
        **{"minutes": 12.0, "training_minutes": 1.5, "memory_bytes": 1e9 + 1, "ended": "tokens"},
        **{"uniform_groups": 10, "truncated": 10, "truncated_paid": 0, "mean_tokens": 41.2},
    }
    assert {name: facts[name] for name in wanted} == wanted


def test_groups_that_differ_or_were_left_out_are_not_uniform_and_points_of_what_was_cut_off_are_seen() -> None:
    row = {"group_id": "a", "outcome": "correct", "finish": "length", "num_tokens": 3} | {"reward/accuracy": 1.0}
    row |= {"reward": 1.0}
    dropped = [row | {"advantage": None}, row | {"advantage": None}]
    formed = row | {"advantage": -1.0, "reward": 0.5, "reward/accuracy": 0.0}
    differ = [row | {"advantage": 1.0}, formed]
    assert family_facts.of_rollouts([dropped, differ], 1) == {
        "wrong_tokens": None, "uniform_groups": 0, "truncated": 4, "truncated_paid": 3
    }  # fmt: skip


def test_rows_are_compared_with_grpo_by_problem_and_by_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake(monkeypatch, dapo={"outcomes": "cccc", "entropy": 0.7, "equal": False}, dr_grpo={"wrong_tokens": 5})
    found = bench(tmp_path, "dapo", "dr-grpo", "--seeds", "2")
    rows = found["rows"]
    assert list(rows) == ["grpo", "dr-grpo", "dapo"]
    assert rows["dapo"]["pass@1"]["value"] == 0.75
    assert rows["dapo"]["against"]["pass@1"]["value"] == 0.25
    assert rows["dapo"]["against"]["entropy"] == {"value": 0.2, "low": 0.2, "high": 0.2}
    assert (rows["dapo"]["entropy"], rows["grpo"]["uniform_groups"], set(rows["grpo"]["seeds"])) == (
        0.7,
        10,
        {"0", "1"},
    )
    assert rows["grpo"]["against"] == {}
    held = {(each["row"], each["what"], each["control"]): each["held"] for each in found["checks"]}
    assert held["dr-grpo", "wrong answers are shorter", "grpo"]
    assert held["dapo", "entropy is higher", "grpo"]
    assert held["dapo", "no uniform group is trained on", None]
    assert held["dapo", "entropy is higher", "grpo-4"] is None
    assert found["made"]["packages"]["torch"]


def test_what_did_not_hold_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake(monkeypatch, dapo={"entropy": 0.4}, dr_grpo={"wrong_tokens": 9}, orz={"variance": -0.1})
    bench(tmp_path, "dapo", "dr-grpo", "orz", "--seeds", "1")
    told = capsys.readouterr().out
    assert "dr-grpo: wrong answers are shorter (wrong_tokens against grpo): NOT held, 1\n" in told
    assert "dapo: entropy is higher (entropy against grpo): NOT held, -0.1\n" in told
    assert "dapo: no uniform group is trained on (uniform_groups): NOT held, 10\n" in told
    assert "orz: the critic explains variance (explained_variance): NOT held, -10 %\n" in told
    assert "dapo: entropy is higher (entropy against grpo-4): not known, no such figure or no seed of both rows" in told
    assert "pass@1, % 50.0 [50.0, 50.0]; less grpo's 0.0 [0.0, 0.0]" in told


def test_rows_of_earlier_starts_stay_in_the_table_if_their_settings_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = fake(monkeypatch)
    bench(tmp_path, "gspo", "--seeds", "1")
    assert asked == ["grpo-0", "gspo-0"]
    assert list(bench(tmp_path, "rloo", "--seeds", "1")["rows"]) == ["grpo", "rloo", "gspo"]
    assert asked == ["grpo-0", "gspo-0", "grpo-0", "rloo-0"]
    assert "gspo" not in bench(tmp_path, "rloo", "--seeds", "1", "zero.max_trained_tokens=5")["rows"]


def test_a_row_that_stops_with_an_error_is_told_and_the_others_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake(monkeypatch)
    good = runs.run

    def run(recipe: str, folder: Path, overrides: Sequence[str]) -> None:
        if folder.name.startswith("rloo"):
            raise subprocess.CalledProcessError(5, ["aha"])
        good(recipe, folder, overrides)

    monkeypatch.setattr(runs, "run", run)
    with pytest.raises(SystemExit) as left:
        bench(tmp_path, "rloo", "gspo", "--seeds", "1")
    assert left.value.code == 1
    found = json.loads((tmp_path / "family.json").read_text())
    assert (found["failed"], list(found["rows"])) == ({"rloo-0": 5}, ["grpo", "gspo"])
    assert "rloo-0 stopped with exit code 5" in capsys.readouterr().out


def test_a_run_that_was_interrupted_ends_the_bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(recipe: str, folder: Path, overrides: Sequence[str]) -> None:
        raise subprocess.CalledProcessError(Interrupted.exit_code, ["aha"])

    monkeypatch.setattr(runs, "run", run)
    with pytest.raises(subprocess.CalledProcessError):
        bench(tmp_path, "--seeds", "1")


def test_names_of_rows(capsys: pytest.CaptureFixture[str]) -> None:
    assert [row.name for row in family.chosen(["gspo", "grpo-4"])] == ["grpo", "grpo-4", "gspo"]
    assert {"grpo", "orz"} < {row.name for row in family.chosen([])}
    with pytest.raises(UsageError, match="There is no row 'gpo'"):
        family.chosen(["gpo"])
    with pytest.raises(SystemExit):
        family.main(["gpo"])
    assert "There is no row 'gpo'. Rows: grpo, grpo-4," in capsys.readouterr().err


def test_a_check_without_its_control_says_nothing() -> None:
    seeds: family.Seeds = {"0": ({"entropy": 0.5}, evaluation())}
    found = family.outcome(Check("dapo", "more", "entropy", "above", "grpo-4"), {"dapo": seeds})
    assert (found["found"], found["held"], found["clear"]) == (None, None, None)
