"""Knights (always truthful) and knaves (always lying): puzzles with one solution, solved by trying all roles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from random import Random

from aha.lab.phrases import NAMES, Language
from aha.lab.puzzle import Puzzle
from aha.lab.scribe import Scribe
from aha.types import VerifierSpec

Roles = tuple[bool, ...]
"""One entry a person, true for a knight."""

CONNECTIVES: dict[str, Callable[[bool, bool], bool]] = {
    "is": lambda a, b: a,
    "or": lambda a, b: a or b,
    "and": lambda a, b: a and b,
    "if": lambda a, b: not a or b,
    "iff": lambda a, b: a == b,
}


@dataclass(slots=True, frozen=True)
class Claim:
    """`first` has role `first_role`, joined by a connective with `second` has role `second_role`."""

    connective: str
    first: int
    first_role: bool
    second: int
    second_role: bool

    def true_of(self, roles: Roles) -> bool:
        """Whether the claim holds under these roles."""
        return CONNECTIVES[self.connective](
            roles[self.first] == self.first_role, roles[self.second] == self.second_role
        )


SAYS: dict[Language, dict[str, str]] = {
    "en": {
        "is": "{0} is a {1}",
        "or": "{0} is a {1} or {2} is a {3}",
        "and": "{0} is a {1} and {2} is a {3}",
        "if": "if {0} is a {1} then {2} is a {3}",
        "iff": "{0} is a {1} if and only if {2} is a {3}",
    },
    "ko": {
        "is": "{0} {1} 이다",
        "or": "{0} {1} 또는 {2} {3} 이다",
        "and": "{0} {1} 그리고 {2} {3} 이다",
        "if": "{0} {1} 이면 {2} {3} 이다",
        "iff": "{0} {1} 일 때만 {2} {3} 이다",
    },
    "ru": {
        "is": "{0} {1}",
        "or": "{0} {1} или {2} {3}",
        "and": "{0} {1} и {2} {3}",
        "if": "если {0} {1}, то {2} {3}",
        "iff": "{0} {1} только если {2} {3}",
    },
}
QUOTES: dict[Language, list[str]] = {
    "en": ["{} says {}.", "{} says that {}.", '{} says, "{}".', '{} told us: "{}".'],
    "ko": ["{}: {}."],
    "ru": ["{}: {}."],
}
FRAMES: dict[Language, list[str]] = {
    "en": [
        "A {1} tells the truth, a {0} lies. {2} Who is what?",
        "On an island live only {1}s and {0}s. Each {1} always tells the truth, each {0} always lies. {2} Who is who?",
    ],
    "ko": ["{1} 는 참말, {0} 는 거짓말을 한다. {2} 누가 무엇인가?"],
    "ru": ["{1} говорит правду, {0} лжёт. {2} Кто есть кто?"],
}
ROLES: dict[Language, list[tuple[str, str]]] = {
    "en": [("knave", "knight"), ("knave", "knight"), ("sinner", "saint"), ("rogue", "sage"), ("cheat", "judge")],
    "ko": [("악당", "기사")],
    "ru": [("лжец", "рыцарь")],
}
MARKS = {True: "ok", False: "no"}


def solutions(claims: list[Claim]) -> list[Roles]:
    """Every assignment of roles under which knights' claims are true and knaves' are false."""
    everyone = product([True, False], repeat=len(claims))
    return [r for r in everyone if all(claim.true_of(r) == r[speaker] for speaker, claim in enumerate(claims))]


def _unique(rng: Random, count: int) -> tuple[list[Claim], Roles]:
    while True:
        claims = [_claim(rng, speaker, count) for speaker in range(count)]
        found = solutions(claims)
        if len(found) == 1:
            return claims, found[0]


def _claim(rng: Random, speaker: int, count: int) -> Claim:
    first = rng.choice([person for person in range(count) if person != speaker])
    others = [person for person in range(count) if person != first]
    connective = rng.choice(["is", "is", "or", "and", "if", "iff", "iff"])
    second = rng.choice(others)
    if rng.random() < 0.3 and connective != "is":
        first, second = second, first
    return Claim(connective, first, rng.random() < 0.5, second, rng.random() < 0.5)


def knights(rng: Random, language: Language, *, people: int = 0) -> Puzzle:
    """A puzzle of `people` people (0: two or three) who say one thing each, with exactly one solution."""
    count = people or rng.choice([2, 2, 3])
    claims, truth = _unique(rng, count)
    names = rng.sample(NAMES[language], count)
    roles = rng.choice(ROLES[language])

    def quote(speaker: int, claim: Claim) -> str:
        words = (names[claim.first], roles[claim.first_role], names[claim.second], roles[claim.second_role])
        return rng.choice(QUOTES[language]).format(names[speaker], SAYS[language][claim.connective].format(*words))

    def listing(assigned: Roles) -> str:
        return ", ".join(f"{name} {roles[role]}" for name, role in zip(names, assigned, strict=True))

    def haste(rng: Random) -> str:
        wrong = [assigned for assigned in product([True, False], repeat=count) if assigned != truth]
        return listing(wrong[0] if rng.random() < 0.4 else rng.choice(wrong))

    said = " ".join(quote(speaker, claim) for speaker, claim in enumerate(claims))
    marks = ";".join(f"{c.connective}{c.first}{c.first_role:d}{c.second}{c.second_role:d}" for c in claims)
    return Puzzle(
        family="knights",
        key=f"{marks}|{','.join(names)}",
        language=language,
        answer=listing(truth),
        question=rng.choice(FRAMES[language]).format(*roles, said),
        reference={name: roles[role] for name, role in zip(names, truth, strict=True)},
        verifier=VerifierSpec("knights", {"terms": [roles[True], roles[False]]}),
        difficulty=count,
        domain="logic",
        haste=haste,
        work=lambda scribe: listing(_search(scribe, names, claims, truth, listing)),
    )


def _search(
    scribe: Scribe, names: list[str], claims: list[Claim], truth: Roles, listing: Callable[[Roles], str]
) -> Roles:
    """Try every assignment in order, each up to the first claim that does not fit; returns the first that fits."""
    for roles in product([True, False], repeat=len(names)):
        scribe.say(f"{listing(roles)}:")
        for speaker, claim in enumerate(claims):
            spoken = scribe.flip(claim.true_of(roles))
            scribe.say(f"{names[speaker]} {str(spoken).lower()} {MARKS[spoken == roles[speaker]]}.")
            if spoken != roles[speaker]:
                break
        else:
            return roles
    return truth
