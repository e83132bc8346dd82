"""Numbers with percent signs, degrees, currencies and units, compared under the task's settings."""

from __future__ import annotations

from fractions import Fraction

from aha.verifiers.math.exact import NotRationalError, rational
from aha.verifiers.math.numeric import NotNumericError
from aha.verifiers.math.scalars import NUM_POINTS, approximate, points, same_value
from aha.verifiers.math.settings import Settings
from aha.verifiers.math.units import unit
from aha.verifiers.math.values import Based, Call, Div, Mul, Neg, Num, Quantity, Sym, Value, symbols, walk

DEGREE = "°"


def split(value: Value) -> tuple[Value, str]:
    """The number and its unit: `%`, `°`, words, or empty."""
    match value:
        case Quantity(amount, words):
            return amount, words
        case Call("percent", (amount,)):
            return amount, "%"
        case Call("degree", (amount,)):
            return amount, DEGREE
        case Neg(arg):
            amount, words = split(arg)
            return (Neg(amount), words) if words else (value, "")
    return value, ""


def same_quantity(gold: Value, answer: Value, settings: Settings) -> bool:
    """Whether two expressions, with or without units, are the same."""
    (number, unit_words), (other, other_words) = split(gold), split(answer)
    if "%" in (unit_words, other_words):
        return _same_percent(number, unit_words, other, other_words, settings)
    if settings.units == "ignore" or not (unit_words or other_words):
        return same_number(number, other, settings)
    dimension, size = unit(unit_words)
    other_dimension, other_size = unit(other_words)
    if dimension and other_dimension:
        return dimension == other_dimension and same_number(_scaled(number, size), _scaled(other, other_size), settings)
    if settings.units == "required" and dimension != other_dimension:
        return False
    if same_number(number, other, settings):
        return True
    if unit_words == DEGREE and not other_dimension and Sym("pi") in walk(other):
        return same_number(Call("degree", (number,)), other, settings)
    if other_words == DEGREE and not dimension and Sym("pi") in walk(number):
        return same_number(number, Call("degree", (other,)), settings)
    return False


def _scaled(number: Value, size: Fraction) -> Value:
    return number if size == 1 else Mul((Num(size), number))


def _same_percent(number: Value, words: str, other: Value, other_words: str, settings: Settings) -> bool:
    if words == other_words:
        return same_number(number, other, settings)
    if (words and words != "%") or (other_words and other_words != "%"):
        return settings.units == "ignore" and same_number(number, other, settings)
    if settings.percent == "either" and same_number(number, other, settings):
        return True
    if settings.percent == "either" and words == "%":
        return False
    hundred = Num(Fraction(100))
    gold = Div(number, hundred) if words else number
    return same_number(gold, Div(other, hundred) if other_words else other, settings)


def same_number(gold: Value, answer: Value, settings: Settings) -> bool:
    """Whether two expressions without units are equal, or close enough where the task rounds."""
    if isinstance(gold, Based):
        return gold == answer
    if same_value(gold, answer):
        return True
    if settings.rounding == "exact":
        return False
    unit_in_last_place = _last_place(gold, settings)
    return unit_in_last_place is not None and _close(gold, answer, unit_in_last_place / 2)


def _last_place(gold: Value, settings: Settings) -> Fraction | None:
    if isinstance(settings.rounding, int):
        return Fraction(1, 10**settings.rounding)
    literal = gold.arg if isinstance(gold, Neg) else gold
    if isinstance(literal, Num) and literal.places:
        return Fraction(1, 10**literal.places)
    return None


def _close(gold: Value, answer: Value, tolerance: Fraction) -> bool:
    names = symbols(gold)
    if names != symbols(answer):
        return False
    try:
        if not names:
            return abs(rational(gold) - rational(answer)) <= tolerance
    except NotRationalError:
        pass
    for point in points(names, gold, answer, integers=False)[: NUM_POINTS if names else 1]:
        try:
            difference = complex(approximate(gold, point)) - complex(approximate(answer, point))
        except NotNumericError:
            return False
        if max(abs(difference.real), abs(difference.imag)) > float(tolerance) * max([1.0, *map(float, point.values())]):
            return False
    return True
