"""The four ways of a cold start, whole runs against a local endpoint that is right in 70 % of its calls."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aha.errors import DataError, MachineError
from aha.review.decisions import open_review
from aha.review.export import export
from aha.runtime.run_directory import RunDirectory
from aha.stages import collect
from aha.text.response import split_response
from aha.types import Json
from tests.engines.api_server import Server, ok
from tests.engines.words_server import Gold, gold_server
from tests.stages.data_run import ENGINE, no_processes, result, rows, run, write_rows

SUMS = {f"What is {a} plus {b} times {c}?": str(a + b * c) for a in (3, 17) for b in (4, 9) for c in (5, 8, 11)}


@pytest.fixture(autouse=True)
def _no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    no_processes(monkeypatch, collect)


@pytest.fixture
def served() -> Iterator[tuple[Server, Gold]]:
    with gold_server(SUMS) as found:
        yield found


def problem_file(folder: Path) -> str:
    rows = [{"id": f"sum-{n}", "prompt": asked, "answer": said} for n, (asked, said) in enumerate(SUMS.items())]
    return write_rows(folder / "sums.jsonl", *rows)


def settings(folder: Path, url: str, **changes: Any) -> dict[str, Any]:
    return {
        "kind": "collect",
        "way": "direct",
        "model": f"{url}#gold",
        "data": {"tasks": [problem_file(folder)], "verify_gold": 2},
        "num_problems": 12,
        "num_samples": 3,
        "engine": ENGINE,
    } | changes


ALL_CHECKED = {"correct": True, "readable": True, "language_ok": True, "no_repeat": True}


def is_good(row: dict[str, Json], way: str) -> bool:
    question, answer = (message["content"] for message in row["messages"])
    response = split_response(answer)
    assert response is not None
    assert response.thought is not None
    assert row["origin"] == way
    assert row["checks"] == ALL_CHECKED
    return f"\\boxed{{{SUMS[question]}}}" in response.summary


@pytest.mark.parametrize("way", ["direct", "fewshot"])
def test_correct_answers_become_rows_with_the_question_alone(
    tmp_path: Path, served: tuple[Server, Gold], way: str
) -> None:
    heard = run(tmp_path, cold=settings(tmp_path, served[0].url, way=way))
    found = rows(tmp_path, "cold")
    assert 9 <= len(found) <= 12, "one of three samples is right for nearly all"
    assert all(is_good(row, way) for row in found)
    counts = result(tmp_path, "cold")["counts"]
    assert (counts["problems"], counts["answers"], counts["kept"]) == (12, 36, len(found))
    assert sum(counts["answers_dropped"].values()) + len(found) == 36
    assert counts["answers_dropped"]["wrong"] > 3
    assert any("dropped: wrong" in line for line in heard)
    sent = served[0].seen[-1][1]["messages"][-1]["content"]
    assert ("A boat covers" in sent or "real numbers" in sent or "three-digit" in sent) == (way == "fewshot")


def test_rewriting_keeps_what_is_right_before_and_after(tmp_path: Path, served: tuple[Server, Gold]) -> None:
    writer = {"model": f"{served[0].url}#gold", "num_parallel": 4}
    run(tmp_path, cold=settings(tmp_path, served[0].url, way="rewrite", writer=writer))
    counts = result(tmp_path, "cold")["counts"]
    assert all(is_good(row, "rewrite") for row in rows(tmp_path, "cold"))
    assert counts["rewrites"] == 36 - sum(counts["answers_dropped"].values())
    assert counts["kept"] == counts["rewrites"] - counts["rewrites_dropped"]["wrong"] < counts["rewrites"]
    prompts = [body["messages"][-1]["content"] for _, body, _ in served[0].seen if body]
    rewriting = [text for text in prompts if text.startswith("A question was answered")]
    assert all("I work it out. It comes to" in text and "[Answer]" in text for text in rewriting)


def test_worked_examples_come_from_another_stage(tmp_path: Path, served: tuple[Server, Gold]) -> None:
    first = settings(tmp_path, served[0].url, num_problems=3, num_samples=6)
    second = settings(
        tmp_path,
        served[0].url,
        way="fewshot",
        examples="stage/first",
        num_examples=2,
        example="Q: {question}\nT: {thought}\nA: {answer}",
        prompt="{examples}\n\nQ: {question}",
    )
    run(tmp_path, first=first, second=second)
    shown = [body["messages"][-1]["content"] for _, body, _ in served[0].seen[-36:]]
    assert all(text.startswith("Q: What is") and text.count("Q: ") == 3 for text in shown)
    assert not any(text.rpartition("Q: ")[2] in text.rpartition("Q: ")[0] for text in shown), "never itself"


def test_a_reviewed_file_becomes_rows(tmp_path: Path) -> None:
    path = tmp_path / "reviewed.jsonl"
    good = "<think>\nI add them and check the sum.\n</think>\n\nIt is \\boxed{5}."
    asked = {"role": "user", "content": "2+3?"}

    def row(decision: str | None, text: str = good, **more: Json) -> str:
        messages = [asked, {"role": "assistant", "content": text}]
        return json.dumps({"id": "x", "messages": messages, "decision": decision, "language": "en"} | more)

    lines = [
        row("accepted", rank=1, checks={"correct": True}),
        row("edited", checks={"correct": True}, changed={"summary": {"before": "5", "after": "It is"}}),
        row("rejected"),
        row(None),
        row("accepted", "<think>\nno end"),
        "{broken",
        "[]",
    ]
    path.write_text("\n".join(lines) + "\n")
    heard = run(tmp_path, cold={"kind": "collect", "way": "reviewed", "examples": f"file:{path}"})
    first, second = rows(tmp_path, "cold")
    assert (first["checks"], first["rank"], first["origin"]) == (ALL_CHECKED, 1, "reviewed")
    assert second["checks"] == ALL_CHECKED | {"correct": None}, "a changed text was not verified"
    assert second["changed"] == {"summary": {"before": "5", "after": "It is"}}
    counts = result(tmp_path, "cold")["counts"]
    assert counts == {"accepted": 1, "edited": 1, "rejected": 1, "undecided": 1, "broken": 3, "kept": 2}
    assert any("row 5: left out, thought without end" in line for line in heard)
    path.write_text(row("rejected") + "\n")
    with pytest.raises(DataError, match=r"Nothing in .* was accepted or edited \(.*rejected 1"):
        run(tmp_path, cold={"kind": "collect", "way": "reviewed", "examples": f"file:{path}"})


def test_what_people_review_of_a_stage_comes_back(tmp_path: Path, served: tuple[Server, Gold]) -> None:
    run(tmp_path, cold=settings(tmp_path, served[0].url, num_problems=4, num_samples=6))
    made = RunDirectory(tmp_path / "run").stage("cold").data_file("examples")
    review = open_review(made)
    first, second, third = (record.id for record in review.file.records[:3])
    review.accept(first)
    review.edit(second, "I look at the numbers and add them.", "It is \\boxed{1}.")
    review.reject(third)
    export(review, tmp_path / "reviewed.jsonl")
    people = {"kind": "collect", "way": "reviewed", "examples": f"file:{tmp_path / 'reviewed.jsonl'}"}
    run(tmp_path, people=people)
    accepted, edited = rows(tmp_path, "people")
    assert (accepted["id"], accepted["checks"], accepted["decision"]) == (first, ALL_CHECKED, "accepted")
    assert (edited["id"], edited["origin_before"], edited["checks"]["correct"]) == (second, "direct", None)
    assert edited["changed"]["summary"]["after"] == "It is \\boxed{1}."
    assert edited["messages"][-1]["content"].endswith("add them.\n</think>\n\nIt is \\boxed{1}.")


def test_nothing_left_stops_the_run_and_says_which_rule_took_what(tmp_path: Path, served: tuple[Server, Gold]) -> None:
    first = settings(tmp_path, served[0].url)
    last = settings(tmp_path, served[0].url, filters={"max_tokens": 1})
    with pytest.raises(DataError, match=r"last: nothing is left to train on \(.*answers dropped: wrong \d+, too long"):
        run(tmp_path, first=first, last=last)
    place = RunDirectory(tmp_path / "run")
    assert rows(tmp_path, "first")
    assert not place.stage("last").result.exists()
    events = [json.loads(line) for line in place.events.read_text().splitlines()]
    (event,) = [each for each in events if each["kind"] == "nothing_left"]
    assert event["counts"]["answers_dropped"]["too_long"] > 10
    assert event["examples"]["answers"]["too_long"]["text"]


def test_nothing_is_asked_twice_after_a_failure_or_for_another_filter(
    tmp_path: Path, served: tuple[Server, Gold]
) -> None:
    server, gold = served

    def breaks(number: int, path: str, body: Json) -> Any:
        return (401, {}, b"no") if number == 20 else gold(number, path, body)

    server.answer = breaks
    cold = settings(tmp_path, server.url, num_parallel=1)
    with pytest.raises(MachineError, match="refuses"):
        run(tmp_path, cold=cold)
    heard = run(tmp_path, cold=cold)
    found = [line for line in heard if "were there already" in line]
    assert 20 <= int(found[0].split()[1]) <= gold.num_calls["answer"] - 15
    assert 36 <= gold.num_calls["answer"] <= 37, "one may have been on its way"
    num_calls = gold.num_calls["answer"]
    before = rows(tmp_path, "cold")
    heard = run(tmp_path, cold=cold | {"filters": {"max_kept": 2}})
    assert any("cold runs again, because filters.max_kept changed" in line for line in heard)
    assert gold.num_calls["answer"] == num_calls
    assert rows(tmp_path, "cold") == before, "all right answers to a question are the same text"


def test_answers_that_cannot_be_had_are_counted(tmp_path: Path, served: tuple[Server, Gold]) -> None:
    server, gold = served
    lost = next(iter(SUMS))

    def refuses(number: int, path: str, body: Json) -> Any:
        return (400, {}, b"too long") if lost in body["messages"][-1]["content"] else gold(number, path, body)

    server.answer = refuses
    gold(0, "", {"prompt": next(iter(SUMS))})
    heard = run(
        tmp_path, cold=settings(tmp_path, server.url, data={"tasks": [problem_file(tmp_path)], "shuffle": True})
    )
    assert result(tmp_path, "cold")["counts"]["answers_lost"] == 3
    assert "cold: 3 of 36 answers could not be had: HTTP 400, too long." in heard


def test_half_an_answer_is_asked_for_again(
    tmp_path: Path, served: tuple[Server, Gold], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aha.engines.api.ApiModel._pause_seconds", lambda self, attempt: 0.0)
    server, gold = served
    bad = iter([ok(b'{"choices": [{"mess'), (503, {}, b""), ok(b'{"choices": []}')])
    server.answer = lambda number, path, body: next(bad, None) or gold(number, path, body)
    run(tmp_path, cold=settings(tmp_path, server.url))
    assert result(tmp_path, "cold")["counts"]["answers_lost"] == 0
    assert gold.num_calls["answer"] == 36
