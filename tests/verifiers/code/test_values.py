"""Values travel as JSON and are compared as Python compares them, whatever the other side claims."""

import json
from collections import Counter, OrderedDict, namedtuple
from contextlib import suppress
from decimal import Decimal
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aha.verifiers.code.comparison import equal, truth
from aha.verifiers.code.values import MAX_DEPTH, Opaque, decode, encode

SCALARS = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=10**15, max_value=10**400)
    | st.floats(allow_nan=False)
    | st.complex_numbers(allow_nan=False)
    | st.text(max_size=8)
    | st.binary(max_size=8)
    | st.fractions()
    | st.decimals(allow_nan=False)
)
HASHABLE = st.recursive(SCALARS, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=5)
VALUES = st.recursive(
    SCALARS | st.sets(HASHABLE, max_size=4),
    lambda inner: st.lists(inner, max_size=4) | st.tuples(inner, inner) | st.dictionaries(HASHABLE, inner, max_size=3),
    max_leaves=8,
)


@settings(max_examples=200, deadline=None)
@given(VALUES)
def test_values_come_back(value: Any) -> None:
    said = json.loads(json.dumps(encode(value)))
    assert decode(said) == value
    assert equal(value, said)
    assert truth(said) == bool(value)


@settings(max_examples=200, deadline=None)
@given(VALUES, VALUES)
def test_comparison_is_pythons(one: Any, other: Any) -> None:
    assert equal(one, json.loads(json.dumps(encode(other)))) == (one == other)


@pytest.mark.parametrize(
    ("expected", "value"),
    [
        (1, True),
        (1.0, 1),
        (10**30, 1e30 if 10**30 == 1e30 else 10**30),
        ({1: "a"}, OrderedDict({1: "a"})),
        ({"a": 2}, Counter("aa")),
        ((1, 2), namedtuple("Pair", "a b")(1, 2)),
        ({1, 2}, frozenset((1, 2))),
        ({1, 2}, {1: 0, 2: 0}.keys()),
        (0.5, Fraction(1, 2)),
        (0.5, Decimal("0.5")),
        (b"a", bytearray(b"a")),
    ],
)
def test_equal_across_types(expected: Any, value: Any) -> None:
    assert equal(expected, encode(value))


class EqualsEverything(int):
    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return False

    __hash__ = int.__hash__


class Anything:
    def __eq__(self, other: object) -> bool:
        return True

    __hash__ = None  # type: ignore[assignment]


@pytest.mark.parametrize("value", [EqualsEverything(7), Anything(), [Anything()], {1: EqualsEverything(0)}])
@pytest.mark.parametrize("expected", [1, "a", None, [1], {1: 2}, True, 1.5, {1}])
def test_objects_that_equal_everything_equal_nothing(expected: Any, value: Any) -> None:
    assert not equal(expected, json.loads(json.dumps(encode(value))))


@pytest.mark.parametrize(
    "forged",
    [
        ["object", "int"], ["int"], ["int", None], ["int", "0x"], ["int", 3], [], {}, {"value": 1}, [["list", []]],
        ["fraction", [1, 0]], ["fraction", 1], ["decimal", "x"], ["decimal", []], ["complex", 1], ["float", "1e"],
        ["dict", [1]], ["dict", [[1]]], ["dict", 5], ["list", 5], ["list", "1"], ["set", None], ["bytes", "0"],
        ["nothing", 1], [None, None], [["int"], "0x1"], ["float", "nan"], ["list", {"0": 1}],
    ],
)  # fmt: skip
def test_forged_values_are_unequal_and_raise_nothing_else(forged: Any) -> None:
    for expected in (1, "1", None, [1], {1: 1}, {1}, 1.0, True, (1,)):
        assert not equal(expected, forged)
    truth(forged)
    with suppress(ValueError):
        assert decode(forged) != 1


def test_deep_values_end() -> None:
    value: Any = 1
    for _ in range(5000):
        value = [value]
    assert not equal([1], encode(value))
    assert json.dumps(encode(value)).count("[") < 3 * MAX_DEPTH
    assert "too deep" in json.dumps(encode(value))


def test_opaque_equals_nothing() -> None:
    value = decode(encode(object()))
    assert isinstance(value, Opaque)
    assert value != value
    assert repr(value) == "<builtins.object>"


def test_tolerance_and_sequences_alike() -> None:
    assert equal([1.0, 2.0], encode([1.0000001, 2]), tolerance=1e-6)
    assert not equal([1.0], encode([1.001]), tolerance=1e-6)
    assert not equal(1.0, encode(10**400), tolerance=1e-6)
    assert not equal(True, encode(1.0000001), tolerance=1e-3)
    assert equal([[1]], encode([(1,)]), sequences_alike=True)
    assert not equal([[1]], encode([(1,)]))


def test_large_sets_of_colliding_numbers_cost_nothing() -> None:
    modulus = (1 << 61) - 1
    forged = ["set", [["int", hex(place * modulus)] for place in range(30_000)]]
    assert not equal({0, 1}, forged)
