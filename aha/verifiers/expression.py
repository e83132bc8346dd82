"""Countdown and 24: an expression over exactly the given numbers that makes the target, in exact fractions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from fractions import Fraction
from typing import Literal

from aha.types import Json, Verdict
from aha.verifiers.base import BadReferenceError, OverLimitsError, UnparsableError, decided, fold

MAX_CHARS = 300
MAX_DEPTH = 40
MAX_DIGITS = 12

_SPELLINGS = (("\\times", "*"), ("\\cdot", "*"), ("\\div", "/"), ("×", "*"), ("·", "*"), ("÷", "/"))
_WRITTEN = (("\\left", ""), ("\\right", ""), ("$", ""), ("[", "("), ("]", ")"))


def expression(answer: str, reference: Json, *, use: Literal["all", "at_most"] = "all") -> Verdict:
    """Whether the answer makes `reference["target"]` from `reference["numbers"]` with + - * / and brackets.

    `use`: every number exactly once, or each at most once. A tail `= value` is allowed where it is true. Numbers may
    not be joined and there is no sign before a number. The canonical form of a valid expression is its value.
    """
    numbers, target = _read_reference(reference)
    if len(answer) > MAX_CHARS:
        raise OverLimitsError
    text = fold(answer)
    for written, plain in _SPELLINGS + _WRITTEN:
        text = text.replace(written, plain)
    left, *tails = text.split("=")
    value, used = evaluate(left)
    claims = [evaluate(tail)[0] for tail in tails]
    counts = Counter(used)
    allowed = counts == Counter(numbers) if use == "all" else counts <= Counter(numbers)
    if len(claims) > 1 or not allowed or any(claim != value for claim in claims):
        return decided(False, "".join(left.split()))
    return decided(value == target, str(value))


def evaluate(text: str) -> tuple[Fraction, list[int]]:
    """Value of an expression over non-negative integers, and the integers used, in order.

    Raises UnparsableError (also for a division by zero) and OverLimitsError.
    """
    if len(text) > MAX_CHARS:
        raise OverLimitsError
    reader = _Reader(text)
    value = reader.sum(0)
    if reader.peek():
        raise UnparsableError
    return value, reader.used


def _read_reference(reference: Json) -> tuple[list[int], int]:
    if isinstance(reference, dict):
        numbers, target = reference.get("numbers"), reference.get("target")
        if isinstance(numbers, list) and all(type(n) is int for n in numbers) and type(target) is int:
            return numbers, target
    raise BadReferenceError('expected {"numbers": [integers], "target": integer}')


class _Reader:
    """Recursive descent over one line: sum → product → atom."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.used: list[int] = []

    def peek(self) -> str:
        while self.place < len(self.text) and self.text[self.place].isspace():
            self.place += 1
        return self.text[self.place : self.place + 1]

    def sum(self, depth: int) -> Fraction:
        value = self.product(depth)
        while (sign := self.peek()) in ("+", "-"):
            self.place += 1
            other = self.product(depth)
            value = value + other if sign == "+" else value - other
        return value

    def product(self, depth: int) -> Fraction:
        value = self.atom(depth)
        while (sign := self.peek()) in ("*", "/"):
            self.place += 1
            other = self.atom(depth)
            if sign == "/" and other == 0:
                raise UnparsableError
            value = value * other if sign == "*" else value / other
        return value

    def atom(self, depth: int) -> Fraction:
        if self.peek() == "(":
            if depth == MAX_DEPTH:
                raise OverLimitsError
            self.place += 1
            value = self.sum(depth + 1)
            if self.peek() != ")":
                raise UnparsableError
            self.place += 1
            return value
        start = self.place
        self._skip(lambda char: "0" <= char <= "9")
        digits = self.text[start : self.place]
        if not digits:
            raise UnparsableError
        if len(digits) > MAX_DIGITS:
            raise OverLimitsError
        self.used.append(int(digits))
        return Fraction(int(digits))

    def _skip(self, wanted: Callable[[str], bool]) -> None:
        while self.place < len(self.text) and wanted(self.text[self.place]):
            self.place += 1
