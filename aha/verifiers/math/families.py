r"""Sets that repeat along the line: `\bigcup_{k=-\infty}^{\infty} (2k\pi, 2k\pi+\pi)`, `x = k\pi, k \in \mathbb{Z}`.

Two of them are equal where they hold the same pieces within one common period, whatever the number counts from.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

from aha.verifiers.base import UnparsableError
from aha.verifiers.math.exact import NotRationalError
from aha.verifiers.math.numeric import NotNumericError
from aha.verifiers.math.relations import is_equation, labelled
from aha.verifiers.math.scalars import UndecidedError, approximate, same_value
from aha.verifiers.math.sets import Solutions, merged, pieces_of, same_set
from aha.verifiers.math.values import (
    SCALARS,
    Add,
    Family,
    Interval,
    Mul,
    Neg,
    Num,
    Relation,
    Sequence,
    Sym,
    Text,
    Value,
    has_infinity,
    rebuilt,
    symbols,
)

MAX_COPIES = 60
"""Pieces within a common period."""
_TRIED = (2, -7)
"""Numbers at which the ends are tried for going on as from 0 to 1."""
_UNREADABLE = (NotNumericError, NotRationalError, UnparsableError, UndecidedError, ValueError, OverflowError)


@dataclass(slots=True, frozen=True)
class Repeated:
    """Pieces that come again after every period; `variable` is what they are the range of, or empty."""

    variable: str
    pieces: tuple[Interval, ...]
    period: Value


def family(value: Value) -> Family | None:
    r"""A union over all whole numbers, also as a list, or a set's condition, that ends in `k \in \mathbb{Z}`."""
    match value:
        case Family():
            return value
        case Sequence("list" | "set", (*bodies, Relation((Sym(name), Text("Z") | Sym("Z")), ("in",)))) if bodies:
            return Family(name, tuple(bodies)) if all(name in symbols(body) for body in bodies) else None
    return None


def same_family(gold: Family, answer: Family) -> bool:
    """Whether two families are the same set of real numbers."""
    try:
        left, right = _repeated(gold), _repeated(answer)
        if left is None or right is None:
            return False
        both = _common(left, right)
    except _UNREADABLE:
        return False
    return both is not None and same_set(*both)


def _repeated(value: Family) -> Repeated | None:
    """The pieces at 0 and the period; None where the pieces do not move evenly."""
    variable, pieces = _at(value, 0)
    _, following = _at(value, 1)
    if not pieces or len(pieces) != len(following):
        return None
    period = _minus(following[0].low, pieces[0].low)
    for number in (1, *_TRIED):
        moved = [_moved(piece, Mul((Num(Fraction(number)), period))) for piece in pieces]
        _, found = _at(value, number)
        if not same_set(Solutions("", tuple(moved)), Solutions("", tuple(found))):
            return None
    size = approximate(period).real
    if size == 0:
        return None
    return Repeated(variable, tuple(pieces), period if size > 0 else Neg(period))


def _at(value: Family, number: int) -> tuple[str, list[Interval]]:
    """Variable and pieces for one number. Raises UnparsableError for what is no bounded set."""
    names, pieces = set(), []
    for body in value.bodies:
        variable, found = _body(_with(body, value.variable, Num(Fraction(number))))
        names.add(variable)
        pieces += found
    if len(names) != 1 or any(map(has_infinity, pieces)):
        raise UnparsableError
    return names.pop(), pieces


def _body(body: Value) -> tuple[str, list[Interval]]:
    if isinstance(body, Relation) and is_equation(body):
        label, values = labelled(body)
        if not isinstance(label, Sym) or len(values) != 1:
            raise UnparsableError
        return label.name, [Interval(values[0], values[0], False, False)]
    if isinstance(body, SCALARS):
        return "", [Interval(body, body, False, False)]
    found = pieces_of(body)
    if found is None:
        raise UnparsableError
    return found


def _with(value: Value, name: str, number: Num) -> Value:
    return number if value == Sym(name) else rebuilt(value, lambda inner: _with(inner, name, number))


def _common(left: Repeated, right: Repeated) -> tuple[Solutions, Solutions] | None:
    """Both within one common period; None where there is none of a reasonable length."""
    ratio = Fraction(approximate(right.period).real / approximate(left.period).real).limit_denominator(MAX_COPIES)
    times, other_times = ratio.numerator, ratio.denominator
    if not times or max(times * len(left.pieces), other_times * len(right.pieces)) > MAX_COPIES:
        return None
    period = Mul((Num(Fraction(times)), left.period))
    if not same_value(period, Mul((Num(Fraction(other_times)), right.period))):
        return None
    return _within(left, times, period), _within(right, other_times, period)


def _within(value: Repeated, times: int, period: Value) -> Solutions:
    """The pieces that begin between 0 and the period, those that touch joined; everything as one piece from 0."""
    length = approximate(period).real
    pieces = []
    for piece in value.pieces:
        first = math.floor(approximate(piece.low).real / length + 1e-9)
        for turn in range(-2 * times, 3 * times):
            steps = (Mul((Num(Fraction(turn)), value.period)), Mul((Num(Fraction(-first)), period)))
            pieces.append(_moved(piece, Add(steps)))
    inside = []
    for piece in merged(pieces):
        low = approximate(piece.low).real / length
        if approximate(piece.high).real / length - low > 1 + 1e-9:
            return Solutions(value.variable, (Interval(Num(Fraction(0)), period, False, False),))
        if -1e-9 <= low < 1 - 1e-9:
            inside.append(piece)
    return Solutions(value.variable, tuple(inside))


def _moved(piece: Interval, by: Value) -> Interval:
    low, high = Add((piece.low, by)), Add((piece.high, by))
    return Interval(low, high, piece.low_open, piece.high_open)


def _minus(left: Value, right: Value) -> Value:
    return Add((left, Neg(right)))
