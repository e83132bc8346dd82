"""Texts that give a benchmark away: a shared run of ten words, a short question as a whole, a question nearly the same.

DeepSeek-R1 (2501.12948, decontamination) removes any text that shares a 10-gram with an evaluation question or its
reference solution; paraphrases stay. Where several items of a benchmark share a run, it is the wording of their
template and gives none of them away: without this exception no puzzle of a family with a held-out half could be used.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from aha.rollouts.duplicates import SHINGLE_WORDS
from aha.rollouts.quality import Candidate, question_of
from aha.text.ngrams import Words, ngrams, words

RUN_WORDS = 10
MIN_WORDS = 2
"""A shorter question counts only where it is all that was asked."""
COMMON_ITEMS = 3
"""A run of words in more items of one benchmark is nobody's own."""


@dataclass(slots=True, frozen=True)
class BenchmarkItem:
    """One question that a model is scored on."""

    benchmark: str
    id: str
    question: str
    """Without the instruction that a benchmark adds to all of its questions."""
    solutions: Sequence[str] = ()
    """Worked solutions, programs; an answer alone gives nothing away."""

    def __str__(self) -> str:
        return f"{self.benchmark} {self.id}"


class Leaks:
    """Finds the benchmark item that a sample gives away, in time linear in the sample."""

    def __init__(self, items: Iterable[BenchmarkItem], near_duplicate: float) -> None:
        """`near_duplicate`: the Jaccard similarity of word 5-grams from which two questions are the same."""
        self.near_duplicate = near_duplicate
        self._runs: dict[Words, BenchmarkItem] = {}
        self._questions: dict[Words, BenchmarkItem] = {}
        self._short: dict[int, dict[Words, BenchmarkItem]] = defaultdict(dict)
        self._shingles: dict[Words, list[int]] = defaultdict(list)
        self._sizes: list[tuple[BenchmarkItem, int]] = []
        self._template: set[Words] = set()
        by_benchmark: dict[str, list[BenchmarkItem]] = defaultdict(list)
        for item in items:
            by_benchmark[item.benchmark].append(item)
        for each in by_benchmark.values():
            self._add(each)

    def of(self, candidate: Candidate) -> str | None:
        """The item that a sample's question or response gives away, and by which words; None for none."""
        asked = question_of(candidate.problem)
        return self.in_question(asked) or self.in_text(candidate.text)

    def in_question(self, question: str) -> str | None:
        """As `of`, for what is asked."""
        found = words(question)
        item = self._questions.get(tuple(found))
        if item is not None:
            return f"{item}: the same question"
        for length, short in self._short.items():
            for run in _runs(found, length):
                if run in short:
                    return f"{short[run]}: all of its question"
        return self._shared_run(found) or self._nearly(found)

    def in_text(self, text: str) -> str | None:
        """As `of`, for any other text."""
        return self._shared_run(words(text))

    def _shared_run(self, found: Sequence[str]) -> str | None:
        for run in _runs(found, RUN_WORDS):
            if run in self._runs:
                return f"{self._runs[run]}: {' '.join(run)}"
        return None

    def _nearly(self, found: Sequence[str]) -> str | None:
        own = ngrams(found, SHINGLE_WORDS) - self._template
        shared = Counter(place for each in own for place in self._shingles.get(each, ()))
        for place in sorted(shared):
            item, size = self._sizes[place]
            if shared[place] >= self.near_duplicate * (len(own) + size - shared[place]):
                return f"{item}: nearly the same question"
        return None

    def _add(self, items: Sequence[BenchmarkItem]) -> None:
        """Index the items of one benchmark."""
        asked = [words(item.question) for item in items]
        runs = [
            set().union(*(_runs(found, RUN_WORDS) for found in (question, *map(words, item.solutions))))
            for item, question in zip(items, asked, strict=True)
        ]
        shingles = [ngrams(question, SHINGLE_WORDS) for question in asked]
        common_runs, common_shingles = _common(runs), _common(shingles)
        self._template |= common_shingles
        for item, question, own_runs, own_shingles in zip(items, asked, runs, shingles, strict=True):
            if question:
                self._questions.setdefault(tuple(question), item)
            if MIN_WORDS <= len(question) < RUN_WORDS:
                self._short[len(question)].setdefault(tuple(question), item)
            for run in own_runs - common_runs:
                self._runs.setdefault(run, item)
            for shingle in own_shingles - common_shingles:
                self._shingles[shingle].append(len(self._sizes))
            self._sizes.append((item, len(own_shingles - common_shingles)))


def _runs(found: Sequence[str], length: int) -> Iterator[Words]:
    return zip(*(found[start:] for start in range(length)), strict=False)


def _common(sets: Iterable[set[Words]]) -> set[Words]:
    counts = Counter(each for found in sets for each in found)
    return {each for each, count in counts.items() if count > COMMON_ITEMS}
