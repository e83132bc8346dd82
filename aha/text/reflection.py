"""Where a text looks back at itself, and whether that helped: found by its words, judged by its own equations."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from aha.text.arithmetic import NotArithmeticError, TooLargeError, evaluate

Kind = Literal["recheck", "backtrack", "another_approach"]

MARKERS: dict[Kind, tuple[str, ...]] = {
    "recheck": (
        *("wait", "hold on", "hmm", "let me check", "let me double-check", "let me double check", "let me verify"),
        *("let me recheck", "let me re-check", "let me re-examine", "let me recalculate", "recheck", "re-check"),
        *("double-check", "double check", "check again", "checking again", "on second thought"),
        *("잠깐", "다시 확인", "다시 보자", "다시 보면", "다시 계산", "검산", "стоп", "подожди", "проверим", "проверю"),
        *("等等", "等一下", "再检查", "检查一下", "重新检查", "再算一遍"),
    ),
    "backtrack": (
        *("actually", "go back", "going back", "backtrack", "try again", "that is wrong", "that's wrong"),
        *("that is not right", "that's not right", "does not work", "doesn't work", "i made a mistake", "start over"),
        *("돌아가", "아니다, 다시", "처음부터", "назад", "не подходит", "不对", "重来"),
    ),
    "another_approach": (
        *("alternatively", "another way", "another approach", "another method", "different approach", "different way"),
        *("다른 방법", "다르게 풀", "иначе", "по-другому", "другой способ", "换一种", "另一种方法"),
    ),
}
"""Words by kind; matched without regard to case, and whole in languages that put spaces between words."""

MERGE_CHARS = 40
"""Markers closer than this, with no equation between, are one reflection: `Wait, let me recheck:`."""
WINDOW_CHARS = 200
"""How far before and after a re-check its equations may stand."""

_KINDS: dict[str, Kind] = {word: kind for kind, words in MARKERS.items() for word in words}
_SPACED = re.compile(r"[a-zа-яё]")


def _pattern(word: str) -> str:
    return rf"(?<!\w){re.escape(word)}(?!\w)" if _SPACED.match(word) else re.escape(word)


_MARKER = re.compile("|".join(_pattern(word) for word in sorted(_KINDS, key=len, reverse=True)), re.IGNORECASE)
_NUMBER = r"[\d.]{1,13}"
_EQUATION = re.compile(
    rf"(?<![\w.])([(\d][\d\s.()+*/×·÷−\u2212-]{{0,80}}?)\s?=\s?([-\u2212]?{_NUMBER}(?:/{_NUMBER})?)(?![\w(])"
)


@dataclass(slots=True, frozen=True)
class Reflection:
    """One place where a text looks back."""

    kind: Kind
    start: int
    """Character where the marker starts."""
    repaired: bool | None
    """Of a re-check: the equation before it was false and the one after it is true. None where there are not both."""
    broke: bool | None
    """Of a re-check: the equation before it was true and the one after it is false. None where there are not both."""


def reflections(text: str) -> list[Reflection]:
    """All reflections of a text, in order, in one pass."""
    found: list[Reflection] = []
    matches = list(_MARKER.finditer(text))
    end = -MERGE_CHARS - 1
    for index, match in enumerate(matches):
        close = match.start() - end <= MERGE_CHARS and "=" not in text[end : match.start()]
        end = match.end()
        if close:
            continue
        kind = _KINDS[match.group().lower()]
        following = next((m.start() for m in matches[index + 1 :] if "=" in text[end : m.start()]), len(text))
        found.append(Reflection(kind, match.start(), *_effect(kind, text, match.start(), end, following)))
    return found


def _effect(kind: Kind, text: str, start: int, end: int, following: int) -> tuple[bool | None, bool | None]:
    """(repaired, broke) from the last equation before the marker and the first after it."""
    if kind != "recheck":
        return None, None
    earlier = _EQUATION.finditer(text[max(0, start - WINDOW_CHARS) : start])
    before = [equation_holds(*match.groups()) for match in earlier]
    after = _EQUATION.search(text[end : min(following, end + WINDOW_CHARS)])
    was = before[-1] if before else None
    now = equation_holds(*after.groups()) if after else None
    if was is None or now is None:
        return None, None
    return now and not was, was and not now


def equation_holds(left: str, right: str) -> bool | None:
    """Whether `left = right` is true, exactly; None where one side is no arithmetic or `left` only names a number."""
    try:
        value, used = evaluate(left)
        negative = right[0] in "-\u2212"
        said, _ = evaluate(right[1:].rstrip(".") if negative else right.rstrip("."))
    except (NotArithmeticError, TooLargeError):
        return None
    return value == (-said if negative else said) if len(used) > 1 else None
