"""Score a model on a benchmark: sample k answers a problem, grade them, say how sure the scores are.

answerer → grade (other processes) → outcomes → scores with intervals over problems. Consumes problems and answers as
they arrive; waits for the last verdict; produces one Evaluation that depends on seeds and weights, not on their order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import chain

from aha.errors import DataError
from aha.evaluation.answerers import Answer, Answerer, Drawing, check_complete
from aha.evaluation.passk import cons_at_k, pass_at_1, pass_at_k
from aha.evaluation.statistics import bootstrap
from aha.rollouts.grading import known, settled, then, to_verdict
from aha.runtime.seeds import seed_of
from aha.tasks.base import Pool, verdict_call, verdict_seconds
from aha.text.answers import well_formed
from aha.text.language import language_share
from aha.text.refusal import refuses
from aha.text.repetition import repetition
from aha.types import Evaluation, Interval, Json, Problem, Verdict

MAX_SAMPLE_CHARS = 2_000
NO_REPLY = Verdict("undecided", None, "no_reply")
LETTERS = {"correct": "c", "wrong": "w", "undecided": "u"}
REASONING = ("math", "code", "stem", "logic")
"""Domains whose problems nobody refuses; where one is in a benchmark, refusals are not looked for."""

Grade = Callable[[Problem, str], Future[Verdict]]
"""Problem and answer text to the verdict to come; never blocks. `Grader.verdict` is one."""


def pool_grade(pool: Pool) -> Grade:
    """Grade by the problem's own verifier in the worker pool."""
    return lambda problem, text: then(pool.submit(*verdict_call(problem, text), verdict_seconds(problem)), to_verdict)


@dataclass(slots=True, frozen=True)
class Progress:
    """How far an evaluation is: answers sampled of all, and correct ones of those graded so far."""

    num_sampled: int
    num_total: int
    num_graded: int
    num_correct: int


@dataclass(slots=True, frozen=True)
class Graded:
    """One answer and what became of it."""

    text: str
    num_tokens: int
    verdict: Verdict
    well_formed: bool
    repetition: float
    language: float | None
    """Share of its words in the question's language; None where there are none."""


