"""In which language a text is written: by script, and among languages of one script by their commonest words."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from aha.text.function_words import FUNCTION_WORDS, LETTERS

MIN_WORDS = 3
"""A text with fewer words has no language that could be measured."""
CHUNK_WORDS = 8
"""Sentences are put together to at least so many words before their language is looked for."""
MIN_EVIDENCE = 1.5
"""Common words of its own that a passage needs before it counts as a language's."""
MIN_LEAD = 1.5
"""How many times as many as those of any other language."""

SCRIPTS = {
    "latin": "A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff",
    "cyrillic": "\u0400-\u052f",
    "greek": "\u0370-\u03ff",
    "hangul": "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af",
    "han": "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff",
    "kana": "\u3040-\u30ff",
    "arabic": "\u0600-\u06ff\u0750-\u077f",
    "hebrew": "\u0590-\u05ff",
    "devanagari": "\u0900-\u097f",
    "bengali": "\u0980-\u09ff",
    "telugu": "\u0c00-\u0c7f",
    "thai": "\u0e00-\u0e7f",
}
"""Script → its letters, as the inside of a character class."""
LANGUAGES: dict[str, tuple[str, ...]] = {
    "ko": ("hangul",), "zh": ("han",), "ja": ("kana", "han"), "ru": ("cyrillic",), "uk": ("cyrillic",),
    "bg": ("cyrillic",), "el": ("greek",), "ar": ("arabic",), "fa": ("arabic",), "he": ("hebrew",),
    "hi": ("devanagari",), "bn": ("bengali",), "te": ("telugu",), "th": ("thai",), "be": ("cyrillic",),
    "kk": ("cyrillic",), "mk": ("cyrillic",), "sr": ("cyrillic", "latin"), "ur": ("arabic",), "mr": ("devanagari",),
    "ne": ("devanagari",), "as": ("bengali",), "yi": ("hebrew",),
}  # fmt: skip
"""ISO 639-1 code → scripts that its words are written in; every other code is written in Latin letters."""

_NOT_WORDS = re.compile(
    r"""
    ```.*?(?:```|\Z) | `[^`\n]*` | \[asy\].*?(?:\[/asy\]|\Z)         # code, drawings
    | \$\$[^$]*\$\$ | \$(?=\S)[^$\n]*(?<=\S)\$(?!\d)                # formulas, but not two prices
    | \\\[(?:[^\\]|\\(?![\[\]]))*+\\\] | \\\((?:[^\\]|\\(?![()]))*+\\\)
    | \\(?:begin|end)\{[^{}\n]*\} | \\[A-Za-z]+                     # LaTeX commands
    | (?:https?://|www\.)\S+ | </?[A-Za-z]+>                        # addresses, tags
    | (?<![\d.,])\d(?:[.,]?\d)*+[ ]?[A-Za-z]{1,3}(?![^\W\d_])       # 5 cm
    | (?<![A-Za-z])[A-Za-z]*+[\d_][A-Za-z\d_]*                      # x_1, gcd2
    | (?<![A-Za-z])[A-Za-z]*[a-z][A-Z][A-Za-z]*                     # iPhone, isPrime
    | (?<![A-Za-z])(?:[A-Z]{2,5}|sin|cos|tan|log|ln|exp|max|min|mod|gcd|lcm|lim)(?![A-Za-z])
    | (?: (?<=[^\s.!?:;"'“”‘«»(*\-\u2013\u2014][ ]) | (?<=[^\W\d_A-Za-z]) )
      [A-Z][a-z\u00df-\u024f]+                                      # names inside a sentence
    """,
    re.VERBOSE | re.DOTALL,
)
_UNSPACED = "han", "kana", "thai"
_WORD = re.compile(
    "|".join(f"(?P<{script}>[{letters}]{'' if script in _UNSPACED else '+'})" for script, letters in SCRIPTS.items())
)
_SENTENCE = re.compile(r"[^.!?\n。！？।]+")
_LISTED = {script: [code for code in FUNCTION_WORDS if script in LANGUAGES.get(code, ("latin",))] for script in SCRIPTS}
"""Script → the languages that are told apart by their words."""
_SPEAKERS: dict[str, list[str]] = {}
"""Word or letter → the languages that it speaks for."""
for _marks in (FUNCTION_WORDS, LETTERS):
    for _code, _each in _marks.items():
        for _mark in _each:
            _SPEAKERS.setdefault(_mark, []).append(_code)
