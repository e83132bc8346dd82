"""Language consistency by script: counted on words, after formulas, code and tags are taken out."""

from __future__ import annotations

import re

_HAN = "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
SCRIPTS = {
    "latin": "A-Za-z\u00aa\u00ba\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u024f\u1e00-\u1eff",
    "cyrillic": "\u0400-\u052f",
    "greek": "\u0370-\u03ff",
    "hangul": "\u1100-\u11ff\u3130-\u318f\uac00-\ud7af",
    "han": _HAN,
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
    "hi": ("devanagari",), "bn": ("bengali",), "te": ("telugu",), "th": ("thai",),
}  # fmt: skip
"""ISO 639-1 code → scripts that its words are written in; every other code is written in Latin letters."""

_NOT_WORDS = re.compile(r"```[^`]*```|`[^`\n]*`|\$[^$\n]*\$|\\[A-Za-z]+|</?[A-Za-z]+>")
_UNSPACED = "han", "kana", "thai"
_WORD = re.compile(
    "|".join(
        f"(?P<{script}>[{letters}]{'' if script in _UNSPACED else '+'})" for script, letters in SCRIPTS.items()
    )
)


def language_share(text: str, language: str) -> float | None:
    """Share of the words whose script is the language's, in [0, 1]; None where there are no words.

    Characters count as words in scripts that put no space between words. Single Latin letters count as symbols, not
    words. Languages of one script cannot be told apart.
    """
    wanted = LANGUAGES.get(language, ("latin",))
    matching = total = 0
    for match in _WORD.finditer(_NOT_WORDS.sub(" ", text)):
        script = match.lastgroup
        if script in ("latin", "greek") and len(match.group()) == 1:
            continue
        total += 1
        matching += script in wanted
    return matching / total if total else None
