"""Answers in words: what is text, choice letters, times, and the words around a value."""

from __future__ import annotations

import re

from aha.verifiers.base import SeveralAnswersError
from aha.verifiers.math.names import ALL_REALS, FUNCTIONS, GREEK, GREEK_LETTERS, NO_SOLUTION, NOT_EXISTING, NUMBER_WORDS
from aha.verifiers.math.sets import REALS
from aha.verifiers.math.tokens import repeating_block
from aha.verifiers.math.values import Sequence, Text, Time, Value

_SPACE = re.compile(r"[\s\"]+")
_WORDS = re.compile(r"[^\W\d_]+(?:[\s,'’.&-]+[^\W\d_]+)*[.!]?")
_ARTICLES = frozenset({"the", "a", "an"})
_PUNCTUATION = re.compile(r"[^\w\s-]")
_AROUND_SIGNS = re.compile(r" (?=[^\w\s])|(?<=[^\w\s]) ")
_FORMULA = re.compile(r"[\d%$<>=+*/^|{}]|(?<![A-Za-z])-|[(\[][^()\[\]]*,")
_TIME = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?\s*(?:([ap])\.?\s?m\.?)?", re.IGNORECASE)
_HOUR = re.compile(r"(\d{1,2})\s*([ap])\.?\s?m\.?", re.IGNORECASE)
_CHOICE = re.compile(
    r"(?:(?i:option|choice|answer)\s+)?(?:\(([A-Za-z])\)|\[([A-Za-z])\]|([A-Za-z])(?=\s*[).:]|$))\s*[).:]*\s*(.*)",
    re.DOTALL,
)
_TAKING_BACK = ("or ", "and ", "not ", "is wrong", "is incorrect", "is not")
_LABEL = re.compile(r"(?<![A-Za-z])[(\[]?[A-J][)\].:]|(?<![A-Za-z])[A-J](?![A-Za-z])")
_SEVERAL = re.compile(r"[(\[]?[A-J][)\]]?(?:\s*(?:,|;|and|or|&|/|\s)\s*[(\[]?[A-J][)\]]?)+|[A-J]{2,10}")

_PREFIX = re.compile(
    r"\"?\s*(?:(?:so|thus|hence|therefore|then|and|finally)\b[\s,:]*)*"
    r"(?:the\s+|my\s+|our\s+)?(?:(?:final|correct|right|exact|simplified|required)\s+)*"
    r"(?:answer|solution|result|value|choice|option)\b(?:\s+(?:is|are|equals|equal to|will be|would be|set is))?"
    r"\s*[:=]?\s*\"?\s*(?=\S)",
    re.IGNORECASE,
)
_ASIAN_PREFIX = re.compile(
    r"(?:(?:따라서|그러므로|因此|所以|故|则)[\s,]*)?(?:최종\s*)?(?:最终|正确)?"
    r"(?:정답|답|答案|结果|答|解)(?:은|는|이|为|是|等于|应为)?\s*[:=]?\s*(?=\S)"
)
_ASIAN_SUFFIX = re.compile(r"\s*(?:입니다|이다|이에요|예요|이며|임|\(이\)다|다)\s*\.?$")
_ABOUT = re.compile(r"(?:\\approx|~|≈|approximately|about|approx\.?|约|约为|약|共|总共|총|모두)\s*(?=[\d\\$(-])")
_TRAILING = re.compile(r"(?:[\s.,;:]|\\$|\\ )+$")
_BULLET = re.compile(r"(?:\\cdot\s*)+(?=\S)")
_BRACED = re.compile(r"\{[^{}]+\}")
_LONE_LETTER = re.compile(r"[(\s]*\"?[(\s]*([A-Za-z])[)\s]*\"?[)\s]*")
_MARKS = re.compile(r"(?:\(\d{1,2}\)[\s,;]*){2,}")
"""Numbers of statements, such as (1)(3)(4)."""
_WHOLE_NUMBER = re.compile(r"\s*\(\s*([a-z])\s*\\in\s*(?:\\mathbb\{Z\}|\\mathbf\{Z\}|Z)\s*\)$")
"""What a variable stands for, in brackets behind an answer."""
_PARENTHESISED_UNIT = re.compile(r"(?<=[\d}])\s+\(([^\W\d_][^\W\d_' -]*(?:[ '-][^\W\d_]+)*)\)$")


