"""The lab's puzzles as tasks to train on and as benchmarks: held-out, and beyond the corpus in three directions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from random import Random
from typing import Any

from aha.errors import ConfigError
from aha.lab import requests
from aha.lab.arithmetic import arithmetic
from aha.lab.countdown import countdown
from aha.lab.families import FAMILIES, PERTURBED, draw, draw_language, seen, seen_and_perturbed
from aha.lab.knights import knights
from aha.lab.lists import lists
from aha.lab.programs import programs
from aha.lab.puzzle import Puzzle
from aha.lab.strings import strings
from aha.runtime.seeds import seed_of
from aha.tasks.base import Perturbation, Split, check_perturbation, check_split, split_name
from aha.types import Problem, VerifierSpec

TRAINING_SIZE = 4096
HELD_OUT_SIZE = 240
BEYOND_SIZE = 96


@dataclass(slots=True)
class LabTask:
    """A family of puzzles, or their mixture, without those that are held out, or those alone."""

    name: str
    size: int = TRAINING_SIZE
    seed: int = 0
    split: Split = "train"
    perturb: Perturbation = "none"
    """Of `lab:knights`: the same puzzles, changed a little, under the same ids (aha.evaluation.memorisation)."""
    _problems: list[Problem] = field(default_factory=list)
    _gold: dict[str, str] = field(default_factory=dict)

    def problems(self) -> Sequence[Problem]:
        """`size` different problems, always the same for the same seed."""
        if not self._problems:
            family, _, _ = self.name.removeprefix("lab:").partition("?")
            rng = Random(seed_of(self.seed, f"lab:{family}"))
            held_out = self.split == "heldout"
            changed: dict[tuple[str, str], Puzzle] = {}

            def make() -> Puzzle:
                if self.perturb == "none":
                    return seen(rng, family, held_out=held_out)
                puzzle, twin = seen_and_perturbed(rng, self.perturb)
                changed.setdefault((puzzle.key, puzzle.language), twin)
                return puzzle

            for puzzle in distinct(make, self.size):
                asked = changed.get((puzzle.key, puzzle.language), puzzle)
                problem = replace(to_problem(asked, self.name, self.seed), id=problem_id(puzzle))
                self._problems.append(problem)
                self._gold[problem.id] = asked.answer
        return self._problems

    def gold_response(self, problem: Problem) -> str:
        """The gold answer in its tags."""
        self.problems()
        return f"<think>{self._gold[problem.id]}</think>\n<answer>{self._gold[problem.id]}</answer>"


def lab_task(name: str, **arguments: Any) -> LabTask | requests.RequestTask:
    """The task `lab:mixed`, `lab:FAMILY`, or one of requests.TASKS, also with arguments behind it:
    `lab:knights?size=64&split=heldout`.

    Arguments: `size`, `seed` (0); of puzzles also `split` (train, heldout) and, of `lab:knights`, `perturb`. Raises
    ConfigError for another name or argument, and for those that do not go together.
    """
    name, written = split_name(name)
    given = {**written, **arguments}
    names = ["lab:mixed", *(f"lab:{family}" for family in FAMILIES), *requests.TASKS]
    if name not in names:
        near = get_close_matches(name, names, 1)
        hint = f"Did you mean {near[0]}?" if near else f"Known: {', '.join(names)}."
        raise ConfigError(f"The lab has no task {name!r}.", cure=hint)
    known = ("size", "seed") if name in requests.TASKS else ("size", "seed", "split", "perturb")
    for key in given:
        if key not in known:
            raise ConfigError(f"Task {name}: unknown key {key!r}.", cure=f"Known: {', '.join(known)}.")
    size, seed = given.get("size"), given.get("seed", 0)
    if type(seed) is not int or (size is not None and (type(size) is not int or size < 1)):
        raise ConfigError(f"Task {name}: `size` must be a whole number from 1, and `seed` a whole number.")
    if name in requests.TASKS:
        return requests.RequestTask(name, size or requests.TRAINING_SIZE, seed)
    part, changed = check_split(given.get("split", "train")), check_perturbation(given.get("perturb", "none"))
    if part == "all":
        raise ConfigError(f"Task {name}: a lab task is of the split train or heldout.")
    if changed != "none" and (name != PERTURBED or part != "train"):
        raise ConfigError(f"There is no perturbation of {name!r}.", cure=f"The split train of {PERTURBED} has them.")
    told = [f"split={part}"] * (part != "train") + [f"perturb={changed}"] * (changed != "none")
    return LabTask("?".join([name, *told]), size or TRAINING_SIZE, seed, part, changed)


def to_problem(puzzle: Puzzle, source: str, seed: int = 0) -> Problem:
    """The record that travels; `seed` is the task's, by which its puzzle can be made again."""
    return Problem(
        id=problem_id(puzzle),
        source=f"{source}/{puzzle.family}",
        reference=puzzle.reference,
        messages=[{"role": "user", "content": puzzle.question}],
        verifier=VerifierSpec(puzzle.verifier.name, {**puzzle.verifier.arguments, "extract": "tag_or_box"}),
        domain=puzzle.domain,
        language=puzzle.language,
        difficulty=float(puzzle.difficulty),
        metadata={"family": puzzle.family, "seed": seed},
    )


def problem_id(puzzle: Puzzle) -> str:
    """The same for a puzzle in whatever words of one language."""
    return f"{puzzle.family}-{seed_of(puzzle.family, puzzle.key, puzzle.language):016x}"


def distinct(make: Callable[[], Puzzle], size: int) -> list[Puzzle]:
    """`size` puzzles that differ in more than their wording."""
    found: dict[tuple[str, str, str], Puzzle] = {}
    tries = 0
    while len(found) < size:
        puzzle = make()
        found.setdefault((puzzle.family, puzzle.key, puzzle.language), puzzle)
        tries += 1
        if tries > 50 * size:
            raise ConfigError(
                f"There are fewer than {size} different problems of this kind.", cure="Ask for a smaller size."
            )
    return list(found.values())


def _held_out(rng: Random) -> Puzzle:
    while True:
        puzzle = draw(rng)
        if puzzle.held_out:
            return puzzle


def _larger_numbers(rng: Random) -> Puzzle:
    make = rng.choice([arithmetic, arithmetic, countdown])
    return make(rng, draw_language(rng), wide=True)


def _more_steps(rng: Random) -> Puzzle:
    kind = rng.choice(["arithmetic", "arithmetic", "programs", "lists", "strings"])
    language = draw_language(rng)
    if kind == "arithmetic":
        return arithmetic(rng, language, steps=rng.choice([5, 6]))
    if kind == "programs":
        return programs(rng, language, lines=4)
    return lists(rng, language, length=7) if kind == "lists" else strings(rng, language, length=8)


BENCHMARKS: dict[str, tuple[Callable[[Random], Puzzle], int]] = {
    "heldout": (_held_out, HELD_OUT_SIZE),
    "ood-numbers": (_larger_numbers, BEYOND_SIZE),
    "ood-steps": (_more_steps, BEYOND_SIZE),
    "ood-people": (lambda rng: knights(rng, draw_language(rng), people=4), BEYOND_SIZE),
}
"""Held-out problems of the mixture; larger numbers; more steps; one more person. Maker and size of each."""


def benchmark(name: str) -> list[Problem]:
    """The fixed problems of one of BENCHMARKS, or of requests.BENCHMARKS."""
    if name in requests.BENCHMARKS:
        return requests.benchmark(name)
    make, size = BENCHMARKS[name]
    rng = Random(seed_of("lab-benchmark", name))
    return [to_problem(puzzle, name) for puzzle in distinct(lambda: make(rng), size)]
