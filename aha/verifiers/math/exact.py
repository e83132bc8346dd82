"""Exact rational values: what needs no approximation is computed in fractions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from fractions import Fraction

from aha.verifiers.base import OverLimitsError, UnparsableError
from aha.verifiers.math.limits import MAX_FACTORIAL, check_bits
from aha.verifiers.math.values import Add, Based, Call, Div, Mul, Neg, Num, Pow, Quantity, Sym, Value

NOTHING: Mapping[str, Fraction] = {}


class NotRationalError(Exception):
    """The value is not rational, or not seen to be."""


def rational(value: Value, points: Mapping[str, Fraction] = NOTHING) -> Fraction:
    """The exact value, with variables from `points`.

    Raises NotRationalError, UnparsableError for a division by zero, OverLimitsError for what would be too large.
    """
    match value:
        case Num(number) | Based(number):
            return number
        case Sym(name):
            if name in points:
                return points[name]
            raise NotRationalError
        case Add(terms):
            return _checked(sum((rational(term, points) for term in terms), Fraction(0)))
        case Mul(factors):
            product = Fraction(1)
            for factor in factors:
                product = _checked(product * rational(factor, points))
            return product
        case Neg(arg):
            return -rational(arg, points)
        case Div(over, under):
            below = rational(under, points)
            if below == 0:
                raise UnparsableError
            return rational(over, points) / below
        case Pow(base, exponent):
            return _power(rational(base, points), rational(exponent, points))
        case Call(name, args):
            return _call(name, [rational(arg, points) for arg in args])
        case Quantity(amount, _):
            return rational(amount, points)
    raise NotRationalError


def _checked(value: Fraction) -> Fraction:
    check_bits(value.numerator.bit_length())
    check_bits(value.denominator.bit_length())
    return value


def _power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1:
        root = _root(base, exponent.denominator)
        return _power(root, Fraction(exponent.numerator))
    if base in (0, 1, -1):
        if base == 0 and exponent < 0:
            raise UnparsableError
        return Fraction(base) ** (int(exponent) % 2 if base == -1 else min(1, abs(int(exponent))))
    check_bits(max(base.numerator.bit_length(), base.denominator.bit_length()) * abs(int(exponent)))
    return Fraction(base) ** int(exponent)


def _root(value: Fraction, index: int) -> Fraction:
    """An exact root of a positive number. Raises NotRationalError."""
    if index == 0:
        raise UnparsableError
    if value < 0 or index > 64:
        raise NotRationalError
    over, under = _integer_root(value.numerator, index), _integer_root(value.denominator, index)
    return Fraction(over, under)


def _integer_root(number: int, index: int) -> int:
    if index == 2 or number == 0:
        root = math.isqrt(number)
    else:
        root = 1 << -(-number.bit_length() // index)
        while True:  # Newton from above
            better = ((index - 1) * root + number // root ** (index - 1)) // index
            if better >= root:
                break
            root = better
    if root**index != number:
        raise NotRationalError
    return root


def _call(name: str, args: list[Fraction]) -> Fraction:
    match name, args:
        case "percent", [arg]:
            return arg / 100
        case "sqrt", [arg]:
            return _root(arg, 2)
        case "root", [arg, index] if index.denominator == 1 and index > 0:
            return -_root(-arg, int(index)) if arg < 0 and index % 2 else _root(arg, int(index))
        case "cbrt", [arg]:
            return _call("root", [arg, Fraction(3)])
        case "abs", [arg]:
            return abs(arg)
        case "floor", [arg]:
            return Fraction(math.floor(arg))
        case "ceil", [arg]:
            return Fraction(math.ceil(arg))
        case "factorial" | "factorial2", [arg] if arg.denominator == 1:
            return _factorial(int(arg), 2 if name == "factorial2" else 1)
        case "binom", [over, under] if over.denominator == under.denominator == 1:
            return _binomial(int(over), int(under))
        case (("min" | "max" | "gcd" | "lcm"), [_, *_]):
            return _choose(name, args)
    raise NotRationalError


def _factorial(number: int, step: int) -> Fraction:
    if number < 0:
        raise UnparsableError
    if number > MAX_FACTORIAL:
        raise OverLimitsError
    return Fraction(math.factorial(number) if step == 1 else math.prod(range(number, 0, -2)))


def _binomial(over: int, under: int) -> Fraction:
    if over < 0 or under < 0:
        raise NotRationalError
    if over > MAX_FACTORIAL:
        raise OverLimitsError
    return Fraction(math.comb(over, under))


def _choose(name: str, args: list[Fraction]) -> Fraction:
    if name in ("min", "max"):
        return min(args) if name == "min" else max(args)
    if any(arg.denominator != 1 for arg in args):
        raise NotRationalError
    integers = [int(arg) for arg in args]
    return Fraction(math.gcd(*integers) if name == "gcd" else math.lcm(*integers))
