"""JSONL and Parquet files: columns found or mapped, and every bad row named."""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest

from aha.errors import ConfigError, DataError
from aha.tasks.base import validate
from aha.tasks.files import file_task, read_rows
from tests.tasks.fakes import InlinePool


def jsonl(folder: Path, *rows: Any, name: str = "problems.jsonl") -> Path:
    path = folder / name
    text = "".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if name.endswith(".gz") else text.encode())
    return path


GSM = {"question": "6*7?", "answer": "6*7 = <<6*7=42>>42\n#### 42"}


@pytest.mark.parametrize("name", ["gsm.jsonl", "gsm.jsonl.gz"])
def test_gsm8k_style(tmp_path: Path, name: str) -> None:
    task = file_task(str(jsonl(tmp_path, GSM, {"question": "1000+1?", "answer": "#### 1,001"}, name=name)))
    first, second = task.problems()
    assert first.messages == [{"role": "user", "content": "6*7?"}]
    assert (first.verifier.name, first.id, second.id) == ("number", "1", "2")
    assert first.metadata == {**GSM, "prompt": "6*7?"}
    validate(task, 2, InlinePool())


@pytest.mark.parametrize(
    ("row", "reference"),
    [
        ({"prompt": "q", "answer": "Paris"}, "Paris"),
        ({"messages": [{"role": "user", "content": "q"}], "ground_truth": "Paris"}, "Paris"),
        ({"problem": "q", "solution": "So \\boxed{\\frac{1}{2}}."}, "\\frac{1}{2}"),
        ({"prompt": [{"role": "user", "content": "q"}], "reward_model": {"ground_truth": "3"}}, "3"),
        ({"prompt": "q", "answer": ["a", "b"]}, ["a", "b"]),
    ],
)
def test_columns_are_found(tmp_path: Path, row: dict[str, Any], reference: Any) -> None:
    task = file_task(str(jsonl(tmp_path, row)))
    assert task.problems()[0].reference == reference
    assert task.problems()[0].messages == [{"role": "user", "content": "q"}]
    validate(task, 1, InlinePool())


def test_columns_are_mapped(tmp_path: Path) -> None:
    row = {"prompt": "other", "extra": {"text": "q"}, "gt": "C", "key": "k7", "level": 3, "language": "ko"}
    arguments = {"prompt": "extra.text", "answer": "gt", "id": "key", "difficulty": "level", "domain": "stem"}
    path = jsonl(tmp_path, row)
    task = file_task(str(path), instruction="One letter.", verifier={"name": "exact", "case": True}, **arguments)
    problem = task.problems()[0]
    assert problem.messages == [{"role": "user", "content": "q\nOne letter."}]
    assert (problem.id, problem.difficulty, problem.domain, problem.language) == ("k7", 3.0, "stem", "ko")
    assert problem.verifier.arguments == {"extract": "auto", "case": True}


@pytest.mark.parametrize(
    ("verifier", "answer"),
    [
        ("list", [3, 1, 2]),
        ("json", {"a": [1, None]}),
        ("knights", {"Amy": "knight", "Bo": "knave"}),
        ("exact", "yes"),
    ],
)
def test_gold_answers_of_each_verifier(tmp_path: Path, verifier: str, answer: Any) -> None:
    validate(file_task(str(jsonl(tmp_path, {"prompt": "q", "answer": answer})), verifier=verifier), 1, InlinePool())


def test_gold_column(tmp_path: Path) -> None:
    row = {"prompt": "q", "answer": {"numbers": [3, 8], "target": 24}, "way": "3*8"}
    path = str(jsonl(tmp_path, row))
    validate(file_task(path, verifier="expression", gold="way"), 1, InlinePool())
    with pytest.raises(DataError, match="knows no answer"):
        validate(file_task(path, verifier="expression"), 1, InlinePool())


def test_limit_split_and_arguments_behind_the_path(tmp_path: Path) -> None:
    path = jsonl(tmp_path, *[{"prompt": f"q{n}", "answer": n} for n in range(100)])
    train = file_task(f"{path}?split=train").problems()
    held = file_task(str(path), split="heldout").problems()
    assert len(train) + len(held) == 100
    assert not {p.id for p in train} & {p.id for p in held}
    assert len(file_task(f"{path}?limit=7").problems()) == 7


