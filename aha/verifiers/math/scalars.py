"""Whether two expressions are equal: exactly in fractions, else at random points in high precision."""

from __future__ import annotations

import hashlib
import random
from fractions import Fraction

from aha.verifiers.base import OverLimitsError, UnparsableError
from aha.verifiers.math.exact import NotRationalError, rational
from aha.verifiers.math.numeric import Evaluator, Machine, NotNumericError, Number, Precise
from aha.verifiers.math.values import Call, Sym, Value, symbols, walk

DIGITS = (50, 90)
"""Decimal digits of the two evaluations: what shrinks between them is rounding, what stays is a difference."""
NUM_POINTS = 3
MACHINE_DIFFERENT = 1e-6
"""Relative difference that machine precision is trusted to see."""
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
    if symbols(left) != symbols(right) and not (_is_plain(left) and _is_plain(right)) and len(names) > 12:
        return False
    try:
        return all(rational(left, p) == rational(right, p) for p in points(names, left, right, integers=True))
    except (NotRationalError, UnparsableError):
        return _same_function(left, right, names)


def points(names: frozenset[str], left: Value, right: Value, *, integers: bool) -> list[dict[str, Fraction]]:
    """Values for the variables, which depend on both sides in a way that an answer cannot foresee."""
    seed = hashlib.blake2b(repr((left, right)).encode("utf-8", "replace"), digest_size=8).digest()
    source = random.Random(seed)
    found = []
    for number in range(NUM_POINTS if integers else 2 * NUM_POINTS):
        point = {}
        for name in sorted(names):
            if integers:
                point[name] = Fraction(source.randrange(1000, 1_000_000))
            else:
                value = Fraction(source.randrange(1 << 20, 3 << 20), 1 << 20)
                point[name] = -value if number >= NUM_POINTS and source.random() < 0.7 else value
        found.append(point)
    return found


def _is_plain(value: Value) -> bool:
    return not any(isinstance(part, Call) for part in walk(value))


def _same_constant(left: Value, right: Value) -> bool:
    try:
        return rational(left) == rational(right)
    except NotRationalError:
        pass
    except UnparsableError:
        return False
    if Sym("oo") in (*walk(left), *walk(right)):
        return infinite(left) == infinite(right) != 0
    try:
        return same_numbers(left, right, {})
    except NotNumericError as error:
        return _unlike(left, {}, error)


def _unlike(gold: Value, point: dict[str, Fraction], error: Exception) -> bool:
    """False where the reference is a number and so the answer is none. Raises UndecidedError where it is not."""
    try:
        Evaluator(MACHINE, point).value(gold)
    except NotNumericError:
        raise UndecidedError from error
    except OverLimitsError:
        pass
    return False


def infinite(value: Value) -> int:
    """1 or -1 for an infinite value, 0 for others."""
    match value:
        case Sym("oo"):
            return 1
    parts = list(walk(value))
    return (-1 if type(parts[0]).__name__ == "Neg" else 1) if Sym("oo") in parts else 0


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
        return _unlike(left, points(names, left, right, integers=False)[0], UndecidedError())
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
    import mpmath  # type: ignore[import-untyped]

    differences = []
    for digits in DIGITS:
        with mpmath.workdps(digits):
            field = Precise()
            a, b = (Evaluator(field, point).value(side) for side in (left, right))
            if not (mpmath.isfinite(a) and mpmath.isfinite(b)):
                raise NotNumericError
            differences.append(abs(a - b))
    rough, fine = differences
    return bool(fine == 0 or (rough != 0 and fine < rough * mpmath.mpf(10) ** -25))


def _quick_difference(left: Value, right: Value, point: dict[str, Fraction]) -> bool:
    """Whether machine precision already shows a difference."""
    try:
        evaluators = [Evaluator(MACHINE, point) for _ in range(2)]
        a, b = (evaluator.value(side) for evaluator, side in zip(evaluators, (left, right), strict=True))
    except (NotNumericError, OverLimitsError):
        return False
    scale = max(abs(a), abs(b), *(evaluator.scale for evaluator in evaluators))
    return bool(1e-200 < scale < 1e200 and abs(a - b) > MACHINE_DIFFERENT * scale)


def approximate(value: Value) -> Number:
    """A constant as a complex number of the machine. Raises NotNumericError."""
    return Evaluator(MACHINE, {}).value(value)
