"""What data stages write for fine-tuning: one row a conversation (or a pair), where it comes from, what was checked."""

from __future__ import annotations

from pathlib import PurePath
from typing import Literal

from aha.config.data_stages import FilterSettings
from aha.rollouts.length_pairs import LengthPair
from aha.rollouts.quality import Candidate, reading_faults_of
from aha.text.response import Response, join_response
from aha.types import Json, Verdict

Origin = Literal["fewshot", "direct", "rewrite", "reviewed", "rejection", "general"]
Row = dict[str, Json]


def example_row(candidate: Candidate, origin: Origin, settings: FilterSettings) -> Row:
    """A kept sample as a row: `messages` end with the whole response, thought first."""
    problem, response = candidate.problem, candidate.response
    assert response is not None
    answer = {"role": "assistant", "content": join_response(response)}
    category = problem.metadata.get("category")
    return {
        "id": f"{PurePath(problem.source).name}/{problem.id}/{candidate.sample_index}",
        "messages": [*map(dict, problem.messages), answer],
        "domain": problem.domain,
        "language": problem.language,
        "source": problem.source,
        "origin": origin,
        **({} if category is None else {"category": category}),
        "tokens": candidate.num_tokens,
        "checks": checks(response, problem.language, candidate.verdict, settings),
    }


def length_pair_row(pair: LengthPair) -> Row:
    """A pair of answers as a row, in TRL's columns; answers are whole, thought first."""
    problem, better, worse = pair.chosen.problem, pair.chosen.response, pair.rejected.response
    assert better is not None
    assert worse is not None
    which = f"{pair.chosen.sample_index}-{pair.rejected.sample_index}"
    return {
        "id": f"{PurePath(problem.source).name}/{problem.id}/{which}",
        "prompt": [*map(dict, problem.messages)],
        "chosen": join_response(better),
        "rejected": join_response(worse),
        "reason": pair.reason,
        "chosen_tokens": pair.chosen.num_tokens,
        "rejected_tokens": pair.rejected.num_tokens,
        "domain": problem.domain,
        "language": problem.language,
        "source": problem.source,
    }


def checks(response: Response, language: str, verdict: Verdict | None, settings: FilterSettings) -> dict[str, Json]:
    """What was looked at: correct (None where nothing decided), readable, in one language, without repetition."""
    faults = set(reading_faults_of(response, language, settings))
    is_decided = verdict is not None and verdict.outcome != "undecided"
    return {
        "correct": verdict.outcome == "correct" if verdict is not None and is_decided else None,
        "readable": not faults & {"long_paragraph", "code_block"},
        "language_ok": "mixed_language" not in faults,
        "no_repeat": "repetition" not in faults,
    }
