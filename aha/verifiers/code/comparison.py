"""Whether what a program returned equals what was expected: decided here, over JSON, outside the sandbox.

The expected value is ours and bounds the work: containers of another length are unequal before they are looked into,
and nothing that the program returned is ever hashed.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from aha.types import Json
from aha.verifiers.code.values import SEQUENCES, decode_scalar

SCALARS = ("int", "float", "complex", "fraction", "decimal", "bytes")


def equal(expected: Any, said: Json, tolerance: float = 0.0, sequences_alike: bool = False) -> bool:
    """Whether `said` (made by values.encode, or forged) is the value `expected`, as Python's `==` has it.

    `tolerance`: floats may differ by that much, absolutely or relative to the expected one. `sequences_alike`: a tuple
    equals a list of the same items, for expectations written in JSON.
    """
    if expected is None or isinstance(expected, str):
        return said == expected and type(said) is type(expected)
    if isinstance(expected, list | tuple | set | frozenset | dict):
        return _equal_container(expected, said, tolerance, sequences_alike)
    try:
        number = decode_scalar(*said) if isinstance(said, list) and said[:1] and said[0] in SCALARS else said
    except (ValueError, TypeError, ArithmeticError, IndexError):
        return False
    if number is None or isinstance(number, str | list | dict):
        return False
    return _equal_scalar(expected, number, tolerance)


def _equal_scalar(expected: Any, said: Any, tolerance: float) -> bool:
    if said == expected:
        return True
    if not tolerance or isinstance(expected, bool) or isinstance(said, bool):
        return False
    if not isinstance(expected, int | float) or not isinstance(said, int | float):
        return False
    try:
        return abs(said - expected) <= tolerance * max(1.0, abs(expected))
    except OverflowError:
        return False


def _equal_container(expected: Any, said: Json, tolerance: float, alike: bool) -> bool:
    if not isinstance(said, list) or len(said) != 2 or not isinstance(said[1], list):
        return False
    kind, items = said
    if len(items) != len(expected) or not _same_kind(expected, kind, alike):
        return False
    if isinstance(expected, list | tuple):
        return all(equal(one, other, tolerance, alike) for one, other in zip(expected, items, strict=True))
    if not isinstance(expected, dict):
        return _pair_off(list(expected), items, tolerance, alike) is not None
    if not all(isinstance(pair, list) and len(pair) == 2 for pair in items):
        return False
    keys = list(expected)
    order = _pair_off(keys, [pair[0] for pair in items], 0.0, alike)
    return order is not None and all(
        equal(expected[key], items[place][1], tolerance, alike) for key, place in zip(keys, order, strict=True)
    )


def _same_kind(expected: Any, kind: Json, alike: bool) -> bool:
    if isinstance(expected, dict):
        return bool(kind == "dict")
    if isinstance(expected, set | frozenset):
        return kind in ("set", "frozenset")
    return kind in ("list", "tuple") if alike else kind in SEQUENCES and isinstance(expected, SEQUENCES[kind])


def _pair_off(expected: Sequence[Any], said: Sequence[Json], tolerance: float, alike: bool) -> list[int] | None:
    """For each expected item the place of an equal one, each used once; None where one is left over."""
    places: dict[str, list[int]] = {}
    for place, item in enumerate(said):
        places.setdefault(json.dumps(item), []).append(place)
    order: list[int] = []
    left = dict.fromkeys(range(len(said)))
    for wanted in expected:
        likely = [place for place in places.get(_plain_text(wanted), []) if place in left]
        found = next((place for place in [*likely[:1], *left] if equal(wanted, said[place], tolerance, alike)), None)
        if found is None:
            return None
        del left[found]
        order.append(found)
    return order


def _plain_text(value: Any) -> str:
    """The likely JSON of a simple value, to find its partner at once; a miss only costs a search."""
    return json.dumps(value) if isinstance(value, str | int | float) else ""


def truth(said: Json) -> bool:
    """Whether Python takes the value as true; objects that could not travel are."""
    if not isinstance(said, list) or len(said) != 2:
        return bool(said)
    kind, content = said
    if kind in SCALARS:
        try:
            return bool(decode_scalar(kind, content))
        except (ValueError, TypeError, ArithmeticError, IndexError):
            return False
    return kind == "object" or bool(content)
