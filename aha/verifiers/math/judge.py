"""From two texts to a verdict: fold, read both in the same way, compare; then in the other ways that apply."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache

from aha.text.answers import last_boxed
from aha.types import Json
from aha.verifiers.base import BadReferenceError, OverLimitsError, SeveralAnswersError, UnparsableError
from aha.verifiers.math.compare import same
from aha.verifiers.math.cursor import Reading
from aha.verifiers.math.fold import fold
from aha.verifiers.math.forms import has_form
from aha.verifiers.math.limits import MAX_CHARS, check_text
from aha.verifiers.math.names import NUMBER_WORDS, SMALL_WORDS
from aha.verifiers.math.parse import DEFAULT, parse
from aha.verifiers.math.scalars import UndecidedError
from aha.verifiers.math.sets import REALS
from aha.verifiers.math.settings import Settings
from aha.verifiers.math.texts import (
    as_time,
    as_words,
    choice_letters,
    chosen_letter,
    normal_words,
    without_surroundings,
)
from aha.verifiers.math.values import Num, Quantity, Relation, Sequence, Sym, Text, Value, symbols, walk

_INTEGER = re.compile(r"-?[0-9]{1,300}")
_EXPONENT = re.compile(r"\d[eE][+-]?\d")
_SPACED_LETTER = re.compile(r"\d\s+[A-Za-z](?![A-Za-z])")
_SHORT_WORD = re.compile(r"[A-Za-z]{2,}")
_OPTION = re.compile(
    r'(?:"\s*(?:\(([A-J])\)|([A-J])[).:])\s*"\s*|\(([A-J])\)\s+(?=[\d\\"])|([A-J])[.:)]\s+)(?!\\c(?:dot|up|ap)\b)(\S.*)',
    re.DOTALL,
)
"""A choice letter with the text of its option."""
_DECIMAL_COMMA = re.compile(r"-?(?![1-9]\d{0,2},\d{3}$)\d+,\d+")
"""Digits around a comma that are not thousands."""
_WORD = re.compile(
    rf"[\u3040-\u9fff\uac00-\ud7a3]|(?<![\\A-Za-z])(?:[^\W\d_]{{3,}}|(?:{'|'.join(SMALL_WORDS)})(?![A-Za-z]))"
)


def prepared(text: str) -> str:
    """An answer or reference folded and without what stands around its value. Raises OverLimitsError."""
    if _INTEGER.fullmatch(text):
        return text
    if len(text) > MAX_CHARS:
        raise OverLimitsError
    if "boxed" in text or "fbox" in text or "framebox" in text:
        boxed = last_boxed(text)
        text = text if boxed is None else boxed
    check_text(text)
    return without_surroundings(fold(text))


def reference_texts(reference: Json) -> list[str]:
    """The accepted references, prepared. Raises BadReferenceError."""
    given = reference if isinstance(reference, list) else [reference]
    if not given or any(isinstance(item, bool) or not isinstance(item, int | float | str) for item in given):
        raise BadReferenceError("expected a number, its text, or a list of accepted ones")
    found: list[str] = []
    for item in given:
        text = _prepared_reference(str(item))
        found += option(text) or [text]
    return found


def option(text: str) -> list[str]:
    """The letter and the text of a prepared `(A) 5`; empty where there are not both."""
    match = _OPTION.fullmatch(text)
    return [] if match is None else [group for group in match.groups() if group]


@lru_cache(4096)
def _prepared_reference(text: str) -> str:
    try:
        found = prepared(text.rsplit("####", 1)[-1])
    except OverLimitsError as error:
        raise BadReferenceError(f"too long or too deep: {text[:80]!r}") from error
    if not found:
        raise BadReferenceError("the reference is empty")
    return found


def equal(gold: str, answer: str, settings: Settings) -> bool:
    """Whether two prepared texts are the same answer.

    Raises SeveralAnswersError, UnparsableError, OverLimitsError for the answer's faults, BadReferenceError, and
    UndecidedError where neither equality nor difference could be shown.
    """
    if settings.form == "any":
        if gold == answer:
            return True
        if _INTEGER.fullmatch(gold) and _INTEGER.fullmatch(answer):
            return int(gold) == int(answer)
    if settings.kind in ("auto", "choice") and (letters := choice_letters(gold)):
        return _same_choice(letters, answer, settings)
    if settings.kind == "text":
        return normal_words(gold) == normal_words(answer)
    gold_value = _reference(gold, DEFAULT, settings.kind)
    if isinstance(gold_value, Text):
        return _same_words(gold, gold_value, answer, settings)
    return _same_values(gold, gold_value, answer, settings)


def _same_choice(letters: str, answer: str, settings: Settings) -> bool:
    if len(letters) > 1:
        return choice_letters(answer) == letters
    return chosen_letter(answer, any_case=settings.kind == "choice") == letters


def _same_words(gold: str, value: Text, answer: str, settings: Settings) -> bool:
    if normal_words(gold) == normal_words(answer):
        return True
    words = as_words(answer)
    if isinstance(words, Text) or len(value.words) > 3:
        return False
    try:
        return same(parse(gold, Reading(letters=True)), parse(answer, Reading(letters=True)), settings)
    except (UnparsableError, OverLimitsError):
        return False


def _same_values(gold: str, gold_value: Value, answer: str, settings: Settings) -> bool:
    first: Exception | None = None
    answer_value: Value | None = None
    try:
        answer_value = read(answer, DEFAULT, settings.kind)
        if same(gold_value, answer_value, settings):
            return has_form(gold_value, answer_value, settings.form)
    except (SeveralAnswersError, UnparsableError, OverLimitsError, UndecidedError) as error:
        first = error
    for reading in _other_readings(gold, gold_value, answer, answer_value):
        try:
            other = _reference(gold, reading, settings.kind)
            found = read(answer, reading, settings.kind)
            if same(other, found, settings):
                return has_form(other, found, settings.form)
        except (SeveralAnswersError, UnparsableError, OverLimitsError, UndecidedError, BadReferenceError):
            continue
    if _DECIMAL_COMMA.fullmatch(answer) and answer.replace(",", ".") == gold:
        return True
    if _DECIMAL_COMMA.fullmatch(gold) and gold.replace(",", ".") == answer:
        return True
    if (chosen := option(answer)) and not option(chosen[1]):
        return _same_values(gold, gold_value, chosen[1], settings)
    if first is not None:
        raise first
    return False


def _other_readings(gold: str, gold_value: Value, answer: str, answer_value: Value | None) -> Iterator[Reading]:
    both = f"{gold}  {answer}"
    if _EXPONENT.search(both):
        yield Reading(scientific=False)
    if _SPACED_LETTER.search(both) and (isinstance(answer_value, Quantity) or not symbols(gold_value)):
        yield Reading(letter_units=True)
    if "," in gold and "," in answer:
        yield Reading(grouped=False)
    values = [value for value in (gold_value, answer_value) if value is not None]
    counted = [any(isinstance(part, Quantity) for part in walk(value)) for value in values]
    if counted != [True, True] and _SHORT_WORD.search(both):
        yield Reading(letters=True)


@lru_cache(4096)
def _reference(text: str, reading: Reading, kind: str) -> Value:
    try:
        return read(text, reading, kind)
    except (UnparsableError, OverLimitsError) as error:
        if reading == DEFAULT and _WORD.search(text) and not isinstance(error, OverLimitsError):
            return Text(text)
        raise BadReferenceError(f"not a mathematical value: {text[:80]!r}") from error


def read(text: str, reading: Reading, kind: str) -> Value:
    """The value of a prepared text. Raises UnparsableError, OverLimitsError."""
    if kind in ("auto", "time") and (time := as_time(text)) is not None:
        return time
    if kind != "number" and not reading.letters and (words := as_words(text)) is not None:
        return words
    if text.lower() in NUMBER_WORDS:
        return Num(Fraction(NUMBER_WORDS[text.lower()]))
    value = parse(text, reading)
    match value:
        case Text("R"):
            return REALS
        case Relation((Sym(), Sequence("set") as elements), ("in",)):
            return elements
    return value
