"""Benchmarks as items to look for."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aha.evaluation.contamination import benchmark_items, open_leaks

WORKED = "First we take two of them and then we add the three that were there before #### 5"


@pytest.mark.parametrize("door", ["gsm8k", "file"])
def test_questions_and_worked_solutions(door: str, tmp_path: Path) -> None:
    """The added instruction is no part of the question; the solution is, whatever the reference keeps of it."""
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps({"question": "How many are there?", "answer": WORKED}) + "\n")
    name = f"gsm8k:{path}" if door == "gsm8k" else f"file:{path}?extract=hashes"
    (item,) = benchmark_items(name)
    assert item.question == "How many are there?"
    assert WORKED in item.solutions


@pytest.mark.parametrize(
    ("door", "column"), [("math500", "solution"), ("aqua", "rationale"), ("humaneval", "canonical_solution")]
)
def test_columns_that_a_door_does_not_grade_by(door: str, column: str, tmp_path: Path) -> None:
    rows: dict[str, dict[str, object]] = {
        "math500": {"problem": "Q?", "answer": "5", "unique_id": "1", "level": 1},
        "aqua": {"question": "Q?", "options": ["A)1", "B)2"], "correct": "A"},
        "humaneval": {"task_id": "1", "prompt": "def f():", "entry_point": "f", "test": "def check(c):\n  pass"},
    }
    path = tmp_path / "rows.jsonl"
    path.write_text(json.dumps(rows[door] | {column: WORKED}) + "\n")
    (item,) = benchmark_items(f"{door}:{path}")
    assert any(WORKED in solution for solution in item.solutions)


def test_leaks_of_benchmarks() -> None:
    leaks = open_leaks(["lab:heldout"], 0.8)
    items = list(benchmark_items("lab:heldout"))
    assert len(items) > 100
    assert all(leaks.in_question(item.question) for item in items)
    assert open_leaks([], 0.8).in_question(items[0].question) is None
