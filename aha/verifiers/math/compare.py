"""Compares two values, typed by the reference."""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Sequence as Several
from dataclasses import replace
from typing import TypeVar

from aha.verifiers.base import SeveralAnswersError
from aha.verifiers.math.chains import stated
from aha.verifiers.math.families import family, same_family
from aha.verifiers.math.quantities import same_quantity
from aha.verifiers.math.relations import (
    is_equation,
    labelled,
    same_equation,
    same_inequality,
    same_labels,
)
from aha.verifiers.math.scalars import same_value
from aha.verifiers.math.sets import real_set, same_set
from aha.verifiers.math.settings import Settings
from aha.verifiers.math.signs import spread
from aha.verifiers.math.texts import normal_words
from aha.verifiers.math.values import (
    SCALARS,
    Cases,
    Div,
    Family,
    Interval,
    Matrix,
    Mul,
    Quantity,
    Ratio,
    Relation,
    Sequence,
    SetOperation,
    Text,
    Time,
    Value,
    symbols,
)

T = TypeVar("T")


def same(gold: Value, answer: Value, settings: Settings) -> bool:
    """Whether the answer is the reference. Raises SeveralAnswersError where the reference is one value and the answer
    several, UndecidedError where it cannot be shown."""
    gold, answer = spread(gold), spread(answer)
    if gold == answer:
        return True
    if not isinstance(gold, Relation) and isinstance(answer, Relation) and is_equation(answer):
        return any(same(gold, value, settings) for value in _said(answer, settings))
    if (found := family(gold)) is not None and (other := family(answer)) is not None and same_family(found, other):
        return True
    match gold:
        case Family():
            return False
        case Interval() | SetOperation():
            return _same_range(gold, answer, settings)
        case Relation():
            return _same_relation(gold, answer, settings)
        case Sequence():
            return _same_sequence(gold, answer, settings)
        case Matrix(rows):
            cells = _cells(answer)
            return cells is not None and _same_cells(rows, cells, settings)
        case Cases(rows):
            return isinstance(answer, Cases) and _matched(rows, answer.rows, lambda a, b: _each(a, b, settings))
        case Ratio():
            return _same_ratio(gold, answer, settings)
        case Time():
            return _same_time(gold, answer, settings)
        case Text(words):
            return isinstance(answer, Text) and normal_words(words) == normal_words(answer.words)
    return _same_one(gold, answer, settings)


def _said(answer: Relation, settings: Settings) -> tuple[Value, ...]:
    """The values of a chain of equations; its sides are compared under the task's settings, units where there are."""
    loose = replace(settings, form="any", units="same" if settings.units == "required" else settings.units)
    return stated(answer, lambda left, right: _pair(left, right, loose))


def _same_one(gold: Value, answer: Value, settings: Settings) -> bool:
    """One expression, with or without a unit."""
    value = only(answer)
    if isinstance(value, Sequence) and value.bracket in ("list", "set") and len(value.items) > 1:
        raise SeveralAnswersError
    if isinstance(value, (*SCALARS, Quantity)) and same_quantity(gold, value, settings):
        return True
    return isinstance(value, Ratio) and len(value.parts) == 2 and same_value(gold, Div(*value.parts))


def only(value: Value) -> Value:
    """The element of a set of one."""
    if isinstance(value, Sequence) and len(value.items) == 1 and value.bracket in ("set", "list"):
        return value.items[0]
    return value


def _same_range(gold: Value, answer: Value, settings: Settings) -> bool:
    left = real_set(gold)
    right = real_set(answer)
    if left is None or right is None:
        return False
    return same_set(left, right, lambda a, b: same_quantity(a, b, settings))


def _same_relation(gold: Relation, answer: Value, settings: Settings) -> bool:
    answer = only(answer)
    if is_equation(gold):
        return _same_equations(gold, answer, settings)
    if isinstance(answer, Relation) and not is_equation(answer) and same_inequality(gold, answer):
        return True
    return _same_range(gold, answer, settings)


def _same_equations(gold: Relation, answer: Value, settings: Settings) -> bool:
    label, values = _values(gold)
    said: tuple[Value, ...] = (answer,)
    if isinstance(answer, Relation) and is_equation(answer):
        other, _ = labelled(answer)
        named = label is not None and other is not None and same_labels(label, other)
        if not named and (label is not None or not values):
            return same_equation(gold, answer)
        said = _said(answer, settings)
    return any(same(value, each, settings) for value in values for each in said)


def _values(gold: Relation) -> tuple[Value | None, tuple[Value, ...]]:
    """The label of a reference that is an equation, and what it says the value is: all of `k = 1/3 = 0.333`, but
    no formula before them; nothing where an equation with letters has no label."""
    label, sides = labelled(gold)
    if label is None:
        return None, gold.sides if not any(map(symbols, gold.sides)) else ()
    numbers = tuple(side for side in sides if not symbols(side))
    return label, sides[-1:] if symbols(sides[-1]) else numbers


