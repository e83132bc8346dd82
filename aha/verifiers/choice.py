"""Multiple choice: the one letter of an option, or the option's text where the options are known."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

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
from aha.verifiers.exact import item_key

MAX_CHARS = 1_000
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
DIGITS = "123456789"

_LABEL = re.compile(
    r"(?:(?:so|thus|therefore|hence)[,\s]+)?(?:the\s+|my\s+)?(?:(?:correct|right|final|best)\s+)*"
    r"(?:answers?|options?|choices?|정답|답|答案|选项)(?:\s*(?:is\b|are\b|은|는|是|选)|\s*[:：=])*\s*"
    r"(?:(?:option|choice)\s+)?",
    re.IGNORECASE,
)
_LATEX = re.compile(r"\\(?:text|textbf|textit|mathrm|mathbf|mathit|bf|rm)\b\s*|\\[()\[\]]|[${}`]|\*{1,3}|\\(?=\s)")
_FIRST = re.compile(r"[(\[]?\s*(?P<letter>[A-Za-z1-9])\s*(?P<mark>[)\].:：,]+|[-–—](?=\s)|$)\s*")
_LISTED = re.compile(r"[(\[]?([A-Z1-9])[)\].]?(?:\s*(?:,|、|&|;|/|and\b|와|과|和|\s)?\s*[(\[]?([A-Z1-9])[)\].]?)+")
_ALONE = re.compile(r"(?<![^\W_])[A-Z](?![^\W_])")
_OTHER = re.compile(rf"{_ALONE.pattern}|\b(?:or|not|nor|neither|either|except|but)\b")


def choice(answer: str, reference: Json, *, options: Json = None) -> Verdict:
    """Whether the answer names the reference's option, and no other.

    `reference`: a letter or a digit from 1, or several together (`ABD`) where all of them are asked for. `options`:
    their texts in order, or `{letter: text}`; with them the text counts as the letter does. `B`, `(b)`, `B. text`,
    `The answer is B` and `③` are read; `A or B` and `A and not B` are several answers.
    """
    gold = _read_reference(reference)
    known = DIGITS if gold[0] in DIGITS else LETTERS
    texts = _read_options(options, known)
    if len(answer) > MAX_CHARS:
        raise OverLimitsError
    text = _plain(answer)
    said = _letters(text, known, texts) if len(gold) == 1 else _several(text, known)
    return decided(said == gold or _same_text(said, gold, texts), said)


def _letters(text: str, known: str, texts: Mapping[str, str]) -> str:
    """The one letter that is named. Raises SeveralAnswersError or UnparsableError."""
    by_text = [letter for letter, option in texts.items() if item_key(option) == item_key(text)]
    first = _FIRST.match(text)
    letter = first["letter"].upper() if first else ""
    if first is None or letter not in known or (texts and letter not in texts):
        if by_text:
            return by_text[0]
        raise SeveralAnswersError if _LISTED.match(text) or len(_ALONE.findall(text)) > 1 else UnparsableError
    rest = text[first.end() :].strip()
    if rest and item_key(rest) != item_key(texts.get(letter, "")):
        if _OTHER.search(rest) or any(item_key(rest) == item_key(option) for option in texts.values()):
            raise SeveralAnswersError
        if first["mark"].startswith(",") or re.fullmatch(rf"[(\[]?[{known}][)\].]?", rest):
            raise SeveralAnswersError
    return letter


def _several(text: str, known: str) -> str:
    """Several letters, sorted: `A, B and D`, `ABD`. Raises UnparsableError."""
    upper = re.sub(r"\b(?:and)\b|[와과和]", ",", text, flags=re.IGNORECASE)
    letters = re.sub(r"[\s,、&;/()\[\].]", "", upper)
    if not letters or not set(letters) <= set(known) or len(set(letters)) != len(letters):
        raise UnparsableError
    return "".join(sorted(letters))


def _same_text(said: str, gold: str, texts: Mapping[str, str]) -> bool:
    """Two options that read the same cannot be told apart."""
    return said in texts and gold in texts and item_key(texts[said]) == item_key(texts[gold])


def _plain(answer: str) -> str:
    """The answer without LaTeX, markdown and the words before the letter."""
    boxed = last_boxed(answer)
    text = _LATEX.sub("", fold(answer if boxed is None else boxed)).strip()
    label = _LABEL.match(text)
    return (text[label.end() :] if label else text).strip().rstrip("。")


def _read_reference(reference: Json) -> str:
    if isinstance(reference, str) and reference.strip():
        letters = fold(reference).strip().strip("()[]. ").upper()
        if (
            letters
            and (set(letters) <= set(LETTERS) or set(letters) <= set(DIGITS))
            and len(set(letters)) == len(letters)
        ):
            return "".join(sorted(letters))
    raise BadReferenceError("expected the letter of an option, or several letters")


def _read_options(options: Json, known: str) -> dict[str, str]:
    """Letter → text. Raises BadReferenceError."""
    if isinstance(options, Sequence) and not isinstance(options, str) and len(options) <= len(known):
        options = dict(zip(known, options, strict=False))
    if options is None:
        return {}
    if not isinstance(options, Mapping) or not all(str(letter) in known for letter in options):
        raise BadReferenceError("expected a list of options, or {letter: text}")
    return {str(letter): str(text) for letter, text in options.items()}
