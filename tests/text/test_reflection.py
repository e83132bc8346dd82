"""Reflections by kind, and whether a re-check repaired or broke."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aha.text.reflection import MARKERS, equation_holds, reflections


@pytest.mark.parametrize(("kind", "word"), [(kind, word) for kind, words in MARKERS.items() for word in words])
def test_every_marker(kind: str, word: str) -> None:
    found = reflections(f"So 5. {word.capitalize()}, 6.")
    assert [each.kind for each in found] == [kind]


@pytest.mark.parametrize("text", ["The waiter came.", "We await it.", "So the answer is 5.", "", "контактуально"])
def test_no_marker(text: str) -> None:
    assert reflections(text) == []


def test_neighbouring_markers_are_one() -> None:
    assert len(reflections("2+2=5. Wait, let me recheck: 2+2=4.")) == 1
    assert len(reflections("2+2=5. Wait, 2+2=4. Hmm, 3+3=6.")) == 2


@pytest.mark.parametrize(
    ("text", "repaired", "broke"),
    [
        ("12+7=18. Wait, 12+7=19. I made a slip.", True, False),
        ("12+7=19. Wait, 12+7=18.", False, True),
        ("12+7=19. Hold on, 12+7=19.", False, False),
        ("12+7=18. Wait, 12+7=18.", False, False),
        ("12*7=80. 잠깐, 다시 보자: 12*7=84.", True, False),
        ("(2 + 3) × 4 = 21. Hmm, (2 + 3) × 4 = 20.", True, False),
        ("3-8=5. Wait, 3-8=-5.", True, False),
        ("7/2=3. Wait, 7/2=3.5.", True, False),
        ("I think 5. Wait, 2+2=4.", None, None),
        ("2+2=5. Wait.", None, None),
        ("x=5. Wait, x=6.", None, None),
        ("2+2=5. Actually 2+2=4.", None, None),
        ("1+1=2. 2+2=5. Wait, 2+2=4. 3+3=7.", True, False),
    ],
)
def test_repaired_and_broke(text: str, repaired: bool | None, broke: bool | None) -> None:
    first = reflections(text)[0]
    assert (first.repaired, first.broke) == (repaired, broke)
    assert text[first.start].isalpha()


def test_an_effect_belongs_to_its_own_recheck() -> None:
    first, second = reflections("2+2=5. Wait, 2+2=5. Wait, 2+2=4.")
    assert (first.repaired, second.repaired) == (False, True)


@pytest.mark.parametrize(
    ("left", "right", "holds"),
    [
        ("2+2", "4", True),
        ("2+2", "5", False),
        ("4", "4", None),
        ("2+", "4", None),
        ("1/0", "4", None),
        ("1-2", "-1", True),
    ],
)
def test_equation_holds(left: str, right: str, holds: bool | None) -> None:
    assert equation_holds(left, right) is holds


@given(st.text(alphabet="0123456789+-*/=(). waitWAIT\n잠깐½", max_size=300))
def test_any_text(text: str) -> None:
    for each in reflections(text):
        assert 0 <= each.start < len(text)


@pytest.mark.parametrize("unit", ["1", "1+", "(", "wait ", "1=1 wait ", "잠깐", "- ", "1 "])
def test_hostile_text_takes_linear_time(unit: str) -> None:
    start = time.process_time()
    reflections(unit * (40_000 // len(unit)))
    assert time.process_time() - start < 3
