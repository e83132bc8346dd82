"""Doors to public benchmarks: rows of their shape become problems that grade their own answers, and no others."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from aha.errors import ConfigError, DataError
from aha.rollouts.problems import load_task
from aha.tasks.base import validate, verdict_call
from aha.tasks.doors import DOORS, door_file, is_door
from aha.tasks.doors.door import DoorTask
from aha.verifiers import VERIFIERS
from tests.tasks.door_rows import ROWS
from tests.tasks.fakes import InlinePool


def write(folder: Path, name: str, rows: list[dict[str, Any]]) -> Path:
    """The rows where the door looks for them below `folder`."""
    path = folder / DOORS[name].file
    path.parent.mkdir(parents=True, exist_ok=True)
    text = "".join(json.dumps(row) + "\n" for row in rows).encode()
    path.write_bytes(gzip.compress(text) if path.suffix == ".gz" else text)
    return path


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder AHA_DATA."""
    monkeypatch.setenv("AHA_DATA", str(tmp_path))
    return tmp_path


def task_of(name: str) -> DoorTask:
    task = load_task(name)
    assert isinstance(task, DoorTask)
    return task


def test_every_door_has_rows_here() -> None:
    assert list(ROWS) == list(DOORS)


@pytest.mark.parametrize("name", DOORS)
def test_a_door_grades_its_own_answers_as_correct_and_those_of_other_rows_as_wrong(name: str, data: Path) -> None:
    write(data, name, ROWS[name])
    task, pool = task_of(name), InlinePool()
    problems = task.problems()
    assert 3 <= len(problems) <= 5
    validate(task, len(problems), pool)
    for problem in problems:
        for other in problems:
            if other is not problem:
                call, arguments = verdict_call(problem, task.gold_response(other) or "")
                verdict = pool.submit(call, arguments).result().value
                assert verdict["outcome"] == "wrong", (problem.reference, other.reference, verdict)


@pytest.mark.parametrize("name", DOORS)
def test_a_problem_asks_as_the_door_says(name: str, data: Path) -> None:
    write(data, name, ROWS[name])
    door = DOORS[name]
    for problem in task_of(name).problems():
        assert problem.source == name
        assert problem.messages[-1]["content"].endswith(f"\n{door.form.instruction}")
        assert (problem.domain, problem.language) == (door.form.domain, door.form.language)
        assert problem.verifier.name in VERIFIERS


@pytest.mark.parametrize("name", DOORS)
def test_a_column_that_is_not_there_is_named_with_its_row(name: str, data: Path) -> None:
    """Each column is either asked for, and missed by name, or makes no difference."""
    rows = ROWS[name]
    write(data, name, rows)
    before, missed = task_of(name).problems(), []
    for column in rows[0]:
        path = write(data, name, [rows[0], {key: value for key, value in rows[1].items() if key != column}, *rows[2:]])
        try:
            used = task_of(name).problems() != before
        except DataError as error:
            missed.append((column, error))
        else:
            assert not used, column
    assert len(missed) >= 2
    for column, error in missed:
        assert f"{name}: {path}, row 2: there is no column {column!r}; there are [" in error.problem
        assert DOORS[name].origin in error.cure


@pytest.mark.parametrize("name", ["gsm8k", "amc23", "olympiadbench", "knights_knaves-3"])
def test_a_column_of_another_type_is_named(name: str, data: Path) -> None:
    row = {key: {} for key in ROWS[name][0]}
    write(data, name, [row])
    with pytest.raises(DataError, match=r"row 1: column '\w+' should be \w+.*, is dict"):
        task_of(name).problems()


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("gsm8k", {"answer": "7"}, "row 1: column 'answer' has no '####'"),
        ("math", {"solution": "It is 7."}, "row 1: column 'solution' has no box"),
        ("olympiadbench", {"final_answer": ["1", "2"]}, "'final_answer' should hold one text"),
        ("knights_knaves-3", {"statements": "nobody"}, "'statements' holds no nested tuples"),
    ],
)
def test_a_value_of_another_form_is_named(name: str, change: dict[str, Any], message: str, data: Path) -> None:
    write(data, name, [ROWS[name][0] | change])
    with pytest.raises(DataError, match=message):
        task_of(name).problems()


