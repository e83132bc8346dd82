"""Doors to public benchmarks: rows of their shape become problems that grade their own answers, and no others."""

from __future__ import annotations

import base64
import gzip
import json
import pickle
import zlib
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aha.errors import ConfigError, DataError, MachineError
from aha.rollouts.problems import load_task
from aha.sandbox import Sandbox
from aha.tasks.base import gold_block, verdict_call
from aha.tasks.doors import DOORS, door_file, files_note, is_door
from aha.tasks.doors.door import DoorTask
from aha.tasks.doors.judges import unpacked
from aha.types import Problem
from aha.verifiers import VERIFIERS
from aha.verifiers.code.languages import LANGUAGES, check_installed
from tests.tasks.door_rows import ROWS
from tests.tasks.fakes import InlinePool
from tests.tasks.program_rows import packed, program

SLOW = ("mbxp-cpp", "mbxp-go", "mbxp-java", "mbxp-typescript", "mbxp-python", "mbpp-train", "livecodebench-r1")
"""They compile, or read as another door does."""


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


def answers_of(name: str, task: DoorTask) -> list[str]:
    """A right response to each problem; where the door knows none, from a program written beside its row."""
    found = []
    for problem in task.problems():
        gold = task.gold_response(problem)
        if gold is None:
            row = next(row for row in ROWS[name] if problem.id in map(str, row.values()))
            gold = gold_block(program(name, row), problem.verifier)
        found.append(gold)
    return found


def outcome(problem: Problem, response: str) -> str:
    """The outcome of a verdict, with its reason."""
    target, arguments = verdict_call(problem, response)
    verdict = InlinePool().submit(target, arguments).result().value
    return f"{verdict['outcome']}, {verdict['reason']}"


def check_language(name: str) -> None:
    """Skip where programs of the door's language, or any, cannot be run on this machine."""
    if DOORS[name].form.verifier not in ("code", "input"):
        return
    try:
        Sandbox()
        check_installed(LANGUAGES[DOORS[name].form.verifier_arguments.get("language", "python")])
    except MachineError as error:
        pytest.skip(str(error))


@pytest.mark.parametrize("name", [pytest.param(name, marks=pytest.mark.slow if name in SLOW else ()) for name in DOORS])
def test_a_door_grades_its_own_answers_as_correct_and_those_of_other_rows_as_wrong(name: str, data: Path) -> None:
    check_language(name)
    write(data, name, ROWS[name])
    task = task_of(name)
    problems, answers = task.problems(), answers_of(name, task)
    assert 3 <= len(problems) <= 5
    for place, problem in enumerate(problems):
        assert outcome(problem, answers[place]) == "correct, match"
        others = answers[:place] + answers[place + 1 :]
        for other in others[:1] if problem.domain == "code" else others:
            assert outcome(problem, other).startswith("wrong, "), (problem.reference, other)


@pytest.mark.parametrize("name", DOORS)
def test_a_problem_asks_as_the_door_says(name: str, data: Path) -> None:
    write(data, name, ROWS[name])
    door = DOORS[name]
    for problem in task_of(name).problems():
        assert problem.source == name
        added = f"\n{door.form.instruction}" if door.form.instruction else ""
        assert problem.messages == [{"role": "user", "content": problem.metadata["prompt"] + added}]
        assert (problem.domain, problem.language) == (door.form.domain, door.form.language)
        assert problem.verifier.name in VERIFIERS


def graded(problems: Sequence[Problem]) -> list[Problem]:
    """Without their worked solutions, which a row may have or not."""
    own = [{key: value for key, value in problem.metadata.items() if key != "solution"} for problem in problems]
    return [replace(problem, metadata=metadata) for problem, metadata in zip(problems, own, strict=True)]


@pytest.mark.parametrize("name", DOORS)
def test_a_column_that_is_not_there_is_named_with_its_row(name: str, data: Path) -> None:
    """Each column is either asked for, and missed by name, or makes no difference to asking and grading."""
    rows = ROWS[name]
    write(data, name, rows)
    before, missed = graded(task_of(name).problems()), []
    for column in rows[0]:
        path = write(data, name, [rows[0], {key: value for key, value in rows[1].items() if key != column}, *rows[2:]])
        try:
            used = graded(task_of(name).problems()) != before
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
        ("aqua", {"correct": "F"}, "the answer 'F' is none of A, B, C, D, E"),
        ("mmlu_stem", {"answer": 4}, "column 'answer' is 4, there are 4 options"),
        ("code_contests", {"tests": {"inputs": ["1"]}}, "'tests' should hold lists of one length, inputs and outputs"),
        ("code_contests", {"problem": "Write n."}, "'problem' names no 'Time Limit' and 'Memory Limit'"),
        ("ifeval", {"kwargs": []}, "'instruction_id_list' and 'kwargs' should be lists of one length"),
        ("livecodebench", {"metadata": "{}"}, "a test or column 'metadata' is not as expected"),
        ("livecodebench", {"public_test_cases": "[1]"}, "column 'public_test_cases' holds no tests"),
        ("livecodebench", {"private_test_cases": "no pack"}, "column 'private_test_cases' holds no tests"),
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