GOOD = {"prompt": "q", "answer": "1"}
BAD_ROWS = [
    ([GOOD, '{"prompt": '], "row 2: no JSON"),
    ([GOOD, '{"prompt": "q", "answer": NaN}'], "row 2: no JSON"),
    ([GOOD, "[1]"], "row 2: expected an object"),
    ([GOOD, {"prompt": "q"}], r"row 2: there is no column 'answer' or .*there are \['prompt'\]"),
    ([{"answer": "1"}], "row 1: there is no column 'prompt'"),
    ([{"prompt": "", "answer": "1"}], "row 1: the last message"),
    ([{"prompt": 5, "answer": "1"}], "row 1: the prompt is neither"),
    ([{"prompt": "q", "answer": ""}], "row 1: the answer is empty"),
    ([{"messages": [], "answer": "1"}], "row 1: the prompt is neither"),
    ([{"messages": [{"role": "robot", "content": "q"}], "answer": "1"}], "row 1: a message needs"),
    ([{"messages": [{"role": "user", "content": None}], "answer": "1"}], "row 1: a message needs"),
    ([{"messages": [{"role": "assistant", "content": "q"}], "answer": "1"}], "row 1: the last message"),
    ([{**GOOD, "id": "a"}, {**GOOD, "id": "a"}], "row 2: the id 'a' is already that of row 1"),
    ([], "holds no problems"),
    (["[" * 100_000], "row 1: no JSON"),
    ([GOOD, '"' + "a" * 9 * 2**20 + '"'], "row 2: longer than 8 MiB"),
]


@pytest.mark.parametrize(("rows", "message"), BAD_ROWS, ids=[message for _, message in BAD_ROWS])
def test_bad_rows_are_named(tmp_path: Path, rows: list[Any], message: str) -> None:
    path = jsonl(tmp_path, *rows)
    with pytest.raises(DataError, match=message) as caught:
        file_task(str(path)).problems()
    assert str(path) in str(caught.value)


def test_bad_files(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="There is no file"):
        file_task(str(tmp_path / "none.jsonl")).problems()
    with pytest.raises(DataError, match="neither JSONL nor Parquet"):
        file_task(str(jsonl(tmp_path, GOOD, name="a.txt"))).problems()
    cut = jsonl(tmp_path, *[{**GOOD, "x": str(n) * 50} for n in range(200)], name="cut.jsonl.gz")
    cut.write_bytes(cut.read_bytes()[:-20])
    with pytest.raises(DataError, match=r"cut\.jsonl\.gz, row \d+: the file is corrupt"):
        file_task(str(cut)).problems()
    (tmp_path / "not.jsonl.gz").write_text("plain")
    with pytest.raises(DataError, match="row 1: the file is corrupt"):
        file_task(str(tmp_path / "not.jsonl.gz")).problems()
    (tmp_path / "bytes.jsonl").write_bytes(b'{"prompt": "\xff"}\n')
    with pytest.raises(DataError, match="row 1: no JSON"):
        file_task(str(tmp_path / "bytes.jsonl")).problems()


def test_byte_order_mark_and_blank_lines(tmp_path: Path) -> None:
    path = tmp_path / "bom.jsonl"
    path.write_bytes(b"\xef\xbb\xbf" + json.dumps(GOOD).encode() + b"\n\n" + json.dumps(GOOD).encode())
    assert [number for number, _ in read_rows(path)] == [1, 3]


def test_parquet(tmp_path: Path) -> None:
    import datetime

    import pyarrow as pa
    import pyarrow.parquet as pq

    path = tmp_path / "p.parquet"
    rows = [
        {"prompt": [{"role": "user", "content": "q"}], "answer": "4", "day": datetime.date(2024, 1, 2), "image": b"x"}
    ]
    pq.write_table(pa.Table.from_pylist(rows), path)
    problem = file_task(str(path)).problems()[0]
    assert problem.messages == [{"role": "user", "content": "q"}]
    assert problem.metadata["day"] == "2024-01-02"
    assert "image" not in problem.metadata
    path.write_bytes(path.read_bytes()[:40])
    with pytest.raises(DataError, match=r"p\.parquet, row 1: the Parquet file is corrupt"):
        file_task(str(path)).problems()


def test_unknown_keys_and_verifiers(tmp_path: Path) -> None:
    path = str(jsonl(tmp_path, GOOD))
    with pytest.raises(ConfigError, match="unknown key 'answers'"):
        file_task(path, answers="x")
    with pytest.raises(DataError, match="Did you mean 'number'"):
        file_task(path, verifier="numbr").problems()


def test_a_row_may_bring_arguments_of_its_verifier(tmp_path: Path) -> None:
    rows = [{"prompt": str(i), "answer": "0.3", "own": {"tolerance": size}} for i, size in enumerate((0.1, 0.0))]
    task = file_task(str(jsonl(tmp_path, *rows)), verifier="number", arguments="own", extract="last_line")
    assert [problem.verifier.arguments["tolerance"] for problem in task.problems()] == [0.1, 0.0]
    with pytest.raises(DataError, match=r"row 1: column 'own' should be an object of verifier arguments"):
        file_task(str(jsonl(tmp_path, {**rows[0], "own": 1})), arguments="own").problems()


def test_rows_that_no_rule_decides_need_no_answer(tmp_path: Path) -> None:
    path = jsonl(tmp_path, {"prompt": "Tell me about tea."})
    problem = file_task(str(path), verifier="none", domain="general").problems()[0]
    assert (problem.has_rule, problem.reference, problem.domain) == (False, None, "general")
