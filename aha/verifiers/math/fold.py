r"""One spelling for the many of Unicode and LaTeX; the result is what the tokenizer reads.

Words of `\text{…}` come out in double quotes, so that `\text{m}` stays a word and `m` a variable.
"""

from __future__ import annotations

import re
import unicodedata

from aha.verifiers.base import fold as fold_characters
from aha.verifiers.math.names import FUNCTIONS, GREEK
from aha.verifiers.math.units import is_unit

_SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ⁿⁱ⁽⁾", "0123456789+-ni()", strict=True))
_SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋ₙₓ₍₎", "0123456789+-nx()", strict=True))
_RUNS = re.compile(f"[{''.join(_SUPERSCRIPTS)}]+|[{''.join(_SUBSCRIPTS)}]+")
_VULGAR = re.compile("[¼-¾⅐-⅞↉]")
_CIRCLED = re.compile(r"[①-⑳⑴-⒇]|\\textcircled\s*\{([1-9]|1[0-9]|20)\}")
_NO_WORD = re.compile(r"[\d\\√∛∜∞Α-ω]|(?<![A-Za-z])[A-Za-z](?![A-Za-z])")
"""What makes a text a formula, in which a circled number would be a factor."""
_CHARACTERS = str.maketrans(
    {
        **dict.fromkeys("×⋅·∙•✕✖⨯", "\\cdot "),
        **dict.fromkeys("−–—‐‑‒―﹣－", "-"),
        "÷": "/",
        "∕": "/",
        "⁄": "/",
        "±": "\\pm ",
        "∓": "\\mp ",
        "≤": "\\le ",
        "⩽": "\\le ",
        "≥": "\\ge ",
        "⩾": "\\ge ",
        "≠": "\\ne ",
        "≈": "\\approx ",
        "≃": "\\approx ",
        "∪": "\\cup ",
        "∩": "\\cap ",
        "∖": "\\setminus ",
        "∈": "\\in ",
        "∅": "\\emptyset ",
        "⌀": "\\emptyset ",
        "∞": "\\infty ",
        "π": "\\pi ",
        "∠": "\\angle ",
        "⟨": "\\langle ",
        "⟩": "\\rangle ",
        "〈": "\\langle ",
        "〉": "\\rangle ",
        "⌊": "\\lfloor ",
        "⌋": "\\rfloor ",
        "⌈": "\\lceil ",
        "⌉": "\\rceil ",
        "ℝ": "\\mathbb{R}",
        "ℂ": "\\mathbb{C}",
        "ℤ": "\\mathbb{Z}",
        "√": "\\sqrt ",
        "∛": "\\sqrt[3] ",
        "∜": "\\sqrt[4] ",
        "º": "°",
        "˚": "°",
        "′": "'",
        "’": "'",
        "″": "''",
        "“": " ",
        "”": " ",
        '"': " ",
        "、": ",",
        "。": ". ",
        "，": ",",
        "；": ";",
        "：": ":",
        "∶": ":",
        "【": " ",
        "】": " ",
        "\u00a0": " ",
        "\u3000": " ",
        "\u2009": " ",
        "\u202f": " ",
        "−": "-",
    }
)
_ROOT = re.compile(r"\\sqrt (\d+(?:\.\d+)?|[a-z])")
_WORDS = re.compile(
    r"\\(text|textrm|textbf|textit|textnormal|mathrm|mathbf|mathit|mathsf|rm|bf|mbox|hbox|operatorname)\*?\s*"
    r"\{((?:[^{}\\]|\\[ %$,;!&]|\{[^{}]*\})*)\}"
)
_SPACES = re.compile(r"\\(?:[;:> ]|quad|qquad|enspace|thinspace|hspace\*?\{[^{}]*\}|hfill|newline)|~|&nbsp;")
_NOTHING = re.compile(
    r"\\(?:(?:left|right)(?![A-Za-z])\s*\.?|(?:[bB]igg?[lrm]?|displaystyle|textstyle|scriptstyle|limits|nolimits"
    r"|mathstrut|strut|middle)(?![A-Za-z])|phantom\{[^{}]*\})"
)
_COMMAND_NAMES = {
    "dfrac": "frac",
    "tfrac": "frac",
    "cfrac": "frac",
    "leq": "le",
    "leqslant": "le",
    "geq": "ge",
    "geqslant": "ge",
    "neq": "ne",
    "lt": "lt",
    "times": "cdot",
    "ast": "cdot",
    "bullet": "cdot",
    "div": "slash",
    "varnothing": "emptyset",
    "lbrace": "{",
    "rbrace": "}",
    "lvert": "vert",
    "rvert": "vert",
    "mid": "vert",
    "dbinom": "binom",
    "tbinom": "binom",
    "simeq": "approx",
    "sim": "approx",
    "colon": "colon",
    "land": "and",
    "wedge": "and",
    "lor": "or",
    "vee": "or",
    "smallsetminus": "setminus",
    "backslash": "setminus",
    "infinity": "infty",
    "varphi": "phi",
    "varepsilon": "epsilon",
    "vartheta": "theta",
    "lbrack": "lbrack",
    "rm": "",
    "bf": "",
}
_RENAME = re.compile(r"\\(" + "|".join(sorted(_COMMAND_NAMES, key=len, reverse=True)) + r")(?![A-Za-z])")
_PLAIN = re.compile(r"[0-9A-Za-z.,:;()\[\]+*/^=<>!|' -]*")
_THOUSANDS = re.compile(r"(?<=\d)\s*(?:\{,\}|,\\!|\\,|\{\\,\}|\\!,)\s*(?=\d{3}(?!\d))")
_STYLES = frozenset({"mathrm", "mathbf", "mathit", "textit", "mathsf", "rm", "bf"})
_SINGLE = frozenset("eid")
"""Letters that stay symbols in `\\mathrm{…}`."""


