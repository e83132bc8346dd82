"""Limits that hold before anything is parsed or computed; an answer beyond them is wrong, `over_limits`."""

from __future__ import annotations

from aha.verifiers.base import OverLimitsError

MAX_CHARS = 2000
MAX_DEPTH = 40
MAX_DIGITS = 1000
"""Digits of one literal number."""
MAX_TOKENS = 1200
MAX_CHAIN = 40
"""Divisions, unions, or signs behind a number in a row: each nests one deeper."""
MAX_ITEMS = 100
"""Elements of one list, set or matrix."""
MAX_BITS = 40_000
"""Size of an exact integer that is computed: about 12 000 digits."""
MAX_FACTORIAL = 3000
MAX_TERMS = 300
"""Terms of a sum or product that is added up."""
MAX_STEPS = 20_000
"""Operations of one evaluation; sums inside sums multiply."""
MAX_CALLS = 4_000_000
"""Calls of functions, there and back, that sympy may make for one pair: one to three seconds of a processor, where a
verifier's worker is given ten."""
MAX_MAGNITUDE = 100_000
"""Natural logarithm of the largest number that is evaluated."""

_OPENING = "([{"
_CLOSING = ")]}"


def check_text(text: str) -> None:
    """Raise OverLimitsError for a text that is too long or nested too deeply."""
    if len(text) > MAX_CHARS:
        raise OverLimitsError
    depth = 0
    for char in text:
        if char in _OPENING:
            depth += 1
            if depth > MAX_DEPTH:
                raise OverLimitsError
        elif char in _CLOSING:
            depth = max(0, depth - 1)


def check_bits(bits: float) -> None:
    """Raise OverLimitsError for an integer of more than MAX_BITS bits."""
    if bits > MAX_BITS:
        raise OverLimitsError


def check_chain(length: int) -> None:
    """Raise OverLimitsError for more than MAX_CHAIN operations in a row."""
    if length > MAX_CHAIN:
        raise OverLimitsError


def check_items(count: int) -> None:
    """Raise OverLimitsError for more than MAX_ITEMS elements."""
    if count > MAX_ITEMS:
        raise OverLimitsError
