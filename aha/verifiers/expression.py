"""Countdown and 24: an expression over exactly the given numbers that makes the target, in exact fractions."""

from __future__ import annotations

import re
from collections import Counter
from fractions import Fraction
from typing import Literal

from aha.text.answers import last_boxed
from aha.text.arithmetic import NotArithmeticError, TooLargeError, evaluate
from aha.types import Json, Verdict
from aha.verifiers.base import BadReferenceError, OverLimitsError, UnparsableError, decided, fold

MAX_CHARS = 1_000

_PLAIN = (
    *(("\\times", "*"), ("\\cdot", "*"), ("\\div", "/"), ("\\left", ""), ("\\right", ""), ("$", ""), ("`", "")),
    *(("\\(", ""), ("\\)", ""), ("\\[", ""), ("\\]", ""), ("[", "("), ("]", ")")),
)
_LABEL = re.compile(r"\s*(?:the\s+)?(?:final\s+)?(?:answer|solution|expression)\s*(?:is\b|:)+\s*", re.IGNORECASE)
_TIMES = re.compile(r"(?<=[\d)\s])[xX](?=[\s\d(])")
_FRACTION = re.compile(r"\\[dt]?frac\s*\{([^{}]*)\}\s*\{([^{}]*)\}")


def expression(
    answer: str,
    reference: Json,
    *,
    use: Literal["all", "at_most"] = "all",
    claim: Literal["true", "ignored"] = "true",
) -> Verdict:
    """Whether the answer makes `reference["target"]` from `reference["numbers"]` with + - * / and brackets.

    `use`: every number exactly once, or each at most once. One `= value` may stand beside the expression; `claim`: it
    must be true, or it is not counted, as in the labels of Tree of Thoughts (arXiv 2305.10601). Numbers may not be
    joined and there is no sign before a number. The canonical form of a valid expression is its value.
    """
    numbers, target = _read_reference(reference)
    try:
        sides = [evaluate(side) for side in _plain(answer).split("=")]
    except NotArithmeticError as error:
        raise UnparsableError from error
    except TooLargeError as error:
        raise OverLimitsError from error
    if len(sides) == 2 and len(sides[0][1]) == 1:
        sides.reverse()
    value, used = sides[0]
    given = Counter(map(Fraction, numbers))
    allowed = Counter(used) == given if use == "all" else Counter(used) <= given
    claims = [] if claim == "ignored" else [said for said, _ in sides[1:]]
    if len(sides) > 2 or not allowed or any(said != value for said in claims):
        return decided(False, "".join(_plain(answer).split("=")[0].split()))
    return decided(value == target, str(value))


def _plain(answer: str) -> str:
    """The expression in plain characters, without what is around it."""
    boxed = last_boxed(answer)
    text = fold(answer if boxed is None else boxed)
    if len(text) > MAX_CHARS:
        raise OverLimitsError
    for written, plain in _PLAIN:
        text = text.replace(written, plain)
    num_fractions = 1
    while num_fractions:
        text, num_fractions = _FRACTION.subn(r"((\1)/(\2))", text)
    text = text.strip(" *")
    label = _LABEL.match(text)
    text = text[label.end() :] if label else text
    return _TIMES.sub("*", text.lstrip("* ").rstrip("*. "))


def _read_reference(reference: Json) -> tuple[list[int], int]:
    if isinstance(reference, dict):
        numbers, target = reference.get("numbers"), reference.get("target")
        if isinstance(numbers, list) and all(type(n) is int for n in numbers) and type(target) is int:
            return numbers, target
    raise BadReferenceError('expected {"numbers": [integers], "target": integer}')
