"""Folded text into tokens. Commas and spaces inside a number are decided here, by the brackets around it."""

from __future__ import annotations

import re
from typing import NamedTuple

from aha.verifiers.base import OverLimitsError, UnparsableError
from aha.verifiers.math.limits import MAX_DIGITS, MAX_TOKENS


class Token(NamedTuple):
    """One token. `kind`: number, word, quoted, command, sign, end."""

    kind: str
    text: str
    spaced: bool
    """Whether white space stood before it."""
    start: int = 0
    """Where it began in the folded text."""


_TOKEN = re.compile(
    r"(?P<space>\s+)"
    r"|(?P<number>\d+(?:\.\d*)?|\.\d+)"
    r"|(?P<command>\\(?:[A-Za-z]+|\\|.))"
    r'|"(?P<quoted>[^"]*)"'
    r"|(?P<word>[^\W\d_]+)"
    r"|(?P<sign><=|>=|!=|==|=<|=>|<>|\*\*|''|\.\.\.|.)",
    re.DOTALL,
)
_GROUPED = re.compile(r"[1-9]\d{0,2}(?:,\d{3})+(?!\d)(?:\.\d+)?")
_SPACED = re.compile(r"[1-9]\d{0,2}(?: \d{3})+(?![\d/])(?:\.\d+)?")
_EXPONENT = re.compile(r"[eE][+-]?\d{1,20}(?![\d.])")
END = Token("end", "", False)


def tokenize(text: str, *, grouped: bool = True, scientific: bool = True) -> list[Token]:
    """Tokens of a folded text, an `end` token last.

    `grouped`: outside of brackets `1,234` and `1 234` are one number; inside, commas always separate.
    `scientific`: `1.5e8` is one number. Raises OverLimitsError and UnparsableError.
    """
    tokens: list[Token] = []
    depth, position, spaced = 0, 0, False
    while position < len(text):
        match = _TOKEN.match(text, position)
        assert match is not None
        kind = match.lastgroup or "sign"
        start, end = match.start(), match.end()
        if kind == "space":
            spaced, position = True, end
            continue
        body = match[kind]
        if kind == "number":
            end = _number_end(text, start, end, grouped and depth == 0, scientific)
            body = text[start:end].replace(",", "").replace(" ", "")
            if len(body) > MAX_DIGITS:
                raise OverLimitsError
        elif body in ("(", "[", "\\{"):
            depth += 1
        elif body in (")", "]", "\\}"):
            depth -= 1
        tokens.append(Token(kind, body, spaced, start))
        spaced, position = False, end
        if len(tokens) > MAX_TOKENS:
            raise OverLimitsError
    if not tokens:
        raise UnparsableError
    tokens.append(END)
    return tokens


def _number_end(text: str, start: int, end: int, grouped: bool, scientific: bool) -> int:
    if grouped:
        for pattern in (_GROUPED, _SPACED):
            if (match := pattern.match(text, start)) is not None:
                end = match.end()
                break
    if text[end - 1] == "." and end - start > 1 and text.startswith("..", end):
        end -= 1
    if scientific and (match := _EXPONENT.match(text, end)) is not None:
        end = match.end()
    return end


def repeating_block(digits: str) -> str:
    """The shortest block that stands at least twice at the end of digits, a single digit three times; empty where none
    does. What three dots behind such a decimal go on with."""
    for size in range(1, min(len(digits), 60) // 2 + 1):
        if digits.endswith(digits[-size:] * (3 if size == 1 else 2)):
            return digits[-size:]
    return ""
