"""Cuts a text into sentences at full stops, question and exclamation marks, and knows abbreviations."""

from __future__ import annotations

import re

ABBREVIATIONS = frozenset(
    (
        *("mr", "mrs", "ms", "dr", "prof", "rev", "gen", "sen", "rep", "gov", "hon", "st", "mt", "jr", "sr", "messrs"),
        *(
            "inc",
            "co",
            "corp",
            "ltd",
            "dept",
            "vs",
            "etc",
            "al",
            "cf",
            "e.g",
            "i.e",
            "u.s",
            "u.k",
            "u.n",
            "u.s.a",
            "d.c",
        ),
        *("a.m", "p.m", "ph.d", "m.d", "b.a", "m.a", "b.s", "m.s", "p.s", "p.p.s", "ave", "blvd", "no", "vol", "fig"),
        *(
            "jan",
            "feb",
            "mar",
            "apr",
            "aug",
            "sep",
            "sept",
            "oct",
            "nov",
            "dec",
            "mon",
            "tue",
            "wed",
            "thu",
            "fri",
            "lt",
            "col",
        ),
    )
)
STARTERS = frozenset(
    (
        *(
            "the",
            "this",
            "these",
            "that",
            "those",
            "there",
            "it",
            "he",
            "she",
            "they",
            "we",
            "you",
            "in",
            "a",
            "an",
            "but",
        ),
        *("and", "however", "if", "for", "as", "when", "his", "her", "its", "my", "our", "your", "their", "so", "then"),
    )
)
"""Words that begin a sentence even after an abbreviation."""

_END = re.compile(r"(?<![.?!])[.?!]++(?=[)\]}\"'”’*_]*(?:\s|$))")
_BEFORE = re.compile(r"[^\s(\[{\"'“‘*_]*$")
_AFTER = re.compile(r"[\s)\]}\"'”’*_(\[{“‘]*(\S*)")
_WINDOW = 40
"""Characters before a mark that are looked at."""


def sentences(text: str) -> list[str]:
    """The sentences in order; a line end alone ends none."""
    found: list[str] = []
    start = 0
    for mark in _END.finditer(text):
        if _ends(text, mark):
            found.append(text[start : mark.end()].strip())
            start = mark.end()
    found.append(text[start:].strip())
    return [sentence for sentence in found if any(char.isalnum() for char in sentence)]


def _ends(text: str, mark: re.Match[str]) -> bool:
    """Whether a mark ends its sentence: always, but for a point after an abbreviation, an initial or a number."""
    if mark.group() != "." and not mark.group().startswith(".."):
        return True
    following = _AFTER.match(text, mark.end())
    after = following[1] if following else ""
    if not after:
        return True
    if mark.group() != ".":
        return after[0].isupper()
    word = _BEFORE.search(text, max(0, mark.start() - _WINDOW), mark.start())
    before = word.group() if word else ""
    starts = after.lower().rstrip(",;:'’s") in STARTERS and after[0].isupper()
    if before.lower() in ABBREVIATIONS:
        return starts
    if len(before) == 1 and before.isupper() and before != "I":
        return starts
    return not before.isdecimal() or not after[0].islower()
