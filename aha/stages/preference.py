"""Preferences: answers of a model, compared or labelled by a judge; what reward models are trained on.

helpful: problems → answers → their summaries in pairs → judged in both orders → clear ones, lengths balanced → pairs.
safe: problems → answers → whole responses judged → labels.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from itertools import combinations

from aha.config.data_stages import PreferenceStage
from aha.rollouts.asking import Answered, ask_watched
from aha.rollouts.preferences import (
    LABELS,
    VERDICTS,
    Contest,
    balanced,
    compare_requests,
    contest_margin,
    for_first,
    majority,
    read_verdict,
    safety_requests,
)
from aha.rollouts.quality import SHOWN_CHARS
from aha.runtime.seeds import seed_of
from aha.stages.graph import Node
from aha.stages.making import Making, making
from aha.stages.session import Session
from aha.text.judged import shown
from aha.types import Json, Problem, Sees

Row = dict[str, Json]
WHY = {
    "truncated": "the limit cut it off",
    "nothing_to_see": "nothing follows its thought",
    "same_again": "the same was answered before",
}
"""What is dropped before a judge is asked, and the reason in words."""


@dataclass(slots=True, frozen=True)
class Sampled:
    """An answer as it was given, and the part of it that its judge sees."""

    problem: Problem
    sample_index: int
    text: str
    seen: str


def run(session: Session, node: Node) -> None:
    """The stage; rank 0 alone."""
    stage = node.stage
    assert isinstance(stage, PreferenceStage)
    if session.world.rank == 0:
        with making(session, node) as work:
            with work.clock.phase("sample"):
                problems = work.problems(stage.data, stage.num_problems)
                answers = usable(work, stage, work.answers(stage, problems, stage.judge.num_parallel))
            with work.clock.phase("judge"):
                rows = pairs(work, stage, answers) if stage.question == "helpful" else labels(work, stage, answers)
            work.finish(rows)
    session.world.barrier()


def usable(work: Making, stage: PreferenceStage, answered: list[Answered]) -> list[Sampled]:
    """The answers that a judge can be shown: whole ones with something to see, each once a problem."""
    sees: Sees = "summary" if stage.question == "helpful" else "response"
    dropped: Counter[str] = Counter(dict.fromkeys(WHY, 0))
    examples: dict[str, Json] = {}
    found: dict[tuple[str, str, str], Sampled] = {}
    for each in answered:
        if each.reply.finish == "aborted":
            continue
        rule, seen = None, shown(each.reply.text, sees) or ""
        sampled = Sampled(each.problem, each.sample_index, each.reply.text.strip(), seen)
        if each.reply.finish == "length":
            rule = "truncated"
        elif not seen:
            rule = "nothing_to_see"
        elif found.setdefault((each.problem.source, each.problem.id, seen), sampled) is not sampled:
            rule = "same_again"
        if rule is not None:
            dropped[rule] += 1
            shown_one = {"problem": each.problem.id, "why": WHY[rule], "text": each.reply.text[:SHOWN_CHARS]}
            examples.setdefault(rule, shown_one)
    work.dropped_examples["answers"] = dict(examples)
    work.tell_dropped("answers", dropped, len(found))
    return list(found.values())


def pairs(work: Making, stage: PreferenceStage, answers: list[Sampled]) -> list[Row]:
    """All pairs of a problem's answers of which the judge clearly prefers one, balanced in length."""
    by_problem: dict[tuple[str, str], list[Sampled]] = {}
    for each in answers:
        by_problem.setdefault((each.problem.source, each.problem.id), []).append(each)
    contests = [pair for members in by_problem.values() for pair in combinations(members, 2)]
    count, seed = stage.num_judgements, seed_of(work.seed, work.node.name)
    requests = [
        request
        for one, other in contests
        for request in compare_requests(
            Contest(one.problem, one.seen, other.seen), stage.judge, stage.principles, count, seed
        )
    ]
    with work.writer("judge", stage.judge, stage.engine) as judge:
        replies = ask_watched(judge, requests, "judging", work.busy)
    work.count_replies("judgements", replies)
    numbers = [read_verdict(reply, VERDICTS) for reply in replies]
    work.counts["judgements_undecided"] = sum(number is None for number in numbers)
    dropped: Counter[str] = Counter(undecided=0, unclear=0, unbalanced=0)
    kept: list[tuple[Sampled, Sampled, float, list[int | None]]] = []
    for place, (one, other) in enumerate(contests):
        given = for_first(numbers[place * count : (place + 1) * count])
        margin = contest_margin(given)
        if margin is None or abs(margin) <= stage.min_margin:
            dropped["undecided" if margin is None else "unclear"] += 1
        elif margin > 0:
            kept.append((one, other, margin, given))
        else:
            kept.append((other, one, -margin, [None if number is None else -number for number in given]))
    if stage.balance_length:
        stay = balanced([len(better.seen) - len(worse.seen) for better, worse, _, _ in kept], seed)
        dropped["unbalanced"] = len(kept) - len(stay)
        kept = [kept[place] for place in stay]
    work.tell_dropped("pairs", dropped, len(kept))
    work.counts["chosen_chars"] = sum(len(better.seen) for better, *_ in kept)
    work.counts["rejected_chars"] = sum(len(worse.seen) for _, worse, *_ in kept)
    return [pair_row(*each) for each in kept]


def pair_row(better: Sampled, worse: Sampled, margin: float, judgements: list[int | None]) -> Row:
    """A preference in TRL's columns; answers are whole, judgements in favour of the chosen one."""
    first, second = sorted((better.sample_index, worse.sample_index))
    return row_of(better.problem, f"{first}-{second}") | {
        "chosen": better.text,
        "rejected": worse.text,
        "margin": margin,
        "judgements": judgements,
    }


def labels(work: Making, stage: PreferenceStage, answers: list[Sampled]) -> list[Row]:
    """Whole responses with what most judgements say."""
    count, seed = stage.num_judgements, seed_of(work.seed, work.node.name)
    requests = [
        request
        for each in answers
        for request in safety_requests(each.problem, each.seen, stage.judge, stage.principles, count, seed)
    ]
    with work.writer("judge", stage.judge, stage.engine) as judge:
        replies = ask_watched(judge, requests, "judging", work.busy)
    work.count_replies("judgements", replies)
    numbers = [read_verdict(reply, LABELS) for reply in replies]
    work.counts["judgements_undecided"] = sum(number is None for number in numbers)
    rows: list[Row] = []
    for place, each in enumerate(answers):
        given = numbers[place * count : (place + 1) * count]
        label = majority(given)
        if label is not None:
            found: Row = {"completion": each.text, "label": label, "judgements": given}
            rows.append(row_of(each.problem, f"{each.sample_index}") | found)
    work.tell_dropped("labels", {"undecided": len(answers) - len(rows)}, len(rows))
    work.counts |= {"safe": sum(row["label"] for row in rows), "unsafe": sum(not row["label"] for row in rows)}
    return rows


def row_of(problem: Problem, which: str) -> Row:
    """What every row says of its problem."""
    return {
        "id": f"{problem.source}/{problem.id}/{which}",
        "prompt": [dict(message) for message in problem.messages],
        "source": problem.source,
        "domain": problem.domain,
        "language": problem.language,
    }
