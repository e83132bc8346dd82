"""Marks in an answer: placeholders, bullets, highlights, sections, a title, JSON, commas."""

from __future__ import annotations

import re

from aha.verifiers.base import OverLimitsError, UnparsableError
from aha.verifiers.exact import read_json

CONSTRAINED = ("My answer is yes.", "My answer is no.", "My answer is maybe.")
_SINGLE = re.compile(r"\*[^\n*]*\*")
_DOUBLE = re.compile(r"\*\*[^\n*]*\*\*")


def number_placeholders(text: str, num_placeholders: int) -> bool:
    """At least so many `[placeholders]`, each on one line."""
    found = 0
    for line in text.split("\n"):
        place = line.find("[")
        while place >= 0 and (close := line.find("]", place)) >= 0:
            found += 1
            place = line.find("[", close)
    return found >= num_placeholders


def number_bullet_lists(text: str, num_bullets: int) -> bool:
    """Exactly so many lines that begin with `-`, or with one `*` and something behind it."""
    lines = [line.lstrip() for line in text.split("\n")]
    return sum(line.startswith("-") or _is_starred(line) for line in lines) == num_bullets


def _is_starred(line: str) -> bool:
    return line.startswith("*") and len(line) > 1 and line[1] != "*"


def constrained_response(text: str) -> bool:
    """One of CONSTRAINED is there, letter by letter."""
    return any(answer in text for answer in CONSTRAINED)


def number_highlighted_sections(text: str, num_highlights: int) -> bool:
    """At least so many passages `*like this*` or `**like this**` with something between the stars."""
    single = sum(bool(match.strip("*").strip()) for match in _SINGLE.findall(text))
    double = sum(bool(match.strip("*").strip()) for match in _DOUBLE.findall(text))
    return single + double >= num_highlights


def multiple_sections(text: str, section_spliter: str, num_sections: int) -> bool:
    """At least so many sections that begin with the word and a number: `Section 1`."""
    begins = re.compile(rf"{re.escape(section_spliter.strip())}\s?\d+")
    return len(begins.findall(text)) >= num_sections


def json_format(text: str) -> bool:
    """The whole is JSON; a code fence around it is allowed."""
    try:
        read_json(text)
    except (UnparsableError, OverLimitsError):
        return False
    return True


def title(text: str) -> bool:
    """There is a `<<title>>` on a line, and it is not empty."""
    for line in text.split("\n"):
        begin, end = line.find("<<"), line.rfind(">>")
        if 0 <= begin < end and line[begin:end].strip("<> ").strip():
            return True
    return False


def no_comma(text: str) -> bool:
    """No comma anywhere."""
    return "," not in text
