"""Sets of real numbers: intervals, unions, inequalities in one variable, all as sorted disjoint pieces."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction

from aha.verifiers.base import UnparsableError
from aha.verifiers.math.exact import NotRationalError, rational
from aha.verifiers.math.numeric import NotNumericError
from aha.verifiers.math.scalars import UndecidedError, approximate, infinite, same_value
from aha.verifiers.math.values import (
    SCALARS,
    Add,
    Call,
    Interval,
    Neg,
    Num,
    Relation,
    Sequence,
    SetOperation,
    Sym,
    Text,
    Value,
    symbols,
)

OO = Sym("oo")
REALS = Interval(Neg(OO), OO, True, True)
Pieces = list[Interval]
_PROBES = (Fraction(0), Fraction(1), Fraction(-997, 3), Fraction(10007, 7))
"""Where an expression is tried for being linear."""
_FLIPPED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!="}


@dataclass(slots=True, frozen=True)
class Solutions:
    """A set of real numbers, and the variable that it is the range of; empty where none is named."""

    variable: str
    pieces: tuple[Interval, ...]


def real_set(value: Value) -> Solutions | None:
    """The set of real numbers that a value describes; None where it describes none."""
    try:
        found = pieces_of(value)
        return None if found is None else Solutions(found[0], tuple(merged(found[1])))
    except (NotNumericError, NotRationalError, UnparsableError, UndecidedError):
        return None


def same_set(left: Solutions, right: Solutions, same_end: Callable[[Value, Value], bool] = same_value) -> bool:
    """Whether the pieces agree, ends and openness included, and the variables are not two different ones."""
    if left.variable and right.variable and left.variable != right.variable:
        return False
    if len(left.pieces) != len(right.pieces):
        return False
    for a, b in zip(left.pieces, right.pieces, strict=True):
        if (a.low_open, a.high_open) != (b.low_open, b.high_open):
            return False
        if not (same_end(a.low, b.low) and same_end(a.high, b.high)):
            return False
    return True


def pieces_of(value: Value) -> tuple[str, Pieces] | None:
    """The variable and the pieces as they were written, neither sorted nor joined; None for what is no set. Raises
    NotNumericError, NotRationalError, UnparsableError, UndecidedError."""
    match value:
        case Interval():
            return "", [value]
        case Sequence("tuple", (low, high)) if _is_end(low) and _is_end(high):
            return "", [Interval(low, high, True, True)]
        case Sequence("square", (low, high)) if _is_end(low) and _is_end(high):
            return "", [Interval(low, high, False, False)]
        case Sequence("set", (Interval() | SetOperation() as inner,)):
            return pieces_of(inner)
        case Sequence("set", items) if all(_is_end(item) for item in items):
            return "", [Interval(item, item, False, False) for item in items]
        case Text("R"):
            return "", [REALS]
        case SetOperation(name, parts):
            return _combined(name, [pieces_of(part) for part in parts])
        case Relation(sides, operators):
            return _solved(sides, operators)
        case Sequence("list", items) if all(isinstance(item, Relation | Interval) for item in items):
            ranges = [pieces_of(item) for item in items]
            both = _combined("intersection", ranges)
            return both if both is not None and both[1] else _combined("union", ranges)
    return None


def _is_end(value: Value) -> bool:
    return isinstance(value, SCALARS)


def _combined(name: str, parts: list[tuple[str, Pieces] | None]) -> tuple[str, Pieces] | None:
    known = [part for part in parts if part is not None]
    variables = {variable for variable, _ in known if variable}
    if len(known) != len(parts) or len(variables) > 1:
        return None
    pieces = known[0][1]
    for _, others in known[1:]:
        if name == "union":
            pieces = [*pieces, *others]
        elif name == "difference":
            pieces = _intersected(pieces, _complement(others))
        else:
            pieces = _intersected(pieces, others)
    return (variables.pop() if variables else ""), pieces


def _solved(sides: tuple[Value, ...], operators: tuple[str, ...]) -> tuple[str, Pieces] | None:
    """The solutions of a chain in one variable, which stands alone or in a linear expression."""
    if len(sides) == 2 and operators == ("in",) and isinstance(sides[0], Sym):
        inner = pieces_of(sides[1])
        return None if inner is None else (sides[0].name, inner[1])
    if any(operator not in _FLIPPED for operator in operators) or all(operator == "=" for operator in operators):
        return None
    names = [name for side in sides for name in symbols(side)]
    if len(set(names)) != 1:
        return None
    pieces: Pieces = [REALS]
    for left, operator, right in zip(sides, operators, sides[1:], strict=False):
        half = _half_line(left, operator, right, names[0])
        if half is None:
            return None
        pieces = _intersected(pieces, half)
    return names[0], pieces


def _half_line(left: Value, operator: str, right: Value, name: str) -> Pieces | None:
    """The solutions of one inequality that is linear, or has the absolute value of something linear on one side."""
    if isinstance(left, Call) and left.name == "abs" and name not in symbols(right):
        return _between(left.args[0], operator, right, name)
    if isinstance(right, Call) and right.name == "abs" and name not in symbols(left):
        return _between(right.args[0], _FLIPPED[operator], left, name)
    if left == Sym(name) and name not in symbols(right):
        end = right
    elif right == Sym(name) and name not in symbols(left):
        end, operator = left, _FLIPPED[operator]
    else:
        gap = Add((left, Neg(right)))
        at = {x: rational(gap, {name: x}) for x in _PROBES}
        first, slope = at[_PROBES[0]], at[_PROBES[1]] - at[_PROBES[0]]
        if slope == 0 or any(at[x] != first + slope * x for x in _PROBES):
            return None
        end = Num(-first / slope)
        operator = operator if slope > 0 else _FLIPPED[operator]
    if operator == "=":
        return [Interval(end, end, False, False)]
    below = Interval(Neg(OO), end, True, operator != "<=")
    above = Interval(end, OO, operator != ">=", True)
    return {"<": [below], "<=": [below], ">": [above], ">=": [above], "!=": [below, above]}[operator]


def _between(inner: Value, operator: str, bound: Value, name: str) -> Pieces | None:
    """The solutions of an inequality for an absolute value."""
    if operator in ("=", "!="):
        return None
    below = _half_line(inner, operator, bound, name)
    above = _half_line(inner, _FLIPPED[operator], Neg(bound), name)
    if below is None or above is None:
        return None
    return _intersected(below, above) if operator in ("<", "<=") else [*below, *above]


def _position(end: Value) -> float:
    """Where an end lies. Raises NotNumericError."""
    sign = infinite(end)
    if sign:
        return sign * float("inf")
    number = complex(approximate(end))
    if abs(number.imag) > 1e-12:
        raise NotNumericError
    return number.real


def _compare(left: Value, right: Value) -> int:
    if left == right:
        return 0
    a, b = _position(left), _position(right)
    if a != b and abs(a - b) > 1e-9 * max(abs(a), abs(b)):
        return -1 if a < b else 1
    return 0 if a == b or same_value(left, right) else (-1 if a < b else 1)


def _is_empty(piece: Interval) -> bool:
    order = _compare(piece.low, piece.high)
    return order > 0 or (order == 0 and (piece.low_open or piece.high_open))


def _intersected(left: Pieces, right: Pieces) -> Pieces:
    found = []
    for a in left:
        for b in right:
            low = _compare(a.low, b.low)
            high = _compare(a.high, b.high)
            piece = Interval(
                a.low if low >= 0 else b.low,
                a.high if high <= 0 else b.high,
                (a.low_open or b.low_open) if low == 0 else (a.low_open if low > 0 else b.low_open),
                (a.high_open or b.high_open) if high == 0 else (a.high_open if high < 0 else b.high_open),
            )
            if not _is_empty(piece):
                found.append(piece)
    return found


def _complement(pieces: Pieces) -> Pieces:
    rest: Pieces = [REALS]
    for piece in pieces:
        outside = [
            Interval(Neg(OO), piece.low, True, not piece.low_open),
            Interval(piece.high, OO, not piece.high_open, True),
        ]
        rest = _intersected(rest, outside)
    return rest


def merged(pieces: Pieces) -> Pieces:
    """Sorted, touching pieces joined, empty ones dropped."""
    left = sorted((p for p in pieces if not _is_empty(p)), key=lambda p: (_position(p.low), p.low_open))
    merged: Pieces = []
    for piece in left:
        last = merged[-1] if merged else None
        gap = 1 if last is None else _compare(piece.low, last.high)
        if last is None or gap > 0 or (gap == 0 and piece.low_open and last.high_open):
            merged.append(piece)
            continue
        order = _compare(piece.high, last.high)
        high_open = last.high_open and piece.high_open if order == 0 else last.high_open
        merged[-1] = (
            Interval(last.low, piece.high, last.low_open, piece.high_open)
            if order > 0
            else Interval(last.low, last.high, last.low_open, high_open)
        )
    return merged