def _same_ratio(gold: Ratio, answer: Value, settings: Settings) -> bool:
    value = answer.as_ratio() if isinstance(answer, Time) else answer
    if isinstance(value, Ratio):
        if len(value.parts) != len(gold.parts):
            return False
        first, other = gold.parts[0], value.parts[0]
        pairs = zip(gold.parts[1:], value.parts[1:], strict=True)
        return all(same_value(Mul((first, b)), Mul((other, a))) for a, b in pairs)
    return len(gold.parts) == 2 and isinstance(value, SCALARS) and same_value(Div(*gold.parts), value)


def _same_time(gold: Time, answer: Value, settings: Settings) -> bool:
    if isinstance(answer, Time):
        if settings.units == "ignore":
            return gold.seconds % 43200 == answer.seconds % 43200
        return gold.of_day() == answer.of_day()
    return not gold.half and isinstance(answer, Ratio) and _same_ratio(gold.as_ratio(), answer, settings)


def _same_sequence(gold: Sequence, answer: Value, settings: Settings) -> bool:
    if len(gold.items) == 1 and gold.bracket in ("set", "list"):
        return same(gold.items[0], only(answer), settings)
    if isinstance(answer, Matrix) or _is_nested(gold):
        left, right = _cells(gold), _cells(answer)
        return left is not None and right is not None and _same_cells(left, right, settings)
    if gold.bracket == "list" and (found := real_set(gold)) is not None and (other := real_set(answer)) is not None:
        return same_set(found, other)
    if isinstance(answer, Interval | SetOperation | Relation):
        return gold.bracket in ("tuple", "square", "set") and _same_range(gold, answer, settings)
    if not isinstance(answer, Sequence) or len(gold.items) != len(answer.items):
        return False
    ordered = _is_ordered(gold, answer, settings)
    if ordered is None:
        return False
    if ordered:
        return _each(gold.items, answer.items, settings)
    return _matched(gold.items, answer.items, lambda a, b: _pair(a, b, settings))


def _is_ordered(gold: Sequence, answer: Sequence, settings: Settings) -> bool | None:
    """Whether the order counts between two sequences; None where they are of different kinds."""
    kinds = {gold.bracket, answer.bracket}
    if kinds <= {"tuple", "angle"} or kinds == {"square"}:
        return True
    if kinds <= {"list", "set"}:
        in_order = settings.order == "significant" or (_has_names(gold) and not any(map(_label, answer.items)))
        return in_order and gold.bracket == "list"
    if kinds <= {"list", "tuple"}:
        if _has_names(gold if gold.bracket == "list" else answer):
            return True
        return True if settings.order == "significant" else None
    if kinds == {"list", "square"} and len(gold.items) != 2:
        return settings.order == "significant"
    if kinds == {"tuple", "square"} and len(gold.items) != 2:
        return True
    return None


def _has_names(value: Sequence) -> bool:
    """Whether every item is named, and each otherwise: then the names give the order of the values."""
    labels = [_label(item) for item in value.items]
    return None not in labels and len(set(map(repr, labels))) == len(labels)


def _label(item: Value) -> Value | None:
    return labelled(item)[0]


def _each(gold: Several[Value], answer: Several[Value], settings: Settings) -> bool:
    return len(gold) == len(answer) and all(_pair(a, b, settings) for a, b in zip(gold, answer, strict=True))


def _pair(gold: Value, answer: Value, settings: Settings) -> bool:
    try:
        return same(gold, answer, settings)
    except SeveralAnswersError:
        return False


def _matched(gold: Several[T], answer: Several[T], equal: Callable[[T, T], bool]) -> bool:
    """Whether the elements can be paired; equality is transitive, so the first partner will do."""
    rest = list(answer)
    for item in gold:
        found = next((index for index, other in enumerate(rest) if equal(item, other)), None)
        if found is None:
            return False
        del rest[found]
    return not rest


def _is_nested(value: Sequence) -> bool:
    """Whether rows in square brackets stand in square brackets."""
    return value.bracket == "square" and all(isinstance(i, Sequence) and i.bracket == "square" for i in value.items)


def _cells(value: Value) -> tuple[tuple[Value, ...], ...] | None:
    """A matrix as rows; a tuple as a column; rows in square brackets as a matrix."""
    match value:
        case Matrix(rows):
            return rows
        case Sequence("square", items) if _is_nested(value):
            rows = tuple(item.items for item in items if isinstance(item, Sequence))
            return rows if len({len(row) for row in rows}) == 1 else None
        case Sequence("tuple" | "angle" | "square", items):
            return None if not items else tuple((item,) for item in items)
        case Interval(low, high, low_open, high_open) if low_open == high_open:
            return ((low,), (high,))
    return None


def _same_cells(gold: tuple[tuple[Value, ...], ...], answer: tuple[tuple[Value, ...], ...], settings: Settings) -> bool:
    if len(answer[0]) == 1 and len(gold) == 1:  # a row and a tuple
        answer = (tuple(row[0] for row in answer),)
    return len(gold) == len(answer) and all(_each(a, b, settings) for a, b in zip(gold, answer, strict=True))
