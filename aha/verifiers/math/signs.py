"""Plus-or-minus signs: an expression that holds them is two values."""

from __future__ import annotations

from aha.verifiers.math.values import Neg, PlusMinus, Sequence, Value, rebuilt, walk


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

    if isinstance(value, PlusMinus):
        inner = _with_sign(value.arg, sign)
        return inner if sign * value.sign > 0 else Neg(inner)
    return rebuilt(value, lambda inner: _with_sign(inner, sign))
