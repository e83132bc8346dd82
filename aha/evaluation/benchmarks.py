"""Benchmarks by name: the lab's held-out sets, the public ones of aha.tasks.doors, or any task."""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from aha.errors import DataError
from aha.runtime.seeds import seed_of
from aha.tasks.budget import BudgetedProblems, take_budget
from aha.types import Problem

LAB_BENCHMARKS = {
    "heldout": "the lab's puzzles, held out of its corpus",
    "ood-numbers": "the lab's sums and countdowns, with larger numbers than its corpus has",
    "ood-steps": "the lab's sums, programs, lists and strings, with more steps",
    "ood-people": "the lab's knights and knaves, with one more person",
    "general": "the lab's held-out requests: is the content right",
    "preference": "the same requests: is the content right and the manner liked",
    "instructions": "the lab's held-out instructions about the form of an answer",
    "safety": "the lab's unsafe requests: are they refused",
    "harmless": "the lab's harmless requests that sound unsafe: are they answered",
}
"""Name → what is asked; they need no file."""
_MAX_FILE_NAME_CHARS = 40


@dataclass(slots=True, frozen=True)
class Benchmark:
    """Problems to score a model on."""

    name: str
    problems: Sequence[Problem]
    file_name: str
    """What stands between `evaluation-` and `.json`."""


def load_benchmark(name: str, num_problems: int | None = None) -> Benchmark:
    """The benchmark behind `heldout` (also `lab:heldout`), the other lab sets, a public one (`math500`, its file in the
    folder AHA_DATA, or `math500:PATH`), or a task's name; of a `gym:` task the held-out questions, unless the name says
    another split. `heldout?think_tokens=64` puts a budget of tokens into its prompts.

    `num_problems` picks that many at random, the same ones each time and in their order; None takes all. Raises
    DataError where there are none, ConfigError for a name that says nothing.
    """
    bare, _, budget = take_budget(name, {})
    short = bare.removeprefix("lab:")
    if short in LAB_BENCHMARKS:
        from aha.lab.tasks import benchmark

        name = name.removeprefix("lab:")
        problems: Sequence[Problem] = benchmark(short)
        problems = problems if budget is None else BudgetedProblems(problems, budget)
    else:
        from aha.rollouts.problems import load_task

        generated = name.startswith("gym:") and "split=" not in name
        problems = load_task({"name": name, "split": "heldout"} if generated else name).problems()
    if not len(problems):
        raise DataError(f"Benchmark {name} has no problems.", cure="Check its file or its arguments.")
    return Benchmark(name, pick(problems, name, num_problems), file_name_of(name))


def benchmark_names() -> dict[str, str]:
    """Name → what is asked, with the number of problems of a public one. Opens no file."""
    from aha.tasks.doors import DOORS

    doors = {door.name: f"{door.num_rows:>5,}  {door.asked}" for door in DOORS.values()}
    lab = {name: f"    –  {asked}" for name, asked in LAB_BENCHMARKS.items()}
    return lab | doors | {"any task": "       by its name, such as gym:chain_sum or file:PATH"}


def pick(problems: Sequence[Problem], name: str, num_problems: int | None) -> list[Problem]:
    """`num_problems` of them by a seed made from the benchmark's name; all where that is None or too many."""
    if num_problems is None or num_problems >= len(problems):
        return list(problems)
    chosen = random.Random(seed_of("benchmark", name)).sample(range(len(problems)), num_problems)
    return [problems[index] for index in sorted(chosen)]


def file_name_of(name: str) -> str:
    """A benchmark's name as part of a file name: `gym:chain_sum` → `gym-chain_sum`.

    Of a long one its kind and its last folder's part without arguments stay, and a hash of the whole; the file itself
    holds the whole name.
    """
    if len(_plain(name)) <= _MAX_FILE_NAME_CHARS:
        return _plain(name)
    kind, _, rest = name.split("?")[0].rpartition("/")[0].partition(":")
    kind = f"{kind}-" if rest and kind.isalpha() else ""
    words = _plain(kind + name.split("?")[0].rpartition("/")[2])[-_MAX_FILE_NAME_CHARS:].lstrip("-.")
    return f"{words}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def _plain(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._]+", "-", name).strip("-.")