def evaluate(
    benchmark: str,
    problems: Sequence[Problem],
    answerer: Answerer,
    grade: Grade,
    *,
    k: int,
    drawing: Drawing,
    model_hash: str,
    template: str = "",
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> Evaluation:
    """Sample and grade k answers to each problem and score them.

    A truncated answer is wrong without being graded; one that could not be had is undecided, which counts as wrong in
    every score. Problems that no rule decides are in no score. Raises DataError for no or repeated problems,
    MachineError where answers are missing.
    """
    _check_problems(benchmark, problems)
    graded_PK = _grade_all(problems, answerer.answers(benchmark, problems, k, drawing), grade, k, on_progress)
    ruled_PK = [answers for problem, answers in zip(problems, graded_PK, strict=True) if problem.has_rule]
    every = list(chain.from_iterable(graded_PK))
    worded = [answer.language for answer in every if answer.language is not None]
    reasoning = any(problem.domain in REASONING for problem in problems)
    return Evaluation(
        benchmark=benchmark,
        model_hash=model_hash,
        num_problems=len(problems),
        k=k,
        seed=drawing.seed,
        scores=score(ruled_PK, seed_of(drawing.seed, benchmark, "bootstrap")),
        format_rate=sum(answer.well_formed for answer in every) / len(every),
        mean_tokens=sum(answer.num_tokens for answer in every) / len(every),
        repetition_rate=sum(answer.repetition for answer in every) / len(every),
        undecided_frac=sum(answer.verdict.failed for answer in every) / len(every),
        sampling={
            "temperature": drawing.temperature,
            "top_p": drawing.top_p,
            "max_new_tokens": float(drawing.max_new_tokens),
        },
        problems=[_record(problem, answers) for problem, answers in zip(problems, graded_PK, strict=True)],
        template=template,
        language_consistency=sum(worded) / len(worded) if worded else None,
        refusal_rate=None if reasoning else sum(refuses(answer.text) for answer in every) / len(every),
    )


def score(graded_PK: Sequence[Sequence[Graded]], seed: int) -> dict[str, Interval]:
    """pass@1, pass@k and cons@k, each with its interval; `pass@1_formatted`, among the well-formed answers, where there
    is one. No problems, no scores."""
    if not graded_PK:
        return {}
    outcomes_PK = [[answer.verdict.outcome for answer in answers] for answers in graded_PK]
    k = len(outcomes_PK[0])
    scores = {
        "pass@1": bootstrap([pass_at_1(outcomes) for outcomes in outcomes_PK], seed=seed),
        "pass@k": bootstrap([pass_at_k(k, outcomes.count("correct"), k) for outcomes in outcomes_PK], seed=seed),
        "cons@k": bootstrap(
            [
                cons_at_k([answer.verdict.extracted for answer in answers], outcomes)
                for answers, outcomes in zip(graded_PK, outcomes_PK, strict=True)
            ],
            seed=seed,
        ),
    }
    formatted_PK = [[answer for answer in answers if answer.well_formed] for answers in graded_PK]
    if any(formatted_PK):
        correct_P = [float(sum(a.verdict.outcome == "correct" for a in answers)) for answers in formatted_PK]
        num_formatted_P = [float(len(answers)) for answers in formatted_PK]
        scores["pass@1_formatted"] = bootstrap(correct_P, num_formatted_P, seed=seed)
    return scores


def _check_problems(benchmark: str, problems: Sequence[Problem]) -> None:
    if not problems:
        raise DataError(f"{benchmark} has no problems.", cure="Check its file, or ask for at least one.")
    seen: set[str] = set()
    for problem in problems:
        if problem.id in seen:
            raise DataError(f"{benchmark}: two problems have the id {problem.id!r}.", cure="Ids must be unique.")
        seen.add(problem.id)


def _grade_all(
    problems: Sequence[Problem],
    answers: Iterable[Answer],
    grade: Grade,
    k: int,
    on_progress: Callable[[Progress], None],
) -> list[list[Graded]]:
    """Answers to graded answers by [problem][sample], whatever order they come in."""
    pending: deque[tuple[Answer, Future[Verdict]]] = deque()
    found_PK: list[list[Graded | None]] = [[None] * k for _ in problems]
    num_sampled = num_graded = num_correct = 0

    def settle(block: bool) -> None:
        nonlocal num_graded, num_correct
        while pending and (block or pending[0][1].done()):
            answer, future = pending.popleft()
            verdict = future.result()
            found_PK[answer.problem_index][answer.sample_index] = _graded(
                answer, problems[answer.problem_index].language, verdict
            )
            num_graded += 1
            num_correct += verdict.outcome == "correct"
            on_progress(Progress(num_sampled, len(problems) * k, num_graded, num_correct))

    for answer in answers:
        pending.append((answer, _verdict_of(answer, problems[answer.problem_index], grade)))
        num_sampled += 1
        settle(block=False)
        on_progress(Progress(num_sampled, len(problems) * k, num_graded, num_correct))
    settle(block=True)
    check_complete(found_PK)
    return [[answer for answer in row if answer is not None] for row in found_PK]


def _verdict_of(answer: Answer, problem: Problem, grade: Grade) -> Future[Verdict]:
    if answer.finish == "aborted":
        return known(NO_REPLY)
    verdict = settled(problem, answer.finish)
    return grade(problem, answer.text) if verdict is None else known(verdict)


def _graded(answer: Answer, language: str, verdict: Verdict) -> Graded:
    formed = well_formed(answer.text, opened=answer.opened, cut_off=answer.finish == "length")
    has_form = answer.finish != "aborted" and formed
    share = language_share(answer.text, language)
    return Graded(answer.text, answer.num_tokens, verdict, has_form, repetition(answer.text), share)


def _record(problem: Problem, answers: Sequence[Graded]) -> dict[str, Json]:
    return {
        "id": problem.id,
        "source": problem.source,
        "difficulty": problem.difficulty,
        "prompt": problem.messages[-1]["content"],
        "reference": _shown_reference(problem),
        "outcomes": "".join(LETTERS[answer.verdict.outcome] for answer in answers),
        "reasons": [answer.verdict.reason for answer in answers],
        "answers": [answer.verdict.extracted for answer in answers],
        "tokens": [answer.num_tokens for answer in answers],
        "format": [answer.well_formed for answer in answers],
        "sample": answers[0].text[:MAX_SAMPLE_CHARS],
    }


def _shown_reference(problem: Problem) -> Json:
    """The gold answer for people: where the reference is a verifier's own record, the row's answer if it has one."""
    reference = problem.reference
    return problem.metadata.get("answer", reference) if isinstance(reference, dict) else reference
