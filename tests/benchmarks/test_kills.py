from __future__ import annotations

import json
import random
import sys

import pyarrow as pa
import pytest

from aha.runtime import files
from aha.runtime.run_directory import RunDirectory
from benchmarks import kills
from benchmarks.measuring import killing
from benchmarks.measuring.killing import Moment, Start, due, moments, ran_again, stage_seconds
from benchmarks.measuring.same_run import contents, differences

STAGES = """
import os, sys, time
from pathlib import Path
from aha.runtime import files
from aha.runtime.run_directory import RunDirectory
run, fault = RunDirectory(Path(sys.argv[sys.argv.index("--dir") + 1])), sys.argv[1]
files.write_text(run.recipe, "stages: 3")
for name in ("one", "two", "three"):
    place = run.stage(name)
    if place.result.exists() and fault != "forgets":
        continue
    run.event("stage", stage=name)
    files.make_folder(place.path)
    end = time.process_time() + 0.3
    while time.process_time() < end:
        pass
    files.write_text(place.path / "model", str(os.getpid()) if fault == "differs" else "same")
    files.write_json(place.result, {"timing": time.time()})
    if fault == "fails":
        sys.exit(3)
"""


def _examine(tmp_path, fault, num_kills=3):
    files.make_folder(tmp_path)
    script = tmp_path / "stages.py"
    script.write_text(STAGES)
    return killing.killed_and_whole([sys.executable, str(script), fault], tmp_path, num_kills, seed=0)


def test_a_command_that_goes_on_where_it_stopped(tmp_path):
    found = _examine(tmp_path, "sound")
    assert found["kills_per_stage"] == {"one": 1, "two": 1, "three": 1}
    assert all(kill["mid_stage"] for kill in found["kills"])
    assert [kill["finished"] for kill in found["kills"]] == [[], ["one"], ["one", "two"]]
    assert (found["ran_again"], found["differing"], found["num_compared"]) == ([], [], 7)
    assert found["cpu_minutes"] > 0.9 / 60


def test_what_runs_again_and_what_differs_is_found(tmp_path):
    assert _examine(tmp_path / "a", "forgets")["ran_again"] == ["one", "two"]
    assert _examine(tmp_path / "b", "differs")["differing"] == [f"stages/{n}/model" for n in ("one", "three", "two")]


def test_a_command_that_fails_by_itself_is_no_kill(tmp_path):
    with pytest.raises(killing.subprocess.CalledProcessError):
        _examine(tmp_path, "fails")


def test_moments_lie_in_every_stage_and_count_from_the_kill_before():
    seconds = {"short": 1.0, "long": 9.0}
    found = moments(seconds, 40, random.Random(0))
    assert [moment.stage for moment in found] == sorted((moment.stage for moment in found), reverse=True)
    sums = {name: sum(each.seconds for each in found if each.stage == name) for name in seconds}
    assert all(0.3 * seconds[name] < spent < killing.LATEST * seconds[name] for name, spent in sums.items())
    assert all(moment.seconds >= 0 for moment in found)
    assert len({moment.stage for moment in moments(seconds, 1, random.Random(0))}) == 1


def test_what_follows_the_last_stage_is_no_part_of_it():
    assert stage_seconds(Start(0, {"a": 2.0, "b": 5.0}, {"a": 4.5, "b": 6.0}, 9.0)) == {"a": 2.5, "b": 1.0}
    assert stage_seconds(Start(0, {"a": 2.0}, {}, 9.0)) == {"a": 7.0}, "it ended between two looks"


def test_a_stage_ends_with_its_result_and_not_with_the_command(tmp_path):
    script = tmp_path / "stages.py"
    script.write_text(STAGES + "end = time.process_time() + 0.5\nwhile time.process_time() < end:\n    pass\n")
    start = killing.follow([sys.executable, str(script), "sound"], tmp_path / "run")
    seconds = stage_seconds(start)
    assert list(seconds) == ["one", "two", "three"]
    assert start.cpu_seconds - start.ends["three"] > 0.3


def test_a_moment_in_a_stage_that_ended_counts_from_the_next():
    order, moment = ["a", "b", "c"], Moment("b", 1.0)
    assert not due(moment, {"a": 0.0}, 9.0, order)
    assert not due(moment, {"a": 0.0, "c": 8.5}, 9.0, order)
    assert due(moment, {"a": 0.0, "c": 8.0}, 9.0, order)


def test_a_stage_begun_again_before_it_ended_did_not_run_again():
    events = [{"kind": "stage", "stage": name} for name in ("a", "b", "b")]
    assert ran_again([{"kind": "resume"}, *events], [{"num_begun": 2, "finished": ["a"]}]) == []
    assert ran_again(events, [{"num_begun": 2, "finished": ["a", "b"]}]) == ["b"]


