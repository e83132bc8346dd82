"""Benchmarks by name, a stable choice of problems, and file names."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import pytest

from aha.errors import ConfigError, DataError
from aha.evaluation.benchmarks import LAB_BENCHMARKS, benchmark_names, file_name_of, load_benchmark, pick
from aha.types import Problem
from tests.evaluation.conftest import make_problem

PROBLEMS = [make_problem(index) for index in range(50)]

PLUGIN = """
from aha.types import Problem, VerifierSpec

def sums(count=3):
    message = {"role": "user", "content": "?"}
    return [Problem(str(i), "sums", [message], "1", VerifierSpec("exact")) for i in range(count)]

def nothing():
    return []
"""


@pytest.fixture
def lab(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A stand-in for the lab's sets; returns the names that were asked for."""
    asked: list[str] = []

    def benchmark(name: str) -> list[Problem]:
        asked.append(name)
        return PROBLEMS

    module = ModuleType("aha.lab.tasks")
    module.benchmark = benchmark  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "aha.lab.tasks", module)
    return asked


@pytest.mark.parametrize("name", ["heldout", "lab:heldout"])
def test_lab_sets_by_both_names(lab: list[str], name: str) -> None:
    found = load_benchmark(name)
    assert (found.name, found.file_name, found.problems) == ("heldout", "heldout", PROBLEMS)
    assert lab == ["heldout"]


def test_out_of_distribution_sets(lab: list[str]) -> None:
    names = [load_benchmark(name).file_name for name in ("ood-numbers", "ood-steps", "ood-people")]
    assert names == lab == ["ood-numbers", "ood-steps", "ood-people"]


def test_fewer_problems_are_the_same_ones_each_time_and_spread_out(lab: list[str]) -> None:
    found = [problem.id for problem in load_benchmark("heldout", 10).problems]
    assert found == [problem.id for problem in load_benchmark("lab:heldout", 10).problems]
    assert found != [problem.id for problem in PROBLEMS[:10]]
    assert len(set(found)) == 10
    assert found == [problem.id for problem in PROBLEMS if problem.id in found]


def test_more_than_there_are_is_all() -> None:
    assert pick(PROBLEMS, "heldout", 51) == PROBLEMS
    assert pick(PROBLEMS, "heldout", None) == PROBLEMS


def test_names_tell_what_is_asked_and_of_how_many(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AHA_DATA", raising=False)
    names = benchmark_names()
    assert [*names][: len(LAB_BENCHMARKS)] == list(LAB_BENCHMARKS)
    assert names["math500"] == "  500  500 problems of MATH's test half, levels 1–5"
    assert names["college_math"].startswith("2,818  ")


def test_a_public_benchmark_is_read_from_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AHA_DATA", str(tmp_path))
    (tmp_path / "game24").mkdir()
    rows = [{"rank": rank, "numbers": [1, 2, 3, 4]} for rank in range(1, 31)]
    (tmp_path / "game24" / "puzzles.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    found = load_benchmark("game24", 20)
    assert (found.name, found.file_name, len(found.problems)) == ("game24", "game24", 20)
    assert {problem.source for problem in found.problems} == {"game24"}


def test_a_plugin_task_is_a_benchmark(tmp_path: Path) -> None:
    path = tmp_path / "my_task.py"
    path.write_text(PLUGIN)
    found = load_benchmark(f"{path}:sums", 2)
    assert len(found.problems) == 2
    assert found.file_name.startswith("my_task.py-sums-")


@pytest.mark.parametrize(
    ("name", "asked"),
    [
        ("gym:chain_sum", {"name": "gym:chain_sum", "split": "heldout"}),
        ("gym:chain_sum?split=train", "gym:chain_sum?split=train"),
        ("file:test.jsonl", "file:test.jsonl"),
    ],
)
def test_generated_tasks_are_asked_for_held_out_questions(
    monkeypatch: pytest.MonkeyPatch, name: str, asked: object
) -> None:
    seen: list[object] = []

    class Held:
        def problems(self) -> list[Problem]:
            return PROBLEMS

    def load_task(wanted: object) -> Held:
        seen.append(wanted)
        return Held()

    monkeypatch.setattr("aha.rollouts.problems.load_task", load_task)
    assert load_benchmark(name).name == name
    assert seen == [asked]


def test_an_empty_task_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "my_task.py"
    path.write_text(PLUGIN)
    with pytest.raises(DataError, match=r"my_task\.py:nothing"):
        load_benchmark(f"{path}:nothing")


def test_a_name_that_says_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match="'nonsense'"):
        load_benchmark("nonsense")


@pytest.mark.parametrize(
    ("name", "file_name"),
    [
        ("gym:chain_sum", "gym-chain_sum"),
        ("heldout", "heldout"),
        ("ood-numbers", "ood-numbers"),
        ("file:../data/gsm8k.jsonl", "file-..-data-gsm8k.jsonl"),
        ("/tmp/a b.py:f", "tmp-a-b.py-f"),
        ("gym:chain_sum?size=200&max_digits=2&max_terms=4", "gym-chain_sum-f0db7808"),
        ("file:/somewhere/far/away/and/deep/down/gsm8k.jsonl", "file-gsm8k.jsonl-93bd2c00"),
        ("/somewhere/far/away/and/deep/down/my_task.py:sums", "my_task.py-sums-d25ef4fa"),
        ("x" * 300, "x" * 40 + "-0d4e2ca9"),
    ],
)
def test_file_names(name: str, file_name: str) -> None:
    assert file_name_of(name) == file_name
    assert file_name_of(name + "?" + "y" * 40) != file_name_of(name + "?" + "z" * 40)
