"""How an answer begins, ends, and is put together."""

from __future__ import annotations

import re


def postscript(text: str, postscript_marker: str) -> bool:
    """The marker is there in any case; `P.S.` and `P.P.S` also with spaces after the points."""
    marker = postscript_marker.strip().lower()
    spaced = {"p.p.s": r"p\.\s?p\.\s?s", "p.s.": r"p\.\s?s\."}.get(marker, re.escape(marker))
    return re.search(spaced, text.lower()) is not None


def two_responses(text: str) -> bool:
    """Two different answers with `******` between them, and nothing else between such marks."""
    pieces = [piece.strip() for piece in text.split("******")]
    full = [piece for piece in pieces if piece]
    return all(pieces[1:-1]) and len(full) == 2 and full[0] != full[1]


def repeat_prompt(text: str, prompt_to_repeat: str) -> bool:
    """The answer begins with the prompt, in any case."""
    return text.strip().lower().startswith(prompt_to_repeat.strip().lower())


def end_checker(text: str, end_phrase: str) -> bool:
    """The answer ends with the phrase, in any case; quotation marks around the whole are left aside."""
    return text.strip().strip('"').lower().endswith(end_phrase.strip().lower())


def quotation(text: str) -> bool:
    """The whole stands in double quotation marks."""
    plain = text.strip()
    return len(plain) > 1 and plain[0] == plain[-1] == '"'
