"""Writes exact values in the notations of people and models: the other half of the math verifier's parser.

A value is a kind and its exact parts; a notation of a kind is a function from the parts to text, or to None where it
does not fit them. All notations of one value are equal, and no two different values share one.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

Notation = Callable[..., str | None]

_HALVES = {Fraction(1, 2): "½", Fraction(1, 4): "¼", Fraction(3, 4): "¾", Fraction(1, 3): "⅓", Fraction(2, 3): "⅔"}
_WORDS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")


def _sign(value: Fraction | int) -> str:
    return "-" if value < 0 else ""


def _decimal(value: Fraction, places: int = 4) -> str | None:
    """All digits of a terminating decimal that is no integer."""
    if value.denominator == 1 or (10**places) % value.denominator:
        return None
    digits = f"{abs(value.numerator) * 10**places // value.denominator:0{places + 1}d}"
    return f"{_sign(value)}{digits[:-places]}.{digits[-places:].rstrip('0')}"


def _mixed(value: Fraction, form: str) -> str | None:
    whole, rest = divmod(abs(value.numerator), value.denominator)
    return form.format(_sign(value), whole, rest, value.denominator) if whole and rest else None


def _repeating(value: Fraction) -> str | None:
    """Thirds, ninths and elevenths, whose digits repeat from the point on."""
    if value.denominator not in (3, 9, 11, 33):
        return None
    whole, rest = divmod(abs(value.numerator), value.denominator)
    width = 1 if 9 % value.denominator == 0 else 2
    return f"{_sign(value)}{whole}.\\overline{{{rest * (10**width - 1) // value.denominator:0{width}d}}}"


def _fraction(form: str) -> Notation:
    return lambda value: (
        form.format(_sign(value), abs(value.numerator), value.denominator) if value.denominator > 1 else None
    )


def _integer(form: str) -> Notation:
    return lambda value: form.format(value.numerator) if value.denominator == 1 else None


def _grouped(comma: str) -> Notation:
    return lambda value: (
        f"{value.numerator:,}".replace(",", comma) if value.denominator == 1 and abs(value) >= 1000 else None
    )


def _scientific(form: str) -> Notation:
    def written(value: Fraction) -> str | None:
        text = _decimal(value / 1000, 8)
        return form.format(text, 3) if text else None

    return written


RATIONAL: dict[str, Notation] = {
    "integer": _integer("{}"),
    "point nought": _integer("{}.0"),
    "full stop": _integer("{}."),
    "bold": _integer("\\mathbf{{{}}}"),
    "text": _integer("\\text{{{}}}"),
    "over one": _integer("\\frac{{{}}}{{1}}"),
    "comma": _grouped(","),
    "LaTeX comma": _grouped("{,}"),
    "thin space": _grouped("\\,"),
    "space": _grouped(" "),
    "word": lambda value: _WORDS[int(value)] if value.denominator == 1 and 0 <= value <= 12 else None,
    "plus": lambda value: f"+{value}" if value.denominator == 1 and value > 0 else None,
    "full-width": lambda value: "".join(chr(ord(c) + 0xFEE0) for c in str(value)) if value >= 0 else None,
    "slash": _fraction("{}{}/{}"),
    "frac": _fraction("{}\\frac{{{}}}{{{}}}"),
    "dfrac": _fraction("{}\\dfrac{{{}}}{{{}}}"),
    "tfrac": _fraction("{}\\tfrac{{{}}}{{{}}}"),
    "sign above": _fraction("\\frac{{{}{}}}{{{}}}"),
    "left right": _fraction("{}\\left(\\frac{{{}}}{{{}}}\\right)"),
    "brackets": _fraction("{}({})/({})"),
    "doubled": lambda value: f"\\frac{{{2 * value.numerator}}}{{{2 * value.denominator}}}",
    "short frac": lambda value: (
        f"{_sign(value)}\\frac{abs(value.numerator)}{value.denominator}"
        if 1 < value.denominator < 10 and abs(value.numerator) < 10
        else None
    ),
    "one sign": lambda value: _sign(value) + _HALVES[abs(value)] if abs(value) in _HALVES else None,
    "mixed": lambda value: _mixed(value, "{}{}\\frac{{{}}}{{{}}}"),
    "mixed, plain": lambda value: _mixed(value, "{}{} {}/{}"),
    "decimal": _decimal,
    "decimal, trailing nought": lambda value: text + "0" if (text := _decimal(value)) else None,
    "decimal, no nought": lambda value: (
        text.replace("0.", ".", 1) if abs(value) < 1 and (text := _decimal(value)) else None
    ),
    "repeating": _repeating,
    "times ten to the": _scientific("{} \\times 10^{{{}}}"),
    "dot ten to the": _scientific("{} \\cdot 10^{}"),
    "exponent": _scientific("{}e{}"),
    "minus sign": lambda value: str(value).replace("-", "\u2212") if value < 0 else None,
}
"""One rational number."""


def _root(form: str) -> Notation:
    return lambda factor, inside: form.format(factor, inside, factor * inside, factor * factor * inside)


SURD: dict[str, Notation] = {
    "LaTeX": _root("{}\\sqrt{{{}}}"),
    "cdot": _root("{} \\cdot \\sqrt{{{}}}"),
    "root sign": _root("{}√{}"),
    "root sign, brackets": _root("{}√({})"),
    "code": _root("{}*sqrt({})"),
    "inside": _root("\\sqrt{{{3}}}"),
    "below": _root("\\frac{{{2}}}{{\\sqrt{{{1}}}}}"),
    "power": _root("{} \\cdot {}^{{1/2}}"),
    "power of a half": _root("{} \\cdot {}^{{\\frac{{1}}{{2}}}}"),
    "index": _root("{}\\sqrt[2]{{{}}}"),
}
"""factor · √inside, with 2 ≤ factor and inside square-free."""


def _pi(form: str) -> Notation:
    return lambda above, below: form.format(above, below)


PI: dict[str, Notation] = {
    "above": _pi("\\frac{{{}\\pi}}{{{}}}"),
    "beside": _pi("\\frac{{{}}}{{{}}}\\pi"),
    "slash": _pi("{}\\pi/{}"),
    "letter": _pi("{}π/{}"),
    "code": _pi("{}*pi/{}"),
    "dfrac": _pi("\\dfrac{{{} \\pi}}{{{}}}"),
    "before": _pi("\\pi \\cdot \\frac{{{}}}{{{}}}"),
}
"""above/below · π."""


def _complex(form: str) -> Notation:
    return lambda real, imaginary: form.format(real, imaginary, "+" if imaginary > 0 else "-", abs(imaginary))


COMPLEX: dict[str, Notation] = {
    "plain": _complex("{0}{2}{3}i"),
    "spaced": _complex("{0} {2} {3}i"),
    "turned": lambda real, imaginary: f"{imaginary}i{real:+d}" if real else None,
    "roman i": _complex("{0} {2} {3}\\mathrm{{i}}"),
    "times": _complex("{0} {2} {3} \\cdot i"),
    "brackets": _complex("({0} {2} {3}i)"),
}
"""real + imaginary · i, both integers, imaginary not 0."""


def _ends(form: str) -> Notation:
    return lambda low, high: form.format(low, high)


INTERVAL: dict[str, Notation] = {
    "plain": _ends("[{}, {})"),
    "tight": _ends("[{},{})"),
    "left right": _ends("\\left[{}, {}\\right)"),
    "element": _ends("x \\in [{}, {})"),
    "inequalities": _ends("{} \\le x < {}"),
    "turned": lambda low, high: f"{high} > x \\geq {low}",
}
"""low ≤ x < high."""


def _items(form: str, comma: str = ", ") -> Notation:
    return lambda *items: form.format(comma.join(map(str, items)))


TUPLE: dict[str, Notation] = {
    "plain": _items("({})"),
    "tight": _items("({})", ","),
    "left right": _items("\\left( {} \\right)"),
    "big": _items("\\bigl({}\\bigr)"),
    "named": lambda *items: f"(x, y) = ({items[0]}, {items[1]})" if len(items) == 2 else None,
    "quad": _items("({})", ",\\quad "),
}
"""In this order."""
SET: dict[str, Notation] = {
    "LaTeX": _items("\\{{{}\\}}"),
    "left right": _items("\\left\\{{{}\\right\\}}"),
    "turned": lambda *items: f"\\{{{', '.join(map(str, items[::-1]))}\\}}",
    "lbrace": _items("\\lbrace {} \\rbrace"),
}
"""In any order; different elements."""


def _rows(begin: str, end: str, cell: str = " & ", line: str = " \\\\ ") -> Notation:
    return lambda a, b, c, d: f"{begin}{a}{cell}{b}{line}{c}{cell}{d}{end}"


MATRIX: dict[str, Notation] = {
    "pmatrix": _rows("\\begin{pmatrix} ", " \\end{pmatrix}"),
    "bmatrix": _rows("\\begin{bmatrix}", "\\end{bmatrix}", "&", "\\\\"),
    "array": _rows("\\left[\\begin{array}{cc} ", " \\end{array}\\right]"),
    "last line ended": _rows("\\begin{pmatrix} ", " \\\\ \\end{pmatrix}"),
    "lists": _rows("[[", "]]", ", ", "], ["),
}
"""Two by two."""
AROUND: dict[str, str] = {
    "dollars": "${}$",
    "two dollars": "$${}$$",
    "round": "\\({}\\)",
    "square": "\\[{}\\]",
    "display": "\\displaystyle {}",
    "spaces": "  {} ",
    "newlines": "\n{}\n",
    "thin space": "\\,{}\\,",
    "invisible": "\u200b{}\u2060",
    "boxed again": "\\boxed{{{}}}",
}
"""What may stand around any notation."""


def written(notations: dict[str, Notation], *parts: object) -> dict[str, str]:
    """Every notation that fits, by name."""
    return {name: text for name, write in notations.items() if (text := write(*parts)) is not None}
