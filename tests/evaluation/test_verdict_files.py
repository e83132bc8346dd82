"""Files of rows to verdicts: order, bad rows, labels, and what is printed."""

from __future__ import annotations

import datetime
import gzip
import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from aha.errors import DataError, UsageError
from aha.evaluation.agreement import Agreement, label_of
from aha.evaluation.statistics import wilson
from aha.evaluation.verdict_files import Verified, line_of, verify_file
from aha.evaluation.verify_command import verify_rows
from aha.runtime.workers import WorkerPool

CUSTOM = """
import os, time
def slow_if_right(answer, reference):
    time.sleep(0.4 if answer == reference else 0.0)
    return answer == reference
def crash(answer, reference):
    raise ValueError("the grader broke")
def hang(answer, reference):
    time.sleep(600)
"""


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(2, cpu_seconds=2.0, memory_bytes=1 << 30) as pool:
        yield pool


@pytest.fixture
def custom(tmp_path: Path) -> str:
    path = tmp_path / "custom.py"
    path.write_text(CUSTOM)
    return str(path)


def row(answer: object = "4", **changes: Any) -> dict[str, Any]:
    response = f"<think>2+2</think> <answer>{answer}</answer>"
    return {"id": "a", "verifier": "number", "response": response, "reference": "4", **changes}


def write_jsonl(path: Path, rows: list[Any]) -> Path:
    path.write_text("\n".join(each if isinstance(each, str) else json.dumps(each) for each in rows) + "\n")
    return path


def verdicts(path: Path, pool: WorkerPool, **rest: Any) -> tuple[list[dict[str, Any]], Verified]:
    found: list[dict[str, Any]] = []
    return found, verify_file(path, pool, on_row=found.append, **rest)


def test_rows_come_back_whole_and_in_order_with_their_verdicts(tmp_path: Path, pool: WorkerPool, custom: str) -> None:
    slow = f"{custom}:slow_if_right"
    rows = [row(4, id=1, verifier=slow), row(5, id=2, extra={"kept": [1]}), row(4, id=3, outcome="mine"), row("", id=4)]
    found, verified = verdicts(write_jsonl(tmp_path / "rows.jsonl", rows), pool)
    assert [each["id"] for each in found] == [1, 2, 3, 4]
    assert [each["outcome"] for each in found] == ["correct", "wrong", "correct", "wrong"]
    assert [each["reason"] for each in found] == ["match", "mismatch", "match", "no_answer"]
    assert [each["extracted"] for each in found] == ["4", "5", "4", None]
    assert all(each["seconds"] >= 0 for each in found)
    assert found[1]["extra"] == {"kept": [1]}
    summary = verified.to_json()
    assert (summary["num_verdicts"], summary["correct"], summary["wrong"], summary["undecided"]) == (4, 2, 2, 0)
    assert summary["reasons"] == {"correct: match": 2, "wrong: mismatch": 1, "wrong: no_answer": 1}
    assert summary["against"] is None
    verified.check()


def test_more_rows_than_are_read_ahead(tmp_path: Path, pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aha.evaluation.verdict_files.MAX_IN_FLIGHT", 3)
    path = write_jsonl(tmp_path / "rows.jsonl", [row(i % 6, id=i) for i in range(40)])
    found, _ = verdicts(path, pool)
    assert [each["id"] for each in found] == list(range(40))
    assert [each["outcome"] == "correct" for each in found] == [i % 6 == 4 for i in range(40)]


@pytest.mark.parametrize(
    ("bad", "problem"),
    [
        ("not json", "no JSON"),
        ('{"id": NaN}', "no JSON"),
        ("[1]", "expected an object with columns, got list"),
        (row(id=None), "there is no 'id'"),
        ({"id": 1, "verifier": "number", "response": "4"}, "there is no 'reference'; there are ['id'"),
        (row(response=4), "'response' is '4', expected a text"),
        (row(verifier="numbr"), "There is no verifier 'numbr'. Did you mean 'number'?"),
        (row(arguments={"lenint": 1}), "has no argument 'lenint'"),
        (row(arguments={"extract": "boxd"}), "no extraction rule 'boxd'"),
        (row(arguments=3), "'arguments' is '3', expected an object"),
        (row(arguments="{"), "'arguments' is a text that is no JSON"),
        (json.dumps(row("4" * (9 << 20))), "longer than 8 MiB"),
    ],
)
def test_a_bad_row_is_rejected_and_named_and_the_others_are_graded(
    tmp_path: Path, pool: WorkerPool, bad: Any, problem: str
) -> None:
    path = write_jsonl(tmp_path / "rows.jsonl", [row(id=1), "", bad, row(id=4)])
    said: list[str] = []
    found, verified = verdicts(path, pool, on_rejected=said.append)
    assert [each["id"] for each in found] == [1, 4]
    assert [each["row"] for each in verified.rejected] == [3]
    assert said == [verified.rejected[0]["problem"]]
    assert said[0].startswith(f"{path}, row 3: ")
    assert problem in said[0]
    with pytest.raises(DataError, match=r"1 of 3 rows of .* were rejected, the first: .*row 3"):
        verified.check()


def test_a_reference_that_json_cannot_hold_is_a_bad_row(tmp_path: Path, pool: WorkerPool) -> None:
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.table({"id": ["a"], "verifier": ["number"], "response": ["4"], "reference": [b"4"]}), path)
    assert "cannot be written as JSON" in verdicts(path, pool)[1].rejected[0]["problem"]


def test_a_file_that_is_not_there(tmp_path: Path, pool: WorkerPool) -> None:
    with pytest.raises(DataError, match="There is no file"):
        verdicts(tmp_path / "none.jsonl", pool)


