"""Units: their dimension and size, read from the words behind a number."""

from __future__ import annotations

import re
from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache

from aha.verifiers.math.names import NEGATIONS, NOT_UNITS

Dimension = tuple[tuple[str, int], ...]

_TABLE: dict[str, tuple[str, Fraction]] = {}


def _define(dimension: str, sizes: Mapping[str, float | str | Fraction]) -> None:
    for names, size in sizes.items():
        for name in names.split():
            _TABLE[name] = (dimension, Fraction(size))


_define(
    "length",
    {
        "mm millimeter millimetre 毫米": "1/1000",
        "cm centimeter centimetre 厘米 센티미터": "1/100",
        "dm decimeter decimetre 分米": "1/10",
        "m meter metre 米 미터": 1,
        "km kilometer kilometre 千米": 1000,
        "公里 킬로미터": 1000,
        "in inch inche": "0.0254",
        "ft foot feet": "0.3048",
        "yd yard": "0.9144",
        "mi mile": "1609.344",
        "nm nanometer": "1/1000000000",
        "μm um micrometer": "1/1000000",
    },
)
_define(
    "mass",
    {
        "mg milligram": "1/1000",
        "g gram 克 그램": 1,
        "kg kilogram kilo 千克 公斤 킬로그램": 1000,
        "ton tonne 吨 톤": 1_000_000,
        "lb lbs pound": "453.59237",
        "oz ounce": "28.349523125",
    },
)
_define(
    "time",
    {
        "ms millisecond": "1/1000",
        "s sec second 秒 초": 1,
        "min mins minute 分钟 분": 60,
        "h hr hrs hour 小时 시간": 3600,
        "day 天 일": 86400,
        "week 周 주": 604800,
    },
)
_define("month", {"month 个月 개월": 1, "year yr yrs 年 년": 12})
_define("volume", {"ml mL milliliter millilitre 毫升": "1/1000", "L liter litre 升 리터": 1})
_define("dollar", {"dollar usd USD buck": 1, "cent ¢": "1/100"})
_define("yuan", {"yuan 元 rmb RMB CNY": 1, "角": "1/10"})
_define("won", {"won 원 KRW": 1})
_define("euro", {"euro EUR": 1})
_define("gbp", {"gbp GBP": 1})
_define("yen", {"yen JPY": 1})
_define("rupee", {"rupee Rs INR": 1})
_define("angle", {"degree deg 度 도": 1})
_define("radian", {"radian rad": 1})
_define("speed", {"mph": "0.44704", "kmh kph": Fraction(5, 18)})
_define("force", {"N newton": 1})
_define("energy", {"J joule Nm": 1, "kJ": 1000, "eV": "1.602176634e-19", "keV": "1.602176634e-16"})
_define("power", {"W watt": 1, "kW": 1000})
_define("charge", {"C coulomb": 1})
_define("voltage", {"V volt": 1})
_define("frequency", {"Hz hertz": 1, "kHz": 1000, "MHz": 10**6, "GHz": 10**9})
_define("temperature", {"K kelvin": 1})
_define("celsius", {"celsius": 1})
_define("fahrenheit", {"fahrenheit": 1})
_define("", {"unit": 1})

_COMPOSED = {
    "volume": (("length", 3),),
    "speed": (("length", 1), ("time", -1)),
    "energy": (("force", 1), ("length", 1)),
}
"""Dimensions made of others; a litre is a thousandth of a cubic metre."""
CURRENCY = {"$": "dollar", "€": "euro", "£": "gbp", "¥": "yuan", "₩": "won", "￥": "yuan"}
LETTERS = frozenset(name for name in _TABLE if len(name) == 1 and name.isascii())
PERCENT = frozenset({"percent", "percentage", "pct", "퍼센트", "프로", "百分比"})
_POWERS = {"square": 2, "squared": 2, "sq": 2, "cubic": 3, "cubed": 3, "cu": 3, "평방": 2, "平方": 2, "立方": 3}
_PIECE = re.compile(r"(\^?-?\d+)|([^\W\d_]+|[$€£¥₩°¢])|(/)|([*· .^{}()-]+)")
_GLUED = re.compile(r"(平方|立方)(.+)")
_IRREGULAR = {"feet": "foot", "men": "man", "women": "woman", "people": "person", "children": "child", "inches": "inch"}


@lru_cache(4096)
def unit(words: str) -> tuple[Dimension, Fraction]:
    """Dimension and size of a unit in basic ones; unknown words are dimensions of their own.

    `square units` and `units` have no dimension: they are the same as none.
    """
    total: dict[str, int] = {}
    size = Fraction(1)
    sign, power = 1, 1
    pieces: list[tuple[str, int]] = []
    for number, word, slash, _ in _PIECE.findall(_GLUED.sub(r"\1 \2", words.replace("²", "^2"))):
        if slash or word.lower() in ("per", "a", "an", "每"):
            sign = -1
        elif number and pieces:
            pieces[-1] = (pieces[-1][0], pieces[-1][1] * int(number.lstrip("^")))
        elif word.lower() in _POWERS and word.lower().endswith("ed") and pieces:
            pieces[-1] = (pieces[-1][0], pieces[-1][1] * _POWERS[word.lower()])
        elif word.lower() in _POWERS:
            power = _POWERS[word.lower()]
        elif word and word.lower() not in ("of", "the"):
            pieces.append((word, sign * power))
            power = 1
    for word, exponent in pieces:
        dimension, factor = _entry(word)
        if dimension:
            total[dimension] = total.get(dimension, 0) + exponent
        size *= factor ** max(-9, min(9, exponent))
    for name in _COMPOSED.keys() & total:
        count = total.pop(name)
        for basic, exponent in _COMPOSED[name]:
            total[basic] = total.get(basic, 0) + exponent * count
        size *= Fraction(1, 1000) ** max(-9, min(9, count)) if name == "volume" else 1
    return tuple(sorted((name, count) for name, count in total.items() if count)), size


def is_unit(word: str) -> bool:
    """Whether a word is in the table, in singular or plural."""
    return _known(word) is not None or word.lower() in PERCENT or word.lower() in _POWERS


def may_be_unit(word: str) -> bool:
    """Whether a word behind a number can be what is counted; words that change the number cannot."""
    return word.lower() not in NOT_UNITS and not any(part in word for part in NEGATIONS)


def _known(word: str) -> tuple[str, Fraction] | None:
    if word in CURRENCY:
        return _TABLE[CURRENCY[word]]
    if word == "°":
        return _TABLE["degree"]
    for form in (word, word.lower() if len(word) > 1 else word):
        if form in _TABLE:
            return _TABLE[form]
        if len(form) > 2 and form.endswith("s") and form[:-1] in _TABLE:
            return _TABLE[form[:-1]]
        if form in _IRREGULAR and _IRREGULAR[form] in _TABLE:
            return _TABLE[_IRREGULAR[form]]
    return None


def _entry(word: str) -> tuple[str, Fraction]:
    known = _known(word)
    if known is not None:
        return known
    lower = word.lower()
    lower = _IRREGULAR.get(lower, lower)
    if len(lower) > 3 and lower.endswith("ies"):
        lower = lower[:-3] + "y"
    elif len(lower) > 3 and lower.endswith(("ches", "shes", "xes", "sses")):
        lower = lower[:-2]
    elif len(lower) > 2 and lower.endswith("s") and not lower.endswith("ss"):
        lower = lower[:-1]
    return lower, Fraction(1)
