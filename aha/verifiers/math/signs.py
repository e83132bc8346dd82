"""Plus-or-minus signs: an expression that holds them is two values."""

from __future__ import annotations

from aha.verifiers.math.values import (
    Add,
    Call,
    Div,
    Mul,
    Neg,
    PlusMinus,
    Pow,
    Quantity,
    Relation,
    Sequence,
    Value,
    walk,
)


def spread(value: Value) -> Value:
    """Plus-or-minus signs as the two values that they stand for; the items of a list that are such, too."""
    if not any(isinstance(part, PlusMinus) for part in walk(value)):
        return value
    if isinstance(value, Sequence) and value.bracket in ("list", "set"):
        items = tuple(sign for item in value.items for sign in _signs(item))
        return Sequence(value.bracket, items)
    return Sequence("list", tuple(_signs(value)))


def _signs(value: Value) -> list[Value]:
    if not any(isinstance(part, PlusMinus) for part in walk(value)):
        return [value]
    return [_with_sign(value, sign) for sign in (1, -1)]


def _with_sign(value: Value, sign: int) -> Value:
    """The value with its plus-or-minus signs decided."""

    def again(inner: Value) -> Value:
        return _with_sign(inner, sign)

    match value:
        case PlusMinus(arg, own):
            return again(arg) if sign * own > 0 else Neg(again(arg))
        case Add(terms):
            return Add(tuple(map(again, terms)))
        case Mul(factors):
            return Mul(tuple(map(again, factors)))
        case Neg(arg):
            return Neg(again(arg))
        case Div(over, under):
            return Div(again(over), again(under))
        case Pow(base, exponent):
            return Pow(again(base), again(exponent))
        case Call(name, args):
            return Call(name, tuple(map(again, args)))
        case Quantity(amount, words):
            return Quantity(again(amount), words)
        case Relation(sides, operators):
            return Relation(tuple(map(again, sides)), operators)
        case Sequence(bracket, items):
            return Sequence(bracket, tuple(map(again, items)))
    return value
