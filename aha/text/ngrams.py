"""Texts as runs of words, so that copies and near copies are found whatever their case, punctuation and spacing."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from aha.text.repetition import MARKS

_SIGNS = {"\u2212": "-", "\u00d7": "*", "\u00b7": "*", "\u22c5": "*", "\u00f7": "/", "\\times": "*", "\\cdot": "*"}
_SIGN = re.compile("|".join([re.escape(sign) + (r"(?![a-z])" if sign[0] == "\\" else "") for sign in _SIGNS]))
_UNSPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
"""Thai, kana and Chinese characters."""
_DRAWING = re.compile(r"\[asy\].*?(?:\[/asy\]|\Z)", re.DOTALL)
_HYPHEN = re.compile(r"(?<=[^\W\d_])-(?=[^\W\d_]{2})")
_COMMA = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_OTHER = re.compile(rf"(?<!\d)\.|\.(?!\d)|[^\w.+\-*/^%{MARKS}]|_")
_SPACED_SIGN = re.compile(r"\s*([+\-*/^%]+)\s*")
_WORD = re.compile(rf"[{_UNSPACED}][{MARKS}]*|[^\s{_UNSPACED}]+")

Words = tuple[str, ...]


def words(text: str) -> list[str]:
    """The words of a text, case folded and without punctuation.

    A formula up to its next equals sign is one word, however it is spaced (`2 + 2 = 4` is `2+2`, `4`); Chinese,
    Japanese and Thai are cut into characters; drawings in Asymptote are left out. Takes time
    linear in the text.
    """
    folded = unicodedata.normalize("NFKC", _DRAWING.sub(" ", text)).casefold()
    folded = _SIGN.sub(lambda match: _SIGNS[match.group()], folded)
    folded = _OTHER.sub(" ", _COMMA.sub("", _HYPHEN.sub(" ", folded)))
    found = (word.strip("+-*/^%") for word in _WORD.findall(_SPACED_SIGN.sub(r"\1", folded)))
    return [word for word in found if word]


def ngrams(found: Sequence[str], n: int) -> set[Words]:
    """All runs of `n` words; of a shorter text the whole of it; of an empty one none."""
    if len(found) < n:
        return {tuple(found)} if found else set()
    return set(zip(*(found[start:] for start in range(n)), strict=False))
