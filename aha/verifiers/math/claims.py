r"""What an equal sign gives a value to but the grammar does not read: `\int_0^1 x\,dx = …`, `\text{Area} = …`.

Such a side is a name. Nothing is compared with it but the same words.
"""

from __future__ import annotations

from collections.abc import Callable

from aha.verifiers.math.names import AND, DENIALS, NEGATIONS, NUMBER_WORDS
from aha.verifiers.math.terms import RELATIONS, Terms
from aha.verifiers.math.tokens import Token
from aha.verifiers.math.values import Call, Text, Value

_OPERATORS = frozenset({"\\int", "\\iint", "\\iiint", "\\oint", "\\lim", "\\limsup", "\\liminf"})
_EQUAL = frozenset(sign for sign, meaning in RELATIONS.items() if meaning in ("=", "~"))
_BRACKETS = {**dict.fromkeys(("(", "[", "{", "\\{"), 1), **dict.fromkeys((")", "]", "}", "\\}"), -1)}
_OF_EVENTS = frozenset({"|", "\\vert", "\\cup", "\\cap"})


class Claims(Terms):
    """Reads a side that only names."""

    def claim(self) -> Value | None:
        """The name ahead, up to its equal sign; None, and no step, where there is none."""
        end = self._end()
        if end is None:
            return None
        words = " ".join(token.text for token in self.tokens[self.position : end])
        self.position = end
        return Call("claim()", (Text(words),))

    def _end(self) -> int | None:
        """Where the equal sign stands."""
        token = self.token
        if token.kind == "command" and token.text in _OPERATORS:
            return self._equal_sign(self.position, lambda each: not _separates(each))
        if token.kind == "quoted" and _may_name(token.text):
            return self._equal_sign(self.position + 1, _is_named)
        bracket = self._probability()
        end = None if bracket is None else self._equal_sign(bracket, lambda each: False)
        inner = {each.text for each in self.tokens[bracket:end]}
        return end if token.text != "P" or inner & _OF_EVENTS else None

    def _probability(self) -> int | None:
        r"""Where the bracket of `P(…)`, `\Pr(…)` or `\mathbb{P}(…)` stands."""
        names = [token.text for token in self.tokens[self.position : self.position + 5]]
        if names == ["\\mathbb", "{", "P", "}", "("]:
            return self.position + 4
        return self.position + 1 if names[0] in ("P", "\\Pr") and names[1:2] == ["("] else None

    def _equal_sign(self, start: int, may_come: Callable[[Token], bool]) -> int | None:
        """The place of the first equal sign outside of brackets; None where something else stands there before it."""
        depth = 0
        for place in range(start, len(self.tokens)):
            token = self.tokens[place]
            if token.kind != "quoted" and token.text in _BRACKETS:
                depth += _BRACKETS[token.text]
                if depth < 0:
                    return None
            elif depth == 0 and token.kind != "quoted" and token.text in _EQUAL:
                return place
            elif depth == 0 and not may_come(token):
                return None
        return None


def _separates(token: Token) -> bool:
    word = token.kind == "word" and token.text.lower() in AND
    return word or token.kind == "end" or token.text in RELATIONS or token.text in (",", ";", "&", "\\cr")


def _is_named(token: Token) -> bool:
    """Whether a token may follow the words of a name: what it is the name of."""
    if token.kind in ("word", "quoted"):
        return token.text.lower() not in AND and _may_name(token.text)
    return token.text in ("_", "\\triangle", "\\angle")


def _may_name(words: str) -> bool:
    """Whether words may stand before an equal sign without taking back what is behind it."""
    lower = words.lower()
    if any(part in lower for part in NEGATIONS):
        return False
    return not any(word in DENIALS or word in NUMBER_WORDS for word in lower.replace("'", " ").split())
