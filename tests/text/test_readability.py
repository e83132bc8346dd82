"""Thoughts that are hard to read: each fault is found where it is planted, and nowhere else."""

import time

import pytest

from aha.text.readability import READABLE, Readability, readability, reading_faults

GOOD = "First I look at the question. Then I add the two numbers, and the sum is four.\n\nSo the answer is 4."


def test_measures() -> None:
    found = readability("So the code is\n```python\nprint(2 + 2)\n```\nи ответ four", "en")
    assert found == Readability(0.0, len("So the code is"), pytest.approx(2 / 7), pytest.approx(28 / 56, abs=0.03))
    assert readability("", "en") == Readability(0.0, 0, 0.0, 0.0)
    assert readability("1+1=2", "en").mixed_frac == 0.0


@pytest.mark.parametrize(
    ("text", "faults"),
    [
        (GOOD, []),
        ("", []),
        (GOOD + "\n我们得到四，所以答案是四", ["mixed_language"]),
        (GOOD + " I check it again and again." * 40, ["repetition"]),
        (GOOD + "\n```\nx = 1\n```", ["code_block"]),
        (GOOD + "\n```\nx = 1", ["code_block"]),
        (" ".join(f"Now number {i} is next to {i * i}." for i in range(100)), ["long_paragraph"]),
        ("\n".join(f"Now number {i} is next to {i * i}." for i in range(100)), []),
    ],
)
def test_planted_faults_are_found(text: str, faults: list[str]) -> None:
    assert reading_faults(text, "en") == faults


def test_a_good_text_in_another_language_is_mixed() -> None:
    assert reading_faults(GOOD, "ko") == ["mixed_language"]


def test_limits_may_be_given() -> None:
    loose = Readability(1.0, 10**6, 1.0, 1.0)
    assert reading_faults("```x``` " + "wait " * 2000, "ko", loose) == []
    assert READABLE.code_frac == 0.0


def test_linear_time() -> None:
    start = time.process_time()
    for bait in (
        "```",
        "`",
        "$",
        "\\[",
        "\\(",
        "[asy]",
        "<a",
        "1.",
        "1",
        "\\begin{",
        "A",
        "Aa ",
        "www.",
        "((((",
        "a\n",
    ):
        readability(bait * 20_000, "en")
    assert time.process_time() - start < 10
