"""A place in a list of tokens, and the grammar's rules that the lower half of the parser calls."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aha.verifiers.base import OverLimitsError, UnparsableError
from aha.verifiers.math.limits import MAX_DEPTH
from aha.verifiers.math.tokens import Token
from aha.verifiers.math.values import Value


@dataclass(slots=True, frozen=True)
class Reading:
    """How what is ambiguous is read; both sides of a comparison are read in the same way."""

    grouped: bool = True
    """`1,234` is one number outside of brackets."""
    scientific: bool = True
    """`2e-3` is one number, not 2e - 3."""
    letter_units: bool = False
    """A single letter behind a number and a space is a unit: `5 m`."""
    letters: bool = False
    """Unknown words are products of letters, not the names of units."""


class Cursor(ABC):
    """Walks over tokens."""

    def __init__(self, tokens: list[Token], reading: Reading) -> None:
        self.tokens = tokens
        self.reading = reading
        self.position = 0
        self.depth = 0
        self.semicolons = True
        """Whether a semicolon separates as a comma does."""
        self.bars = 0
        """Open absolute values: then a bar closes."""

    @property
    def token(self) -> Token:
        """The token ahead."""
        return self.tokens[self.position]

    def ahead(self, count: int) -> Token:
        """The token `count` places further on."""
        return self.tokens[min(self.position + count, len(self.tokens) - 1)]

    def take(self) -> Token:
        """The token ahead, and step over it."""
        token = self.tokens[self.position]
        if token.kind == "end":
            raise UnparsableError
        self.position += 1
        return token

    def at(self, *texts: str) -> bool:
        """Whether one of these signs, commands or words is ahead; quoted words never are."""
        token = self.tokens[self.position]
        return token.text in texts and token.kind != "quoted"

    def accept(self, *texts: str) -> bool:
        """Step over one of these, if it is ahead."""
        if self.at(*texts):
            self.position += 1
            return True
        return False

    def expect(self, *texts: str) -> str:
        """Step over one of these. Raises UnparsableError."""
        if not self.at(*texts):
            raise UnparsableError
        return self.take().text

    @contextmanager
    def inside(self) -> Iterator[None]:
        """One level deeper, where bars open again. Raises OverLimitsError."""
        bars, self.bars = self.bars, 0
        semicolons, self.semicolons = self.semicolons, True
        with self.deeper():
            yield
        self.bars, self.semicolons = bars, semicolons

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """One level deeper in the same brackets. Raises OverLimitsError."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise OverLimitsError
        yield
        self.depth -= 1

    @abstractmethod
    def item(self) -> Value:
        """One element of a list: an expression or relation, with its unit."""

    @abstractmethod
    def expression(self) -> Value:
        """Terms and set operations."""

    @abstractmethod
    def atom(self) -> Value:
        """A number, a name, a function with its argument, or something in brackets."""

    @abstractmethod
    def based(self, digits: str) -> Value:
        """Digits in the base that is ahead."""

    @abstractmethod
    def power(self) -> Value:
        """An atom with exponents and what stands behind it."""

    @abstractmethod
    def starts_factor(self) -> bool:
        """Whether the token ahead begins a factor of a product without a sign."""
