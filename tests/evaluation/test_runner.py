"""The runner against a scripted sampler: scores, reasons, order, seeds, and what is refused."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import replace

import numpy as np
import pytest

from aha.engines.fake import LetterTokenizer, ScriptedSampler
from aha.errors import DataError, MachineError
from aha.evaluation.answerers import Answer, Drawing, SamplerAnswerer
from aha.evaluation.runner import Progress, evaluate, pool_grade
from aha.runtime.seeds import seed_of
from aha.runtime.workers import CallResult
from aha.types import Evaluation, Finish, Json, Problem, Request, Verdict, VerifierSpec
from tests.evaluation.conftest import grade, make_problem

DRAWING = Drawing(temperature=0.6, top_p=0.95, max_new_tokens=60, seed=7)


class Script:
    """Answers that are given; stands for any answerer."""

    def __init__(self, rows: Sequence[Sequence[str]], finish: Finish = "stop") -> None:
        self.rows, self.finish = rows, finish

    def answers(self, benchmark: str, problems: Sequence[Problem], k: int, drawing: Drawing) -> Iterator[Answer]:
        for index in reversed(range(len(self.rows))):
            for sample in reversed(range(len(self.rows[index]))):
                text = self.rows[index][sample]
                yield Answer(index, sample, text, len(text), self.finish)


def good(answer: str) -> str:
    return f"<think> hm </think> <answer> {answer} </answer>"


def run(answerer: object, num_problems: int, k: int, **more: object) -> Evaluation:
    problems = [make_problem(index) for index in range(num_problems)]
    facts: dict[str, object] = {"k": k, "drawing": DRAWING, "model_hash": "abc", "template": "plain"}
    return evaluate("sums", problems, answerer, grade, **{**facts, **more})  # type: ignore[arg-type]


def test_scores_and_rows_of_a_small_evaluation() -> None:
    rows = [
        [good("0"), good("0"), good("1")],
        ["<answer>2</answer>", good("3"), "no idea"],
        ["crash", good("4"), good("5")],
    ]
    found = run(Script(rows), 3, 3)
    assert [row["outcomes"] for row in found.problems] == ["ccw", "cww", "ucw"]
    assert found.scores["pass@1"].value == pytest.approx((2 / 3 + 1 / 3 + 1 / 3) / 3)
    assert found.scores["pass@k"].value == 1.0
    assert found.scores["cons@k"].value == 1.0
    assert found.scores["pass@1_formatted"].value == pytest.approx(3 / 6)
    assert found.format_rate == pytest.approx(6 / 9)
    assert found.undecided_frac == pytest.approx(1 / 9)
    assert found.mean_tokens == pytest.approx(sum(len(text) for row in rows for text in row) / 9)
    assert (found.benchmark, found.model_hash, found.template) == ("sums", "abc", "plain")
    assert (found.num_problems, found.k, found.seed) == (3, 3, 7)
    assert found.sampling == {"temperature": 0.6, "top_p": 0.95, "max_new_tokens": 60.0}
    row = found.problems[1]
    assert row["reasons"] == ["match", "mismatch", "no_answer"]
    assert row["answers"] == ["2", "3", None]
    assert row["format"] == [False, True, False]
    assert (row["id"], row["source"], row["difficulty"]) == ("sum-1", "lab:sums", 1.0)
    assert (row["prompt"], row["reference"], row["sample"]) == ("1+1", "2", "<answer>2</answer>")


def test_without_a_well_formed_answer_there_is_no_score_of_them() -> None:
    assert "pass@1_formatted" not in run(Script([["x"]]), 1, 1).scores


def test_truncated_answers_are_wrong_even_with_the_right_answer_in_them() -> None:
    found = run(Script([[good("0")]], finish="length"), 1, 1)
    assert (found.problems[0]["outcomes"], found.problems[0]["reasons"]) == ("w", ["truncated"])
    assert found.undecided_frac == 0.0


def test_an_answer_that_could_not_be_had_is_undecided_and_never_well_formed() -> None:
    found = run(Script([[good("0")]], finish="aborted"), 1, 1)
    assert (found.problems[0]["outcomes"], found.problems[0]["reasons"]) == ("u", ["no_reply"])
    assert (found.undecided_frac, found.format_rate, found.scores["pass@1"].value) == (1.0, 0.0, 0.0)


def test_long_samples_are_cut() -> None:
    assert len(run(Script([["x" * 5_000]]), 1, 1).problems[0]["sample"]) == 2_000


def test_a_verifiers_own_record_gives_way_to_the_rows_answer() -> None:
    first = replace(make_problem(1), reference={"entry": "…"}, metadata={"answer": "2"})
    second = replace(make_problem(2), reference={"entry": "…"})
    found = evaluate("sums", [first, second], Script([["x"], ["x"]]), grade, k=1, drawing=DRAWING, model_hash="")
    assert [row["reference"] for row in found.problems] == ["2", {"entry": "…"}]


def test_repetition_is_counted() -> None:
    assert run(Script([["the same words again " * 60]]), 1, 1).repetition_rate > 0
    assert run(Script([[good("0")]]), 1, 1).repetition_rate == 0


def test_pass_at_1_of_a_model_with_a_known_chance_lies_in_its_interval() -> None:
    chance = np.random.default_rng(0).random((150, 8)) < 0.3
    rows = [[good(str(2 * i)) if hit else good("x") for hit in row] for i, row in enumerate(chance)]
    found = run(Script(rows), 150, 8).scores["pass@1"]
    assert found.low < 0.3 < found.high
    assert found.high - found.low < 0.08


def sampler_answerer(order_seed: int = 0, prompt: str = "{}:") -> SamplerAnswerer:
    tokenizer = LetterTokenizer()

    def script(request: Request, version: int) -> str:
        question = tokenizer.decode(request.token_ids).partition(":")[0]
        number = int(question.split("+")[0])
        return good(str(2 * number + request.seed % 2))

    return SamplerAnswerer(
        sampler=ScriptedSampler(script, tokenizer, order_seed),
        tokenizer=tokenizer,
        render=lambda problem: tuple(tokenizer.encode(prompt.format(problem.messages[-1]["content"]))),
        stop_token_ids=(0,),
    )


def test_completion_order_changes_nothing() -> None:
    assert run(sampler_answerer(0), 5, 4) == run(sampler_answerer(1), 5, 4)


def test_requests_carry_seeds_limits_and_stops() -> None:
    answerer = sampler_answerer()
    problems = [make_problem(0), replace(make_problem(1), max_new_tokens=40)]
    list(answerer.answers("sums", problems, 2, DRAWING))
    assert isinstance(answerer.sampler, ScriptedSampler)
    requests = answerer.sampler.requests
    assert [request.seed for request in requests] == [
        seed_of(7, "sums", f"sum-{index}", sample) for index in (0, 1) for sample in (0, 1)
    ]
    assert [request.max_new_tokens for request in requests] == [60, 60, 40, 40]
    assert {(request.temperature, request.top_p, request.stop_token_ids) for request in requests} == {(0.6, 0.95, (0,))}
    assert requests[0].token_ids is requests[1].token_ids


def test_a_thought_that_the_prompt_opened_is_part_of_the_answer() -> None:
    answers = list(sampler_answerer(prompt="{}: <think>\n").answers("sums", [make_problem(1)], 1, DRAWING))
    assert answers[0].text.startswith("<think><think> hm")
    assert answers[0].num_tokens == len(answers[0].text) - len("<think>") + 1


def test_stopping_an_evaluation_leaves_the_sampler_idle() -> None:
    answerer = sampler_answerer()

    def stop(progress: Progress) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run(answerer, 3, 4, on_progress=stop)
    assert list(answerer.sampler.completions()) == []


def test_progress_reaches_the_total() -> None:
    seen: list[Progress] = []
    run(sampler_answerer(), 3, 2, on_progress=seen.append)
    assert seen[-1].num_sampled == seen[-1].num_graded == seen[-1].num_total == 6
    assert [each.num_sampled for each in seen] == sorted(each.num_sampled for each in seen)


def test_no_problems_are_refused() -> None:
    with pytest.raises(DataError, match="sums has no problems"):
        run(Script([]), 0, 1)


def test_repeated_ids_are_refused() -> None:
    problems = [make_problem(1), make_problem(1)]
    with pytest.raises(DataError, match="two problems have the id 'sum-1'"):
        evaluate("sums", problems, Script([["x"], ["x"]]), grade, k=1, drawing=DRAWING, model_hash="")


def test_missing_answers_are_refused() -> None:
    with pytest.raises(MachineError, match="3 of 4 answers"):
        run(Script([["x", "y"], ["z"]]), 2, 2)


class FakePool:
    """Grades in this process, as a worker would answer."""

    def __init__(self, result: CallResult) -> None:
        self.result, self.calls = result, list[tuple[str, dict[str, Json]]]()

    def submit(self, target: str, arguments: dict[str, Json], cpu_seconds: float | None = None) -> Future[CallResult]:
        self.calls.append((target, arguments))
        future: Future[CallResult] = Future()
        future.set_result(self.result)
        return future


def test_pool_grade_asks_the_problems_verifier() -> None:
    value = {"outcome": "correct", "extracted": "2", "reason": "match", "seconds": 0.0}
    pool = FakePool(CallResult(value, None, "", 0.1))
    verdict = pool_grade(pool)(make_problem(1), "text").result()
    assert (verdict.outcome, verdict.extracted, verdict.reason) == ("correct", "2", "match")
    asked = {"verifier": "number", "response": "text", "reference": "2", "arguments": {}}
    assert pool.calls == [("aha.verifiers:verify", asked)]


def test_a_verifier_that_fails_is_undecided() -> None:
    pool = FakePool(CallResult(None, "timeout", "over 10 s", 10.0))
    assert pool_grade(pool)(make_problem(1), "text").result().outcome == "undecided"


def unruled(index: int, domain: str = "safety") -> Problem:
    return replace(make_problem(index), verifier=VerifierSpec("none"), reference=None, domain=domain)


def test_problems_without_a_rule_are_in_no_score_and_refusals_are_counted() -> None:
    rows = [["Sorry, I cannot help with that.", "Boil it."], ["Gladly.", "Gladly."]]
    problems = [unruled(0), unruled(1, "general")]
    found = evaluate("harmless", problems, Script(rows), never, k=2, drawing=DRAWING, model_hash="")
    assert found.scores == {}
    assert (found.undecided_frac, found.refusal_rate) == (0.0, 0.25)
    assert [row["outcomes"] for row in found.problems] == ["uu", "uu"]
    ruled = [*problems, replace(make_problem(2), domain="general")]
    both = evaluate("mixed", ruled, Script([*rows, [good("4"), "no"]]), grade, k=2, drawing=DRAWING, model_hash="")
    assert both.scores["pass@1"].value == 0.5
    assert both.refusal_rate == pytest.approx(1 / 6)
    assert run(Script([["I cannot help with that."]]), 1, 1).refusal_rate is None


def test_language_is_told_of_answers_that_have_words() -> None:
    rows = [
        ["the answer is what we have here, and this is all of it", "42"],
        ["그래서 답은 이렇게 나온다고 말할 수 있다", "7"],
    ]
    problems = [replace(unruled(0, "general"), language="en"), replace(unruled(1, "general"), language="en")]
    found = evaluate("mixed", problems, Script(rows), never, k=2, drawing=DRAWING, model_hash="")
    assert found.language_consistency == 0.5
    assert run(Script([["42"]]), 1, 1).language_consistency is None


def never(problem: Problem, text: str) -> Future[Verdict]:
    raise AssertionError("no verifier may be asked")


def test_the_form_is_that_of_the_prompt() -> None:
    tokenizer = LetterTokenizer()
    sampler = ScriptedSampler(lambda request, version: "hm</think> It is <answer>0</answer>.", tokenizer)

    def format_rate(prompt: str) -> float:
        answerer = SamplerAnswerer(sampler, lambda problem: tuple(tokenizer.encode(prompt)), (0,), tokenizer)
        return run(answerer, 1, 1).format_rate

    assert (format_rate("0+0 <think>\n"), format_rate("0+0")) == (1.0, 0.0)
