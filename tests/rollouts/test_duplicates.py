"""Near copies: the quick way finds exactly what comparing all with all finds."""

from __future__ import annotations

import time
from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aha.rollouts.duplicates import first_alike, own_shingles, shingles, similarity
from aha.text.ngrams import Words


def by_comparing_all(sets: Sequence[set[Words]], threshold: float) -> list[int | None]:
    """The plain reference."""
    found: list[int | None] = []
    for place, each in enumerate(sets):
        firsts = [other for other in range(place) if found[other] is None]
        found.append(next((other for other in firsts if similarity(sets[other], each) >= threshold), None))
    return found


SETS = st.lists(st.sets(st.integers(0, 12).map(lambda n: (str(n),)), max_size=12), max_size=25)


@settings(max_examples=100)
@given(SETS, st.sampled_from([0.05, 0.3, 0.5, 0.6, 0.75, 0.8, 0.9, 1.0]))
def test_the_same_as_comparing_all(sets: list[set[Words]], threshold: float) -> None:
    assert first_alike(sets, threshold) == by_comparing_all(sets, threshold)


@pytest.mark.parametrize(
    ("left", "right", "expected"),
    [
        ("one two three four five six", "One, two, three, four, five, six!", 1.0),
        ("one two three four five six", "one two three four five seven", 1 / 3),
        ("hi there", "hi there", 1.0),
        ("hi there", "hi you", 0.0),
        ("", "", 0.0),
    ],
)
def test_similarity(left: str, right: str, expected: float) -> None:
    assert similarity(shingles(left), shingles(right)) == pytest.approx(expected)


def test_many_texts_take_seconds() -> None:
    """Every tenth text is a near copy of the one before; comparing all with all would take hours."""
    sets = []
    for place in range(1_500):
        base = place - 1 if place % 10 == 9 else place
        text = [f"{base} {word}" for word in range(60)] + (["and", "so"] if base != place else [])
        sets.append(shingles(" ".join(text)))
    start = time.process_time()
    found = first_alike(sets, 0.8)
    assert time.process_time() - start < 5
    assert found == [place - 1 if place % 10 == 9 else None for place in range(1_500)]


def test_a_template_is_no_part_of_a_question() -> None:
    texts = [f"This is the wording of all of them and {word} differs" for word in ("a1", "b2", "c3", "d4")]
    assert [len(each) for each in own_shingles(texts)] == [2, 2, 2, 2]
    assert own_shingles([*texts, "alone in the world of words"])[4] == shingles("alone in the world of words")
