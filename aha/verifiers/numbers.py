"""Reads one number, written as people and models write it, into an exact fraction; nothing is evaluated."""

from __future__ import annotations

import re
from fractions import Fraction

from aha.text.answers import last_boxed
from aha.types import Json, Verdict
from aha.verifiers.base import (
    BadReferenceError,
    OverLimitsError,
    SeveralAnswersError,
    UnparsableError,
    decided,
    fold,
)

MAX_CHARS = 300
MAX_DIGITS = 200
MAX_EXPONENT = 300

_DECIMAL = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?|\.\d+"
_NUMBER = re.compile(
    rf"(?P<sign>[+-]?)\s*(?:(?P<whole>\d+)\s+(?=\d+\s*/))?(?P<value>{_DECIMAL})"
    rf"(?:\s*/\s*(?P<below>[+-]?(?:{_DECIMAL})))?"
    r"(?:[eE](?P<e>[+-]?\d+)|\s*(?:\*|x|×)\s*10\s*\^\s*(?P<power>[+-]?\d+))?"
)
_FRACTION = re.compile(r"\\[dt]?frac\s*(?:\{([^{}]*)\}|(\d))\s*(?:\{([^{}]*)\}|(\d))")
_WRAPPER = re.compile(r"\\(?:text|mathrm|mathbf|textbf|mbox)\s*\{([^{}]*)\}")
_SPACING = re.compile(r"\\(?:left|right|[!,;: ])|\{,\}")
_GROUPED = re.compile(r"(?<![\d.])\d{1,3}(?: \d{3})+(?!\d)")
_UNIT = re.compile(r"(?:\s*(?:[^\W\d_]+|[%°/])(?:\^\d)?\.?){1,5}\s*")
_CURRENCY = "$€£¥₩"
_NOT_UNITS = frozenset(
    (
        *("or", "and", "not", "is", "no", "to", "but", "than", "versus", "if", "unless", "either", "maybe"),
        *("plus", "minus", "times", "mod", "squared", "cubed", "sqrt", "frac", "e", "i", "pi", "x"),
        *("dozen", "hundred", "thousand", "million", "billion", "trillion", "half", "third", "quarter"),
    )
)
"""Words after a number that change it or take it back."""


def read_number(text: str, lenient: bool = True) -> Fraction:
    r"""One number as an exact fraction: `-1,234.50`, `3/4`, `1 1/2`, `\frac{3}{4}`, `1.5e8`, `3 \times 10^4`, `50%`.

    `lenient` drops currency signs, units, `x =` and the percent sign; strict reads a percent sign as hundredths and
    refuses the rest. Raises UnparsableError, SeveralAnswersError or OverLimitsError.
    """
    if len(text) > MAX_CHARS:
        raise OverLimitsError
    plain = _plain(text)
    sign = ""
    if lenient:
        plain = re.sub(r"^[^\W\d_]\s*=\s*", "", plain)
        plain, sign = _without_currency(plain)
    match = _NUMBER.match(plain)
    if match is None:
        raise UnparsableError
    value = _value(match)
    rest = plain[match.end() :].strip()
    if rest:
        _check_rest(rest, lenient)
        if not lenient:
            value /= 100
    return -value if sign == "-" else value


def number(answer: str, reference: Json, *, lenient: bool = True, tolerance: float = 0.0) -> Verdict:
    """Whether the answer is the reference's number: exactly, or within the absolute `tolerance`.

    `reference`: a number, its text, or a GSM8K solution whose last `####` line holds it.
    """
    gold = reference_number(reference, lenient)
    value = read_number(answer, lenient)
    return decided(abs(value - gold) <= Fraction(tolerance), canonical(value))


def reference_number(reference: Json, lenient: bool = True) -> Fraction:
    """The gold number. Raises BadReferenceError."""
    if isinstance(reference, bool) or not isinstance(reference, int | float | str):
        raise BadReferenceError(f"expected a number or its text, got {type(reference).__name__}")
    text = str(reference).rsplit("####", 1)[-1].strip()
    try:
        return read_number(text, lenient)
    except (UnparsableError, SeveralAnswersError, OverLimitsError) as error:
        raise BadReferenceError(f"not a number: {text[:80]!r}") from error


def canonical(value: Fraction) -> str:
    """The same text for equal numbers: `5`, `3/4`."""
    return str(value)


def _plain(text: str) -> str:
    r"""LaTeX and Unicode spellings of a number in plain characters."""
    boxed = last_boxed(text)
    plain = fold(text if boxed is None else boxed).strip()
    for _ in range(3):
        plain = plain.strip().strip("*").removeprefix("\\(").removesuffix("\\)").removeprefix("\\[").removesuffix("\\]")
        if len(plain) > 1 and plain[0] == plain[-1] == "$":
            plain = plain[1:-1]
    plain = _SPACING.sub(lambda match: "," if match.group() == "{,}" else "", plain)
    plain = _WRAPPER.sub(r" \1 ", plain.replace("\\$", "$").replace("\\%", "%").replace("^\\circ", "°"))
    plain = plain.replace("\\times", "*").replace("\\cdot", "*")
    plain = _FRACTION.sub(lambda m: f" {m[1] or m[2]}/{m[3] or m[4]} ", plain)
    plain = re.sub(r"\^\{([+-]?\d+)\}", r"^\1", plain).strip()
    plain = re.sub(r"^([+-])\s+", r"\1", plain)
    plain = _GROUPED.sub(lambda match: match.group().replace(" ", ""), plain)
    return plain.removesuffix(".")


def _without_currency(plain: str) -> tuple[str, str]:
    """The text without its currency sign, and a minus that stood before it."""
    bare = plain.lstrip("+-").lstrip()
    if not bare or bare[0] not in _CURRENCY:
        return plain, ""
    return bare[1:].lstrip(), "-" if plain.startswith("-") else ""


def _value(match: re.Match[str]) -> Fraction:
    if sum(char.isdigit() for char in match.group()) > MAX_DIGITS:
        raise OverLimitsError
    value = _decimal(match["value"])
    if match["below"]:
        below = _decimal(match["below"])
        if below == 0:
            raise UnparsableError
        value /= below
    if match["whole"]:
        value += int(match["whole"])
    exponent = match["e"] or match["power"]
    if exponent:
        if abs(int(exponent)) > MAX_EXPONENT:
            raise OverLimitsError
        value *= Fraction(10) ** int(exponent)
    return -value if match["sign"] == "-" else value


def _decimal(text: str) -> Fraction:
    return Fraction(text.replace(",", "").removesuffix("."))


def _check_rest(rest: str, lenient: bool) -> None:
    """What follows the number may only be a unit; a second number makes it several answers."""
    if not lenient:
        if rest == "%":
            return
        raise SeveralAnswersError if re.search(r"\d", rest) else UnparsableError
    words = re.findall(r"[^\W\d_]+", rest.lower())
    if rest[0] in _CURRENCY:
        rest = rest[1:] or "%"
    if _UNIT.fullmatch(rest) and not _NOT_UNITS.intersection(words):
        return
    raise SeveralAnswersError if re.search(r"\d", rest) else UnparsableError
