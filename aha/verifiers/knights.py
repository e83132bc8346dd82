"""Knights and knaves: who is what, read from the answer and checked by name or by evaluating the statements."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from aha.types import Json, Verdict
from aha.verifiers.base import (
    BadReferenceError,
    NoAnswerError,
    OverLimitsError,
    SeveralAnswersError,
    UnparsableError,
    decided,
    fold,
)

MAX_CHARS = 2_000
MAX_DEPTH = 20
_HEDGES = ("or", "either", "if", "maybe", "unless", "possibly", "unknown", "또는", "아마")
_DENIALS = ("not", "isn't", "aren't")
_JOINTS = frozenset(
    (
        *("is", "are", "was", "were", "be", "must", "a", "an", "the", "both", "and", "also", "all"),
        *("은", "는", "이", "가", "와", "과", "그리고", "и", "это"),
    )
)
"""Words that may stand between a name and its role."""


def knights(answer: str, reference: Json, *, terms: Sequence[str] = ("knight", "knave")) -> Verdict:
    """Whether everybody is given the right role, once, without hedging.

    `reference`: `{name: term}`, or `{"names": [...], "statements": [...]}`, where statement i is what person i says as
    nested lists (`["telling-truth", j]`, `["lying", j]`, `not`, `and`, `or`, `->`, `<=>`) and an answer is right when
    knights' statements are true and knaves' are false. `terms`: the words for truth-teller and liar.
    """
    names, statements = _read_reference(reference, terms)
    roles = read_roles(answer, names, terms)
    missing = [name for name in names if name not in roles]
    if missing:
        raise NoAnswerError if len(missing) == len(names) else UnparsableError
    if statements:
        truths = [roles[name] for name in names]
        correct = all(truth == holds(said, truths) for truth, said in zip(truths, statements, strict=True))
    else:
        correct = all(terms[0 if roles[name] else 1].casefold() == str(reference[name]).casefold() for name in names)
    text = ", ".join(f"{name}={terms[0 if roles[name] else 1]}" for name in sorted(names))
    return decided(correct, text)


def _read_reference(reference: Json, terms: Sequence[str]) -> tuple[list[str], list[Json]]:
    """Names, and statements where the answer is judged by them."""
    if len(terms) != 2 or not isinstance(reference, dict) or not reference:
        raise BadReferenceError("expected {name: role} or {names, statements}, and two terms")
    if "statements" not in reference:
        if not {_key(str(role)) for role in reference.values()} <= {_key(term) for term in terms}:
            raise BadReferenceError(f"a role is none of {terms}")
        return list(reference), []
    names, statements = reference.get("names"), reference["statements"]
    if not isinstance(names, list) or not isinstance(statements, list) or not len(names) == len(statements) > 0:
        raise BadReferenceError("names and statements must be lists of one length")
    return names, statements


def read_roles(answer: str, names: Sequence[str], terms: Sequence[str]) -> dict[str, bool]:
    """Name → truth-teller, from `A is a knight`, `A and B are knaves`, `A: knight`, `A is not a knave` or
    `Knights: A, B`.

    Raises UnparsableError for hedged answers and SeveralAnswersError where somebody gets two roles.
    """
    if len(answer) > MAX_CHARS:
        raise OverLimitsError
    roles: dict[str, bool] = {}
    pending: list[str] = []
    header: bool | None = None
    deny = False
    spelled = {_key(name): name for name in names}
    kinds = {_key(terms[0]): True, _key(terms[1]): False}
    for word in _words(answer, [*names, *terms]):
        if word in _HEDGES:
            raise UnparsableError
        if word in _DENIALS:
            deny = True
        elif word in spelled and header is None:
            pending.append(spelled[word])
        elif word in spelled:
            _assign(roles, [spelled[word]], header is True)
        elif word in kinds and pending:
            _assign(roles, pending, kinds[word] != deny)
            pending, deny = [], False
        elif word in kinds:
            header = kinds[word]
        elif pending and word not in _JOINTS:
            raise UnparsableError
    if pending or deny:
        raise UnparsableError
    return roles


def _words(answer: str, known: Sequence[str]) -> list[str]:
    """The words of an answer, in order; names and terms as they are known, without a plural's s or a particle."""
    words = sorted({*(_key(word) for word in known), *_HEDGES, *_DENIALS}, key=len, reverse=True)
    parts = [rf"\b({re.escape(word)})(?:e?s)?\b" if word.isascii() else f"({re.escape(word)})" for word in words]
    found = re.finditer("|".join([*parts, r"([^\W\d_]+)"]), _key(answer))
    return [match[match.lastindex or 0] for match in found]


def _key(text: str) -> str:
    return fold(text).casefold().replace("’", "'")


def _assign(roles: dict[str, bool], people: Sequence[str], truth: bool) -> None:
    for name in people:
        if roles.setdefault(name, truth) != truth:
            raise SeveralAnswersError


def holds(statement: Json, truths: Sequence[bool], depth: int = 0) -> bool:
    """Truth of a nested statement when person j is a truth-teller iff `truths[j]`. Raises BadReferenceError."""
    if depth > MAX_DEPTH or not isinstance(statement, list | tuple) or len(statement) < 2:
        raise BadReferenceError("a statement is not a nested list of known operators")
    operator, *parts = statement
    if operator in ("telling-truth", "lying"):
        person = parts[0]
        if not isinstance(person, int) or not 0 <= person < len(truths):
            raise BadReferenceError(f"a statement is about person {person!r}, who is not there")
        return bool(truths[person] == (operator == "telling-truth"))
    values = [holds(part, truths, depth + 1) for part in parts]
    meanings: Mapping[str, bool] = {
        "not": not values[0],
        "and": all(values),
        "or": any(values),
        "->": not values[0] or values[-1],
        "<=>": values[0] == values[-1],
    }
    if operator not in meanings:
        raise BadReferenceError(f"a statement uses the unknown operator {operator!r}")
    return meanings[operator]
