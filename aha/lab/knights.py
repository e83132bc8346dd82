"""Knights (always truthful) and knaves (always lying): puzzles with one solution, solved by trying all roles."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product
from random import Random

from aha.lab import knights_words as words
from aha.lab.names import people as draw_people
from aha.lab.phrases import Language
from aha.lab.puzzle import Puzzle
from aha.lab.scribe import Scribe
from aha.tasks.base import Perturbation, reordered
from aha.types import VerifierSpec

Roles = tuple[bool, ...]
"""One entry a person, true for a knight."""

CONNECTIVES: dict[str, Callable[[bool, bool], bool]] = {
    "is": lambda a, b: a,
    "not": lambda a, b: not a,
    "or": lambda a, b: a or b,
    "and": lambda a, b: a and b,
    "if": lambda a, b: not a or b,
    "iff": lambda a, b: a == b,
}
SINGLE = ("is", "not")
"""Claims about one person."""

SELF_RATE = 0.25
"""How often a claim may be about anybody, the speaker or the same person twice, instead of others first."""


@dataclass(slots=True, frozen=True)
class Claim:
    """`first` has role `first_role`, joined by a connective with `second` has role `second_role`.

    With `is` and `not` the claim is about `first` alone: he has, or has not, `first_role`.
    """

    connective: str
    first: int
    first_role: bool
    second: int
    second_role: bool

    def atoms(self, roles: Roles) -> tuple[bool, bool]:
        """Whether `first` has `first_role`, and `second` has `second_role`."""
        return roles[self.first] == self.first_role, roles[self.second] == self.second_role

    def true_of(self, roles: Roles) -> bool:
        """Whether the claim holds under these roles."""
        return CONNECTIVES[self.connective](*self.atoms(roles))


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
    connective = rng.choice(["is", "is", "not", "or", "or", "and", "and", "if", "if", "iff", "iff"])
    if rng.random() < SELF_RATE:
        first, second = rng.randrange(count), rng.randrange(count)
    else:
        first = rng.choice([person for person in range(count) if person != speaker])
        second = rng.choice([person for person in range(count) if person != first])
        if rng.random() < 0.4 and connective not in SINGLE:
            first, second = second, first
    return Claim(connective, first, rng.random() < 0.5, second, rng.random() < 0.5)


def _replaced(rng: Random, claims: list[Claim], truth: Roles) -> tuple[list[Claim], Roles]:
    """One claim replaced (after twenty tries two, and so on), so that there is one solution again, and another one."""
    num_tries = 0
    while True:
        changed = list(claims)
        for speaker in rng.sample(range(len(claims)), min(len(claims), 1 + num_tries // 20)):
            changed[speaker] = _claim(rng, speaker, len(claims))
        found = solutions(changed)
        if len(found) == 1 and found[0] != truth:
            return changed, found[0]
        num_tries += 1


def knights(rng: Random, language: Language, *, people: int = 0, perturb: Perturbation = "none") -> Puzzle:
    """A puzzle of `people` people (0: two, seldom three) who say one thing each, with exactly one solution.

    `perturb` changes what the same `rng` makes: names and wording stay, as far as the claims allow.
    """
    count = people or rng.choice([2, 2, 2, 3])
    claims, truth = _unique(rng, count)
    change = Random(str(claims))
    if perturb == "statement":
        claims, truth = _replaced(change, claims, truth)
    names = draw_people(rng, language, count)
    kinds = words.kinds(rng, language)

    def quote(speaker: int, claim: Claim) -> str:
        first, second = (words.a(kinds[role], language) for role in (claim.first_role, claim.second_role))
        wording = rng.choice(words.SAYS[language][claim.connective])
        spoken = wording.format(names[claim.first], first, names[claim.second], second)
        return words.quoted(rng, language, names[speaker], spoken)

    quotes = [quote(speaker, claim) for speaker, claim in enumerate(claims)]
    said = " ".join(quotes[speaker] for speaker in (reordered(change, count) if perturb == "reorder" else range(count)))
    question = words.framed(rng, language, names, kinds, said)
    in_sentences = language == "en" and rng.random() < words.SENTENCE_RATE
    if in_sentences:
        question = f"{question} {words.hint(rng, names, kinds)}"

    def listing(roles: Roles) -> str:
        return ", ".join(f"{name} {kinds[role]}" for name, role in zip(names, roles, strict=True))

    def answer(roles: Roles) -> str:
        return words.sentence(names, [words.a(kinds[role], "en") for role in roles]) if in_sentences else listing(roles)

    def haste(rng: Random) -> str:
        wrong = [assigned for assigned in product([True, False], repeat=count) if assigned != truth]
        return answer(wrong[0] if rng.random() < 0.4 else rng.choice(wrong))

    def work(scribe: Scribe) -> str:
        for roles in product([True, False], repeat=count):
            scribe.say(f"{listing(roles)}.")
            if all(_fits(scribe, speaker, claim, roles, names, kinds) for speaker, claim in enumerate(claims)):
                return answer(roles)
        return answer(truth)

    marks = ";".join(f"{c.connective}{c.first}{c.first_role:d}{c.second}{c.second_role:d}" for c in claims)
    return Puzzle(
        family="knights",
        key=f"{marks}|{','.join(names)}",
        language=language,
        answer=answer(truth),
        question=question,
        reference={name: kinds[role] for name, role in zip(names, truth, strict=True)},
        verifier=VerifierSpec("knights", {"terms": [kinds[True], kinds[False]]}),
        difficulty=count,
        domain="logic",
        haste=haste,
        work=work,
    )


def _fits(scribe: Scribe, speaker: int, claim: Claim, roles: Roles, names: list[str], kinds: tuple[str, str]) -> bool:
    """Write down one claim under assumed roles, its parts first; whether it suits its speaker, slips included."""
    first, second = (scribe.flip(atom) for atom in claim.atoms(roles))
    parts = [
        f"{names[person]} {kinds[role]} {scribe.word('yes' if holds else 'no')}"
        for person, role, holds in ((claim.first, claim.first_role, first), (claim.second, claim.second_role, second))
    ]
    shown = words.JOINTS[scribe.language][claim.connective] + (
        parts[0] if claim.connective in SINGLE else f"{parts[0]}, {parts[1]}"
    )
    spoken = CONNECTIVES[claim.connective](first, second)
    fits = spoken == roles[speaker]
    truth, mark = scribe.word("true" if spoken else "false"), scribe.word("fits" if fits else "breaks")
    scribe.say(f"{names[speaker]}: {shown}, {truth} {kinds[roles[speaker]]} {mark}.")
    return fits
