"""Which sampled texts are good enough to learn from: rules in a fixed order; a sample falls to the first it breaks.

DeepSeek-R1 (2501.12948, 2.3.3) keeps correct answers and drops thoughts with mixed languages, long paragraphs and code
blocks; loops, copies and leaked benchmark texts are dropped for the same reason. The limits are settings.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from aha.config.data_stages import FilterSettings
from aha.rollouts.duplicates import first_alike, own_shingles, shingles
from aha.text.ngrams import words
from aha.text.readability import Readability, reading_faults
from aha.text.response import Response, response_fault
from aha.types import Problem, Verdict

RULES = (
    "undecided",
    "wrong",
    "malformed",
    "too_long",
    "mixed_language",
    "long_paragraph",
    "code_block",
    "repetition",
    "leaked",
    "duplicate",
    "near_duplicate",
    "over_cap",
)
"""Why a sample is dropped, in the order in which the rules are applied. The first nine look at one sample alone; copies
and the cap count among those that passed them, shortest first."""
UNREADABLE = ("mixed_language", "long_paragraph", "code_block", "repetition")
IN_SUMMARY = ("long_paragraph", "repetition")
"""What is looked for outside thoughts too: an answer may be code, or a translation."""
SHOWN_CHARS = 600


@dataclass(slots=True, frozen=True)
class Candidate:
    """One sampled response to one problem."""

    problem: Problem
    text: str
    """The whole response, with the `<think>` that the prompt may have opened."""
    response: Response | None
    """Its thought and summary (`split_response(text)`); None where it is not of that form."""
    verdict: Verdict | None
    """None where nobody looked: undecided, where `FilterSettings.correct` asks."""
    num_tokens: int
    """Of the whole response."""
    sample_index: int = 0
    """Which sample of its problem, from 0."""


@dataclass(slots=True, frozen=True)
class Dropped:
    """A sample that broke a rule."""

    candidate: Candidate
    rule: str
    why: str
    """For people: which benchmark item, which sample it is a copy of, why the verdict was not correct."""


@dataclass(slots=True, frozen=True)
class Filtered:
    """What passed, in the order in which it came, and what did not."""

    kept: list[Candidate]
    dropped: list[Dropped]

    def counts(self) -> dict[str, int]:
        """Samples dropped, by every rule in order, 0 included."""
        rules = [each.rule for each in self.dropped]
        return {rule: rules.count(rule) for rule in RULES}

    def examples(self) -> dict[str, dict[str, str]]:
        """The first sample that each rule dropped: problem, why, and the start of its text."""
        found: dict[str, dict[str, str]] = {}
        for each in self.dropped:
            text = each.candidate.text[:SHOWN_CHARS]
            found.setdefault(each.rule, {"problem": each.candidate.problem.id, "why": each.why, "text": text})
        return found


Leaks = Callable[[Candidate], str | None]
"""Which benchmark item a sample shares a passage with (`decontamination.Leaks.of`); None for none."""


def filter_candidates(
    candidates: Sequence[Candidate], settings: FilterSettings, leaks: Leaks = lambda candidate: None
) -> Filtered:
    """Apply every rule. The outcome depends on the candidates and their order alone."""
    found: dict[int, tuple[str, str]] = {}
    for place, candidate in enumerate(candidates):
        broken = _broken_alone(candidate, settings, leaks)
        if broken is not None:
            found[place] = broken
    clean = [place for place in range(len(candidates)) if place not in found]
    for places in _by_question([candidates[place].problem for place in clean], settings.near_duplicate):
        group = sorted((clean[place] for place in places), key=lambda place: (candidates[place].num_tokens, place))
        found.update(_broken_together(candidates, group, settings))
    return Filtered(
        kept=[candidate for place, candidate in enumerate(candidates) if place not in found],
        dropped=[Dropped(candidates[place], *found[place]) for place in sorted(found)],
    )


def _broken_alone(candidate: Candidate, settings: FilterSettings, leaks: Leaks) -> tuple[str, str] | None:
    """The first of the rules on one sample that it breaks, and why."""
    verdict = candidate.verdict
    if settings.correct and (verdict is None or verdict.outcome == "undecided"):
        return "undecided", "no verdict" if verdict is None else verdict.reason
    if settings.correct and verdict is not None and verdict.outcome == "wrong":
        return "wrong", verdict.reason
    if candidate.response is None:
        return "malformed", response_fault(candidate.text) or "no response"
    if settings.max_tokens is not None and candidate.num_tokens > settings.max_tokens:
        return "too_long", f"{candidate.num_tokens} tokens"
    faults = reading_faults_of(candidate.response, candidate.problem.language, settings)
    if faults:
        return faults[0], ", ".join(faults)
    item = leaks(candidate)
    return None if item is None else ("leaked", item)


def reading_faults_of(response: Response, language: str, settings: FilterSettings) -> list[str]:
    """Those of UNREADABLE that a response shows."""
    limits = Readability(
        repetition=settings.repetition,
        longest_paragraph_chars=settings.paragraph_chars,
        mixed_frac=settings.mixed_frac,
        code_frac=1.0 if settings.code_blocks else 0.0,
    )
    found = set(reading_faults(response.thought or "", language, limits))
    found |= set(IN_SUMMARY) & set(reading_faults(response.summary, language, limits))
    return [fault for fault in UNREADABLE if fault in found]


def _by_question(problems: Sequence[Problem], threshold: float) -> Iterator[list[int]]:
    """Positions of the problems that ask the same: equal or nearly equal words, the same reference."""
    asked: dict[str, list[int]] = defaultdict(list)
    for place, problem in enumerate(problems):
        asked[json.dumps([words(question_of(problem)), problem.reference], sort_keys=True)].append(place)
    groups = list(asked.values())
    firsts = [problems[group[0]] for group in groups]
    sets = own_shingles([question_of(problem) for problem in firsts])
    references = [json.dumps(problem.reference, sort_keys=True) for problem in firsts]
    marked = [{(*member, reference) for member in each} for each, reference in zip(sets, references, strict=True)]
    merged: dict[int, list[int]] = {}
    for place, alike in enumerate(first_alike(marked, threshold)):
        merged.setdefault(place if alike is None else alike, []).extend(groups[place])
    yield from merged.values()


def question_of(problem: Problem) -> str:
    """All that was asked, system message included."""
    return "\n".join(message["content"] for message in problem.messages)


def _broken_together(
    candidates: Sequence[Candidate], group: Sequence[int], settings: FilterSettings
) -> dict[int, tuple[str, str]]:
    """Copies among the samples of one question, and those beyond the cap; `group` has the shortest first."""
    found: dict[int, tuple[str, str]] = {}
    firsts: dict[str, int] = {}
    for place in group:
        text = " ".join(candidates[place].text.split())
        if text in firsts:
            found[place] = "duplicate", f"of {name_of(candidates[firsts[text]])}"
        else:
            firsts[text] = place
    single = list(firsts.values())
    alike = first_alike([shingles(candidates[place].text) for place in single], settings.near_duplicate)
    for place, other in zip(single, alike, strict=True):
        if other is not None:
            found[place] = "near_duplicate", f"of {name_of(candidates[single[other]])}"
    different = [place for place in single if place not in found]
    found.update({place: ("over_cap", f"{settings.max_kept} shorter ones") for place in different[settings.max_kept :]})
    return found


def name_of(candidate: Candidate) -> str:
    """A sample for people: its problem and which sample of it."""
    return f"{candidate.problem.id} sample {candidate.sample_index}"
