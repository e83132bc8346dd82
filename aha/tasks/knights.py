"""`knights`: puzzles about 2 to 8 people who always tell the truth or always lie, each with one solution by proof."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from functools import cached_property
from itertools import cycle
from random import Random
from typing import Any

from aha.errors import ConfigError, DataError
from aha.runtime.seeds import seed_of
from aha.tasks.base import (
    Perturbation,
    Split,
    check_perturbation,
    check_split,
    gold_block,
    in_split,
    reordered,
    split_name,
)
from aha.types import Json, Problem, VerifierSpec
from aha.verifiers.knights import solutions

PEOPLE = (3, 4, 5, 6, 7)
"""Mixed in equal parts, as Logic-RL trains (arXiv 2502.14768)."""
FEWEST, MOST = 2, 8
OPERATORS = (0, 0, 1, 1, 1, 2, 2, 3, 4)
"""In one statement, one of these by chance; negations count."""
MAX_TRIES = 20
"""Puzzles made for each one wanted before giving up on new ones, and tries to change a puzzle by as few statements."""

NAMES = (
    *("Ada", "Boris", "Clara", "Dmitri", "Edith", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Katya", "Leon", "Mira"),
    *("Nils", "Olga", "Pavel", "Quentin", "Rosa", "Sven", "Tara", "Ursula", "Viktor", "Wanda", "Xenia", "Yusuf", "Zoe"),
)
_FRAMES = (
    "Everybody in a village is a knight or a knave: a knight says only what is true, a knave only what is false. "
    "You talk to {people}. {said} Find out what each of them is.",
    "{people} are questioned. Each is either a knight, whose every sentence is true, or a knave, whose every sentence "
    "is false. {said} Who is a knight, and who is a knave?",
    "In this puzzle knights never lie and knaves never tell the truth, and each of {people} is one or the other. "
    "{said} Give the role of every person.",
)
_NOTE = ' ("or" leaves room for both, and "if" claims nothing where its condition fails.)'
_QUOTES = ('{} says: "{}."', '"{1}," says {0}.', "{} claims that {}.", "According to {}, {}.")
_ATOMS = ("telling-truth", "lying")
_BINARY = {"and": "{} and {}", "or": "{} or {}", "->": "if {} then {}", "<=>": "{} exactly when {}"}


class KnightsTask:
    """`size` puzzles with different statements, people in equal parts of `people`; perturbed ones have the ids of the
    puzzles that they were made from."""

    def __init__(
        self,
        people: Sequence[int],
        size: int,
        seed: int,
        split: Split,
        instruction: str = "",
        perturb: Perturbation = "none",
    ) -> None:
        self.people, self.size, self.seed, self.split = tuple(people), size, seed, split
        self.instruction, self.perturb = instruction, perturb
        told = [f"people={json.dumps(list(people))}"] if self.people != PEOPLE else []
        told += [f"split={split}"] if split != "train" else []
        told += [f"perturb={perturb}"] if perturb != "none" else []
        self.name = "knights" + ("?" if told else "") + "&".join(told)

    def problems(self) -> Sequence[Problem]:
        """Always the same puzzles for the same arguments; a puzzle's statements decide its split."""
        return self._problems

    def gold_response(self, problem: Problem) -> str:
        """The one solution, in words."""
        roles = problem.metadata["solution"]
        return gold_block(", ".join(f"{name} is a {role}" for name, role in roles.items()), problem.verifier)

    @cached_property
    def _problems(self) -> list[Problem]:
        found: dict[str, Problem] = {}
        for attempt in range(self.size * MAX_TRIES):
            rng = Random(seed_of(self.seed, "knights", attempt))
            statements, truths = puzzle(rng, self.people[len(found) % len(self.people)])
            key = json.dumps(statements)
            if key not in found and in_split(key, self.split):
                found[key] = self._problem(rng, statements, truths, attempt)
            if len(found) == self.size:
                return list(found.values())
        raise DataError(f"Task {self.name} made only {len(found)} different puzzles.", cure="Ask for a smaller `size`.")

    def _problem(self, rng: Random, statements: list[Json], truths: Sequence[bool], attempt: int) -> Problem:
        names = rng.sample(NAMES, len(statements))
        change = Random(seed_of(self.seed, "perturbed", attempt))
        if self.perturb == "statement":
            statements, truths = replaced(change, statements, truths)
        order = reordered(change, len(names)) if self.perturb == "reorder" else range(len(names))
        question = in_words(rng, statements, names, order) + (f"\n{self.instruction}" if self.instruction else "")
        return Problem(
            id=f"knights-{len(names)}-{self.seed}-{attempt}",
            source=self.name,
            messages=[{"role": "user", "content": question}],
            reference={"names": names, "statements": statements},
            verifier=VerifierSpec("knights", {"extract": "auto"}),
            domain="logic",
            difficulty=float(len(names)),
            metadata={
                "solution": {name: ("knave", "knight")[truth] for name, truth in zip(names, truths, strict=True)}
            },
        )


