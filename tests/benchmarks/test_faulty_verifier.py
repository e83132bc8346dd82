from __future__ import annotations

import shutil
from collections import Counter

import pytest

from aha.config.loading import load_recipe
from aha.evaluation.files import write_evaluation
from aha.tasks.plugin import plugin_task
from aha.verifiers import verify
from benchmarks import faulty_verifier
from benchmarks.measuring import faulty
from tests.benchmarks.make import evaluation
from tests.report.fake_run import write_fake_run


def test_faults_are_decided_by_answer_and_reference_at_the_rate_asked_for():
    found = Counter(faulty.fault_of(str(number), "4", 0.01) for number in range(40_000))
    assert 0.008 < 1 - found[None] / 40_000 < 0.012
    assert set(found) == {*faulty.FAULTS, None}
    assert not any(faulty.fault_of(str(number), "4", 0.0) for number in range(1000))
    assert faulty.fault_of("\ud800", {"b": 1, "a": 2}, 1.0) == faulty.fault_of("\ud800", {"a": 2, "b": 1}, 1.0)


def test_the_problems_are_the_lab_s_and_graded_as_ever_but_for_the_fault(monkeypatch):
    monkeypatch.chdir(faulty_verifier.ROOT)
    task = plugin_task(faulty_verifier.TASK, fault_frac=0.0, size=40)
    assert len(task.problems()) == 40
    for problem in task.problems():
        response = "<think>x</think><answer>17</answer>"
        own = dict(problem.verifier.arguments)
        arguments = own["settings"] | ({"extract": own["extract"]} if "extract" in own else {})
        here = verify(problem.verifier.name, response, problem.reference, own)
        assert here["outcome"] == verify(own["inner"], response, problem.reference, arguments)["outcome"]
    raising = next(str(number) for number in range(1000) if faulty.fault_of(str(number), "4", 1.0) == "raise")
    with pytest.raises(RuntimeError, match="meets the fault"):
        faulty.verdict(raising, "4", inner="number", fault_frac=1.0, settings={})


def test_both_arms_differ_in_the_fault_alone(monkeypatch):
    monkeypatch.chdir(faulty_verifier.ROOT)
    loaded = [load_recipe("lab-zero", faulty_verifier.overrides(0, 20, frac)).recipe for frac in (0.0, 0.01)]
    tasks = [recipe.stages["zero"].data.tasks for recipe in loaded]
    assert tasks[0] != tasks[1]
    loaded[0].stages["zero"].data.tasks = tasks[1]
    assert loaded[0] == loaded[1]


def test_what_is_collected(tmp_path, capsys):
    pairs = {}
    for seed in ("0", "1"):
        pairs[seed] = {arm: write_fake_run(tmp_path / f"{arm}-{seed}", rounds=10) for arm in faulty_verifier.ARMS}
        for folder in pairs[seed].values():
            if seed == "0":
                shutil.rmtree(folder / "stages" / "zero" / "rollouts")
            write_evaluation(folder / "stages" / "zero", "heldout", evaluation("heldout", 0.5))
    found = faulty_verifier.collect(pairs)
    assert found["contains_0"]
    assert found["seeds"]["0"]["healthy"]["rollouts"] == 0
    whole = found["seeds"]["1"]["faulty"]
    assert whole["rollouts"] == 10 * 6 * 8
    assert {row["reason"]: row["count"] for row in whole["report"]} == whole["undecided"] == {"crash": 3}
    assert "undecided" in whole["doctor"][0]
    assert found["seeds"]["0"]["pass@1"]["value"] == 0
    faulty_verifier.print_result(found)
    assert "seed 1, faulty: reward of the last rounds" in capsys.readouterr().out


def test_undecided_rollouts_are_counted_by_reason():
    rows = [{"outcome": "undecided", "reason": "crash"}] * 2 + [{"outcome": "wrong", "reason": "mismatch"}]
    assert faulty.reasons(rows) == {"crash": 2}
