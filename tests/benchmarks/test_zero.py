from __future__ import annotations

import json
import subprocess

import pytest

from aha.evaluation.files import write_evaluation
from aha.runtime import files
from aha.types import Interval
from benchmarks import zero
from benchmarks.measuring import runs
from benchmarks.measuring.results import percent, scores
from tests.benchmarks.make import evaluation


def _formatted(value: float, benchmark: str = "heldout"):
    found = evaluation(benchmark, value)
    found.scores["pass@1_formatted"] = Interval(value, value, value)
    return found


def _fill(folder, base: float, after: float) -> None:
    write_evaluation(folder / "stages" / "base", "heldout", _formatted(base))
    write_evaluation(folder / "stages" / "zero", "heldout", _formatted(after))
    write_evaluation(folder / "stages" / "zero", "ood-steps", _formatted(0.3, "ood-steps"))
    files.write_json(folder / "stages" / "zero" / "result.json", {})


def test_scores_leave_the_problems_out():
    found = scores(evaluation(value=0.51234))
    assert found["pass@1"]["value"] == 0.5123
    assert found["mean_tokens"] == 41.2
    assert "problems" not in found


def test_percent():
    assert percent({"value": 0.613, "low": 0.58, "high": 0.645}) == "61.3 [58.0, 64.5]"
    assert percent(None) == "–"


def test_collect_reads_both_stages_and_all_benchmarks(tmp_path):
    _fill(tmp_path, 0.2, 0.7)
    files.append_line(tmp_path / runs.STARTS, {"seconds": 90.0})
    files.append_line(tmp_path / runs.STARTS, {"seconds": 30.0})
    found = zero.collect(tmp_path)
    assert found["minutes"] == 2.0
    assert found["base"]["heldout"]["pass@1"]["value"] == 0.2
    assert set(found["zero"]) == {"heldout", "ood-steps"}
    assert all(found["reached"].values())


@pytest.mark.parametrize(
    ("base", "after", "missed"),
    [
        (0.3, 0.7, {"base pass@1"}),
        (0.2, 0.5, {"zero pass@1"}),
        (0.58, 0.62, {"base pass@1", "intervals apart", "gain among well-formed"}),
    ],
)
def test_what_was_missed(tmp_path, base, after, missed):
    _fill(tmp_path, base, after)
    assert {name for name, reached in zero.collect(tmp_path)["reached"].items() if not reached} == missed


def test_the_table_has_a_row_a_benchmark_and_the_minutes_once(tmp_path):
    _fill(tmp_path, 0.2, 0.7)
    table = zero.rows({"0": zero.collect(tmp_path)})
    assert [row[1:3] for row in table] == [["base", "heldout"], ["zero", "heldout"], ["zero", "ood-steps"]]
    assert [bool(row[-1]) for row in table] == [False, True, False]
    assert all(len(row) == len(zero.COLUMNS) for row in table)


def test_each_seed_is_run_in_its_own_folder_and_the_result_holds_all(tmp_path, monkeypatch, capsys):
    asked = []

    def fake_run(recipe, folder, overrides):
        asked.append((recipe, folder.name, overrides))
        _fill(folder, 0.2, 0.7)

    monkeypatch.setattr(zero, "run", fake_run)
    zero.main(["--seeds", "2", "--runs", str(tmp_path / "runs"), "--out", str(tmp_path), "zero.rounds=3"])
    assert asked == [("lab-zero", f"seed-{seed}", [f"seed={seed}", "zero.rounds=3"]) for seed in range(2)]
    written = json.loads((tmp_path / "zero.json").read_text())
    assert set(written["seeds"]) == {"0", "1"}
    assert written["made"]["packages"]["torch"]
    assert "seed 1: all reached" in capsys.readouterr().out


def test_a_start_that_finds_everything_done_adds_no_minutes(tmp_path, monkeypatch):
    commands = []

    def first(command, **_):
        commands.append(command)
        _fill(tmp_path, 0.2, 0.7)

    monkeypatch.setattr(subprocess, "run", first)
    runs.run("lab-zero", tmp_path, ["seed=1"])
    assert commands[0][2:] == ["aha.cli", "run", "lab-zero", "seed=1", "--dir", str(tmp_path)]
    spent = runs.minutes(tmp_path)
    assert spent > 0
    monkeypatch.setattr(subprocess, "run", lambda command, **_: None)
    runs.run("lab-zero", tmp_path)
    assert runs.minutes(tmp_path) == spent


def test_the_seconds_of_a_start_that_failed_are_kept(tmp_path, monkeypatch):
    def fail(command, **_):
        raise subprocess.CalledProcessError(1, command)

    monkeypatch.setattr(subprocess, "run", fail)
    with pytest.raises(subprocess.CalledProcessError):
        runs.run("lab-zero", tmp_path)
    assert runs.minutes(tmp_path) > 0
