"""Regular expressions in linear time: all ways to match are followed at once (Thompson 1968), so none can run away."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import NamedTuple

from aha.verifiers.base import BadReferenceError, OverLimitsError

MAX_STATES = 2_000
MAX_REPEAT = 1_000
MAX_STEPS = 2_000_000
"""States times characters."""

_SPACES = " \t\n\r\f\v"
_CLASSES: dict[str, Callable[[str], bool]] = {
    "d": lambda char: "0" <= char <= "9",
    "w": lambda char: char.isascii() and (char.isalnum() or char == "_"),
    "s": lambda char: char in _SPACES,
}
_CONTROLS = {"n": "\n", "t": "\t", "r": "\r", "f": "\f", "v": "\v", "0": "\0"}


class _State(NamedTuple):
    """One place in the expression: a character to read (`takes`), an edge (`^`, `$`), or a fork."""

    takes: Callable[[str], bool] | None
    edge: str
    after: tuple[int, ...]


_Part = Callable[["_Builder", int], int]
"""Adds its states before the state that it is given, and returns where it begins."""


def search(pattern: str, text: str) -> bool:
    r"""Whether `pattern` matches anywhere in `text`, as JSON Schema wants it (ECMA 262 without flags).

    Known: `. [] () (?:) | * + ? {m,n} ^ $ \d \w \s \D \W \S` and escaped characters; a lazy mark changes nothing.
    Raises BadReferenceError for anything else, OverLimitsError where text times pattern is too long.
    """
    builder = _Builder()
    start = _Reader(pattern).whole()(builder, builder.add(None, "found", ()))
    if len(builder.states) * len(text) > MAX_STEPS:
        raise OverLimitsError
    here: set[int] = set()
    for place, char in enumerate([*text, ""]):
        here = _reach(builder.states, [*here, start], place == 0, place == len(text))
        if any(builder.states[state].edge == "found" for state in here):
            return True
        here = {state.after[0] for state in map(builder.states.__getitem__, here) if state.takes and state.takes(char)}
    return False


def _reach(states: list[_State], open_states: list[int], first: bool, last: bool) -> set[int]:
    """All states that can be had without reading."""
    found: set[int] = set()
    while open_states:
        place = open_states.pop()
        if place not in found:
            found.add(place)
            state = states[place]
            if state.takes is None and {"^": first, "$": last}.get(state.edge, True):
                open_states += state.after
    return found


class _Builder:
    def __init__(self) -> None:
        self.states: list[_State] = []

    def add(self, takes: Callable[[str], bool] | None, edge: str, after: Iterable[int]) -> int:
        if len(self.states) == MAX_STATES:
            raise BadReferenceError(f"a pattern has more than {MAX_STATES} states")
        self.states.append(_State(takes, edge, tuple(after)))
        return len(self.states) - 1

    def repeat(self, part: _Part, low: int, high: int | None, after: int) -> int:
        start = after
        if high is None:
            start = self.add(None, "", ())
            self.states[start] = _State(None, "", (part(self, start), after))
        else:
            for _ in range(high - low):
                start = self.add(None, "", (part(self, start), after))
        for _ in range(low):
            start = part(self, start)
        return start


class _Reader:
    """Recursive descent: choice → sequence → repeated → atom."""

    def __init__(self, pattern: str) -> None:
        self.pattern, self.place, self.depth = pattern, 0, 0

    def peek(self) -> str:
        return self.pattern[self.place : self.place + 1]

    def take(self) -> str:
        char = self.peek()
        if not char:
            raise self.error()
        self.place += 1
        return char

    def error(self) -> BadReferenceError:
        return BadReferenceError(f"cannot read the pattern {self.pattern[:80]!r} at {self.place}")

    def whole(self) -> _Part:
        part = self.choice()
        if self.peek():
            raise self.error()
        return part

    def choice(self) -> _Part:
        parts = [self.sequence()]
        while self.peek() == "|":
            self.place += 1
            parts.append(self.sequence())
        return lambda builder, after: builder.add(None, "", [part(builder, after) for part in parts])

    def sequence(self) -> _Part:
        parts: list[_Part] = []
        while self.peek() not in ("", "|", ")"):
            parts.append(self.repeated())

        def build(builder: _Builder, after: int) -> int:
            for part in reversed(parts):
                after = part(builder, after)
            return after

        return build

    def repeated(self) -> _Part:
        part = self.atom()
        bounds = {"*": (0, None), "+": (1, None), "?": (0, 1)}
        if self.peek() not in (*bounds, "{"):
            return part
        low, high = self.counts() if self.peek() == "{" else bounds[self.take()]
        if self.peek() == "?":
            self.place += 1
        if self.peek() in (*bounds, "{"):
            raise self.error()
        return lambda builder, after: builder.repeat(part, low, high, after)

    def counts(self) -> tuple[int, int | None]:
        close = self.pattern.find("}", self.place)
        low, comma, high = self.pattern[self.place + 1 : close].partition(",")
        if close < 0 or not all(each.isdecimal() and int(each) <= MAX_REPEAT for each in (low, high or low)):
            raise self.error()
        self.place = close + 1
        if not comma:
            return int(low), int(low)
        if high and int(high) < int(low):
            raise self.error()
        return int(low), int(high) if high else None

    def atom(self) -> _Part:
        char = self.take()
        if char == "(":
            return self.group()
        if char in "^$":
            return lambda builder, after: builder.add(None, char, (after,))
        if char in "*+?{":
            raise self.error()
        takes = self.members() if char == "[" else _any if char == "." else self.one(char)
        return lambda builder, after: builder.add(takes, "", (after,))

    def group(self) -> _Part:
        self.depth += 1
        if self.pattern.startswith("?:", self.place):
            self.place += 2
        if self.peek() == "?" or self.depth > 50:
            raise self.error()
        part = self.choice()
        if self.take() != ")":
            raise self.error()
        self.depth -= 1
        return part

    def one(self, char: str) -> Callable[[str], bool]:
        """A character, or what an escape stands for."""
        if char != "\\":
            return lambda read: read == char
        escaped = self.take()
        if escaped.lower() in _CLASSES:
            known = _CLASSES[escaped.lower()]
            return known if escaped.islower() else lambda read: read != "" and not known(read)
        if escaped.isalnum() and escaped not in _CONTROLS:
            raise self.error()
        wanted = _CONTROLS.get(escaped, escaped)
        return lambda read: read == wanted

    def members(self) -> Callable[[str], bool]:
        negated = self.peek() == "^"
        self.place += negated
        tests: list[Callable[[str], bool]] = []
        while (char := self.take()) != "]":
            first = self.place - 1
            test = self.one(char)
            written = self.pattern[first : self.place]
            if self.peek() == "-" and self.pattern[self.place + 1 : self.place + 2] not in ("]", ""):
                self.place += 1
                last = self.place
                self.one(self.take())
                test = _between(_literal(written), _literal(self.pattern[last : self.place]))
            tests.append(test)
        return lambda read: read != "" and any(test(read) for test in tests) != negated


def _literal(written: str) -> str:
    return _CONTROLS.get(written[1], written[1]) if written.startswith("\\") else written


def _between(low: str, high: str) -> Callable[[str], bool]:
    return lambda read: low <= read <= high


def _any(read: str) -> bool:
    return read not in ("", "\n", "\r", "\u2028", "\u2029")