def test_a_row_that_is_no_object_is_named(data: Path) -> None:
    (data / "gsm8k").mkdir()
    (data / "gsm8k" / "test.jsonl").write_text("[1]\n")
    with pytest.raises(DataError, match="row 1: expected an object with columns, got list"):
        task_of("gsm8k").problems()


def test_without_a_folder_a_door_says_how_to_open_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AHA_DATA", raising=False)
    with pytest.raises(DataError) as caught:
        load_task("math500")
    assert caught.value.problem == "math500: AHA_DATA is not set, so its file is not known."
    assert caught.value.cure == (
        "Set AHA_DATA to the folder that holds math_benchmarks/math500.jsonl, or name the file: math500:PATH. The data "
        f"come from {DOORS['math500'].origin} ({DOORS['math500'].licence})."
    )


def test_a_file_that_is_not_there_is_named(data: Path) -> None:
    with pytest.raises(DataError) as caught:
        load_task("aime24").problems()
    assert caught.value.problem == f"aime24: there is no file {data / 'math_benchmarks/aime24.jsonl'}."
    assert "aime24:PATH" in caught.value.cure


def test_a_file_elsewhere_may_be_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AHA_DATA", raising=False)
    path = write(tmp_path, "gsm8k", ROWS["gsm8k"])
    task = task_of(f"gsm8k:{path}?limit=2")
    assert task.name == f"gsm8k:{path}"
    assert len(task.problems()) == 2
    assert door_file(f"gsm8k:{path}?limit=2") == path


def test_instruction_extraction_and_split_are_the_users(data: Path) -> None:
    write(data, "gsm8k", ROWS["gsm8k"])
    assert is_door("gsm8k?extract=auto")
    task = load_task({"name": "gsm8k", "extract": "auto", "instruction": "", "limit": 1, "weight": 2.0})
    (problem,) = task.problems()
    assert problem.messages[-1]["content"] == "Ann has 3 pens and buys 4. How many?"
    assert problem.verifier.arguments["extract"] == "auto"
    halves = [task_of(f"gsm8k?split={split}").problems() for split in ("train", "all")]
    assert len(halves[0]) <= len(halves[1]) == 3
    with pytest.raises(ConfigError, match=r"Task gsm8k: unknown key 'answer'. Known: instruction, extract, split"):
        load_task("gsm8k?answer=x")


def test_a_name_that_is_nearly_one_is_suggested() -> None:
    with pytest.raises(ConfigError, match=r"'math50' is no task. Did you mean math500"):
        load_task("math50")


def test_rows_of_another_door_in_the_same_file_are_left_out(data: Path) -> None:
    write(data, "mgsm-de", ROWS["mgsm-de"])
    assert [problem.id for problem in task_of("mgsm-de").problems()] == ["0", "1", "2"]
    write(data, "game24-hard", ROWS["game24-hard"])
    assert [problem.id for problem in task_of("game24-hard").problems()] == ["901", "902", "903", "904"]


@pytest.mark.parametrize(("name", "empty"), [("gsm8k", "#### "), ("math-train", None), ("gaokao2023en", " ")])
def test_rows_without_an_answer_are_left_out(name: str, empty: str | None, data: Path) -> None:
    write(data, name, [ROWS[name][0] | {"answer": empty}, *ROWS[name][1:]])
    assert len(task_of(name).problems()) == len(ROWS[name]) - 1
    write(data, name, [ROWS[name][0] | {"answer": empty}])
    with pytest.raises(DataError, match=f"{name} holds no problems"):
        task_of(name).problems()


def test_a_puzzle_without_a_solution_has_no_gold_answer(data: Path) -> None:
    write(data, "game24", [{"rank": 1, "numbers": [1, 1, 1, 1]}])
    task = task_of("game24")
    assert task.gold_response(task.problems()[0]) is None
