"""Knights and knaves: who is what, read from the answer and decided by evaluating what the people say."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from aha.types import Json, Verdict
from aha.verifiers.base import BadReferenceError, NoAnswerError, UnparsableError, decided
from aha.verifiers.roles import read_roles

MAX_PEOPLE = 26
MAX_DEPTH = 20
TERMS = ("knight", "knave")


def knights(answer: str, reference: Json, *, terms: Sequence[str] = TERMS) -> Verdict:
    """Whether everybody is given the right role, once, without hedging.

    `reference`: `{name: term}`, or `{"names": [...], "statements": [...]}`, where statement i is what person i says as
    nested lists (`["telling-truth", j]`, `["lying", j]`, `not`, `and`, `or`, `->`, `<=>`), also the whole as the text
    of Python tuples, and an answer is right when knights' statements are true and knaves' are false. `terms`: the words
    for truth-teller and liar.
    """
    names, statements = _read_reference(reference, terms)
    roles = read_roles(answer, names, terms)
    missing = [name for name in names if name not in roles]
    if missing:
        raise NoAnswerError if len(missing) == len(names) else UnparsableError
    truths = [roles[name] for name in names]
    if statements:
        correct = consistent(statements, truths)
    else:
        correct = all(_same(terms[not truth], reference[name]) for name, truth in roles.items())
    return decided(correct, ", ".join(f"{name}={terms[not roles[name]]}" for name in sorted(names)))


def consistent(statements: Sequence[Json], truths: Sequence[bool]) -> bool:
    """Whether exactly the truth-tellers say something true. Raises BadReferenceError."""
    return all([holds(said, truths) == truth for said, truth in zip(statements, truths, strict=True)])


def holds(statement: Json, truths: Sequence[bool], depth: int = 0) -> bool:
    """Truth of a nested statement when person j is a truth-teller iff `truths[j]`. Raises BadReferenceError."""
    if depth > MAX_DEPTH or not isinstance(statement, list | tuple) or len(statement) < 2:
        raise BadReferenceError("a statement is not a nested list of known operators")
    operator, *parts = statement
    if operator in ("telling-truth", "lying") and len(parts) == 1:
        person = parts[0]
        if type(person) is not int or not 0 <= person < len(truths):
            raise BadReferenceError(f"a statement is about person {person!r}, who is not there")
        return bool(truths[person] == (operator == "telling-truth"))
    values = [holds(part, truths, depth + 1) for part in parts]
    match operator, values:
        case "not", [value]:
            return not value
        case "and", [_, _, *_]:
            return all(values)
        case "or", [_, _, *_]:
            return any(values)
        case "->", [premise, conclusion]:
            return not premise or conclusion
        case "<=>", [left, right]:
            return left == right
    raise BadReferenceError(f"a statement uses {operator!r} with {len(values)} parts")


def _read_reference(reference: Json, terms: Sequence[str]) -> tuple[list[str], Sequence[Json]]:
    """Names, and statements where the answer is judged by them."""
    if len(terms) != 2 or not isinstance(reference, dict) or not reference:
        raise BadReferenceError("expected {name: role} or {names, statements}, and two terms")
    if "statements" not in reference:
        if not all(any(_same(term, role) for term in terms) for role in reference.values()):
            raise BadReferenceError(f"a role is none of {terms}")
        return _checked_names(list(reference)), []
    names, statements = _checked_names(reference.get("names")), reference["statements"]
    if isinstance(statements, str):
        statements = _read_tuples(statements)
    if not isinstance(statements, list | tuple) or not len(names) == len(statements) > 0:
        raise BadReferenceError("names and statements must be lists of one length")
    return names, statements


def _checked_names(names: Json) -> list[str]:
    if not isinstance(names, list) or not all(isinstance(name, str) and name.strip() for name in names):
        raise BadReferenceError("the names must be a list of texts")
    if len({name.casefold() for name in names}) != len(names) or len(names) > MAX_PEOPLE:
        raise BadReferenceError(f"the names must differ, and be {MAX_PEOPLE} at most")
    return names


def _read_tuples(text: str) -> Json:
    try:
        return ast.literal_eval(text)
    except (SyntaxError, ValueError, TypeError, MemoryError, RecursionError) as error:
        raise BadReferenceError("the statements are not the text of Python tuples") from error


def _same(term: str, role: Json) -> bool:
    return isinstance(role, str) and term.casefold() == role.casefold()


def solutions(statements: Sequence[Json]) -> list[tuple[bool, ...]]:
    """Every assignment under which exactly the truth-tellers say something true: all 2^n are tried."""
    everyone = range(1 << len(statements))
    assignments = (tuple(bool(bits >> person & 1) for person in range(len(statements))) for bits in everyone)
    return [
        truths
        for truths in assignments
        if all(holds(said, truths) == truth for said, truth in zip(statements, truths, strict=True))
    ]
