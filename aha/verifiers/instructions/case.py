"""Capital and small letters, and the language of an answer."""

from __future__ import annotations

import re
from collections.abc import Sequence

from aha.text.function_words import FUNCTION_WORDS
from aha.text.language import SCRIPTS, language_of
from aha.verifiers.instructions.lengths import compare

_EDGES = re.compile(r"[\s()\[\]{}<>\"“”;@#$%&?!,:…]+|--+|\.\.+")
_WORD = re.compile(r"[^\s\d.,;:!?()«»\"'۔،؟।]+")
_CONTRACTION = re.compile(r"(?i)(.+?)(n't|'(?:s|m|d|ll|re|ve))$")

MORE_SCRIPTS = {
    "kn": "\u0c80-\u0cff", "pa": "\u0a00-\u0a7f", "gu": "\u0a80-\u0aff", "ta": "\u0b80-\u0bff", "ml": "\u0d00-\u0d7f",
}  # fmt: skip
"""Languages with a script of their own that `aha.text.language` does not list → its letters."""
MORE_WORDS = {
    "hi": "है हैं में और का की के से यह को था थी नहीं पर लिए",
    "mr": "आहे आहेत आणि मध्ये च्या ची चे हे नाही होते त्या या असे मी आम्ही तुम्ही ते",
    "ne": "छ छन् हो र मा को लाई पनि यो गर्न गर्नुहोस् थियो हुन्छ भने तपाईं हामी",
    "ur": "ہے ہیں میں اور کا کی کے سے یہ کو تھا تھی نہیں پر لیے ہو کر",
    "fi": "ja on ei että se oli hän ovat kun mutta tai niin myös jos kuin joka voi minä sinä olen olla",
}
"""Commonest words of languages that `aha.text.language` does not tell from their neighbours."""
WORDS = FUNCTION_WORDS | {code: frozenset(words.split()) for code, words in MORE_WORDS.items()}
NEIGHBOURS = {
    **dict.fromkeys(("hi", "mr", "ne"), ("devanagari", ("hi", "mr", "ne"))),
    **dict.fromkeys(("ar", "fa", "ur"), ("arabic", ("ar", "fa", "ur"))),
    "fi": ("latin", tuple(WORDS)),
}
"""Languages that are decided here → their script, and those that they are told from."""
MIN_WORDS = 2
"""Different common words of its own that a language needs."""


def capital_word_frequency(text: str, capital_frequency: int, capital_relation: str) -> bool:
    """Words all in capitals, at least or less than so many."""
    return compare(sum(word.isupper() for word in _words(text)), capital_relation, capital_frequency)


def english_capital(text: str) -> bool:
    """All letters are capitals, and the text is English, or too short to tell."""
    return text.isupper() and language_of(text.lower()) in (None, "en")


def english_lowercase(text: str) -> bool:
    """All letters are small, and the text is English, or too short to tell."""
    return text.islower() and language_of(text) in (None, "en")


def response_language(text: str, language: str) -> bool:
    """Most of the text is in the language (ISO 639-1); a text without two common words of its own is in none."""
    if language in MORE_SCRIPTS:
        return _share(text, MORE_SCRIPTS[language]) > 0.5
    if language in NEIGHBOURS:
        script, others = NEIGHBOURS[language]
        return _share(text, SCRIPTS[script]) > 0.5 and _leads(text, language, others)
    told = language_of(text)
    return told == language or (told is None and _leads(text, language, tuple(WORDS)))


def _share(text: str, letters: str) -> float:
    """Share of the letters that are of this script."""
    num_letters = sum(char.isalpha() for char in text)
    return len(re.findall(f"[{letters}]", text)) / num_letters if num_letters else 0.0


def _leads(text: str, language: str, others: Sequence[str]) -> bool:
    """Whether more different words of a text are common in this language than in any other."""
    words = set(_WORD.findall(text.lower()))
    counts = {code: len(words & WORDS[code]) for code in {*others, language} if code in WORDS}
    most = counts.pop(language, 0)
    return most >= MIN_WORDS and most > max(counts.values(), default=0)


def _words(text: str) -> list[str]:
    """Words as the Penn Treebank cuts them: contractions in two, brackets and quotation marks off."""
    found: list[str] = []
    for piece in _EDGES.split(text):
        word = piece.strip("'")
        halves = _CONTRACTION.match(word)
        found += [halves[1], halves[2]] if halves else [word]
    return found
