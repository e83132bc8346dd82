"""General data: a thought written first for some, none for a greeting, instructions that are checked."""

from __future__ import annotations

from pathlib import Path

import pytest

from aha.errors import ConfigError, DataError
from aha.stages import general
from aha.stages.general import bare
from aha.text.response import split_response
from aha.types import Json
from tests.engines.words_server import gold_server
from tests.stages.data_run import ENGINE, no_processes, result, rows, run, write_rows


@pytest.fixture(autouse=True)
def _no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    no_processes(monkeypatch, general)


def capital(answer: str) -> dict[str, Json]:
    checks = {"instruction_id_list": ["change_case:english_capital"], "kwargs": [{}]}
    return {"prompt": "Shout a word.", "answer": answer, "category": "instructions", "checks": checks}


ROWS: list[Json] = [
    {"prompt": "Hello!", "answer": "Hello to you.", "category": "greeting"},
    {"prompt": "Write about a red boat.", "answer": "A red boat lies in the bay.", "category": "writing"},
    {"messages": [
        {"role": "system", "content": "Be short."},
        {"role": "user", "content": "Who are you?"},
        {"role": "assistant", "content": "A model."},
    ], "category": "self-knowledge"},
    {"question": "Is it hot?", "response": "<think>\nThey ask of heat.\n</think>\n\nYes.", "category": "questions"},
    capital("WATER IS HERE"),
    capital("water is here"),
    capital("A") | {"checks": None},
    {"prompt": "x", "answer": "<think>\nno end"},
    {"prompt": "only a question"},
    "{broken",
    "[1]",
]  # fmt: skip


def test_rows_get_thoughts_where_they_are_asked_for(tmp_path: Path) -> None:
    files = [
        {"name": write_rows(tmp_path / "some.jsonl", *ROWS)},
        {
            "name": write_rows(tmp_path / "plain.jsonl", {"asked": "Say hi in Korean.", "said": "안녕"})
            + "?prompt=asked&answer=said",
            "thought": False,
            "category": "translation",
        },
    ]
    with gold_server({}, right_frac=1.0) as (server, _):
        stage = {"kind": "general", "files": files, "writer": {"model": f"{server.url}#gold"}, "engine": ENGINE}
        heard = run(tmp_path, general=stage)
        prompts = [body["messages"][-1]["content"] for _, body, _ in server.seen]
    found = rows(tmp_path, "general")
    responses = [split_response(row["messages"][-1]["content"]) for row in found]
    thoughts = [response.thought for response in responses if response]
    written = "They ask for something. I say it in a few words."
    assert [row["category"] for row in found] == [
        "greeting", "writing", "self-knowledge", "questions", "instructions", "translation"
    ]  # fmt: skip
    assert thoughts == [None, written, written, "They ask of heat.", written, None]
    assert [len(row["messages"]) for row in found] == [2, 2, 3, 2, 2, 2]
    assert [row["checks"]["correct"] for row in found] == [None, None, None, None, True, None]
    assert {row["origin"] for row in found} == {"general"}
    counts = result(tmp_path, "general")["counts"]
    assert (counts["rows"], counts["broken"], counts["checked"], counts["checks_failed"]) == (7, 5, 2, 1)
    assert (counts["kept"], counts["thoughts"], counts["thoughts_unusable"]) == (6, 3, 0)
    assert counts["categories"]["greeting"] == 1
    assert result(tmp_path, "general")["dropped_examples"]["checks"]["text"] == "water is here"
    assert any("row 8: left out, thought without end" in line for line in heard)
    assert any("A red boat lies in the bay." in prompt for prompt in prompts)


def test_the_labs_stand_in_writes_thoughts_and_errs_in_one_of_ten(tmp_path: Path) -> None:
    files = [{"name": "lab:general", "limit": 300}]
    run(tmp_path, general={"kind": "general", "files": files, "writer": {"model": "scripted"}, "engine": ENGINE})
    counts = result(tmp_path, "general")["counts"]
    assert counts["rows"] == 300
    assert counts["rows_dropped"]["mixed_language"] > 5, "thoughts in another language"
    assert counts["kept"] > 220
    thoughtless = [row for row in rows(tmp_path, "general") if "<think>" not in row["messages"][-1]["content"]]
    assert {row["category"] for row in thoughtless} == {"greeting"}


@pytest.mark.parametrize(
    ("name", "categories"),
    [
        ("lab:general", {"writing", "questions", "translation", "role-play", "greeting", "self-knowledge"}),
        ("lab:instructions", {"instructions"}),
        ("lab:safety", {"unsafe", "harmless"}),
    ],
)
def test_the_labs_rows_come_by_the_names_of_its_tasks(tmp_path: Path, name: str, categories: set[str]) -> None:
    files = [{"name": name, "thought": False, "limit": 60}]
    run(tmp_path, general={"kind": "general", "files": files, "engine": ENGINE})
    counts = result(tmp_path, "general")["counts"]
    assert (counts["rows"], counts["checked"]) == (60, 60 if name == "lab:instructions" else 0)
    assert set(counts["categories"]) == categories


def test_nothing_left_and_names_that_are_none(tmp_path: Path) -> None:
    stage = {"kind": "general", "engine": ENGINE}
    file = {"name": write_rows(tmp_path / "bad.jsonl", "{broken"), "thought": False}
    with pytest.raises(DataError, match=r"nothing is left to train on \(rows 0; broken 1"):
        run(tmp_path, general=stage | {"files": [file]})
    for name, problem in (("lab:mixed", "no file of general data"), (file["name"] + "?limit=2", "unknown key 'limit'")):
        with pytest.raises(ConfigError, match=problem):
            run(tmp_path, general=stage | {"files": [{"name": name, "thought": False}]})


@pytest.mark.parametrize(
    ("text", "thought"),
    [
        ("I greet.", "I greet."),
        ("<think>about writing</think>\nI greet.", "I greet."),
        ("<think>\nI greet.\n</think>", "I greet."),
        ("<think>no end", None),
        ("<think></think>", None),
    ],
)
def test_a_written_thought_has_no_tags(text: str, thought: str | None) -> None:
    assert bare(text) == thought