def fold(text: str) -> str:
    """The text with one spelling for each sign, command and space. Never raises."""
    if _PLAIN.fullmatch(text):
        return text.strip()
    if not text.isascii() or "\\textcircled" in text:
        text = _marks(text)
    text = _characters(text)
    if any(char in text for char in "\\$~{"):
        text = _latex(text)
    return text.replace("@", " at ").strip()


def _characters(text: str) -> str:
    if not text.isascii():
        text = _RUNS.sub(_script, text)
        text = _VULGAR.sub(_vulgar, text)
        text = text.translate(_CHARACTERS)
        text = fold_characters(text).translate(_CHARACTERS)
        return _ROOT.sub(r"\\sqrt{\1}", text)
    return fold_characters(text).replace('"', " ")


def _marks(text: str) -> str:
    """Circled numbers as the marks of statements, `(1)`; in a formula they are none, and unreadable."""
    if _CIRCLED.search(text) is None:
        return text
    rest = fold_characters(re.sub(r"\\text\w*|\\[,;:!()\[\] ]", "", _CIRCLED.sub("", text)))
    template = "\\textcircled({})" if _NO_WORD.search(rest) else "({})"
    return _CIRCLED.sub(lambda found: template.format(found[1] or (ord(found.group()) - 0x2460) % 20 + 1), text)


def _script(match: re.Match[str]) -> str:
    run = match.group()
    if run[0] in _SUPERSCRIPTS:
        return "^{" + "".join(_SUPERSCRIPTS[char] for char in run) + "}"
    return "_{" + "".join(_SUBSCRIPTS[char] for char in run) + "}"


def _vulgar(match: re.Match[str]) -> str:
    over, _, under = unicodedata.normalize("NFKC", match.group()).partition("\u2044")
    return f"\\frac{{{over}}}{{{under}}}"


def _latex(text: str) -> str:
    if "\\\\begin" in text:
        text = text.replace("\\\\", "\\")
    elif "\\begin" not in text:
        text = re.sub(r"\\\\(?=[A-Za-z])", r"\\", text)
    text = re.sub(r"\\\\(?:\[-?[\d.]+(?:pt|em|ex|mm|cm)\])?", r" \\cr ", text)
    text = _THOUSANDS.sub("," if "," in text else "\\,", text).replace("{,}", ",")
    text = re.sub(r"(?<=\d)\\,(?=\d{3}(?!\d))", ",", text)
    text = re.sub(r"\{\s*\}(?=\s*\^)", "", text)
    text = _SPACES.sub(" ", text.replace("\\!", "").replace("\\,", " "))
    text = _NOTHING.sub("", text)
    for _ in range(3):
        text, changed = _WORDS.subn(_word, text)
        if not changed:
            break
    text = _RENAME.sub(lambda match: _renamed(_COMMAND_NAMES[match[1]]), text)
    return _delimiters(text)


def _renamed(name: str) -> str:
    return "/" if name == "slash" else "\\" + name if name else " "


def _word(match: re.Match[str]) -> str:
    kind, inner = match.groups()
    inner = inner.replace("\\ ", " ").replace("~", " ").replace('"', " ")
    letters = inner.strip()
    if not letters:
        return "  "
    if kind == "operatorname" and (letters in FUNCTIONS or letters in GREEK or not letters.isalpha()):
        return f"\\{letters} " if letters.isalpha() else letters
    if len(letters) < 4 and kind in _STYLES and letters.isalpha() and (letters in _SINGLE or not is_unit(letters)):
        return f" {letters} "
    if any(char.isalpha() for char in letters) and not any(char.isdigit() or char in "$\\^_=<>" for char in letters):
        return f' "{letters}" '
    return f" {inner} "


def _delimiters(text: str) -> str:
    r"""Without the marks that switch to mathematics; a dollar sign that is money becomes `\$`."""
    text = text.replace("\\(", " ").replace("\\)", " ").replace("\\[", " ").replace("\\]", " ")
    if "$" not in text:
        return text
    bare = re.sub(r"(?<!\\)\$\$", " ", text)
    if len(re.findall(r"(?<!\\)\$", bare)) % 2:
        return re.sub(r"(?<!\\)\$", r"\\$", bare)
    return re.sub(r"(?<!\\)\$", " ", bare)
