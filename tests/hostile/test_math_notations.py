"""Any value equals itself in every notation of the printer and differs from its neighbours, both ways round."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aha.verifiers import verify
from tests.hostile.printer import (
    AROUND,
    COMPLEX,
    INTERVAL,
    MATRIX,
    PI,
    RATIONAL,
    SET,
    SURD,
    TUPLE,
    Notation,
    written,
)

SMALL = st.integers(-60, 60)
RATIONALS = st.one_of(
    st.integers(-20, 20).map(Fraction),
    st.integers(1000, 10**9).map(Fraction),
    st.integers(-(10**5), -1000).map(Fraction),
    st.builds(Fraction, SMALL, st.sampled_from([2, 3, 4, 5, 8, 9, 10, 11, 12, 20, 33, 125])),
)
KINDS: dict[str, tuple[dict[str, Notation], st.SearchStrategy[tuple[Any, ...]]]] = {
    "rational": (RATIONAL, st.tuples(RATIONALS)),
    "surd": (SURD, st.tuples(st.integers(2, 40), st.sampled_from([2, 3, 5, 6, 7, 10, 11, 13, 97]))),
    "pi": (PI, st.tuples(st.integers(2, 60), st.sampled_from([7, 9, 11, 13, 64])).filter(lambda v: v[0] % v[1] > 0)),
    "complex": (COMPLEX, st.tuples(SMALL.filter(bool), st.one_of(st.integers(2, 60), st.integers(-60, -2)))),
    "interval": (INTERVAL, st.tuples(st.integers(-60, 0), st.integers(1, 60))),
    "tuple": (TUPLE, st.one_of(st.tuples(SMALL, SMALL), st.tuples(SMALL, SMALL, SMALL))),
    "set": (SET, st.lists(SMALL, min_size=2, max_size=5, unique=True).map(tuple)),
    "matrix": (MATRIX, st.tuples(SMALL, SMALL, SMALL, SMALL)),
}


def outcome(answer: str, reference: str) -> str:
    """Of an answer in a box."""
    return str(verify("math", f"\\boxed{{{answer}}}", reference, {"extract": "boxed"})["outcome"])


def neighbour(kind: str, parts: tuple[Any, ...], place: int) -> tuple[Any, ...]:
    """The value with one of its parts raised by one; a fraction stays one of the same denominator."""
    place %= len(parts)
    raised = parts[place] + (Fraction(1, parts[place].denominator) if kind == "rational" else 1)
    return (*parts[:place], raised, *parts[place + 1 :])


def test_the_printer_knows_twenty_notations_of_a_number() -> None:
    used = set()
    for value in (Fraction(7), Fraction(-12345), Fraction(1, 2), Fraction(-7, 4), Fraction(5, 3), Fraction(12345)):
        used |= written(RATIONAL, value).keys()
    assert used == RATIONAL.keys()
    assert len(used) >= 20


@pytest.mark.parametrize("kind", list(KINDS))
def test_every_notation_is_the_value_and_none_is_its_neighbour(kind: str) -> None:
    notations, values = KINDS[kind]

    @settings(max_examples=40, deadline=None)
    @given(values, st.integers(0, 5), st.sampled_from(list(AROUND)), st.randoms(use_true_random=False))
    def check(parts: tuple[Any, ...], place: int, around: str, draw: Any) -> None:
        forms = written(notations, *parts)
        near = written(notations, *neighbour(kind, parts, place))
        name, reference = draw.choice(sorted(forms.items()))
        for form, text in forms.items():
            assert outcome(text, reference) == "correct", (form, text, name, reference)
            assert outcome(reference, text) == "correct", (name, reference, form, text)
        form, text = draw.choice(sorted(forms.items()))
        wrapped = AROUND[around].format(text)
        assert outcome(wrapped, reference) == "correct", (wrapped, reference)
        for form, text in near.items():
            assert outcome(text, reference) == "wrong", (form, text, name, reference)
            assert outcome(reference, text) == "wrong", (name, reference, form, text)

    check()


@settings(max_examples=15, deadline=None)
@given(st.sampled_from(list(KINDS)), st.data())
def test_a_value_of_one_kind_is_none_of_another(kind: str, data: st.DataObject) -> None:
    other = data.draw(st.sampled_from([name for name in KINDS if name != kind]))
    mine, theirs = (KINDS[name] for name in (kind, other))
    for first in written(mine[0], *data.draw(mine[1])).values():
        second = data.draw(st.sampled_from(sorted(written(theirs[0], *data.draw(theirs[1])).values())))
        assert outcome(first, second) == "wrong", (first, second)
        assert outcome(second, first) == "wrong", (second, first)


@settings(max_examples=80, deadline=None)
@given(st.sampled_from(list(KINDS)), st.data())
def test_spaces_change_nothing(kind: str, data: st.DataObject) -> None:
    notations, values = KINDS[kind]
    parts = data.draw(values)
    reference = next(iter(written(notations, *parts).values()))
    text = data.draw(st.sampled_from(sorted(written(notations, *parts).values())))
    apart = "+=<>&" if kind == "rational" else "+=<>&,"  # a comma may stand inside a number
    places = [place for place, letter in enumerate(text) if letter in apart]
    space = data.draw(st.sampled_from([" ", "\t", "\n", "  ", "\u00a0", "\u3000", "\\ ", "\\;", "~"]))
    for place in reversed(places):
        text = text[:place] + space + text[place] + space + text[place + 1 :]
    assert outcome(text, reference) == "correct", (text, reference)
