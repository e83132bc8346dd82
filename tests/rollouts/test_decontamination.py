"""Whatever gives a benchmark's item away is found, and nothing else is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aha.rollouts.decontamination import COMMON_ITEMS, RUN_WORDS, BenchmarkItem, Leaks
from aha.rollouts.quality import Candidate
from aha.types import Problem, VerifierSpec

SHEEP = "A farmer drives 12 sheep over the old bridge to market and sells 2 + 2 of them before noon."
SOLUTION = "He sells 2 + 2 = 4 sheep, so in the end 12 - 4 = 8 of his sheep walk home with him again."
ITEMS = [
    BenchmarkItem("farm", "1", SHEEP + " How many are left?", [SOLUTION, "8"]),
    BenchmarkItem("farm", "2", "Compute 17 * 23."),
    BenchmarkItem("farm", "3", "Hello!"),
    BenchmarkItem("zh", "4", "农夫有十二只羊，卖掉四只，还剩下几只？"),
]
LEAKS = Leaks(ITEMS, near_duplicate=0.8)


@pytest.mark.parametrize(
    ("text", "item"),
    [
        (f"As I read once: {SHEEP.upper()}", "farm 1"),
        ("the old bridge, to market; and sells 2+2 of them BEFORE", "farm 1"),
        ("the old bridge to market and sells 2 - 2 of them before", None),
        ("bridge to market and sells 2+2 of them before", None),
        ("so in the end 12-4=8 of his sheep walk home", "farm 1"),
        ("she had 8 sheep", None),
        ("We compute 17 * 23. That is 391. Hello!", None),
        ("我们知道农夫有十二只羊，卖掉了一些", None),
        ("农夫有十二只羊，卖掉四只。", "zh 4"),
        ("", None),
    ],
)
def test_a_shared_run_of_ten_words_in_a_response(text: str, item: str | None) -> None:
    found = LEAKS.in_text(text)
    assert (found is None) if item is None else str(found).startswith(item)


@pytest.mark.parametrize(
    ("question", "item"),
    [
        ("Please compute 17 × 23 and box it.", "farm 2"),
        ("compute 17 * 24", None),
        ("HELLO", "farm 3"),
        ("Hello, how are you?", None),
        ("How many sheep are left?", None),
    ],
)
def test_a_short_question_counts_as_a_whole(question: str, item: str | None) -> None:
    found = LEAKS.in_question(question)
    assert (found is None) if item is None else str(found).startswith(item)


def test_question_and_response_of_a_sample_are_searched() -> None:
    clean = Problem("p", "s", [{"role": "user", "content": "How many?"}], "8", VerifierSpec("number"))
    leaked = Problem("p", "s", [{"role": "user", "content": SHEEP}], "8", VerifierSpec("number"))
    assert LEAKS.of(Candidate(clean, "Eight.", None, None, 1)) is None
    assert LEAKS.of(Candidate(clean, SOLUTION, None, None, 1)) is not None
    assert LEAKS.of(Candidate(leaked, "Eight.", None, None, 1)) is not None


def test_a_question_that_is_nearly_the_same() -> None:
    """Every run of ten words has a changed word in it."""
    asked = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine"] * 6
    asked = [f"{word}{place}" for place, word in enumerate(asked)]
    changed = [f"{word}x" if place % 10 == 9 else word for place, word in enumerate(asked)]
    item = BenchmarkItem("b", "1", " ".join(asked))
    assert Leaks([item], 0.9).in_question(" ".join(changed)) is None
    assert str(Leaks([item], 0.3).in_question(" ".join(changed))) == "b 1: nearly the same question"


def test_the_wording_of_a_template_gives_nothing_away() -> None:
    words = "On an island live knights who always tell the truth and knaves who always lie. Ann says: {}."
    said = ["I am a knight", "Bob is a knave", "we are both knaves", "one of us two lies", "Bob never lies"]
    items = [BenchmarkItem("island", str(place), words.format(each)) for place, each in enumerate(said)]
    new = words.format("he is no friend of mine")
    assert Leaks(items[: COMMON_ITEMS + 1], 0.5).in_question(new) is None
    assert Leaks(items[:COMMON_ITEMS], 0.5).in_question(new) is not None
    assert str(Leaks(items, 0.5).in_question(items[2].question)).startswith("island 2")


WORDS = st.lists(st.sampled_from("abcdefg"), max_size=60)


@given(WORDS, WORDS)
def test_the_same_as_looking_at_every_run(question: list[str], text: list[str]) -> None:
    runs = [question[start : start + RUN_WORDS] for start in range(len(question) - RUN_WORDS + 1)]
    expected = any(text[start : start + RUN_WORDS] in runs for start in range(len(text)))
    leaks = Leaks([BenchmarkItem("b", "1", " ".join(question))], 0.8)
    assert (leaks.in_text(" ".join(text)) is not None) == expected
