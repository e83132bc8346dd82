"""Rejection sampling: many answers to each problem, of which those that are correct and readable become training data.

problems → answers → verdicts, by rules or by a judge → filters → rows (DeepSeek-R1, 2501.12948, 2.3.3).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from aha.config.data_stages import RejectionStage
from aha.evaluation.contamination import open_leaks
from aha.evaluation.runner import NO_REPLY, pool_grade
from aha.rollouts.asking import Answered, ask_watched, verdicts
from aha.rollouts.example_rows import example_row, length_pair_row
from aha.rollouts.grading import TRUNCATED, UNRULED
from aha.rollouts.judge import Judged, request_of, verdict_of
from aha.rollouts.length_pairs import length_pairs
from aha.rollouts.problems import load_tasks
from aha.rollouts.quality import Candidate, filter_candidates
from aha.runtime.seeds import seed_of
from aha.stages.graph import Node
from aha.stages.making import Making, making
from aha.stages.session import Session, worker_pool
from aha.tasks.budget import asked_for
from aha.text.answers import final_text
from aha.text.response import Response, split_response
from aha.types import JUDGE, Json, Problem, Verdict

NO_ANSWER = Verdict("wrong", None, "no_answer")


def run(session: Session, node: Node) -> None:
    """The stage; rank 0 alone."""
    stage = node.stage
    assert isinstance(stage, RejectionStage)
    if session.world.rank == 0:
        with making(session, node) as work:
            candidates, kept = sample_and_filter(work, stage)
            told = [with_budget(each, stage.budget) for each in kept]
            rows = [example_row(each, "rejection", stage.filters) for each in told]
            if stage.leaves == "pairs":
                pairs = length_pairs(candidates, kept, stage.filters.max_kept)
                work.counts["pairs"] = dict(Counter(pair.reason for pair in pairs))
                rows = [length_pair_row(pair) for pair in pairs]
            work.finish(rows, stage.min_kept)
    session.world.barrier()


def with_budget(candidate: Candidate, key: str | None) -> Candidate:
    """The answer to a question that asks for as many tokens as it took; the same one where `key` is None."""
    if key is None:
        return candidate
    return replace(candidate, problem=asked_for(candidate.problem, key, candidate.num_tokens))


def sample_and_filter(work: Making, stage: RejectionStage) -> tuple[list[Candidate], list[Candidate]]:
    """All samples, and those to learn from, in the order of the problems."""
    leaks = open_leaks(stage.filters.decontaminate, stage.filters.near_duplicate)
    with work.clock.phase("sample"):
        answered = ask(work, stage)
    candidates = [
        Candidate(
            problem=each.problem,
            text=each.reply.text,
            response=response_of(each.reply.text),
            verdict=verdict,
            num_tokens=each.reply.num_tokens,
            sample_index=each.sample_index,
        )
        for each, verdict in zip(answered, graded(work, stage, answered), strict=True)
    ]
    with work.clock.phase("filter"):
        filtered = filter_candidates(candidates, stage.filters, leaks.of)
    work.dropped_examples["answers"] = dict(filtered.examples())
    work.tell_dropped("answers", filtered.counts(), len(filtered.kept))
    work.more["by_domain"] = table(candidates, filtered.kept, lambda problem: problem.domain)
    work.more["by_task"] = table(candidates, filtered.kept, lambda problem: problem.source)
    return candidates, filtered.kept


def ask(work: Making, stage: RejectionStage) -> list[Answered]:
    """`num_samples` answers to each problem."""
    if stage.num_problems is None:
        problems = [problem for task in load_tasks(stage.data) for problem in task.problems()]
    else:
        problems = work.problems(stage.data, stage.num_problems)
    return work.answers(stage, problems, stage.num_parallel)


def graded(work: Making, stage: RejectionStage, answered: Sequence[Answered]) -> list[Verdict]:
    """A verdict on each answer: at once where none is needed, else by its problem's rule or by the judge."""
    found = {place: verdict for place, each in enumerate(answered) if (verdict := settled(each)) is not None}
    ruled = [place for place, each in enumerate(answered) if place not in found and each.problem.has_rule]
    with work.clock.phase("verify"), worker_pool(stage.engine) as pool:
        asked = [(answered[place].problem, answered[place].reply.text) for place in ruled]
        found |= dict(zip(ruled, verdicts(pool_grade(pool), asked, work.busy), strict=True))
    others = [place for place in range(len(answered)) if place not in found]
    with work.clock.phase("judge"):
        found |= judged(work, stage, {place: answered[place] for place in others})
    return [found[place] for place in range(len(answered))]


def settled(each: Answered) -> Verdict | None:
    """The verdict that nobody must be asked for: on an answer that could not be had or was cut off, on one without a
    summary where a judge would decide, on a problem about which nothing decides. None: it must be asked for."""
    if each.reply.finish == "aborted":
        return NO_REPLY
    if not each.problem.has_rule and each.problem.verifier.name != JUDGE:
        return UNRULED
    if each.reply.finish == "length":
        return TRUNCATED
    return NO_ANSWER if not each.problem.has_rule and response_of(each.reply.text) is None else None


def response_of(text: str) -> Response | None:
    """Thought and summary as they were graded: in R1-Zero's form the summary keeps its answer tags."""
    found = split_response(text)
    return None if found is None else Response(found.thought, final_text(text) or found.summary)


def judged(work: Making, stage: RejectionStage, answered: dict[int, Answered]) -> dict[int, Verdict]:
    """Verdicts by the judge, who sees summaries alone."""
    if not answered:
        return {}
    assert stage.judge is not None, "preflight refuses problems for a judge without one"
    cases = []
    for each in answered.values():
        response = response_of(each.reply.text)
        assert response is not None
        cases.append(Judged(each.problem, response.summary))
    seed = seed_of(work.seed, work.node.name)
    requests = [request_of(case, stage.judge, seed) for case in cases]
    with work.writer("judge", stage.judge, stage.engine) as judge:
        replies = ask_watched(judge, requests, "judging", work.busy)
    work.count_replies("judgements", replies)
    found = [verdict_of(reply) for reply in replies]
    work.counts["judgements_unreadable"] = sum(verdict.reason == "unreadable" for verdict in found)
    return dict(zip(answered, found, strict=True))


def table(
    candidates: Iterable[Candidate], kept: Iterable[Candidate], name_of: Callable[[Problem], str]
) -> dict[str, dict[str, Json]]:
    """By name: problems, samples, correct ones, kept ones and their mean tokens, as in the paper's table."""
    rows: dict[str, dict[str, Json]] = {}
    problems: dict[str, set[tuple[str, str]]] = {}
    for each in candidates:
        name = name_of(each.problem)
        row = rows.setdefault(name, {"problems": 0, "samples": 0, "correct": 0, "kept": 0, "mean_tokens": None})
        problems.setdefault(name, set()).add((each.problem.source, each.problem.id))
        row["problems"] = len(problems[name])
        row["samples"] += 1
        row["correct"] += each.verdict is not None and each.verdict.outcome == "correct"
    tokens: dict[str, list[int]] = {}
    for each in kept:
        tokens.setdefault(name_of(each.problem), []).append(each.num_tokens)
    for name, found in tokens.items():
        rows[name] |= {"kept": len(found), "mean_tokens": round(sum(found) / len(found), 1)}
    return rows
