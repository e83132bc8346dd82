"""Words and runs of words."""

from __future__ import annotations

import pytest

from aha.text.ngrams import ngrams, words


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("What is 2 + 2 = ?", "what is 2+2"),
        ("It costs $1,000, twenty-five more.", "it costs 1000 twenty five more"),
        (r"$3 \times 4 = 12$", "3*4=12"),
        ("3 × 4 − 1", "3*4-1"),
        ("ＡＢＣ １２", "abc 12"),
        ("x = 5, y = 3.5.", "X=5 y=3.5"),
        ("(57 - 12 - 44) * 4", "57-12-44*4"),
    ],
)
def test_spelling_does_not_count(left: str, right: str) -> None:
    assert words(left) == words(right)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("What is 2+2?", ["what", "is", "2+2"]),
        ("2 - 2 = 0", ["2-2", "0"]),
        ("3.5 or 35", ["3.5", "or", "35"]),
        ("求 2+2 的和。", ["求", "2+2", "的", "和"]),
        ("పుస్తకాన్ని চার", ["పుస్తకాన్ని", "চার"]),
        ("ครึ่ง", ["ค", "รึ่", "ง"]),
        ("2+2는 몇 인가", ["2+2는", "몇", "인가"]),
        ("…?! --", []),
        ("As drawn [asy]draw((0,0)--(1,1));[/asy] here", ["as", "drawn", "here"]),
    ],
)
def test_what_a_word_is(text: str, expected: list[str]) -> None:
    assert words(text) == expected


def test_runs() -> None:
    assert ngrams(["a", "b", "c"], 2) == {("a", "b"), ("b", "c")}
    assert ngrams(["a", "b"], 3) == {("a", "b")}
    assert ngrams([], 3) == set()
