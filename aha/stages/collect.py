"""Cold start: long, readable solutions, collected in one of four ways that leave the same record.

few-shot or direct: problems → answers → read, graded, filtered → rows. rewrite: R1-Zero's answers → graded, filtered →
written anew → graded, filtered again → rows. reviewed: what people accepted or edited → rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from aha.config.data_stages import CollectStage
from aha.errors import DataError
from aha.evaluation.contamination import open_leaks
from aha.evaluation.runner import pool_grade
from aha.rollouts.asking import Answered, Grade, ask_writer, rewriting, verdicts
from aha.rollouts.cold_start import (
    DIRECT,
    EXAMPLE,
    FEWSHOT,
    REWRITE,
    answer_of,
    asked_with,
    chosen_examples,
    question,
    read_response,
    shown,
    worded,
)
from aha.rollouts.example_rows import Row, example_row
from aha.rollouts.grading import TRUNCATED
from aha.rollouts.quality import Candidate, Leaks, filter_candidates
from aha.rollouts.reviewed import read_reviewed
from aha.rollouts.worked import BUILT_IN, WorkedExample, read_worked
from aha.runtime.seeds import seed_of
from aha.stages.graph import Node
from aha.stages.making import Making, counts_text, making
from aha.stages.session import Session, worker_pool
from aha.text.response import Response, join_response, split_response
from aha.types import Message, Problem

if TYPE_CHECKING:
    from aha.engines.words import WordsReply


def run(session: Session, node: Node) -> None:
    """The stage; rank 0 alone."""
    stage = node.stage
    assert isinstance(stage, CollectStage)
    if session.world.rank == 0:
        with making(session, node) as work:
            work.finish(reviewed(work, stage) if stage.way == "reviewed" else collected(work, stage))
    session.world.barrier()


def collected(work: Making, stage: CollectStage) -> list[Row]:
    """Rows of what models wrote."""
    with worker_pool(stage.engine) as pool:
        grade = pool_grade(pool)
        leaks = open_leaks(stage.filters.decontaminate, stage.filters.near_duplicate).of
        with work.clock.phase("sample"):
            answered = ask(work, stage)
        read = as_they_are if stage.way == "rewrite" else partial(read_answer, stage)
        kept = graded(work, stage, "answers", answered, read, grade, leaks)
        if stage.way == "rewrite":
            with work.clock.phase("rewrite"):
                written = rewrite(work, stage, kept)
            kept = graded(work, stage, "rewrites", written, partial(read_answer, stage), grade, leaks)
    return [example_row(candidate, stage.way, stage.filters) for candidate in kept]


def ask(work: Making, stage: CollectStage) -> list[Answered]:
    """`num_samples` answers to each problem."""
    assert stage.data is not None
    problems = work.problems(stage.data, stage.num_problems)
    return work.answers(stage, problems, stage.num_parallel, asking(work, stage))


def asking(work: Making, stage: CollectStage) -> Callable[[Problem], Sequence[Message]]:
    """How a problem is put to the model: by the way's wording; to R1-Zero as it is."""
    if stage.way == "rewrite":
        return lambda problem: problem.messages
    examples: Sequence[WorkedExample] = ()
    if stage.way == "fewshot":
        examples = read_worked(Path(work.node.places["examples"])) if stage.examples else BUILT_IN
    wording = stage.prompt or (FEWSHOT if stage.way == "fewshot" else DIRECT)
    seed = seed_of(work.seed, work.node.name, "examples")

    def messages(problem: Problem) -> Sequence[Message]:
        chosen = chosen_examples(examples, problem, stage.num_examples, seed)
        pages = "\n\n".join(shown(example, stage.example or EXAMPLE) for example in chosen)
        text = worded(wording, problem.language, "prompt", question=question(problem), examples=pages)
        return asked_with(problem, text)

    return messages


Read = Callable[[Answered], Response | None]


def as_they_are(answered: Answered) -> Response | None:
    """R1-Zero's own form."""
    return split_response(answered.reply.text)


def read_answer(stage: CollectStage, answered: Answered) -> Response | None:
    """Thought and summary in what was written; None where one of them is missing."""
    found = read_response(answered.reply.text, answered.problem.language, stage.summary, stage.end)
    return None if found is None or found.thought is None else found


def graded(
    work: Making, stage: CollectStage, name: str, answered: Sequence[Answered], read: Read, grade: Grade, leaks: Leaks
) -> list[Candidate]:
    """Those that pass the filters, graded on the text that would be trained on."""
    had = [each for each in answered if each.reply.finish != "aborted"]
    responses = [read(each) for each in had]
    texts = [
        each.reply.text if response is None or read is as_they_are else join_response(response)
        for each, response in zip(had, responses, strict=True)
    ]
    asked = [(each.problem, text) for each, text in zip(had, texts, strict=True)]
    with work.clock.phase("verify"):
        found = verdicts(grade, asked, work.busy)
    candidates = [
        Candidate(
            problem=each.problem,
            text=text,
            response=response,
            verdict=TRUNCATED if is_cut(each.reply, stage.end) else verdict,
            num_tokens=each.reply.num_tokens,
            sample_index=each.sample_index,
        )
        for each, text, response, verdict in zip(had, texts, responses, found, strict=True)
    ]
    filtered = filter_candidates(candidates, stage.filters, leaks)
    work.dropped_examples[name] = dict(filtered.examples())
    work.tell_dropped(name, filtered.counts(), len(filtered.kept))
    return filtered.kept


def is_cut(reply: WordsReply, end: str | None) -> bool:
    """Whether the limit cut the answer before it had ended."""
    return reply.finish == "length" and (end is None or end not in reply.text)


def rewrite(work: Making, stage: CollectStage, kept: Sequence[Candidate]) -> list[Answered]:
    """Thoughts and summaries in readable form, in the order of the answers."""
    settings = stage.writer
    assert settings is not None
    tasks = [
        rewriting(
            candidate.problem,
            rewriting_prompt(stage, candidate),
            work.seed,
            work.node.name,
            "rewrite",
            candidate.sample_index,
        )
        for candidate in kept
    ]
    with work.writer("writer", settings, stage.engine) as writer:
        replies = ask_writer(writer, settings, "rewrite", tasks, work.busy)
    work.count_replies("rewrites", replies)
    return [Answered(each.problem, each.sample_index, reply) for each, reply in zip(kept, replies, strict=True)]


def rewriting_prompt(stage: CollectStage, candidate: Candidate) -> str:
    """What the writer is asked."""
    response, problem = candidate.response, candidate.problem
    assert response is not None
    return worded(
        stage.prompt or REWRITE,
        problem.language,
        "prompt",
        question=question(problem),
        thought=response.thought or "",
        answer=answer_of(candidate.text) or response.summary,
    )


def reviewed(work: Making, stage: CollectStage) -> list[Row]:
    """Rows that people accepted or edited."""
    assert stage.examples is not None
    path = Path(work.node.places["examples"])
    found = read_reviewed(path, stage.filters)
    work.counts |= found.counts
    for problem in found.problems:
        work.session.tell(f"{work.node.name}: {problem}")
    if not found.rows:
        problem = f"Nothing in {path} was accepted or edited ({counts_text(work.counts)})."
        raise DataError(problem, cure="Review the examples with `aha review` and export them.")
    return found.rows