def test_parquet_and_compressed_rows(tmp_path: Path, pool: WorkerPool) -> None:
    """Parquet gives every row all keys of `arguments`; a text of JSON is as good."""
    day = datetime.date(2026, 1, 2)
    rows = [row(id="1", arguments={"extract": "answer_tag"}, day=day), row("5", id="2", arguments={"x": None})]
    path = tmp_path / "rows.parquet"
    pq.write_table(pa.Table.from_pylist([{**each, "score": float("nan")} for each in rows]), path)
    found, _ = verdicts(path, pool)
    assert [each["outcome"] for each in found] == ["correct", "wrong"]
    assert json.loads(line_of(found[0]))["day"] == "2026-01-02"
    assert json.loads(line_of(found[0]))["score"] is None
    packed = tmp_path / "rows.jsonl.gz"
    packed.write_bytes(gzip.compress(json.dumps(row(arguments='{"extract": "answer_tag"}')).encode()))
    assert [each["outcome"] for each in verdicts(packed, pool)[0]] == ["correct"]


def test_a_failed_call_is_undecided_and_says_why(tmp_path: Path, pool: WorkerPool, custom: str) -> None:
    verifier = f"{custom}:crash"
    path = write_jsonl(
        tmp_path / "rows.jsonl", [row(verifier=verifier), row(verifier=verifier), row(verifier="no.py:f")]
    )
    found, verified = verdicts(path, pool)
    assert [(each["outcome"], each["reason"]) for each in found] == [("undecided", "crash")] * 3
    (first, count), (second, _) = verified.failures.most_common()
    assert (count, first.startswith(f"{verifier}: ValueError: the grader broke")) == (2, True)
    assert "There is no file no.py" in second


def test_labels_are_compared_and_every_disagreement_is_listed(tmp_path: Path, pool: WorkerPool, custom: str) -> None:
    rows = [
        row(4, id="a", label=True),
        row(4, id="b", label="wrong"),
        row(5, id="c", label=1),
        row(5, id="d", label="False"),
        row(4, id="e", label="correct", verifier=f"{custom}:crash"),
        row(4, id="f", label="maybe"),
        row(4, id="g"),
    ]
    verified = verdicts(write_jsonl(tmp_path / "rows.jsonl", rows), pool, against="label")[1]
    against = verified.to_json()["against"]
    assert against["table"] == {
        "correct": {"correct": 1, "wrong": 1, "undecided": 1},
        "wrong": {"correct": 1, "wrong": 1, "undecided": 0},
    }
    assert [(each["row"], each["id"], each["label"], each["outcome"]) for each in against["disagreements"]] == [
        (2, "b", "wrong", "correct"),
        (3, "c", "correct", "wrong"),
    ]
    assert against["false_correct"]["value"] == 0.5
    assert against["false_wrong"]["value"] == pytest.approx(1 / 3)
    assert [each["row"] for each in verified.rejected] == [6, 7]
    assert "holds 'maybe', expected true or false, correct or wrong, 1 or 0" in verified.rejected[0]["problem"]
    assert "there is no column 'label' to compare with" in verified.rejected[1]["problem"]


@pytest.mark.parametrize(
    ("value", "label"),
    [
        (True, "correct"),
        (1, "correct"),
        (1.0, "correct"),
        (" True", "correct"),
        (False, "wrong"),
        ("incorrect", "wrong"),
    ],
)
def test_labels(value: object, label: str) -> None:
    assert label_of(value, "x") == label


def test_a_rate_without_rows_is_none() -> None:
    assert Agreement("label").rate("correct", "wrong") is None
    assert Agreement("label").to_json()["false_wrong"] is None


def test_wilson_against_published_values() -> None:
    """Newcombe 1998, table I, method 3: 81 of 263, 15 of 148, 0 of 20, 1 of 29."""
    for hits, trials, low, high in [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0, 0.1611),
                                    (1, 29, 0.0061, 0.1718)]:  # fmt: skip
        interval = wilson(hits, trials)
        assert (interval.value, interval.low, interval.high) == pytest.approx((hits / trials, low, high), abs=5e-5)
    with pytest.raises(UsageError, match="no trials"):
        wilson(0, 0)


def test_what_is_printed(tmp_path: Path, custom: str) -> None:
    console = Console(file=io.StringIO(), width=100)
    rows = [row(4, id="[b]x", label=0, note="\ud800"), row(verifier=f"{custom}:crash", label=1), "x"]
    lines: list[str] = []
    path = write_jsonl(tmp_path / "rows.jsonl", rows)
    verified = verify_rows(path, against="label", write=lines.append, console=console)
    assert [json.loads(line)["outcome"] for line in lines] == ["correct", "undecided"]
    assert "\\ud800" in lines[0]
    assert isinstance(console.file, io.StringIO)
    printed = console.file.getvalue()
    for text in (
        f"rejected: {path}, row 3: no JSON",
        "1 correct, 0 wrong, 1 undecided, 1 rejected",
        "correct: match",
        "undecided: crash",
        "ValueError: the grader broke",
        "label (given)",
        "False correct: 100.0 [20.7, 100.0] % of the rows labelled wrong.",
        "row 1, id [b]x: label wrong, verdict correct (match); extracted '4', reference '4'",
    ):
        assert text in printed
    assert verify_rows(path, against=None, write=None, console=console).outcomes == verified.outcomes


def test_a_kill_loses_nothing_that_was_printed(tmp_path: Path, custom: str) -> None:
    rows = [row(i, id=i) for i in range(20)] + [row(id="stuck", verifier=f"{custom}:hang")]
    path = write_jsonl(tmp_path / "rows.jsonl", rows)
    command = [sys.executable, "-m", "aha", "verify", str(path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(20)]
        process.kill()
        assert process.stdout.read() == ""
    assert [json.loads(line)["id"] for line in lines] == list(range(20))
