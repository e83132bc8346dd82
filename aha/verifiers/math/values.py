"""What a mathematical answer can be: exact numbers, expression trees, and the containers that hold them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

Bracket = Literal["list", "tuple", "set", "square", "angle"]
"""How a sequence was written: bare, in (), {}, [] or ⟨⟩."""


@dataclass(slots=True, frozen=True)
class Num:
    """A literal number, exact."""

    value: Fraction
    places: int | None = None
    """Digits after the point, where it was written as a decimal."""


@dataclass(slots=True, frozen=True)
class Based:
    """A number with its base as a subscript, e.g. `204_5`."""

    value: Fraction
    base: int


@dataclass(slots=True, frozen=True)
class Sym:
    """A variable, with its subscript: `x`, `a_37`; or one of the constants `pi`, `e`, `i`, `oo`."""

    name: str


CONSTANTS = frozenset({"pi", "e", "i", "oo"})


@dataclass(slots=True, frozen=True)
class Add:
    """A sum as written."""

    terms: tuple[Value, ...]


@dataclass(slots=True, frozen=True)
class Mul:
    """A product as written."""

    factors: tuple[Value, ...]


@dataclass(slots=True, frozen=True)
class Neg:
    """A minus sign."""

    arg: Value


@dataclass(slots=True, frozen=True)
class PlusMinus:
    """Plus or minus `arg`; `sign` is -1 for the sign that is minus first."""

    arg: Value
    sign: int


@dataclass(slots=True, frozen=True)
class Div:
    """A fraction as written."""

    over: Value
    under: Value


@dataclass(slots=True, frozen=True)
class Pow:
    """A power as written."""

    base: Value
    exponent: Value


@dataclass(slots=True, frozen=True)
class Call:
    """A function of arguments: `sqrt`, `sin`, `factorial`, `percent`, `degree`, or an unknown one such as `f`."""

    name: str
    args: tuple[Value, ...]


@dataclass(slots=True, frozen=True)
class Quantity:
    """A number with a unit, e.g. `5 cm`."""

    amount: Value
    unit: str


@dataclass(slots=True, frozen=True)
class Sequence:
    """Several values, and how they were held together."""

    bracket: Bracket
    items: tuple[Value, ...]


@dataclass(slots=True, frozen=True)
class Interval:
    """Real numbers between two ends."""

    low: Value
    high: Value
    low_open: bool
    high_open: bool


@dataclass(slots=True, frozen=True)
class SetOperation:
    """`union`, `intersection` or `difference` of sets."""

    name: str
    parts: tuple[Value, ...]


@dataclass(slots=True, frozen=True)
class Family:
    """The union of what the bodies are, over all whole numbers as the variable."""

    variable: str
    bodies: tuple[Value, ...]


@dataclass(slots=True, frozen=True)
class Matrix:
    """Rows of equal length."""

    rows: tuple[tuple[Value, ...], ...]


@dataclass(slots=True, frozen=True)
class Cases:
    """A function by cases: pairs of value and condition."""

    rows: tuple[tuple[Value, ...], ...]


@dataclass(slots=True, frozen=True)
class Relation:
    """A chain `a < b <= c`: one more side than operators, which are `= != < <= > >= ~ in`."""

    sides: tuple[Value, ...]
    operators: tuple[str, ...]


@dataclass(slots=True, frozen=True)
class Ratio:
    """`a : b : c`."""

    parts: tuple[Value, ...]


@dataclass(slots=True, frozen=True)
class Time:
    """A time of day or a duration with colons."""

    seconds: int
    half: str
    """`am`, `pm`, or empty: then the hours are those of 24."""

    def of_day(self) -> int:
        """Seconds since midnight."""
        if not self.half:
            return self.seconds
        return self.seconds % 43200 + (43200 if self.half == "pm" else 0)

    def as_ratio(self) -> Ratio:
        """The numbers around the colons."""
        hours, rest = divmod(self.seconds, 3600)
        parts = (hours, rest // 60, rest % 60) if rest % 60 else (hours, rest // 60)
        return Ratio(tuple(Num(Fraction(part)) for part in parts))


@dataclass(slots=True, frozen=True)
class Text:
    """Words; compared after normalising."""

    words: str


Value = (
    Num
    | Based
    | Sym
    | Add
    | Mul
    | Neg
    | PlusMinus
    | Div
    | Pow
    | Call
    | Quantity
    | Sequence
    | Interval
    | SetOperation
    | Family
    | Matrix
    | Cases
    | Relation
    | Ratio
    | Time
    | Text
)
SCALARS = (Num, Based, Sym, Add, Mul, Neg, Div, Pow, Call)


def children(value: Value) -> tuple[Value, ...]:
    """The values directly inside another."""
    match value:
        case Add(parts) | Mul(parts) | Sequence(_, parts) | Ratio(parts) | Call(_, parts):
            return parts
        case SetOperation(_, parts) | Relation(parts, _) | Family(_, parts):
            return parts
        case Neg(arg) | PlusMinus(arg, _) | Quantity(arg, _):
            return (arg,)
        case Div(left, right) | Pow(left, right) | Interval(left, right, _, _):
            return (left, right)
        case Matrix(rows) | Cases(rows):
            return tuple(cell for row in rows for cell in row)
        case _:
            return ()


def rebuilt(value: Value, change: Callable[[Value], Value]) -> Value:
    """The value with each of the values directly inside it changed; matrices, cases and families stay as they are."""
    match value:
        case Add(parts) | Mul(parts) | Ratio(parts):
            return type(value)(tuple(map(change, parts)))
        case Call(name, parts) | SetOperation(name, parts):
            return type(value)(name, tuple(map(change, parts)))
        case Sequence(bracket, parts):
            return Sequence(bracket, tuple(map(change, parts)))
        case Relation(parts, operators):
            return Relation(tuple(map(change, parts)), operators)
        case Neg(arg):
            return Neg(change(arg))
        case PlusMinus(arg, sign):
            return PlusMinus(change(arg), sign)
        case Quantity(arg, words):
            return Quantity(change(arg), words)
        case Div(left, right) | Pow(left, right):
            return type(value)(change(left), change(right))
        case Interval(low, high, low_open, high_open):
            return Interval(change(low), change(high), low_open, high_open)
    return value


def walk(value: Value) -> Iterator[Value]:
    """The value and everything inside it."""
    yield value
    for child in children(value):
        yield from walk(child)


def symbols(value: Value) -> frozenset[str]:
    """Names of the free variables; the constants are none, nor is what a sum runs over."""
    match value:
        case Sym(name):
            return frozenset() if name in CONSTANTS else frozenset((name,))
        case Call("sum" | "prod", (Sym(variable), low, high, body)):
            return symbols(low) | symbols(high) | (symbols(body) - {variable})
        case Family(variable, bodies):
            return frozenset().union(*map(symbols, bodies)) - {variable}
    return frozenset().union(*map(symbols, children(value)))


def has_infinity(value: Value) -> bool:
    """Whether an end is infinite."""
    return any(part == Sym("oo") for part in walk(value))
