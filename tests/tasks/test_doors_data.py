"""Where the data folder is there: every gold answer of every door grades as correct, but for the rows named here."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from aha.runtime.workers import WorkerPool
from aha.tasks.base import verdict_call, verdict_seconds
from aha.tasks.doors import DOORS, door_task

DATA = Path(os.environ.get("AHA_DATA") or Path(__file__).parents[3] / "shared" / "data")

UNGRADED: dict[str, dict[str, str]] = {
    "cruxeval-input": {
        "sample_258": "the argument is a slice of a name of the function's own module",
        "sample_344": "the argument is a lambda, which is no literal",
        "sample_364": "the argument is a lambda, which is no literal",
    },
}
"""Door → id of a row whose own answer is not graded as correct → why."""


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(2, 20.0, 2**32) as made:
        yield made


@pytest.mark.slow
@pytest.mark.timeout(1800)
@pytest.mark.parametrize("name", DOORS)
def test_every_gold_answer_is_graded_as_correct(name: str, pool: WorkerPool) -> None:
    path = DATA / DOORS[name].file
    if not path.is_file():
        pytest.skip(f"there is no {path}; set AHA_DATA")
    task = door_task(f"{name}:{path}")
    problems = task.problems()
    assert len(problems) == DOORS[name].num_rows
    answers = [(problem, task.gold_response(problem)) for problem in problems]
    pending = [
        (problem, pool.submit(*verdict_call(problem, gold), verdict_seconds(problem)))
        for problem, gold in answers
        if gold is not None
    ]
    assert len(pending) in (0, len(problems))
    wrong = {}
    for problem, future in pending:
        result = future.result()
        outcome = result.failure or result.value["outcome"]
        if outcome != "correct":
            wrong[problem.id] = f"{outcome}, {result.message or result.value['reason']}: {problem.reference!r}"
    known = UNGRADED.get(name, {})
    assert wrong.keys() == known.keys(), wrong
    assert len(known) <= max(1, 0.005 * len(problems))
