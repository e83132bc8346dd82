"""Countdown: reach a target with given numbers. Worked solutions try, fail and go back."""

from __future__ import annotations

from itertools import permutations, product
from random import Random

from aha.lab.arithmetic import APPLY
from aha.lab.phrases import Language
from aha.lab.puzzle import Puzzle
from aha.lab.scribe import Scribe
from aha.types import VerifierSpec

ASK: dict[Language, list[str]] = {
    "en": ["Use {} once each with + - * to make {}.", "Make {1} from the numbers {0}."],
    "ko": ["{} 를 한 번씩 써서 {} 를 만들어라."],
    "ru": ["Из чисел {} получи {}."],
}

Try = tuple[tuple[int, int, int], tuple[str, str]]
"""Three numbers in order and the two operators between them, applied from the left."""


def _text(attempt: Try) -> str:
    (a, b, c), (first, second) = attempt
    inner = f"({a}{first}{b})" if second == "*" and first != "*" else f"{a}{first}{b}"
    return f"{inner}{second}{c}"


def _value(attempt: Try) -> int:
    (a, b, c), (first, second) = attempt
    return APPLY[second](APPLY[first](a, b), c)


def countdown(rng: Random, language: Language, *, wide: bool = False) -> Puzzle:
    """Three numbers and a target that they reach (`wide`: larger numbers)."""
    while True:
        top = 40 if wide else 12
        numbers = (rng.randint(2, top), rng.randint(2, top), rng.randint(2, top))
        attempts: list[Try] = [
            ((a, b, c), (first, second))
            for a, b, c in set(permutations(numbers))
            for first, second in product("+-*", repeat=2)
        ]
        attempts.sort()
        solution = rng.choice(attempts)
        target = _value(solution)
        if 1 <= target <= (300 if wide else 99):
            break
    given = " ".join(map(str, numbers))
    wrong = [attempt for attempt in attempts if _value(attempt) != target]

    def work(scribe: Scribe) -> str:
        near = sorted(scribe.rng.sample(wrong, min(8, len(wrong))), key=lambda attempt: abs(_value(attempt) - target))
        for attempt in [*near[: scribe.rng.choice([0, 1, 1, 2, 3, 4])], solution]:
            (a, b, c), (first, second) = attempt
            middle = APPLY[first](a, b)
            value = APPLY[second](middle, c)
            if scribe.rng.random() < scribe.slip_rate:
                value = target
            scribe.say(f"{a}{first}{b}={middle}, {middle}{second}{c}={value},")
            if value == target:
                scribe.phrase("found", str(target))
                return _text(attempt)
            scribe.phrase("backtrack", str(target))
        raise AssertionError("the solution ends the search")

    return Puzzle(
        family="countdown",
        key=f"{sorted(numbers)}->{target}",
        question=rng.choice(ASK[language]).format(given, target),
        language=language,
        answer=_text(solution),
        reference={"numbers": list(numbers), "target": target},
        verifier=VerifierSpec("expression"),
        difficulty=3,
        work=work,
        haste=lambda rng: _text(rng.choice(wrong)),
    )