def _run(folder):
    run = RunDirectory(folder)
    place, checkpoint = run.stage("zero"), run.stage("zero").checkpoints / "step-000001"
    for made in (checkpoint, place.data, run.answers("zero").parent):
        files.make_folder(made)
    files.write_text(run.recipe, "name: x")
    files.write_text(place.metrics, '{"step": 1}\n')
    files.write_text(place.timing, f'{{"seconds": "{folder}"}}\n')
    files.write_text(place.data_file("examples"), "{}\n")
    files.write_json(place.result, {"key": "k", "timing": str(folder)})
    files.write_json(checkpoint / "state.json", {"offsets": {"metrics.jsonl": 3, "timing.jsonl": len(str(folder))}})
    hashes = [{"name": "state.json", "sha256": str(folder)}, {"name": "masters", "sha256": "m"}]
    files.write_json(checkpoint / "manifest.json", {"step": 1, "files": hashes, "sha256": str(folder)})
    lines = ['{"key": 1}\n', '{"key": 2}\n']
    files.write_text(run.answers("zero"), "".join(lines if folder.name == "one" else lines[::-1]))
    files.write_text(place.path / f"metrics.jsonl.{folder.name}.superseded", str(folder))
    return run


def test_clocks_order_of_answers_and_what_was_moved_aside_do_not_count(tmp_path):
    one, other = _run(tmp_path / "one"), _run(tmp_path / "longer")
    assert len(contents(one.path)) == 7
    assert differences(one.path, other.path) == []


@pytest.mark.parametrize(
    ("name", "byte", "other_byte"),
    [
        ("recipe.yaml", "x", "y"),
        ("answers/zero.jsonl", "2", "3"),
        ("stages/zero/metrics.jsonl", "1", "2"),
        ("stages/zero/data/examples.jsonl", "{}", "{ }"),
        ("stages/zero/result.json", '"k"', '"q"'),
        ("stages/zero/checkpoints/step-000001/state.json", "3", "4"),
        ("stages/zero/checkpoints/step-000001/manifest.json", '"m"', '"q"'),
    ],
)
def test_a_changed_byte_is_found(tmp_path, name, byte, other_byte):
    one, other = _run(tmp_path / "one"), _run(tmp_path / "two")
    files.write_text(other.path / name, (other.path / name).read_text().replace(byte, other_byte, 1))
    assert differences(one.path, other.path) == [name]


def test_a_changed_token_is_found_in_rollouts(tmp_path):
    for name, token in (("one", 4), ("two", 5)):
        rows = {"id": ["r"], "seconds": [float(token)], "token_ids": [[1, token if name == "two" else 4]]}
        files.make_folder(tmp_path / name / "stages")
        files.write_parquet(tmp_path / name / "stages" / "step-000001.parquet", pa.table(rows))
    assert differences(tmp_path / "one", tmp_path / "two") == ["stages/step-000001.parquet"]
    files.write_parquet(tmp_path / "two" / "stages" / "step-000001.parquet", pa.table(rows | {"token_ids": [[1, 4]]}))
    assert differences(tmp_path / "one", tmp_path / "two") == []


def test_a_file_that_is_in_one_run_only_is_found(tmp_path):
    one, other = _run(tmp_path / "one"), _run(tmp_path / "other")
    files.write_text(one.stage("zero").path / ".tmp-model", "")
    files.make_folder(other.path / "stages" / ".old")
    files.write_text(other.path / "stages" / ".old" / "x", "")
    assert differences(one.path, other.path) == ["stages/.old/x", "stages/zero/.tmp-model"]


def test_every_stage_of_the_recipe_is_made_small(tmp_path, monkeypatch, capsys):
    asked = []

    def fake(command, folder, num_kills, seed):
        asked.append((command, folder, num_kills, seed))
        return {
            "minutes": 1.0,
            "cpu_minutes": 1.0,
            "kills": [{"mid_stage": True}],
            "kills_per_stage": {"r1": 1},
            "ran_again": ["zero"],
            "num_compared": 3,
            "differing": ["stages/r1/metrics.jsonl"],
        }

    monkeypatch.setattr(kills, "killed_and_whole", fake)
    (tmp_path / "runs" / "whole").mkdir(parents=True)
    arguments = ["--kills", "2", "--runs", str(tmp_path / "runs"), "--out", str(tmp_path), "seed=7"]
    kills.main(arguments)
    command, folder, *numbers = asked[0]
    assert (folder, numbers) == (tmp_path / "runs", [2, 0])
    assert not folder.exists(), "what another run left would be gone on with"
    assert {
        "r1.rounds=6",
        "student.max_updates=10",
        "compare.num_problems=96",
        "label.num_problems=48",
        "seed=7",
    } <= set(command)
    written = json.loads((tmp_path / "kills.json").read_text())
    assert written["differing"] == ["stages/r1/metrics.jsonl"]
    told = capsys.readouterr().out
    assert "run again though done: zero" in told
    assert "differing, of 3 files: stages/r1/metrics.jsonl" in told


def test_the_small_recipe_loads_with_every_key_in_effect():
    found = kills.load_recipe("lab-r1", kills.overrides("lab-r1"))
    lengths = [
        getattr(stage, "rounds", None) or getattr(stage, "max_updates", None) or 0
        for stage in found.recipe.stages.values()
    ]
    assert max(lengths) <= 10
    assert not found.notices
