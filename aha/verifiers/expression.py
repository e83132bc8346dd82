"""Countdown and 24: an expression over exactly the given numbers that makes the target, in exact fractions."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from typing import Literal

from aha.text.answers import last_boxed
from aha.text.arithmetic import NotArithmeticError, TooLargeError, evaluate
from aha.types import Json, Verdict
from aha.verifiers.base import BadReferenceError, OverLimitsError, UnparsableError, decided, fold

_LATEX = (("\\times", "*"), ("\\cdot", "*"), ("\\div", "/"), ("\\left", ""), ("\\right", ""), ("$", ""))


def expression(answer: str, reference: Json, *, use: Literal["all", "at_most"] = "all") -> Verdict:
    """Whether the answer makes `reference["target"]` from `reference["numbers"]` with + - * / and brackets.

    `use`: every number exactly once, or each at most once. A tail `= value` is allowed where it is true. Numbers may
    not be joined and there is no sign before a number. The canonical form of a valid expression is its value.
    """
    numbers, target = _read_reference(reference)
    boxed = last_boxed(answer)
    text = fold(answer if boxed is None else boxed)
    for written, plain in _LATEX:
        text = text.replace(written, plain)
    left, *tails = text.split("=")
    try:
        value, used = evaluate(left)
        claims = [evaluate(tail)[0] for tail in tails]
    except NotArithmeticError as error:
        raise UnparsableError from error
    except TooLargeError as error:
        raise OverLimitsError from error
    given = Counter(map(Fraction, numbers))
    allowed = Counter(used) == given if use == "all" else Counter(used) <= given
    if len(claims) > 1 or not allowed or any(claim != value for claim in claims):
        return decided(False, "".join(left.split()))
    return decided(value == target, str(value))


def _read_reference(reference: Json) -> tuple[list[int], int]:
    if isinstance(reference, dict):
        numbers, target = reference.get("numbers"), reference.get("target")
        if isinstance(numbers, list) and all(type(n) is int for n in numbers) and type(target) is int:
            return numbers, target
    raise BadReferenceError('expected {"numbers": [integers], "target": integer}')