def without_surroundings(text: str) -> str:
    """A folded text without the phrase before the value and the punctuation behind it."""
    for _ in range(3):
        before = text
        text = text.strip().strip("`").strip()
        text = text if _goes_on(text) else _TRAILING.sub("", text).strip()
        text = text[bullet.end() :] if (bullet := _BULLET.match(text)) is not None else text
        if len(text) > 2 and text[:1] == text[-1:] == "*":
            text = text.strip("*")
        if (match := _PREFIX.match(text) or _ASIAN_PREFIX.match(text)) is not None and match.end() < len(text):
            text = text[match.end() :]
        if not text.isascii():
            text = _ASIAN_SUFFIX.sub("", text)
        text = _ABOUT.sub("", text, count=1) if _ABOUT.match(text) else text
        if text == before:
            break
    while (braced := _BRACED.fullmatch(text)) is not None and ("," not in text or text[1:-1].strip()[:1] == '"'):
        text = braced.group()[1:-1].strip()
    text = _WHOLE_NUMBER.sub(r", \1 \\in \\mathbb{Z}", text)
    letter = _LONE_LETTER.fullmatch(text)
    return letter[1] if letter is not None else _PARENTHESISED_UNIT.sub(r' "\1"', text)


def _goes_on(text: str) -> bool:
    """Whether the dots at the end belong to a decimal that repeats, `0.333...`."""
    bare = text.removesuffix("...")
    point = bare.rfind(".")
    digits = bare[point + 1 :]
    return bare != text and point >= 0 and digits.isdecimal() and digits.isascii() and bool(repeating_block(digits))


def normal_words(text: str) -> str:
    """Words in lower case without articles, punctuation and quotes; fixed phrases in one spelling. Where there are
    formulas among the words, nothing but quotes, spaces and the case of words goes."""
    bare = text.replace('"', " ").replace("\\", " ")
    if _FORMULA.search(bare) and not _MARKS.fullmatch(bare.strip()):
        words = " ".join(word.casefold() if len(word) > 2 and word.isalpha() else word for word in bare.split())
        return _AROUND_SIGNS.sub("", words).rstrip(".")
    plain = _PUNCTUATION.sub("", bare).casefold().replace("-", " ")
    words = " ".join(word for word in plain.split() if word not in _ARTICLES)
    if words in NO_SOLUTION:
        return "no solution"
    return "does not exist" if words in NOT_EXISTING else words


def as_words(text: str) -> Value | None:
    """The text where it is words and no expression; fixed phrases are what they mean."""
    bare = _SPACE.sub(" ", text.replace("\\", " ") if '"' in text and "\\" not in text else text).strip(" .,")
    lower = bare.lower()
    if normal_words(bare) == "no solution":
        return Sequence("set", ())
    if lower in ALL_REALS:
        return REALS
    if _MARKS.fullmatch(bare):
        return Text(bare)
    if (
        not _WORDS.fullmatch(bare)
        or (len(bare) < 2 and (bare.isascii() or bare in GREEK_LETTERS))
        or lower in NUMBER_WORDS
    ):
        return None
    words = re.findall(r"[^\W\d_]+", bare)
    if (max(map(len, words)) < 2 and bare.isascii()) or any(word in FUNCTIONS or word in GREEK for word in words):
        return None
    if lower in ("pi", "infinity", "inf", "oo"):
        return None
    return Text(bare)


def as_time(text: str) -> Time | None:
    """A time with colons, or an hour with its half of the day."""
    bare = _SPACE.sub(" ", text).strip()
    match = _TIME.fullmatch(bare)
    if match is not None and int(match[2]) < 60 and int(match[1]) < 25:
        seconds = int(match[1]) * 3600 + int(match[2]) * 60 + int(match[3] or 0)
        return Time(seconds, f"{match[4].lower()}m" if match[4] else "")
    match = _HOUR.fullmatch(bare)
    return Time(int(match[1]) * 3600, f"{match[2].lower()}m") if match is not None else None


def choice_letters(text: str) -> str:
    """The letters of a reference that is nothing but choice letters, sorted; empty for others."""
    bare = _SPACE.sub(" ", text).strip(" .()[]")
    if len(bare) == 1 and "A" <= bare <= "J":
        return bare
    if _SEVERAL.fullmatch(bare):
        return "".join(sorted(set(re.findall("[A-J]", bare))))
    return ""


def chosen_letter(text: str, *, any_case: bool = False) -> str:
    """The one letter that an answer chooses: `C`, `(C)`, `C) 12`, `Option C`; empty where it chooses none.

    Raises SeveralAnswersError for more than one.
    """
    bare = _SPACE.sub(" ", text).strip().strip("*").strip()
    if len(choice_letters(bare)) > 1:
        raise SeveralAnswersError
    match = _CHOICE.fullmatch(bare)
    if match is None:
        return ""
    if _LABEL.search(match[4]) or match[4].lower().startswith(_TAKING_BACK):
        raise SeveralAnswersError
    letter = match[1] or match[2] or match[3]
    letter = letter.upper() if any_case else letter
    return letter if "A" <= letter <= "J" else ""
