"""Python values as JSON and back, without pickle. Also runs inside the sandbox, on the standard library alone.

`null`, booleans, small integers, finite floats and texts are themselves; everything else is `[kind, content]`.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

MAX_DEPTH = 100
SMALL = 1 << 53
SEQUENCES: dict[str, Any] = {"list": list, "tuple": tuple, "set": set, "frozenset": frozenset}
KEYS_VIEW: Any = type({}.keys())


def encode(value: Any, depth: int = 0) -> Any:
    """JSON for a value. Subclasses of built-in types count as those types, read past whatever they override; what has
    no form here, or lies deeper than MAX_DEPTH, becomes `["object", type name]`, which equals nothing."""
    if value is None or value is True or value is False:
        return value
    if depth > MAX_DEPTH:
        return ["object", "too deep"]
    if isinstance(value, int):
        plain = int.__add__(value, 0)
        return plain if -SMALL < plain < SMALL else ["int", hex(plain)]
    if isinstance(value, float):
        number = float.__add__(value, 0.0) if value else float.__pos__(value)
        return number if math.isfinite(number) else ["float", float.__repr__(number)]
    if isinstance(value, str):
        return str.__str__(value)
    return _encode_compound(value, depth + 1)


def _encode_compound(value: Any, depth: int) -> Any:
    for kind, sequence in SEQUENCES.items():
        if isinstance(value, sequence):
            return [kind, _encode_each(sequence.__iter__(value), depth)]
    if isinstance(value, dict):
        return ["dict", [_encode_each(pair, depth) for pair in dict.items(value)]]
    if isinstance(value, bytes | bytearray):
        return ["bytes", bytes(value).hex()]
    if isinstance(value, complex):
        return ["complex", _encode_each((value.real, value.imag), depth)]
    if type(value) is KEYS_VIEW:
        return ["set", _encode_each(value, depth)]
    name = f"{type(value).__module__}.{type(value).__qualname__}"
    if name == "fractions.Fraction":
        return ["fraction", _encode_each((value.numerator, value.denominator), depth)]
    return ["decimal", str(value)] if name == "decimal.Decimal" else ["object", name]


def _encode_each(items: Iterable[Any], depth: int) -> list[Any]:
    return [encode(item, depth) for item in items]


class Opaque:
    """A value that could not travel. It equals nothing, itself included."""

    __slots__ = ("kind",)

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def __eq__(self, other: object) -> bool:
        return False

    def __hash__(self) -> int:
        return 0

    def __repr__(self) -> str:
        return f"<{self.kind}>"


def decode(said: Any) -> Any:
    """The value that `encode` was given, as built-in types. Raises ValueError for what `encode` never writes."""
    if said is None or isinstance(said, bool | int | float | str):
        return said
    if not isinstance(said, list) or len(said) != 2 or not isinstance(said[0], str):
        raise ValueError("not an encoded value")
    kind, content = said
    try:
        if kind == "object":
            return Opaque(str(content))
        if kind == "dict":
            return {decode(key): decode(value) for key, value in content}
        if kind in SEQUENCES:
            return SEQUENCES[kind](decode(item) for item in content)
        return decode_scalar(kind, content)
    except (TypeError, ZeroDivisionError, ArithmeticError) as error:
        raise ValueError("not an encoded value") from error


def decode_scalar(kind: str, content: Any) -> Any:
    """A number or bytes from its kind and content. Raises ValueError, TypeError or ArithmeticError."""
    if kind == "int":
        return int(content, 16)
    if kind == "float":
        return float(content)
    if kind == "complex":
        return complex(decode(content[0]), decode(content[1]))
    if kind == "fraction":
        from fractions import Fraction  # both are slow to import, and seldom needed

        return Fraction(decode(content[0]), decode(content[1]))
    if kind == "decimal":
        from decimal import Decimal

        return Decimal(content)
    if kind == "bytes":
        return bytes.fromhex(content)
    raise ValueError(f"no kind of value: {kind}")
