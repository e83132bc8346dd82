from __future__ import annotations

from pathlib import Path

import pytest

from aha.lab.tasks import lab_task
from benchmarks import writing
from benchmarks.writing import WAYS, judges, writes, yields


def test_the_stand_in_agrees_in_nine_of_ten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert 0.84 < judges("scripted", 200, tmp_path)["value"] < 0.96
    problems = lab_task("lab:mixed", size=100).problems()
    monkeypatch.setattr(
        writing, "puzzle_problems", lambda: {each.messages[0]["content"]: (each, "") for each in problems}
    )
    rows = [
        {"messages": [problem.messages[0], {"content": f"<think>\nt\n</think>\n\n\\boxed{{{problem.reference}}}"}]}
        for problem in problems
        if isinstance(problem.reference, str)
    ]
    assert 0.8 < writes("scripted", rows, tmp_path)["value"] <= 1.0


def test_yields() -> None:
    counts = {"problems": 5, "answers": 20, "kept": 4, "answers_dropped": {"wrong": 9, "undecided": 1, "over_cap": 6}}
    found = yields({"counts": counts, "cost": {"answers_tokens": 400}})
    assert (found["right"]["value"], found["tokens"], found["dropped"]) == (0.5, 20.0, counts["answers_dropped"])
    assert all(way["way"] in name for name, way in WAYS.items())
