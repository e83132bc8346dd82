"""Whether two expressions are equal: exactly in fractions, else at random points in high precision."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Mapping
from contextlib import suppress
from fractions import Fraction

from aha.verifiers.base import OverLimitsError, UnparsableError
from aha.verifiers.math.exact import NOTHING, NotRationalError, rational
from aha.verifiers.math.numeric import Evaluator, Machine, NotNumericError, Number, Precise
from aha.verifiers.math.symbolic import simplifies_to_zero
from aha.verifiers.math.values import Call, Neg, Num, Pow, Sym, Value, symbols, walk

DIGITS = (50, 90, 130)
"""Decimal digits of the evaluations: what shrinks from one to the next is rounding, what stays is a difference. The
third is needed where the first sees no difference and the second does."""
NUM_POINTS = 3
MACHINE_DIFFERENT = 1e-6
"""Relative difference that machine precision is trusted to see."""
MAX_SHIFT = 3000
"""Decimal digits; what needs more to be told apart is over the limits."""
_COUNTING = frozenset({"factorial", "factorial2", "binom"})
MACHINE = Machine()


class UndecidedError(Exception):
    """Neither equal nor different could be shown."""


def same_value(left: Value, right: Value) -> bool:
    """Whether two expressions are equal wherever both are defined. Raises UndecidedError, OverLimitsError."""
    if left == right:
        return True
    names = symbols(left) | symbols(right)
    if not names:
        return _same_constant(left, right)
    try:
        return all(rational(left, p) == rational(right, p) for p in points(names, left, right, integers=True))
    except (NotRationalError, UnparsableError, OverLimitsError):
        return _same_function(left, right, names)


def points(names: frozenset[str], left: Value, right: Value, *, integers: bool) -> list[dict[str, Fraction]]:
    """Values for the variables, which depend on both sides in a way that an answer cannot foresee."""
    seed = hashlib.blake2b(repr((left, right)).encode("utf-8", "replace"), digest_size=8).digest()
    source = random.Random(seed)
    whole = _whole_names(left, integers) | _whole_names(right, integers)
    found = []
    for number in range(NUM_POINTS if integers else 2 * NUM_POINTS):
        point = {}
        for name in sorted(names):
            if name in whole:
                point[name] = Fraction(source.randrange(5, 12) + number)
            elif integers:
                point[name] = Fraction(source.randrange(1000, 1_000_000) * (-1) ** number)
            else:
                value = Fraction(source.randrange(1 << 20, 3 << 20), 1 << 20)
                below = number == NUM_POINTS or (number > NUM_POINTS and source.random() < 0.5)
                point[name] = -value if below else value
        found.append(point)
    return found


def _whole_names(value: Value, exponents: bool) -> frozenset[str]:
    """Variables that must be small whole numbers: in the bounds of sums and products, as running indices, in
    factorials; and in exponents, where all is computed in fractions."""
    names: frozenset[str] = frozenset()
    for part in walk(value):
        if isinstance(part, Call) and part.name in ("sum", "prod"):
            names |= symbols(part.args[1]) | symbols(part.args[2])
        elif isinstance(part, Call) and (part.name.endswith("_") or part.name in _COUNTING):
            names |= symbols(part)
        elif exponents and isinstance(part, Pow):
            names |= symbols(part.exponent)
    return names


def _same_constant(left: Value, right: Value) -> bool:
    try:
        return rational(left) == rational(right)
    except NotRationalError:
        pass
    except UnparsableError:
        return False
    if infinite(left) or infinite(right):
        return infinite(left) == infinite(right)
    try:
        return same_numbers(left, right, {})
    except NotNumericError as error:
        return _unlike(left, right, {}, error)


def _unlike(gold: Value, answer: Value, point: dict[str, Fraction], error: Exception) -> bool:
    """False where the reference is a number and so the answer is none; where it is not, what sympy finds. Raises
    UndecidedError, and OverLimitsError."""
    if _is_number(gold, point) or symbols(gold) != symbols(answer):
        return False
    num_digits(gold)
    num_digits(answer)
    found = simplifies_to_zero(gold, answer)
    if found is None:
        raise UndecidedError from error
    return found


def _is_number(value: Value, point: dict[str, Fraction]) -> bool:
    """Whether a value can be evaluated at a point, or is too large for it."""
    try:
        Evaluator(MACHINE, point).value(value)
        return True
    except OverLimitsError:
        return True
    except NotNumericError:
        pass
    import mpmath  # type: ignore[import-untyped]

    try:
        with mpmath.workdps(DIGITS[0]):
            return bool(mpmath.isfinite(Evaluator(Precise(), point).value(value)))
    except NotNumericError:
        return False


def infinite(value: Value) -> int:
    """1 or -1 for plus and minus infinity, 0 for others, a sum with an infinite term among them."""
    match value:
        case Sym("oo"):
            return 1
        case Neg(arg):
            return -infinite(arg)
    return 0


def _same_function(left: Value, right: Value, names: frozenset[str]) -> bool:
    """At positive points the values must agree; at others wherever both are real."""
    agreed = 0
    imaginary = Sym("i") in (*walk(left), *walk(right))
    for number, point in enumerate(points(names, left, right, integers=False)):
        try:
            if number >= NUM_POINTS and not imaginary and not _both_real(left, right, point):
                continue
            if not same_numbers(left, right, point):
                return False
            agreed += 1
        except NotNumericError:
            continue
    if agreed < 2:
        return _unlike(left, right, points(names, left, right, integers=False)[0], UndecidedError())
    return True


def _both_real(left: Value, right: Value, point: dict[str, Fraction]) -> bool:
    for side in (left, right):
        value = complex(Evaluator(MACHINE, point).value(side))
        if not abs(value.imag) <= 1e-9 * max(1.0, abs(value.real)):
            return False
    return True


def same_numbers(left: Value, right: Value, point: dict[str, Fraction]) -> bool:
    """Whether the values at a point are equal. Raises NotNumericError."""
    quick = _quick_difference(left, right, point)
    if quick:
        return False
    import mpmath

    before, more = None, num_digits(left) + num_digits(right)
    for digits in DIGITS:
        with mpmath.workdps(digits + more):
            field = Precise()
            a, b = (Evaluator(field, point).value(side) for side in (left, right))
            if not (mpmath.isfinite(a) and mpmath.isfinite(b)):
                raise NotNumericError
            difference = abs(a - b)
            if before:
                return bool(difference < before * mpmath.mpf(10) ** -25)
            if digits == DIGITS[1] and difference == 0:
                return True
            before = difference
    return not before


def num_digits(value: Value) -> int:
    """Digits that the numbers in a value may shift a difference by. Raises OverLimitsError beyond MAX_SHIFT."""
    found = 0.0
    for part in walk(value):
        if isinstance(part, Num):
            found += _size(part.value)
        elif isinstance(part, Pow) and isinstance(part.base, Num):
            with suppress(NotRationalError, UnparsableError):
                found += float(min(abs(rational(part.exponent)), Fraction(10 * MAX_SHIFT))) * _size(part.base.value)
    if found > MAX_SHIFT:
        raise OverLimitsError
    return int(found)


def _size(number: Fraction) -> float:
    bits = max(number.numerator.bit_length(), number.denominator.bit_length())
    return 0.302 * bits


def _quick_difference(left: Value, right: Value, point: dict[str, Fraction]) -> bool:
    """Whether machine precision already shows a difference."""
    try:
        evaluators = [Evaluator(MACHINE, point) for _ in range(2)]
        a, b = (evaluator.value(side) for evaluator, side in zip(evaluators, (left, right), strict=True))
    except (NotNumericError, OverLimitsError):
        return False
    scale = max(abs(a), abs(b), *(evaluator.scale for evaluator in evaluators))
    return bool(1e-200 < scale < 1e200 and abs(a - b) > MACHINE_DIFFERENT * scale)


def approximate(value: Value, point: Mapping[str, Fraction] = NOTHING) -> Number:
    """The value at a point as a complex number of the machine. Raises NotNumericError."""
    return Evaluator(MACHINE, point).value(value)