_LETTER = re.compile(f"[{''.join(sorted(set(''.join(LETTERS.values()))))}]")


def language_share(text: str, language: str) -> float | None:
    """Share of a text's words that are in `language` (ISO 639-1, a region as in `zh-CN` is ignored), in [0, 1]; None
    for fewer than MIN_WORDS words.

    Numbers, formulas, code, addresses, symbols, units and names are no words; a character is one where words are not
    spaced. Scripts decide first. Within one script a passage counts as another language only where that language's
    commonest words say so clearly: what cannot be told apart is taken for `language`.
    """
    language = re.split("[-_]", language.lower())[0]
    matching = total = 0
    for counts, words in _chunks(text):
        total += counts.total()
        matching += sum(counts[script] for script in _own_scripts(counts, words, language))
    return matching / total if total >= MIN_WORDS else None


def language_of(text: str) -> str | None:
    """ISO 639-1 code of the language of most words; None for fewer than MIN_WORDS words, or where it cannot be told."""
    counts, words = Counter[str](), list[str]()
    for each, more in _chunks(text):
        counts += each
        words += more
    if counts.total() < MIN_WORDS:
        return None
    if counts["kana"] > 0.1 * (counts["han"] + counts["kana"]):
        counts["kana"] += counts.pop("han", 0)
    script = counts.most_common(1)[0][0]
    if _LISTED[script]:
        return _told_apart(words, script)
    return next(code for code, scripts in LANGUAGES.items() if scripts[0] == script)


def _own_scripts(counts: Counter[str], words: Sequence[str], language: str) -> tuple[str, ...]:
    """The scripts whose words in this passage are in `language`."""
    scripts = LANGUAGES.get(language, ("latin",))
    han, kana = counts["han"], counts["kana"]
    if language == "ja" and not kana and han >= CHUNK_WORDS:
        return ()
    if language == "zh" and kana > 0.1 * (han + kana):
        return ()
    for script in scripts:
        if _LISTED[script] and _told_apart(words, script) not in (None, language):
            return ()
    return scripts


def _told_apart(words: Sequence[str], script: str) -> str | None:
    """The language of this script that the words clearly speak for; None where they speak for none.

    A word of several languages' lists speaks for each with its share, and so does a word's rare letter; a word that
    comes again says half as much again, once (`5 plus 4 plus 3 plus 2` is not French).
    """
    scores = dict.fromkeys(_LISTED[script], 0.0)
    for word, num_times in Counter(words).items():
        letter = _LETTER.search(word)
        for mark in (word, letter.group() if letter else ""):
            speakers = [code for code in _SPEAKERS.get(mark, ()) if code in scores]
            for code in speakers:
                scores[code] += (1.5 if num_times > 1 else 1.0) / len(speakers)
    (best, most), (_, second) = sorted(scores.items(), key=lambda item: -item[1])[:2]
    return best if most >= MIN_EVIDENCE and most >= MIN_LEAD * second else None


def _chunks(text: str) -> Iterator[tuple[Counter[str], list[str]]]:
    """Passages of whole sentences, CHUNK_WORDS or more: words by script, and the words whose language is looked for."""
    counts, words = Counter[str](), list[str]()
    for sentence in _SENTENCE.finditer(_NOT_WORDS.sub(" ", text)):
        own_counts, own_words = _words_of(sentence.group())
        if own_counts.total() >= CHUNK_WORDS and counts:  # a long sentence speaks for itself
            yield counts, words
            counts, words = Counter[str](), list[str]()
        counts += own_counts
        words += own_words
        if counts.total() >= CHUNK_WORDS:
            yield counts, words
            counts, words = Counter[str](), list[str]()
    if counts:
        yield counts, words


def _words_of(sentence: str) -> tuple[Counter[str], list[str]]:
    """A sentence's words by script, and those whose language is looked for."""
    counts, words = Counter[str](), list[str]()
    for match in _WORD.finditer(sentence):
        script, word = str(match.lastgroup), match.group()
        if len(word) == 1 and script in ("latin", "greek"):
            continue
        counts[script] += 1
        if _LISTED[script]:
            words.append(word.lower())
    return counts, words
