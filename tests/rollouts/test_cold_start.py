"""Wordings, worked examples, and how what a model wrote is read as a thought and a summary."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aha.config.data_stages import FilterSettings
from aha.errors import ConfigError, DataError
from aha.rollouts import cold_start
from aha.rollouts.asking import distinct_problems
from aha.rollouts.cold_start import EXAMPLE, answer_of, chosen_examples, fill, read_response, shown, worded
from aha.rollouts.problems import ProblemStream
from aha.rollouts.quality import reading_faults_of
from aha.rollouts.worked import BUILT_IN, WorkedExample, read_worked
from aha.tasks.files import file_task
from aha.text.response import Response, join_response, split_response
from aha.types import Problem, VerifierSpec


@given(st.text(), st.text())
def test_gaps_are_filled_once_and_other_braces_stay(question: str, examples: str) -> None:
    filled = fill("a {question} b {{examples}} \\boxed{} {other}", question=question, examples=examples)
    assert filled == f"a {question} b {{{examples}}} \\boxed{{}} {{other}}"


def test_a_wording_for_each_language() -> None:
    wording = {"en": "Think: {question}", "ko": "생각: {question}"}
    assert worded(wording, "ko", "prompt", question="x") == "생각: x"
    assert worded("One: {question}", "ko", "prompt", question="x") == "One: x"
    with pytest.raises(ConfigError, match=r"prompt has no wording for questions in 'ru'\. It has: en, ko"):
        worded(wording, "ru", "prompt", question="x")


BOX = "The answer is \\boxed{{answer}}."


@pytest.mark.parametrize(
    ("text", "summary", "end", "found"),
    [
        ("<think>\na\n</think>\n\nIt is \\boxed{4}.", None, None, Response("a", "It is \\boxed{4}.")),
        ("<think>plan</think><think>a</think>\n\nIt is 4.", None, None, Response("a", "It is 4.")),
        ("<think>a</think>\n<answer>4</answer>", BOX, None, Response("a", "The answer is \\boxed{4}.")),
        ("<think>a</think>\n<answer>4</answer>", None, None, None),
        (" 2+2=4. The answer is 4.", BOX, None, Response("2+2=4. The answer is 4.", "The answer is \\boxed{4}.")),
        (" 2+2=4. The answer is 4.", None, None, None),
        (" 2+2=4.", BOX, None, None),
        ("The answer is 4.\n\nQ: 3+3?", BOX, "\n\nQ:", Response("The answer is 4.", "The answer is \\boxed{4}.")),
        ("2+2=4. 답은 4.", {"ko": "답은 \\boxed{{answer}}."}, None, Response("2+2=4. 답은 4.", "답은 \\boxed{4}.")),
        ("<think>a", BOX, None, None),
        ("<think>a</think>", BOX, None, None),
    ],
)  # fmt: skip
def test_what_a_model_wrote(
    text: str, summary: str | dict[str, str] | None, end: str | None, found: Response | None
) -> None:
    language = "ko" if isinstance(summary, dict) else "en"
    read = read_response(text, language, summary, end)
    assert (read if read is None or read.thought else None) == found


@pytest.mark.parametrize(
    ("text", "answer"),
    [("<answer>4</answer>", "4"), ("so \\boxed{5}", "5"), ("the answer is 6. Yes.", "6"), ("seven", None)],
)
def test_the_final_answer(text: str, answer: str | None) -> None:
    assert answer_of(text) == answer


def problem(question: str = "Q", source: str = "s", language: str = "en") -> Problem:
    return Problem("1", source, [{"role": "user", "content": question}], "4", VerifierSpec("number"), language=language)


def test_examples_of_the_same_source_and_language_come_first_and_never_the_question_itself() -> None:
    kinds = [(source, language) for source in "st" for language in ("en", "ko")]
    pool = [WorkedExample(f"Q{n}", "t", "s", *kind) for n in range(8) for kind in kinds]
    chosen = chosen_examples(pool, problem("Q3", "t", "ko"), 9, seed=1)
    assert [(each.source, each.language) for each in chosen[:7]] == [("t", "ko")] * 7
    assert {each.language for each in chosen} == {"ko"}
    assert all(each.question != "Q3" for each in chosen)
    orders = {chosen_examples(pool, problem(name, "t", "ko"), 1, seed=1)[0].question for name in map(str, range(40))}
    assert len(orders) == 1, "the order depends on the problem's id"
    drawn = {chosen_examples(pool, problem("x", "t", "ko"), 1, seed=seed)[0].question for seed in range(40)}
    assert len(drawn) > 4


def test_the_built_in_examples_are_long_readable_and_end_in_a_box() -> None:
    answers = [answer_of(example.summary) for example in BUILT_IN]
    assert answers == ["3", "9", "252"]
    for example in BUILT_IN:
        response = Response(example.thought, example.summary)
        assert split_response(join_response(response)) == response
        assert reading_faults_of(response, "en", FilterSettings()) == []
        assert len(example.thought) > 700
        assert example.question in shown(example, EXAMPLE)
    assert shown(BUILT_IN[0], "{question}={answer}").endswith("?=3")


def test_worked_examples_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "worked.jsonl"
    turns = [{"role": "user", "content": "Q"}, {"role": "assistant", "content": "<think>\nt\n</think>\n\ns"}]
    rows = [{"messages": turns, "source": "x", "language": "ko"}, {"prompt": "Q", "completion": "no thought"}, "broken"]
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    assert read_worked(path) == [WorkedExample("Q", "t", "s", "x", "ko")]
    path.write_text(json.dumps(rows[1]) + "\n")
    with pytest.raises(DataError, match=r"None of the 1 rows .* is a question with a thought and a summary"):
        read_worked(path)


def test_every_wording_has_its_gaps() -> None:
    wanted = {"DIRECT": ["question"], "FEWSHOT": ["examples", "question"], "REWRITE": ["question", "thought", "answer"]}
    for name, gaps in wanted.items():
        assert [gap for gap in gaps if f"{{{gap}}}" in getattr(cold_start, name)] == gaps


@pytest.mark.parametrize("weights", [None, [0.9, 0.1]])
def test_problems_are_taken_once_each(tmp_path: Path, weights: list[float] | None) -> None:
    tasks = []
    for name, size in (("a", 5), ("b", 3)):
        path = tmp_path / f"{name}.jsonl"
        path.write_text("".join(json.dumps({"prompt": f"{n}", "answer": "1"}) + "\n" for n in range(size)))
        tasks.append(file_task(str(path)))

    def stream() -> ProblemStream:
        return ProblemStream(tasks, weights or [0.5, 0.5], 1, "cold", True)

    few = distinct_problems(stream(), 4)
    assert len({(each.source, each.id) for each in few}) == len(few) == 4
    assert len(distinct_problems(stream(), 8)) == len(distinct_problems(stream(), 100)) == 8
