r"""Chains of equal signs in an answer: `S = \frac{1}{2} \cdot 6 \cdot 4 = 12 \approx 12.0` says 12, `13 = 12` nothing.

Names may stand in front. Behind them every two neighbours must be equal, or the right one the left one rounded.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

from aha.verifiers.math.exact import NotRationalError, rational
from aha.verifiers.math.numeric import NotNumericError
from aha.verifiers.math.quantities import DEGREE, split
from aha.verifiers.math.relations import is_equation, is_name
from aha.verifiers.math.scalars import UndecidedError, approximate
from aha.verifiers.math.units import unit
from aha.verifiers.math.values import SCALARS, Call, Num, Relation, Sequence, Sym, Value, symbols, walk

Equal = Callable[[Value, Value], bool]


def stated(value: Relation, equal: Equal) -> tuple[Value, ...]:
    """What an equation or chain says its value is: the sides that are equal to the first behind the names.

    Empty where two neighbours are different, so that the chain says nothing.
    """
    assert is_equation(value)
    sides, signs = list(value.sides), list(value.operators)
    while signs and (is_claim(sides[0]) or _is_formula(sides, value)):
        del sides[0], signs[0]
    while signs and signs[-1] == "=" and _is_name_behind(sides[-1]):  # 5 = x
        del sides[-1], signs[-1]
    for left, sign, right in zip(sides, signs, sides[1:], strict=False):
        if not (_agree(left, right, equal) if sign == "=" else rounds(left, right)):
            return ()
    exact = signs.index("~") if "~" in signs else len(signs)
    return tuple(sides[: exact + 1])


def is_claim(value: Value) -> bool:
    """Whether a side may stand before the answer's value: a name, or an expression without any number."""
    return is_name(value) or (
        bool(symbols(value)) and not any(isinstance(part, Num | Sequence) for part in walk(value))
    )


def _is_formula(sides: list[Value], whole: Relation) -> bool:
    """Whether the first of these sides is the formula between a name and a number, as in `S = 2ab = 12`."""
    named = len(sides) < len(whole.sides)
    return named and isinstance(sides[0], SCALARS) and bool(symbols(sides[0])) and not symbols(sides[-1])


def _is_name_behind(value: Value) -> bool:
    """Whether a last side is a name and no choice letter."""
    return is_name(value) and not (isinstance(value, Sym) and value.name.isupper())


def _agree(left: Value, right: Value, equal: Equal) -> bool:
    try:
        return equal(left, right) or equal(right, left)
    except UndecidedError:
        return False


def rounds(left: Value, right: Value) -> bool:
    r"""Whether the right side is the left one, rounded or cut off to the digits that it shows.

    `\pi \approx 3.14` and `\approx \frac{22}{7}`; not `7 \approx 7.1`, nor anything without a number on the right.
    """
    (number, words), (other, other_words) = split(left), split(right)
    if not all(isinstance(side, SCALARS) for side in (number, other)):
        return False
    scales = _scales(words, other_words)
    try:
        step = _last_digit(other)
        a, b = complex(approximate(number)), complex(approximate(other))
    except (NotNumericError, NotRationalError):
        return False
    return any(_is_rounded(a * s, b * t, step * t) for s, t in scales)


def _scales(words: str, other_words: str) -> list[tuple[float, float]]:
    """What two numbers must be multiplied by to be in one unit; more than one pair where degrees may be radians, none
    where the units are of different dimensions."""
    both = words, other_words
    if "%" in both:
        shares = tuple(0.01 if each == "%" else 1.0 for each in both)
        return [(shares[0], shares[1])]
    (dimension, size), (other_dimension, other_size) = unit(words), unit(other_words)
    if dimension and other_dimension:
        return [(float(size), float(other_size))] if dimension == other_dimension else []
    degree = math.pi / 180
    if both == (DEGREE, ""):
        return [(1.0, 1.0), (degree, 1.0)]
    return [(1.0, 1.0), (1.0, degree)] if both == ("", DEGREE) else [(1.0, 1.0)]


def _last_digit(value: Value) -> float:
    """What one more in the last digit shown would add. Raises NotRationalError where no digits are shown."""
    decimals = [part for part in walk(value) if isinstance(part, Num) and part.places and part.value]
    if decimals:
        shares = [1 / (abs(part.value) * 10 ** (part.places or 0)) for part in decimals]
        return float(max(shares)) * abs(complex(approximate(value)))
    if isinstance(value, Call):
        raise NotRationalError
    number = rational(value)
    if number.denominator > 1 or not number:
        return float(Fraction(1, number.denominator))
    digits = str(int(number))
    return 10.0 ** (len(digits) - len(digits.rstrip("0")))


def _is_rounded(exact: complex, shown: complex, step: float) -> bool:
    if exact:
        step = min(step, 10.0 ** math.floor(math.log10(abs(exact))))
    slack = 1e-12 * abs(exact)
    difference = exact - shown
    if max(abs(difference.real), abs(difference.imag)) <= step / 2 + slack:
        return True
    cut = abs(exact.real) - abs(shown.real)
    return exact.imag == shown.imag == 0 and exact.real * shown.real > 0 and -slack <= cut < step - slack
