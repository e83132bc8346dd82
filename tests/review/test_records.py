"""What a file's rows become, and what is said of those that are no records."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aha.errors import DataError
from aha.review.records import FAULTS, read_records
from aha.text.response import Response

QUESTION = [{"role": "user", "content": "Q?"}]
ANSWER = [{"role": "assistant", "content": "<think>\nT\n</think>\n\nS"}]


def _write(path: Path, *rows: Any) -> Path:
    path.write_text("".join(row if isinstance(row, str) else json.dumps(row) + "\n" for row in rows))
    return path


@pytest.mark.parametrize(
    "row",
    [
        {"messages": QUESTION + ANSWER},
        {"prompt": QUESTION, "completion": ANSWER},
        {"prompt": "Q?", "completion": ANSWER[0]["content"]},
        {"prompt": "Q?", "chosen": ANSWER, "rejected": "no"},
        {"prompt": "Q?", "response": ANSWER[0]["content"]},
    ],
)
def test_every_layout_is_the_same_record(row: dict[str, Any], tmp_path: Path) -> None:
    record = read_records(_write(tmp_path / "x.jsonl", row)).records[0]
    plain = read_records(_write(tmp_path / "y.jsonl", {"messages": QUESTION + ANSWER})).records[0]
    assert (record.prompt, record.text, record.response) == (tuple(QUESTION), ANSWER[0]["content"], Response("T", "S"))
    assert (record.id, record.digest, record.problem) == (plain.id, plain.digest, plain.problem)
    assert record.facts == ({"rejected": "no"} if "rejected" in row else {})


def test_answers_to_one_question_stand_together(rows_file: Path) -> None:
    assert [[record.id for record in group] for group in read_records(rows_file).problems()] == [
        ["one"],
        ["bad"],
        ["a1", "a2", "a3"],
    ]


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("{no\n", "no JSON"),
        ("[" * 100_000 + "\n", "no JSON"),
        ("[1]\n", "expected a JSON object, got list"),
        ({"prompt": "Q?"}, "neither `messages` nor `prompt` with one of"),
        ({"completion": "A"}, "neither `messages` nor `prompt`"),
        ({"messages": []}, "`messages` is no list of turns"),
        ({"messages": [{"role": "user"}]}, "a turn of `messages` is not {role, content} with two texts"),
        ({"messages": QUESTION}, "the last turn is not an answer by the assistant"),
        ({"messages": ANSWER}, "to a turn before it"),
        ({"prompt": "Q?", "completion": "<think> on and on"}, FAULTS["thought_without_end"]),
        ({"prompt": "Q?", "completion": "on</think> S"}, FAULTS["thought_without_start"]),
        ({"prompt": "Q?", "completion": "<think>a</think><think>b</think>S"}, FAULTS["several_thoughts"]),
        ({"prompt": "Q?", "completion": "Well. <think>a</think>S"}, FAULTS["text_before_thought"]),
        ({"prompt": "Q?", "completion": "<think>a</think> "}, FAULTS["no_summary"]),
        ({"id": ["x"], "prompt": "Q?", "completion": "A"}, "`id` is list, expected a text or a number"),
        ({"id": 7, "prompt": "Q?", "completion": "A"}, "the id '7' is that of row 1"),
    ],
)
def test_a_row_that_is_no_record_is_kept_with_its_reason(row: Any, why: str, tmp_path: Path) -> None:
    good = {"id": 7, "prompt": "Q?", "completion": "A"}
    found = read_records(_write(tmp_path / "x.jsonl", good, row))
    assert [record.id for record in found.records] == ["7"]
    assert [(each.row, each.text) for each in found.unread] == [
        (2, (row if isinstance(row, str) else json.dumps(row)).rstrip("\n"))
    ]
    assert why in found.unread[0].why


def test_files_without_a_record_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read: No such file"):
        read_records(tmp_path / "nothing.jsonl")
    with pytest.raises(DataError, match="it is empty"):
        read_records(_write(tmp_path / "empty.jsonl"))
    with pytest.raises(DataError, match="row 1: no JSON"):
        read_records(_write(tmp_path / "bad.jsonl", "{\n"))
