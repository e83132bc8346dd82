"""Repetition between none and a loop."""

import time

from aha.text.repetition import repetition


def test_short_and_plain_texts_do_not_repeat() -> None:
    assert repetition("") == 0
    assert repetition("12+7=19. So the answer is 19.") == 0
    assert repetition(" ".join(map(str, range(500)))) == 0


def test_loops_repeat() -> None:
    assert repetition("I check it again and again. " * 40) > 0.9
    assert repetition("2 " * 100) > 0.9
    assert repetition("아니다" * 300) > 0.9
    assert repetition("再算" * 100) > 0.9


def test_a_vowel_sign_is_part_of_its_word() -> None:
    """Twelve words run twice, whatever they are written in."""
    for word in ("పుస్తకాన్ని", "পুস্তকটি", "café", "cafe\u0301"):
        words = " ".join(f"{word}{each}" for each in "abcdefghijkl")
        assert repetition(f"{words} {words}") == 1 - 12 / 13, word


def test_exact_share() -> None:
    words = " ".join(f"w{i}" for i in "abcdefghijkl")
    assert repetition(f"{words} {words}") == 1 - 12 / 13


def test_linear_time() -> None:
    start = time.process_time()
    repetition("a" * 400_000)
    assert time.process_time() - start < 5