def knights_task(name: str, **arguments: Any) -> KnightsTask:
    """The task `knights`, also with arguments behind it: `knights?people=5&split=heldout`.

    Arguments: `people` (3 to 7 mixed; a number or a list), `size` (1000), `seed` (0), `split` (train), `instruction`,
    `perturb` (none; `reorder` or `statement`: the same puzzles changed a little, by which memory shows).
    Raises ConfigError for an argument that does not exist or is out of range.
    """
    given = {**split_name(name)[1], **arguments}
    people, size, seed = given.pop("people", list(PEOPLE)), given.pop("size", 1000), given.pop("seed", 0)
    split, instruction = check_split(given.pop("split", "train")), given.pop("instruction", "")
    perturb = check_perturbation(given.pop("perturb", "none"))
    if given:
        known = "people, size, seed, split, instruction, perturb"
        raise ConfigError(f"Task knights: unknown key {next(iter(given))!r}.", cure=f"Known: {known}.")
    counts = people if isinstance(people, list) else [people]
    if not counts or not all(type(each) is int and FEWEST <= each <= MOST for each in counts):
        raise ConfigError(
            f"Task knights: `people` must be in {FEWEST} to {MOST}, one number or a list, got {people!r}."
        )
    if type(size) is not int or size < 1 or type(seed) is not int:
        raise ConfigError("Task knights: `size` must be a whole number from 1, and `seed` a whole number.")
    return KnightsTask(counts, size, seed, split, str(instruction), perturb)


def puzzle(rng: Random, people: int) -> tuple[list[Json], tuple[bool, ...]]:
    """One statement a person, and the only assignment that fits them, found by trying all 2^n."""
    while True:
        statements = [_said(rng, people, speaker) for speaker in range(people)]
        found = solutions(statements)
        if len(found) == 1:
            return statements, found[0]


def replaced(rng: Random, statements: Sequence[Json], truths: Sequence[bool]) -> tuple[list[Json], tuple[bool, ...]]:
    """One statement replaced by a new one, so that there is again one solution, and another one; two and more of them
    where `MAX_TRIES` with fewer found none."""
    num_tries = 0
    while True:
        changed = list(statements)
        for speaker in rng.sample(range(len(statements)), min(len(statements), 1 + num_tries // MAX_TRIES)):
            changed[speaker] = _said(rng, len(statements), speaker)
        found = solutions(changed)
        if len(found) == 1 and found[0] != tuple(truths):
            return changed, found[0]
        num_tries += 1


def _said(rng: Random, people: int, speaker: int) -> Json:
    """A statement about the others, and about its speaker only where nobody else is left."""
    order = [*rng.sample([person for person in range(people) if person != speaker], people - 1), speaker]
    return _statement(rng, cycle(order), rng.choice(OPERATORS))


def _statement(rng: Random, about: Iterator[int], num_operators: int) -> Json:
    if num_operators == 0:
        return [rng.choice(_ATOMS), next(about)]
    if rng.random() < 0.2:
        return ["not", _statement(rng, about, num_operators - 1)]
    left = rng.randrange(num_operators)
    parts = [_statement(rng, about, count) for count in (left, num_operators - 1 - left)]
    return [rng.choice(tuple(_BINARY)), *parts]


def in_words(rng: Random, statements: Sequence[Json], names: Sequence[str], order: Sequence[int]) -> str:
    """The puzzle's text, statements in `order`; what is nested stands in brackets, to be read in one way only."""
    quotes = [
        rng.choice(_QUOTES).format(name, sentence(statement, names))
        for name, statement in zip(names, statements, strict=True)
    ]
    said = " ".join(quotes[place] for place in order)
    people = f"{', '.join(names[:-1])} and {names[-1]}"
    return rng.choice(_FRAMES).format(people=people, said=said) + _NOTE


def sentence(statement: Json, names: Sequence[str]) -> str:
    """One statement in English."""
    operator, *parts = statement
    if operator in _ATOMS:
        return f"{names[parts[0]]} is a {'knight' if operator == _ATOMS[0] else 'knave'}"
    if operator == "not" and parts[0][0] in _ATOMS:
        return sentence(parts[0], names).replace(" is a ", " is not a ")
    inner = [f"({sentence(part, names)})" if _is_nested(part) else sentence(part, names) for part in parts]
    return f"it is false that {inner[0]}" if operator == "not" else _BINARY[operator].format(*inner)


def _is_nested(statement: Json) -> bool:
    return statement[0] not in _ATOMS and (statement[0] != "not" or statement[1][0] not in _ATOMS)
