"""Small programs of assignments: what do they print?"""

from __future__ import annotations

from random import Random

from aha.lab.arithmetic import APPLY, hasty_number
from aha.lab.phrases import Language
from aha.lab.puzzle import Puzzle
from aha.lab.scribe import Scribe
from aha.types import VerifierSpec

ASK: dict[Language, list[str]] = {
    "en": ["What does this program print? {}", "Run it: {} What is printed?"],
    "ko": ["이 프로그램은 무엇을 출력하나? {}"],
    "ru": ["Что напечатает программа? {}"],
}

Line = tuple[str, str, str, int]
"""target, source name, operator, number."""


def programs(rng: Random, language: Language, *, lines: int = 0) -> Puzzle:
    """A program of `lines` assignments after the first (0: two or three)."""
    num_lines = lines or rng.choice([2, 2, 3])
    while True:
        names = rng.sample("abcdkmnpqrtuxyz", num_lines + 1)
        start = rng.randint(2, 20)
        body: list[Line] = []
        for index in range(num_lines):
            operator = rng.choice("+-*")
            number = rng.randint(2, 6) if operator == "*" else rng.randint(1, 30)
            body.append((names[index + 1], names[rng.choice([index, max(0, index - 1)])], operator, number))
        values = _run(names[0], start, body)
        if all(0 <= value <= 400 for value in values.values()):
            break
    printed = (names[-1], names[rng.randrange(num_lines)])
    result = values[printed[0]] + values[printed[1]]
    code = "; ".join([f"{names[0]}={start}", *(f"{t}={s}{o}{n}" for t, s, o, n in body)])
    code += f"; print({printed[0]}+{printed[1]})"

    def work(scribe: Scribe) -> str:
        known = {names[0]: start}
        for target, source, operator, number in body:
            known[target] = scribe.equation(
                f"{target}={source}{operator}{number}={known[source]}{operator}{number}",
                APPLY[operator](known[source], number),
            )
        total = known[printed[0]] + known[printed[1]]
        return str(scribe.equation(f"{'+'.join(printed)}={known[printed[0]]}+{known[printed[1]]}", total))

    return Puzzle(
        family="programs",
        key=code,
        question=rng.choice(ASK[language]).format(code),
        language=language,
        answer=str(result),
        reference=str(result),
        verifier=VerifierSpec("number"),
        difficulty=num_lines,
        work=work,
        haste=lambda rng: hasty_number(rng, result, values[printed[0]]),
        domain="code",
    )


def _run(first: str, start: int, body: list[Line]) -> dict[str, int]:
    values = {first: start}
    for target, source, operator, number in body:
        values[target] = APPLY[operator](values[source], number)
    return values
