"""General data for the second fine-tuning: rows of files → checked → a thought written first for some → filtered.

DeepSeek-R1 (2501.12948, 2.3.3) takes writing, questions, self-knowledge and translation from earlier data, has a model
write a thought before some of the answers, and none before a greeting's.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from aha.config.data_stages import GeneralStage
from aha.evaluation.contamination import open_leaks
from aha.evaluation.runner import pool_grade
from aha.rollouts.asking import Writing, ask_writer, verdicts
from aha.rollouts.cold_start import THOUGHT, question, worded
from aha.rollouts.example_rows import Row, example_row
from aha.rollouts.general import GeneralRow, read_general
from aha.rollouts.quality import SHOWN_CHARS, Candidate, filter_candidates
from aha.runtime.seeds import seed_of
from aha.stages.graph import Node
from aha.stages.making import Making, making
from aha.stages.session import Session, worker_pool
from aha.text.answers import final_text
from aha.text.response import Response, join_response
from aha.types import Verdict


def run(session: Session, node: Node) -> None:
    """The stage; rank 0 alone."""
    stage = node.stage
    assert isinstance(stage, GeneralStage)
    if session.world.rank == 0:
        with making(session, node) as work:
            work.finish(general_data(work, stage))
    session.world.barrier()


def general_data(work: Making, stage: GeneralStage) -> list[Row]:
    """All rows that are left."""
    data = read_general(stage.files)
    for problem in data.problems:
        work.session.tell(f"{work.node.name}: {problem}")
    work.counts |= {"rows": len(data.rows), "broken": data.num_broken}
    with work.clock.phase("verify"):
        passed = checked(work, stage, data.rows)
    with work.clock.phase("write"):
        thoughts = write_thoughts(work, stage, [row for row, _ in passed if row.wants_thought])
    written = iter(thoughts)
    candidates = []
    for row, verdict in passed:
        response: Response | None = row.response
        if row.wants_thought:
            thought = next(written)
            response = None if thought is None else Response(thought, row.response.summary)
        if response is not None:
            text = join_response(response)
            candidates.append(Candidate(row.problem, text, response, verdict, len(text.split())))
    leaks = open_leaks(stage.filters.decontaminate, stage.filters.near_duplicate)
    filtered = filter_candidates(candidates, stage.filters, leaks.of)
    work.dropped_examples["rows"] = dict(filtered.examples())
    work.tell_dropped("rows", filtered.counts(), len(filtered.kept))
    categories = Counter(str(candidate.problem.metadata["category"]) for candidate in filtered.kept)
    work.counts["categories"] = dict(sorted(categories.items()))
    return [general_row_of(candidate, stage) for candidate in filtered.kept]


def general_row_of(candidate: Candidate, stage: GeneralStage) -> Row:
    """The row; how many tokens it has depends on who reads it."""
    row = example_row(candidate, "general", stage.filters)
    del row["tokens"]
    return row


def checked(work: Making, stage: GeneralStage, rows: Sequence[GeneralRow]) -> list[tuple[GeneralRow, Verdict | None]]:
    """Rows without those that a check of their own refuses; what became of the checks is counted."""
    asked = [row for row in rows if row.problem.has_rule]
    with worker_pool(stage.engine) as pool:
        texts = [(row.problem, row.response.summary) for row in asked]
        found = iter(verdicts(pool_grade(pool), texts, work.busy))
    passed: list[tuple[GeneralRow, Verdict | None]] = []
    refused: Counter[str] = Counter()
    for row in rows:
        verdict = next(found) if row.problem.has_rule else None
        if verdict is None or verdict.outcome == "correct":
            passed.append((row, verdict))
        else:
            refused[verdict.outcome] += 1
            example = {"problem": row.problem.id, "why": verdict.reason, "text": row.response.summary[:SHOWN_CHARS]}
            work.dropped_examples.setdefault("checks", example)
    work.counts |= {"checked": len(asked), "checks_failed": refused["wrong"], "checks_undecided": refused["undecided"]}
    return passed


def write_thoughts(work: Making, stage: GeneralStage, rows: Sequence[GeneralRow]) -> list[str | None]:
    """What one thinks before each answer; None where the writer gave none."""
    settings = stage.writer
    if settings is None or not rows:
        return [None] * len(rows)
    tasks = [
        Writing(
            thought_prompt(stage, row),
            seed_of(work.seed, work.node.name, "thought", row.problem.source, row.problem.id),
            {"category": row.category, "language": row.problem.language},
        )
        for row in rows
    ]
    with work.writer("writer", settings, stage.engine) as writer:
        replies = ask_writer(writer, settings, "thought", tasks, work.busy)
    work.count_replies("thoughts", replies)
    found = [None if reply.finish != "stop" else bare(reply.text) for reply in replies]
    work.counts["thoughts_unusable"] = found.count(None) - int(str(work.counts["thoughts_lost"]))
    return found


def thought_prompt(stage: GeneralStage, row: GeneralRow) -> str:
    """What the writer is asked."""
    return worded(
        stage.prompt or THOUGHT,
        row.problem.language,
        "prompt",
        question=question(row.problem),
        answer=row.response.summary,
    )


def bare(text: str) -> str | None:
    """A written thought without tags; what a writer thinks before it writes is no part of it. None: nothing is left."""
    said = final_text(text) or ""
    if not said:  # the thought was put in tags, with nothing behind it
        said = text.rpartition("</think>")[0].rpartition("<think>")[2]
    said = said.replace("<think>", "").strip()
    return said or None
