"""How a program's output is compared with the expected one, outside the sandbox."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from decimal import Context, Decimal

MAX_NUMBER_CHARS = 1_000
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,4})?", re.ASCII)
_CONTEXT = Context(prec=50, Emax=20_000, Emin=-20_000, traps=[])


def same_tokens(said: str, expected: str, tolerance: Decimal) -> bool:
    """Equal word by word; how much white space parts them does not matter."""
    return said.split() == expected.split()


def same_lines(said: str, expected: str, tolerance: Decimal) -> bool:
    """Equal line by line, but for white space at line ends and empty lines at the end."""
    return _lines(said) == _lines(expected)


def same_unordered_lines(said: str, expected: str, tolerance: Decimal) -> bool:
    """The same lines in any order, each as often; compared word by word, empty lines left out."""
    one, other = (Counter(tuple(line.split()) for line in text.split("\n")) for text in (said, expected))
    del one[()], other[()]
    return one == other


def same_decimals(said: str, expected: str, tolerance: Decimal) -> bool:
    """Equal word by word, numbers by value: within `tolerance`, absolute or relative to the expected one. Decimals,
    never floats, so that long integers differ where they differ."""
    one, other = said.split(), expected.split()
    return len(one) == len(other) and all(a == b or _near(a, b, tolerance) for a, b in zip(one, other, strict=True))


def _near(said: str, expected: str, tolerance: Decimal) -> bool:
    if (
        max(len(said), len(expected)) > MAX_NUMBER_CHARS
        or not _NUMBER.fullmatch(said)
        or not _NUMBER.fullmatch(expected)
    ):
        return False
    a, b = Decimal(said), Decimal(expected)
    if a == b or not tolerance:
        return a == b
    distance = _CONTEXT.abs(_CONTEXT.subtract(a, b))
    return bool(distance <= _CONTEXT.multiply(tolerance, _CONTEXT.max(Decimal(1), _CONTEXT.abs(b))))


def _lines(text: str) -> list[str]:
    return "\n".join(line.rstrip() for line in text.split("\n")).rstrip("\n").split("\n")


CHECKERS: dict[str, Callable[[str, str, Decimal], bool]] = {
    "tokens": same_tokens,
    "lines": same_lines,
    "unordered_lines": same_unordered_lines,
    "decimal": same_decimals,
}
"""Name → function(output, expected output, tolerance)."""
PROGRAM = "program"
"""The checker that is a program of the task's own."""
