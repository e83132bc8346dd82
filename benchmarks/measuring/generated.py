"""Pairs of known verdict made from gold answers: another question's answer, a near miss, the same value written anew.

All choices are drawn by a hash of the row, so that the pairs are the same every time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from fractions import Fraction

from benchmarks.measuring.labelled import Case, boxed, draw, golds, plain_number, rows

_INTEGER = re.compile(r"-?\d+")
_FRACTION = re.compile(r"(-?)\\frac\{(\d+)\}\{(\d+)\}")
_PLAIN_DIGIT = re.compile(r"(?<![\d_^{\\a-zA-Z])\d|(?<=\{)\d|(?<=\d)\d|(?<=\\frac)\d|(?<=\^)\d")
_SPACING = re.compile(r"\s|\\[,;!: ]|\\left|\\right|\$|\.$")
_BESIDE = re.compile(
    r"\^\\circ$|\^\{\\circ\}$|(?<=\d)\\text\{[^{}]*\}\D*(?:\^\{?\d\}?)?\D*$|(?<=\d)\([a-z ]+\)$"
    r"|^[a-zA-Z]=(?=[^=<>]+$)|^\\(?=\d)"
)
_CHOICE = re.compile(r"\W*(?:\\text\W*)?([A-Z])\W*")


def plain(answer: str) -> Fraction | str:
    """What two answers share that are the same at first sight: one number but for its unit, one choice letter, or one
    text but for its spacing."""
    bare = _SPACING.sub("", answer.replace("\\dfrac", "\\frac").replace("\\tfrac", "\\frac"))
    if letter := _CHOICE.fullmatch(bare):
        return letter[1]
    bare = _BESIDE.sub("", bare)
    bare = re.sub(r"\\frac(\d)(\d)", r"\\frac{\1}{\2}", bare)
    found = _FRACTION.fullmatch(bare)
    if found and int(found[3]):
        return Fraction(int(found[1] + found[2]), int(found[3]))
    return plain_number(bare)


def typed_golds() -> list[tuple[str, str, str]]:
    """(type, row, answer) of the MATH test set as people typed it."""
    found = rows("math_answer_types/mario_math_test.jsonl")
    return [
        (row["human_type"], str(row["index"]), row["answer"].strip()) for row in found if type(row["answer"]) is str
    ]


def other_answers() -> Iterator[Case]:
    """MATH: four other answers of the same type for each gold that is not an integer, one for each that is."""
    by_type: dict[str, list[str]] = {}
    for kind, _, answer in typed_golds():
        by_type.setdefault(kind, []).append(answer)
    for kind, number, gold in typed_golds():
        for turn in range(1 if _INTEGER.fullmatch(gold) else 4):
            other = by_type[kind][draw(len(by_type[kind]), "other", number, str(turn))]
            if plain(other) != plain(gold):
                yield Case("other answer, same type", f"{number}:{turn}", gold, boxed(other), False)


def other_questions() -> Iterator[Case]:
    """Every benchmark: the gold answer of another question of the same benchmark."""
    by_name: dict[str, list[tuple[str, str]]] = {}
    for name, number, gold in golds():
        by_name.setdefault(name, []).append((number, gold))
    for name, found in by_name.items():
        for number, gold in found:
            other_number, other = found[draw(len(found), "question", name, number)]
            if plain(other) != plain(gold):
                yield Case(f"other question: {name}", f"{number}:{other_number}", gold, boxed(other), False)


def near_misses() -> Iterator[Case]:
    """MATH: one digit of the gold answer changed, one sign turned, or one bracket of an interval closed."""
    for kind, number, gold in typed_golds():
        places = [match.start() for match in _PLAIN_DIGIT.finditer(gold)]
        if places:
            place = places[draw(len(places), "digit", number)]
            digit = (int(gold[place]) + 1 + draw(8, "by", number)) % 10
            missed = gold[:place] + str(digit) + gold[place + 1 :]
            yield Case("near miss", f"{number}:digit", gold, boxed(missed), plain(missed) == plain(gold))
        if re.fullmatch(r"-?(?:\d|\\d?frac\{?\d).*", gold) and kind == "Real" and plain(gold) != 0:
            turned = gold[1:] if gold.startswith("-") else "-" + gold
            if not re.search(r"[-+,]|\\pm", gold[1:]):
                yield Case("near miss", f"{number}:sign", gold, boxed(turned), False)
        if kind == "Interval" and (gold[0] in "[(") and "," in gold and "infty" not in gold.split(",")[0]:
            yield Case("near miss", f"{number}:bracket", gold, boxed("[("["([".index(gold[0])] + gold[1:]), False)


def _mixed(gold: str) -> str | None:
    found = _FRACTION.fullmatch(gold)
    if not found or int(found[2]) <= int(found[3]) or int(found[2]) % int(found[3]) == 0:
        return None
    whole, rest = divmod(int(found[2]), int(found[3]))
    return f"{found[1]}{whole}\\frac{{{rest}}}{{{found[3]}}}"


def _decimal(gold: str) -> str | None:
    found = _FRACTION.fullmatch(gold)
    if not found or not int(found[3]) or 10**4 % int(found[3]):
        return None
    digits = f"{int(found[2]) * 10**4 // int(found[3]):05d}"
    return f"{found[1]}{digits[:-4]}.{digits[-4:]}".rstrip("0").rstrip(".")


def _integer(form: str) -> Callable[[str], str | None]:
    return lambda gold: form.format(int(gold)) if _INTEGER.fullmatch(gold) else None


def _thousands(comma: str) -> Callable[[str], str | None]:
    return lambda gold: f"{int(gold):,}".replace(",", comma) if re.fullmatch(r"-?\d{4,}", gold) else None


def _swap(*pairs: tuple[str, str]) -> Callable[[str], str | None]:
    def swapped(gold: str) -> str | None:
        if not all(old in gold for old, _ in pairs):
            return None
        for old, new in pairs:
            gold = gold.replace(old, new)
        return gold

    return swapped


def _stretched(gold: str) -> str | None:
    fits = "(" in gold and gold.count("(") == gold.count(")") and not re.search(r"\\left|[\[\]]|\\text", gold)
    return gold.replace("(", "\\left( ").replace(")", " \\right)") if fits else None


def _spaced(gold: str) -> str | None:
    return re.sub(r"(?<=\S)([+=,])(?=\S)", r" \1 ", gold) if not re.search(r"\d,\d{3}|\\text|\{,\}", gold) else None


EVERYWHERE: dict[str, Callable[[str], str | None]] = {
    "dollars": lambda gold: f"${gold}$",
    "round brackets of LaTeX": lambda gold: f"\\({gold}\\)",
    "displaystyle": lambda gold: f"\\displaystyle {gold}",
    "full stop": lambda gold: f"{gold}.",
    "braces": lambda gold: f"{{{gold}}}",
    "zero-width space": lambda gold: f"\u200b{gold}",
}
"""Ways to write any LaTeX answer anew without a change of value."""
NOTATIONS: dict[str, Callable[[str], str | None]] = {
    "dfrac": _swap(("\\frac", "\\dfrac")),
    "tfrac": _swap(("\\frac", "\\tfrac")),
    "left and right": _stretched,
    "spaces": _spaced,
    "Unicode minus": _swap(("-", "\u2212")),
    "slash": lambda gold: _FRACTION.sub(r"\1\2/\3", gold) if _FRACTION.fullmatch(gold) else None,
    "decimal": _decimal,
    "mixed number": _mixed,
    "point nought": _integer("{}.0"),
    "text": _integer("\\text{{{}}}"),
    "bold": _integer("\\mathbf{{{}}}"),
    "x =": _integer("x = {}"),
    "full-width digits": lambda gold: (
        "".join(chr(ord(digit) + 0xFEE0) for digit in gold) if re.fullmatch(r"\d+", gold) else None
    ),
    "thousands, comma": _thousands(","),
    "thousands, LaTeX comma": _thousands("{,}"),
    "thousands, thin space": _thousands("\\,"),
    "root sign": lambda gold: re.sub(r"\\sqrt\{(\d+)\}", "√\\1", gold) if re.search(r"\\sqrt\{\d+\}$", gold) else None,
    "degree sign": _swap(("^\\circ", "°")),
    "pi sign": _swap(("\\pi", "π")),
    "infinity and union signs": _swap(("\\infty", "∞"), ("\\cup", "∪")),
    "other matrix brackets": _swap(("pmatrix", "bmatrix")),
}
"""The same for answers of one kind; None where a way does not fit the answer."""


def rewritten() -> Iterator[Case]:
    """MATH: the gold answer in two other notations, one that fits any answer and one for its kind, where there is."""
    for _, number, gold in typed_golds():
        for notations in (EVERYWHERE, NOTATIONS):
            fitting = {name: text for name, make in notations.items() if (text := make(gold)) not in (None, gold)}
            if fitting:
                name = sorted(fitting)[draw(len(fitting), "notation", number)]
                yield Case("gold rewritten", f"{number}:{name}", gold, boxed(fitting[name]), True)
