"""Rejection sampling, whole runs against a local endpoint that is right in 70 % of its calls."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aha.config.data_stages import RejectionStage
from aha.config.effective import idle_keys
from aha.config.recipe import Recipe
from aha.engines.words import WordsReply
from aha.errors import ConfigError, DataError, MachineError
from aha.rollouts.asking import Answered
from aha.rollouts.problems import load_task
from aha.runtime.run_directory import RunDirectory
from aha.stages import rejection
from aha.stages.rejection import response_of, settled
from aha.text.response import Response, split_response
from aha.types import Problem, VerifierSpec
from tests.engines.api_server import Server
from tests.engines.words_server import Gold, gold_server
from tests.stages.data_run import ENGINE, no_processes, result, rows, run, write_rows

SUMS = {f"What is {a} plus {b} times {c}?": str(a + b * c) for a in (3, 17) for b in (4, 9) for c in (5, 8)}
TALES = {f"How many hares sleep under oak {n}?": str(3 * n + 100) for n in range(8)}


@pytest.fixture(autouse=True)
def _no_processes(monkeypatch: pytest.MonkeyPatch) -> None:
    no_processes(monkeypatch, rejection)


@pytest.fixture
def served() -> Iterator[tuple[Server, Gold]]:
    with gold_server(SUMS | TALES) as found:
        yield found


def tasks(folder: Path) -> list[Any]:
    sums = [{"id": f"s{n}", "prompt": asked, "answer": said} for n, (asked, said) in enumerate(SUMS.items())]
    tales = [{"id": f"t{n}", "prompt": asked, "answer": said} for n, (asked, said) in enumerate(TALES.items())]
    judged = {"name": write_rows(folder / "tales.jsonl", *tales), "verifier": "judge", "domain": "qa"}
    return [write_rows(folder / "sums.jsonl", *sums), judged]


def settings(folder: Path, url: str, **changes: Any) -> dict[str, Any]:
    return {
        "kind": "rejection",
        "model": f"{url}#gold",
        "data": {"tasks": tasks(folder), "verify_gold": 2},
        "num_samples": 4,
        "judge": {"model": f"{url}#gold", "num_parallel": 4},
        "engine": ENGINE,
    } | changes


def test_what_rules_or_the_judge_call_correct_is_kept(tmp_path: Path, served: tuple[Server, Gold]) -> None:
    heard = run(tmp_path, data=settings(tmp_path, served[0].url))
    found, made = rows(tmp_path, "data"), result(tmp_path, "data")
    assert {row["origin"] for row in found} == {"rejection"}
    for row in found:
        question, answer = (message["content"] for message in row["messages"])
        response = split_response(answer)
        assert response is not None
        assert question in TALES or f"\\boxed{{{SUMS[question]}}}" in response.summary
    counts, domains = made["counts"], made["by_domain"]
    assert (counts["problems"], counts["answers"], counts["judgements"]) == (16, 64, 32)
    assert sum(counts["answers_dropped"].values()) + len(found) == 64
    assert {name: (row["problems"], row["samples"]) for name, row in domains.items()} == {
        "math": (8, 32),
        "qa": (8, 32),
    }
    assert sum(row["kept"] for row in domains.values()) == counts["kept"] == len(found)
    assert 0 < domains["qa"]["correct"] < 32
    tokens = [row["tokens"] for row in found if row["domain"] == "math"]
    assert domains["math"]["mean_tokens"] == round(sum(tokens) / len(tokens), 1)
    assert made["by_task"].keys() == {str(tmp_path / "sums.jsonl"), str(tmp_path / "tales.jsonl")}
    assert made["dropped_examples"]["answers"]["wrong"]["why"]
    assert any("dropped: wrong" in line for line in heard)


def test_the_judge_sees_summaries_alone(tmp_path: Path, served: tuple[Server, Gold]) -> None:
    run(tmp_path, data=settings(tmp_path, served[0].url))
    prompts = [body["messages"][-1]["content"] for _, body, _ in served[0].seen if body]
    judging = [text for text in prompts if text.startswith("You check whether")]
    assert len(judging) >= 2
    assert all("The answer is" in text and "I work it out" not in text for text in judging)


def test_a_run_that_broke_off_goes_on_to_the_same_bytes(tmp_path: Path, served: tuple[Server, Gold]) -> None:
    """Half of the answers arrive and are kept; then the endpoint is gone."""
    server, gold = served
    for folder in ("whole", "broken"):
        (tmp_path / folder).mkdir()
    whole = settings(tmp_path / "whole", server.url, num_parallel=2)
    whole["data"] = {"tasks": tasks(tmp_path), "verify_gold": 2}
    run(tmp_path / "whole", data=whole)
    num_asked = sum(gold.num_calls.values())
    first = len(server.seen)
    server.answer = lambda number, path, body: gold(number, path, body) if number < first + 20 else (400, {}, b"no")
    with pytest.raises(MachineError):
        run(tmp_path / "broken", data=whole)
    server.answer, gold.num_calls = gold, {}
    run(tmp_path / "broken", data=whole)
    assert 0 < sum(gold.num_calls.values()) < num_asked
    places = [RunDirectory(tmp_path / name / "run").stage("data").data_file("examples") for name in ("whole", "broken")]
    assert places[0].read_bytes() == places[1].read_bytes()
    assert result(tmp_path / "whole", "data")["counts"] == result(tmp_path / "broken", "data")["counts"]


def test_too_few_left_stops_the_run_and_says_which_rule_took_what(tmp_path: Path, served: tuple[Server, Gold]) -> None:
    first = settings(tmp_path, served[0].url)
    last = settings(tmp_path, served[0].url, min_kept=65)
    with pytest.raises(DataError, match=r"only \d+ rows are left .*dropped: wrong \d+.* lower last.min_kept = 65"):
        run(tmp_path, first=first, last=last)
    assert rows(tmp_path, "first")
    assert not RunDirectory(tmp_path / "run").stage("last").result.exists()


def test_a_judge_that_answers_nonsense_is_undecided_and_counted(tmp_path: Path, served: tuple[Server, Gold]) -> None:
    served[1].judge = lambda text, is_right: "It is fine."  # type: ignore[method-assign]
    run(tmp_path, data=settings(tmp_path, served[0].url))
    made = result(tmp_path, "data")
    assert made["counts"]["judgements_unreadable"] == made["counts"]["answers_dropped"]["undecided"] == 32
    assert made["by_domain"]["qa"]["kept"] == 0


@pytest.mark.parametrize("kind", ["rejection", "collect", "rl", "evaluate"])
def test_problems_for_a_judge_are_refused_without_one(kind: str, tmp_path: Path, served: tuple[Server, Gold]) -> None:
    judged = tasks(tmp_path)[1]
    stage: dict[str, Any] = settings(tmp_path, served[0].url, judge=None)
    if kind == "collect":
        stage = {key: stage[key] for key in ("model", "data", "engine")} | {"kind": "collect", "way": "direct"}
    if kind == "rl":
        stage = {"kind": "rl", "model": "lab", "data": {"tasks": [judged]}, "rounds": 1, "engine": ENGINE}
    if kind == "evaluate":
        on = [f"{judged['name']}?verifier=judge"]
        stage = {"kind": "evaluate", "model": "lab", "on": on, "engine": ENGINE}
    with pytest.raises(ConfigError, match=r"Problem 't0' of .* is decided by a judge .* rejection"):
        run(tmp_path, data=stage)


@pytest.mark.parametrize(
    ("text", "response"),
    [
        ("<think>a</think><answer>4</answer>", Response("a", "<answer>4</answer>")),
        ("<think>\na\n</think>\n\nIt is \\boxed{4}.", Response("a", "It is \\boxed{4}.")),
        ("It is 4.", Response(None, "It is 4.")),
        ("<think>a", None),
    ],
)
def test_what_is_learned_is_what_was_graded(text: str, response: Response | None) -> None:
    assert response_of(text) == response


@pytest.mark.parametrize(
    ("verifier", "text", "finish", "reason"),
    [
        ("number", "", "aborted", "no_reply"),
        ("number", "<think>a</think>b", "length", "truncated"),
        ("number", "<think>a", "stop", None),
        ("judge", "<think>a</think>b", "length", "truncated"),
        ("judge", "<think>a", "stop", "no_answer"),
        ("judge", "<think>a</think>b", "stop", None),
        ("none", "<think>a</think>b", "stop", "no_rule"),
    ],
)
def test_verdicts_that_nobody_is_asked_for(verifier: str, text: str, finish: Any, reason: str | None) -> None:
    problem = Problem("p", "s", [], "4", VerifierSpec(verifier))
    found = settled(Answered(problem, 0, WordsReply(text, 1, finish)))
    assert (found and found.reason) == reason


def test_programs_may_stand_in_the_summary_never_in_the_thought(tmp_path: Path) -> None:
    """A bug-fix: the corrected function in a block after the thought; another sample has it inside."""
    path = write_rows(
        tmp_path / "bugs.jsonl",
        {
            "prompt": "Correct this function.\n```python\ndef twice(n):\n    return n + 2\n```",
            "answer": {"kind": "asserts", "asserts": ["assert twice(3) == 6"], "setup": ""},
        },
    )
    block = "```python\ndef twice(n):\n    return 2 * n\n```"
    texts = [f"<think>\nIt must multiply.\n</think>\n\n{block}", f"<think>\nSo:\n{block}\n</think>\n\n{block}"]

    class Two(Gold):
        def solve(self, text: str, is_right: bool) -> str:
            self.num_calls["sample"] = self.num_calls.get("sample", 0) + 1
            return texts[self.num_calls["sample"] % 2]

    with gold_server({}) as (server, _):
        server.answer = Two({})
        data = {"tasks": [{"name": path, "verifier": "code", "extract": "code_block"}], "verify_gold": 0}
        run(tmp_path, data=settings(tmp_path, server.url, data=data, num_samples=2, judge=None))
    (row,) = rows(tmp_path, "data")
    assert row["messages"][-1]["content"] == texts[0]
    assert result(tmp_path, "data")["counts"]["answers_dropped"]["code_block"] == 1


def test_the_same_answer_many_times_is_a_contradiction() -> None:
    from aha.config.data_checks import data_contradictions

    stage = RejectionStage(kind="rejection", model="m", data={"tasks": ["lab:mixed"]}, temperature=0, num_samples=4)
    ((path, problem, _),) = data_contradictions(stage)
    assert (path, problem) == (("temperature",), "temperature = 0 draws the same answer 4 times")
    assert not list(data_contradictions(stage.model_copy(update={"num_samples": 1})))


def test_questions_with_two_budgets_are_a_contradiction() -> None:
    from aha.config.data_checks import data_contradictions

    data = {"tasks": ["lab:mixed", {"name": "lab:lists", "think_tokens": 16}]}
    stage = RejectionStage(kind="rejection", model="m", data=data, budget="think_tokens")
    ((path, problem, _),) = data_contradictions(stage)
    assert path == ("budget",)
    assert problem.startswith("the questions of lab:lists have a budget already")
    assert not list(data_contradictions(stage.model_copy(update={"budget": None})))


@pytest.mark.parametrize(("leaves", "idle"), [("pairs", True), ("examples", False)])
def test_pairs_have_no_budget(leaves: str, idle: bool) -> None:
    data = {"tasks": ["lab:mixed"]}
    stage = {"kind": "rejection", "model": "lab", "data": data, "leaves": leaves, "budget": "think_tokens"}
    found = idle_keys(Recipe.model_validate({"name": "x", "stages": {"data": stage}}))
    assert (("stages", "data", "budget") in [each.path for each in found]) == idle


def test_the_question_asks_for_as_many_tokens_as_its_answer_took(tmp_path: Path, served: tuple[Server, Gold]) -> None:
    entry = tasks(tmp_path)[0]
    questions = {problem.messages[-1]["content"] for problem in load_task(entry).problems()}
    run(
        tmp_path, data=settings(tmp_path, served[0].url, judge=None, data={"tasks": [entry]}, budget="max_think_tokens")
    )
    found = rows(tmp_path, "data")
    assert found
    for row in found:
        question, told, number = row["messages"][-2]["content"].partition(" Think for maximum ")
        assert question in questions
        assert told + number == f" Think for maximum {row['tokens']} tokens."


@pytest.mark.parametrize(("num_problems", "idle"), [(None, True), (5, False)])
def test_shuffling_has_no_effect_where_every_problem_is_taken(num_problems: int | None, idle: bool) -> None:
    stage = {"kind": "rejection", "model": "lab", "data": {"tasks": ["lab:mixed"]}, "num_problems": num_problems}
    found = idle_keys(Recipe.model_validate({"name": "x", "stages": {"data": stage}}))
    assert (("stages", "data", "data", "shuffle") in [each.path for each in found]) == idle


def test_some_problems_are_drawn_from_the_tasks(tmp_path: Path, served: tuple[Server, Gold]) -> None:
    run(tmp_path, data=settings(tmp_path, served[0].url, num_problems=4, num_samples=3))
    assert {result(tmp_path, "data")["counts"][key] for key in ("problems", "answers")} == {4, 12}
    heard = run(tmp_path, data=settings(tmp_path, served[0].url, num_problems=40, num_samples=1))
    assert any("the tasks have 16 different problems, not more" in line for line in heard)


def test_answers_are_kept_as_they_come(tmp_path: Path, served: tuple[Server, Gold]) -> None:
    run(tmp_path, data=settings(tmp_path, served[0].url))
    kept = RunDirectory(tmp_path / "run").answers("data").read_text().splitlines()
    assert len({json.loads(line)["key"] for line in kept}) == len(kept) >= 64


def test_pairs_are_the_shortest_correct_answer_against_longer_ones(tmp_path: Path, served: tuple[Server, Gold]) -> None:
    server, gold = served

    def counted(number: int, path: str, body: Any) -> Any:
        """Every other answer has 40 tokens instead of 10."""
        status, headers, content = gold(number, path, body)
        reply = json.loads(content)
        if "choices" in reply:
            reply["usage"] = {"completion_tokens": 10 + 30 * (body["seed"] % 2)}
        return status, headers, json.dumps(reply).encode()

    server.answer = counted
    run(tmp_path, data=settings(tmp_path, server.url, leaves="pairs", judge=None, data={"tasks": tasks(tmp_path)[:1]}))
    path = RunDirectory(tmp_path / "run").stage("data").data_file("pairs")
    found = [json.loads(line) for line in path.read_text().splitlines()]
    assert found
    assert all(row["rejected_tokens"] > row["chosen_tokens"] for row in found)
    counts = result(tmp_path, "data")["counts"]
    assert sum(counts["pairs"].values()) == counts["kept"] == len(found)
    assert counts["pairs"].keys() <= {"wrong_longer", "correct_1.5x"}