def test_the_list_tells_which_files_are_there(data: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in DOORS:
        if name != "aime24":
            write(data, name, [])
    assert files_note() == (
        f"AHA_DATA={data} holds the files of {len(DOORS) - 1} of {len(DOORS)} public ones; missing: aime24."
    )
    write(data, "aime24", [])
    assert files_note() == f"AHA_DATA={data} holds the files of {len(DOORS)} of {len(DOORS)} public ones."
    monkeypatch.delenv("AHA_DATA")
    assert files_note().startswith("The public ones need their files: set AHA_DATA to their folder, or write NAME:PATH")


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


def test_instructions_of_other_languages_are_put_into_ifevals_words(data: Path) -> None:
    write(data, "m_ifeval-es", ROWS["m_ifeval-es"])
    first, second, _ = task_of("m_ifeval-es").problems()
    at_most_one = {"keyword": "té", "frequency": 2, "relation": "less than"}
    assert first.reference == {"instruction_id_list": ["keywords:frequency"], "kwargs": [at_most_one]}
    assert second.reference["kwargs"] == [{"num_placeholders": 2}]


def test_limits_of_a_problem_are_those_of_its_row(data: Path) -> None:
    write(data, "code_contests", ROWS["code_contests"])
    problem = task_of("code_contests").problems()[0]
    limits = {key: problem.verifier.arguments[key] for key in ("cpu_seconds", "memory_bytes")}
    assert limits == {"cpu_seconds": 2.5, "memory_bytes": 256_000_000}
    assert "Time limit: 2.5 s. Memory limit: 256 MB.\n" in problem.messages[-1]["content"]


def test_packed_tests_are_read_without_loading_a_pickle() -> None:
    tests = [{"input": "é" * 300, "output": "1"}]
    for protocol in range(6):
        pickled = zlib.compress(pickle.dumps(json.dumps(tests, ensure_ascii=False), protocol))
        if protocol:
            assert json.loads(unpacked(base64.b64encode(pickled).decode())) == tests
    for other in (["a", "b"], {"a": "b"}, 3, Path):
        with pytest.raises(ValueError, match="not one text"):
            unpacked(base64.b64encode(zlib.compress(pickle.dumps(other))).decode())
    assert unpacked(packed([1])) == "[1]"


def test_what_is_packed_beyond_all_measure_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aha.tasks.doors.judges.MAX_TEST_BYTES", 1000)
    with pytest.raises(ValueError, match="more than 0 MiB"):
        unpacked(packed(["0" * 2000]))


def test_tests_may_be_given_unpacked(data: Path) -> None:
    rows = ROWS["livecodebench"]
    write(data, "livecodebench", rows)
    packed_before = [problem.reference for problem in task_of("livecodebench").problems()]
    for row in (plain := [dict(row) for row in rows]):
        row["private_test_cases"] = unpacked(row["private_test_cases"])
        row["public_test_cases"] = json.loads(row["public_test_cases"])
    write(data, "livecodebench", plain)
    assert [problem.reference for problem in task_of("livecodebench").problems()] == packed_before


SAME = {
    "javascript": (
        "if (!isEqual({0}, {1})) throw 'differ';\n",
        "if (isEqual({0}, {1})) throw 'equal';\n",
        [("[1, [2]]", "[1, [2]]"), ("{{a: NaN}}", "{{a: NaN}}"), ("0", "-0"), ("'a'", "'a'"), ("null", "null")],
        [("[1, 2]", "[2, 1]"), ("1", "'1'"), ("[]", "{{}}"), ("{{a: 1}}", "{{b: 1}}"), ("null", "undefined")],
        [("new Set([[1], 2])", "new Set([2, [1]])"), ("new Map([[1, [2]]])", "new Map([[1, [2]]])")],
        [("new Set([1])", "new Set([2])"), ("[1]", "[1, undefined]"), ("new Map([[1, 2]])", "new Map([[1, 3]])")],
    ),
    "perl": (
        'die "differ" unless Compare({0}, {1});\n',
        'die "equal" if Compare({0}, {1});\n',
        [("[1, [2]]", "[1, [2]]"), ("{{a => [1]}}", "{{a => [1]}}"), ("'a'", "'a'"), ("undef", "undef")],
        [("[1, 2]", "[2, 1]"), ("[1]", "[1, 1]"), ("{{a => 1}}", "{{b => 1}}"), ("[]", "{{}}"), ("1", "undef")],
        [("1", "'1'"), ("\\1", "\\1")],
        [("1", "2"), ("{{a => 1}}", "{{a => 2}}"), ("\\1", "\\2")],
    ),
}


@pytest.mark.parametrize("language", SAME)
def test_stand_ins_compare_by_content(language: str, data: Path) -> None:
    """One test program that makes every comparison, in place of a row's own."""
    name = f"mbxp-{language}"
    check_language(name)
    alike, apart, *pairs = SAME[language]
    head = "const {isEqual} = require('lodash');\n" if language == "javascript" else "use Data::Compare;\n"
    lines = [form.format(*pair) for form, group in zip((alike, apart) * 2, pairs, strict=True) for pair in group]
    lines = [line.replace("{{", "{").replace("}}", "}") for line in lines]
    write(data, name, [ROWS[name][0] | {"test": head + "".join(lines)}])
    task = task_of(name)
    assert outcome(task.problems()[0], answers_of(name, task)[0]) == "correct, match"


def test_a_puzzle_without_a_solution_has_no_gold_answer(data: Path) -> None:
    write(data, "game24", [{"rank": 1, "numbers": [1, 1, 1, 1]}])
    task = task_of("game24")
    assert task.gold_response(task.problems()[0]) is None
