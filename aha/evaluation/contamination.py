"""The questions and worked solutions of benchmarks, as what training data are searched for."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from aha.evaluation.benchmarks import load_benchmark
from aha.rollouts.decontamination import BenchmarkItem, Leaks
from aha.rollouts.quality import question_of
from aha.types import Json, Problem

SOLUTIONS = ("solution", "answer", "gold", "rationale", "canonical_solution")
"""Columns of a row that may hold a worked solution."""


def open_leaks(benchmarks: Sequence[str], near_duplicate: float) -> Leaks:
    """What finds their items in sampled texts. Raises what `load_benchmark` raises."""
    return Leaks((item for name in benchmarks for item in benchmark_items(name)), near_duplicate)


def benchmark_items(name: str) -> Iterator[BenchmarkItem]:
    """Every item of a benchmark: its question without the added instruction, and its worked solutions."""
    chosen = load_benchmark(name)
    for problem in chosen.problems:
        yield BenchmarkItem(chosen.name, problem.id, _asked(problem), list(_solutions(problem)))


def _asked(problem: Problem) -> str:
    asked = problem.metadata.get("prompt")
    return asked if isinstance(asked, str) else question_of(problem)


def _solutions(problem: Problem) -> Iterator[str]:
    for name in SOLUTIONS:
        yield from _texts(problem.metadata.get(name))


def _texts(value: Json) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        yield from (each for each in value if isinstance(each, str))
