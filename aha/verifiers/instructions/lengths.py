"""How many words, sentences and paragraphs an answer has."""

from __future__ import annotations

import re

from aha.verifiers.instructions.sentences import sentences

_WORD = re.compile(r"\w+")
_RULE = re.compile(r"\s?\*\*\*\s?")
_ENDS = re.compile(r"[.,?!'\"]")


def compare(number: int, relation: str, wanted: int) -> bool:
    """`at least` or `less than`. Raises ValueError for another relation."""
    if relation not in ("at least", "less than"):
        raise ValueError(f"the relation {relation!r} is neither 'at least' nor 'less than'")
    return number >= wanted if relation == "at least" else number < wanted


def number_words(text: str, num_words: int, relation: str) -> bool:
    """Runs of letters, digits and underscores, at least or less than so many."""
    return compare(len(_WORD.findall(text)), relation, num_words)


def number_sentences(text: str, num_sentences: int, relation: str) -> bool:
    """Sentences, at least or less than so many."""
    return compare(len(sentences(text)), relation, num_sentences)


def number_paragraphs(text: str, num_paragraphs: int) -> bool:
    """So many paragraphs with `***` between them, none in the middle empty."""
    paragraphs = _RULE.split(text)
    first, last = not paragraphs[0].strip(), len(paragraphs) > 1 and not paragraphs[-1].strip()
    inner = paragraphs[1:-1] if len(paragraphs) > 1 else []
    return all([each.strip() for each in inner]) and len(paragraphs) - first - last == num_paragraphs


def nth_paragraph_first_word(text: str, num_paragraphs: int, nth_paragraph: int, first_word: str) -> bool:
    """So many paragraphs with an empty line between them, and the nth begins with the word."""
    paragraphs = text.split("\n\n")
    num_full = sum(bool(paragraph.strip()) for paragraph in paragraphs)
    if not 1 <= nth_paragraph <= num_full or not paragraphs[nth_paragraph - 1].strip():
        return False
    begun = paragraphs[nth_paragraph - 1].split()[0].lstrip("'").lstrip('"')
    return num_full == num_paragraphs and _ENDS.split(begun)[0].lower() == first_word.lower()
