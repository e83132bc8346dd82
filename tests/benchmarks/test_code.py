"""The benchmark of programs: mutants of one token, what a part lacks, figures that name what differs."""

import difflib
import json
import random
import shutil
from pathlib import Path
from typing import Any

import pytest

from benchmarks import code
from benchmarks.measuring.contest_solutions import CONTESTS
from benchmarks.measuring.programs import Item, mutate

SOURCE = 'def f(a, b):\n    """Not this 1 + 1."""\n    if a < 10 and b:\n        a += b\n    return a * 2 - len("x")\n'


def test_mutants_differ_in_one_token_and_come_back_with_the_seed() -> None:
    made = [mutate(SOURCE, random.Random(seed)) for seed in range(60)]
    assert made == [mutate(SOURCE, random.Random(seed)) for seed in range(60)]
    changed = {one for one in made if one is not None}
    assert len(changed) > 15
    for one in changed:
        lines = [line for line in difflib.ndiff(SOURCE.split("\n"), one.split("\n")) if line[0] in "+-"]
        assert len(lines) == 2
        assert "Not this 1 + 1." in one
    assert mutate("def f(:", random.Random(0)) is None


def record(id: str, outcome: str, **more: Any) -> str:
    return json.dumps({"id": id, "outcome": outcome, "reason": "", "detail": "", **more}) + "\n"


def test_summaries_name_what_differs(tmp_path: Path) -> None:
    (tmp_path / "mutants.jsonl").write_text(
        record("1", "wrong", plain="wrong") + record("2", "correct", plain="wrong") + '{"torn'
    )
    (tmp_path / "canonical.jsonl").write_text(record("1", "correct", expected="correct", plain="wrong"))
    assert [one["id"] for one in code.summary("mutants", tmp_path, 2)["differing"]] == ["2"]
    assert code.summary("canonical", tmp_path, 1)["num_differing"] == 0
    rows = [record(str(number), "correct" if number < 7277 else "wrong") for number in range(10_000)]
    (tmp_path / "mbxp-php.jsonl").write_text("".join(rows))
    assert code.summary("mbxp-php", tmp_path, 10_000) | {"outcomes": 0, "reasons": 0} == {
        **{"num_programs": 10_000, "num_graded": 10_000, "pass_rate": 72.77, "published": 72.77, "reached": True},
        **{"outcomes": 0, "reasons": 0, "pass_rate_by_exit_code": 72.77},
    }
    (tmp_path / "mbxp-php.jsonl").write_text("".join(rows) + record("last", "undecided"))
    assert not code.summary("mbxp-php", tmp_path, 10_001)["reached"]
    (tmp_path / "mbxp-php.jsonl").write_text("".join(rows))
    assert not code.summary("mbxp-php", tmp_path, 10_002)["reached"]


def test_pass_rates_are_compared_by_exit_code_and_what_is_explained_is_named() -> None:
    found = [{"id": str(number), "outcome": "correct", "reason": "match"} for number in range(7)]
    found += [
        {"id": "left", "outcome": "wrong", "reason": "no_result"},
        {"id": "fell", "outcome": "wrong", "reason": ""},
    ]
    found.append({"id": "MBCPP/340", "outcome": "wrong", "reason": "crashed"})
    rates = code.beside_published(found, 80.0, all_graded=True)
    assert (rates["pass_rate"], rates["pass_rate_by_exit_code"], rates["pass_rate_explained"]) == (70.0, 80.0, 90.0)
    assert rates["reached"]
    assert list(rates["explained"]) == ["MBCPP/340"]
    found[-1] = {"id": "MBCPP/340", "outcome": "correct", "reason": "match"}
    assert not code.beside_published(found, 80.0, all_graded=True)["reached"]
    assert "explained" not in code.beside_published(found, 80.0, all_graded=True)


def test_parts_go_on_where_they_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []
    monkeypatch.setattr(code, "grade", lambda item: asked.append(item.id) or {"id": item.id})
    wanted = [Item(str(number), "", {}, {}) for number in range(40)]
    code.run("canonical", wanted[:20], tmp_path, 2, deadline=float("inf"))
    code.run("canonical", wanted, tmp_path, 2, deadline=float("inf"))
    assert sorted(asked, key=int) == [item.id for item in wanted]
    code.run("contests", wanted, tmp_path, 2, deadline=0.0)
    assert len(code.records(tmp_path / "contests.jsonl")) == 0


def test_what_is_missing_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    assert code.lacks("canonical", None) == ""
    assert "CompareNETObjects" in code.lacks("mbxp-csharp", None) or "mono-mcs" in code.lacks("mbxp-csharp", None)
    monkeypatch.setattr(shutil, "which", lambda program, path: f"/usr/bin/{program}")
    assert "lodash" in code.lacks("mbxp-javascript", None)
    monkeypatch.setattr(shutil, "which", lambda program, path: None)
    assert "php-cli" in code.lacks("mbxp-php", None)
    with pytest.raises(SystemExit):
        code.main(["nothing"])


def test_there_are_twenty_contests() -> None:
    assert len(CONTESTS) == 20
    assert all(contest.right != contest.wrong for contest in CONTESTS.values())
