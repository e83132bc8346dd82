"""Exact value of `+ - * / ( )` over numbers without a sign: an own reader with limits; nothing is executed."""

from __future__ import annotations

from fractions import Fraction

MAX_CHARS = 300
MAX_DEPTH = 40
MAX_DIGITS = 12
_DIGITS = frozenset("0123456789")
_SPELLINGS = {"×": "*", "·": "*", "÷": "/", "\u2212": "-"}


class NotArithmeticError(ValueError):
    """The text is no such expression, or divides by zero."""


class TooLargeError(ValueError):
    """The text is longer, deeper or has larger numbers than the reader takes."""


def evaluate(text: str) -> tuple[Fraction, list[Fraction]]:
    """Value of an expression, and the numbers in it, in order. Raises NotArithmeticError or TooLargeError."""
    if len(text) > MAX_CHARS:
        raise TooLargeError(f"longer than {MAX_CHARS} characters")
    reader = _Reader("".join(_SPELLINGS.get(char, char) for char in text))
    value = reader.sum(0)
    if reader.peek():
        raise NotArithmeticError(f"unexpected {reader.peek()!r}")
    return value, reader.used


class _Reader:
    """Recursive descent over one line: sum → product → atom."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.place = 0
        self.used: list[Fraction] = []

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
                raise NotArithmeticError("division by zero")
            value = value * other if sign == "*" else value / other
        return value

    def atom(self, depth: int) -> Fraction:
        if self.peek() != "(":
            return self.number()
        if depth == MAX_DEPTH:
            raise TooLargeError(f"deeper than {MAX_DEPTH} brackets")
        self.place += 1
        value = self.sum(depth + 1)
        if self.peek() != ")":
            raise NotArithmeticError("a bracket is not closed")
        self.place += 1
        return value

    def number(self) -> Fraction:
        start = self.place
        while self.place < len(self.text) and self.text[self.place] in _DIGITS | {"."}:
            self.place += 1
        written = self.text[start : self.place]
        if len(written) > MAX_DIGITS:
            raise TooLargeError(f"a number of more than {MAX_DIGITS} digits")
        if not written.replace(".", "", 1).isdigit():
            raise NotArithmeticError(f"no number at {self.text[start : start + 10]!r}")
        self.used.append(Fraction(written))
        return self.used[-1]
