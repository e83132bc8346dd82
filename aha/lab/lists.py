"""Questions about lists of numbers: sum, spread, how many exceed, sorted order."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from aha.lab.arithmetic import hasty_number
from aha.lab.phrases import Language
from aha.lab.puzzle import Puzzle
from aha.lab.scribe import Scribe
from aha.types import VerifierSpec

ASK: dict[str, dict[Language, str]] = {
    "sum": {"en": "Add up the list {}.", "ko": "목록 {} 의 합은?", "ru": "Сложи числа {}."},
    "spread": {
        "en": "Largest minus smallest of {}?",
        "ko": "{} 에서 최댓값 빼기 최솟값은?",
        "ru": "Разность крайних чисел {}?",
    },
    "count": {
        "en": "How many numbers in {} are greater than {}?",
        "ko": "{} 에서 {} 보다 큰 수는 몇 개?",
        "ru": "Сколько чисел в {} больше {}?",
    },
    "sort": {"en": "Sort {} from small to large.", "ko": "{} 를 작은 수부터 정렬하라.", "ru": "Упорядочи {}."},
}


def lists(rng: Random, language: Language, *, length: int = 0) -> Puzzle:
    """One question about a list of `length` numbers (0: four or five)."""
    kind = rng.choice(["sum", "spread", "count", "sort"])
    numbers = rng.sample(range(1, 50), length or rng.choice([4, 5]))
    shown = " ".join(map(str, numbers))
    if kind == "sort":
        return _sorting(numbers, shown, language)
    limit = rng.randint(10, 35)
    value, steps, tempting = {"sum": _sum, "spread": _spread, "count": _count(limit)}[kind](numbers)
    return Puzzle(
        family="lists",
        key=f"{kind} {shown} {limit if kind == 'count' else ''}",
        question=ASK[kind][language].format(shown, limit),
        language=language,
        answer=str(value),
        reference=str(value),
        verifier=VerifierSpec("number"),
        difficulty=len(numbers),
        work=steps,
        haste=lambda rng: (
            hasty_number(rng, value, tempting) if kind != "count" else str(value + rng.choice([-1, 1, 2]))
        ),
    )


Parts = tuple[int, Callable[[Scribe], str], int]
"""Value, writer of the worked solution, tempting wrong value."""


def _sum(numbers: list[int]) -> Parts:
    def work(scribe: Scribe) -> str:
        total = numbers[0]
        for number in numbers[1:]:
            total = scribe.equation(f"{total}+{number}", total + number)
        return str(total)

    return sum(numbers), work, sum(numbers[:-1])


def _spread(numbers: list[int]) -> Parts:
    top, bottom = max(numbers), min(numbers)

    def work(scribe: Scribe) -> str:
        high = top if scribe.rng.random() >= scribe.slip_rate else scribe.rng.choice(numbers)
        low = bottom if scribe.rng.random() >= scribe.slip_rate else scribe.rng.choice(numbers)
        scribe.phrase("extremes", str(high), str(low))
        return str(scribe.equation(f"{high}-{low}", high - low))

    return top - bottom, work, numbers[0] - numbers[-1] if numbers[0] > numbers[-1] else numbers[0]


def _count(limit: int) -> Callable[[list[int]], Parts]:
    def parts(numbers: list[int]) -> Parts:
        def work(scribe: Scribe) -> str:
            found = 0
            for number in numbers:
                hit = scribe.flip(number > limit)
                found += hit
                scribe.say(f"{number}>{limit}: {scribe.word('yes' if hit else 'no')}, {found}.")
            return str(found)

        return sum(number > limit for number in numbers), work, 0

    return parts


def _sorting(numbers: list[int], shown: str, language: Language) -> Puzzle:
    ordered = sorted(numbers)

    def work(scribe: Scribe) -> str:
        left, placed = list(numbers), []
        while left:
            slip = len(left) > 1 and scribe.rng.random() < scribe.slip_rate
            pick = scribe.rng.choice(left) if slip else min(left)
            left.remove(pick)
            placed.append(pick)
            scribe.say(f"{pick},")
            scribe.phrase("left", " ".join(map(str, left)) or scribe.word("none"))
        return " ".join(map(str, placed))

    def haste(rng: Random) -> str:
        guess = list(ordered)
        i = rng.randrange(len(guess) - 1)
        guess[i], guess[i + 1] = guess[i + 1], guess[i]
        return " ".join(map(str, rng.choice([guess, numbers if numbers != ordered else guess])))

    return Puzzle(
        family="lists",
        key=f"sort {shown}",
        question=ASK["sort"][language].format(shown),
        language=language,
        answer=" ".join(map(str, ordered)),
        reference=ordered,
        verifier=VerifierSpec("list"),
        difficulty=len(numbers),
        work=work,
        haste=haste,
    )
