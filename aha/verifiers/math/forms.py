"""The form of an answer, where the task asks for one."""

from __future__ import annotations

import math
from fractions import Fraction

from aha.verifiers.math.values import Add, Based, Call, Div, Mul, Neg, Num, Pow, Quantity, Value, walk


def has_form(gold: Value, answer: Value, form: str) -> bool:
    """Whether an answer that is equal has the form that was asked for."""
    if form == "reduced":
        return all(_is_reduced(part) for part in walk(answer))
    if form == "factored":
        return num_factors(answer) >= num_factors(gold) and (_is_primitive(answer) or not _is_primitive(gold))
    return True


def _is_reduced(value: Value) -> bool:
    """No fraction of whole numbers with a common factor, no sum, product or power of numbers."""
    match value:
        case Div(Num(over), Num(under)):
            whole = over.denominator == under.denominator == 1
            return whole and math.gcd(int(over), int(under)) == 1 and under not in (0, 1)
        case Mul(factors):
            return sum(isinstance(factor, Num) for factor in factors) < 2
        case Pow(Num(), Num()):
            return False
        case Call("sqrt", (Num(inside),)):
            return inside.denominator == 1 and not _has_square_factor(inside)
        case Add(terms):
            bare = [term.arg if isinstance(term, Neg) else term for term in terms]
            return sum(isinstance(term, Num) for term in bare) < 2
    return True


def _has_square_factor(number: Fraction) -> bool:
    return any(int(number) % (root * root) == 0 for root in range(2, min(1000, math.isqrt(abs(int(number))) + 1)))


def _is_primitive(value: Value) -> bool:
    """Whether no sum in a value has a whole number above 1 as a factor of all its terms."""
    return all(math.gcd(*map(_coefficient, part.terms)) == 1 for part in walk(value) if isinstance(part, Add))


def _coefficient(term: Value) -> int:
    """The whole number in front of a term; 1 where it is none."""
    match term:
        case Num(number) if number.denominator == 1:
            return int(number)
        case Neg(arg):
            return _coefficient(arg)
        case Mul(factors):
            return math.prod(map(_coefficient, factors))
    return 1


def num_factors(value: Value) -> int:
    """Factors with a variable, a power counted as often as its exponent says."""
    match value:
        case Neg(arg) | Quantity(arg, _):
            return num_factors(arg)
        case Mul(factors):
            return sum(map(num_factors, factors))
        case Pow(base, Num(exponent)) if exponent.denominator == 1 and exponent > 0:
            return num_factors(base) * int(exponent)
        case Num() | Based():
            return 0
    return 1
