"""Questions about spelled words: backwards, how often a letter occurs, the last letters."""

from __future__ import annotations

from random import Random

from aha.lab.phrases import Language
from aha.lab.puzzle import Puzzle
from aha.lab.scribe import Scribe
from aha.types import VerifierSpec

LETTERS = "abcdefghiklmnoprstu"

ASK: dict[str, dict[Language, str]] = {
    "reverse": {"en": "Spell {} backwards.", "ko": "{} 를 거꾸로 써라.", "ru": "Напиши {} наоборот."},
    "count": {
        "en": "How often does {1} occur in {0}?",
        "ko": "{} 에 {} 는 몇 번 나오나?",
        "ru": "Сколько раз в {} есть {}?",
    },
}


def strings(rng: Random, language: Language, *, length: int = 0) -> Puzzle:
    """One question about a word of `length` letters (0: four to six), spelled with spaces."""
    size = length or rng.randint(4, 6)
    alphabet = rng.sample(LETTERS, 4) if rng.random() < 0.6 else list(LETTERS)
    word = [rng.choice(alphabet) for _ in range(size)]
    return _reverse(word, language) if rng.random() < 0.5 else _count(word, rng.choice(word), language)


def _reverse(word: list[str], language: Language) -> Puzzle:
    shown, answer = " ".join(word), " ".join(reversed(word))

    def work(scribe: Scribe) -> str:
        scribe.say(" ".join(f"{i}{letter}" for i, letter in enumerate(word, 1)) + ".")
        back: list[str] = []
        for i in range(len(word), 0, -1):
            letter = word[i - 1] if scribe.rng.random() >= scribe.slip_rate else scribe.rng.choice(word)
            back.append(letter)
        scribe.say(" ".join(f"{i}{letter}" for i, letter in zip(range(len(word), 0, -1), back, strict=True)) + ".")
        return " ".join(back)

    def haste(rng: Random) -> str:
        guess = list(reversed(word))
        i = rng.randrange(len(guess) - 1)
        guess[i], guess[i + 1] = guess[i + 1], guess[i]
        tried = " ".join(guess if rng.random() < 0.5 else word)
        return tried if tried != answer else " ".join(guess[:-1])

    return Puzzle(
        family="strings",
        key=f"reverse {shown}",
        question=ASK["reverse"][language].format(shown),
        language=language,
        answer=answer,
        reference=answer,
        verifier=VerifierSpec("exact"),
        difficulty=len(word),
        work=work,
        haste=haste,
        domain="general",
    )


def _count(word: list[str], letter: str, language: Language) -> Puzzle:
    shown, value = " ".join(word), word.count(letter)

    def work(scribe: Scribe) -> str:
        found = 0
        for seen in word:
            found += scribe.flip(seen == letter)
            scribe.say(f"{seen} {found},")
        return str(found)

    return Puzzle(
        family="strings",
        key=f"count {letter} {shown}",
        question=ASK["count"][language].format(shown, letter),
        language=language,
        answer=str(value),
        reference=str(value),
        verifier=VerifierSpec("number"),
        difficulty=len(word),
        work=work,
        haste=lambda rng: str(max(0, value + rng.choice([-1, 1, 1, 2]))),
        domain="general",
    )
