"""The upper half of the grammar: sums, relations, ratios, units and lists; and the way in."""

from __future__ import annotations

from fractions import Fraction

from aha.verifiers.base import UnparsableError
from aha.verifiers.math.claims import Claims
from aha.verifiers.math.cursor import Reading
from aha.verifiers.math.limits import check_chain, check_text
from aha.verifiers.math.matrices import minus, plus
from aha.verifiers.math.names import AND, SCALES
from aha.verifiers.math.terms import CURRENCIES, RELATIONS, SETS
from aha.verifiers.math.tokens import tokenize
from aha.verifiers.math.units import PERCENT, is_unit, may_be_unit, unit
from aha.verifiers.math.values import (
    Add,
    Bracket,
    Mul,
    Num,
    PlusMinus,
    Quantity,
    Ratio,
    Relation,
    Sequence,
    SetOperation,
    Value,
)

DEFAULT = Reading()


def parse(text: str, reading: Reading = DEFAULT) -> Value:
    """The value of a folded text under a reading. Raises UnparsableError or OverLimitsError."""
    check_text(text)
    return Parser(tokenize(text, grouped=reading.grouped, scientific=reading.scientific), reading).whole()


class Parser(Claims):
    """Reads a whole answer."""

    def whole(self) -> Value:
        """One value, or a bare list of several, up to the end of the text."""
        groups = [self._group()]
        while self.accept(";") and self.token.kind != "end":
            groups.append(self._group())
        self.accept(".")
        if self.token.kind != "end":
            raise UnparsableError
        if any(len(group) > 1 for group in groups) and len(groups) > 1:  # a = 1, b = 2; a = 3, b = 4
            return Sequence("list", tuple(_one(group, "tuple") for group in groups))
        return _one(tuple(item for group in groups for item in group), "list")

    def _group(self) -> tuple[Value, ...]:
        """Elements up to a semicolon."""
        self.semicolons = False
        found = self.items()
        self.semicolons = True
        return found

    def item(self) -> Value:
        """A chain of relations, a ratio, or one expression; each side with its unit."""
        sides, operators = [self.claim() or self._side()], []
        while self.token.kind != "quoted" and self.token.text in RELATIONS:
            operators.append(RELATIONS[self.take().text])
            sides.append(self._side())
        return Relation(tuple(sides), tuple(operators)) if operators else sides[0]

    def _side(self) -> Value:
        currency = self._currency()
        value = self.expression()
        if self.at(":") and not self.bars:
            parts = [value]
            while self.accept(":"):
                parts.append(self.expression())
            return Ratio(tuple(parts))
        if currency:
            self._unit_words()
            return Quantity(value, currency)
        return self._with_unit(value)

    def _currency(self) -> str:
        if self.at("-") and self.ahead(1).text in CURRENCIES:  # -$5
            self.tokens[self.position : self.position + 2] = self.tokens[self.position + 1], self.token
        if self.at(*CURRENCIES):
            return self.take().text.removeprefix("\\")
        return ""

    def _with_unit(self, value: Value) -> Value:
        words = self._unit_words()
        if not words:
            return value
        scale = words.partition(" ")[0]
        if scale in SCALES:  # 3 million dollars
            words = words[len(scale) :].strip()
            value = Mul((value, Num(Fraction(SCALES[scale]))))
        if any(word in SCALES for word in words.split()):
            raise UnparsableError
        if not words:
            return value
        quantity: Value = Quantity(value, "%" if words in PERCENT else words)
        if words not in PERCENT and self.token.kind == "number":  # 5 feet 6 inches
            more = self._side()
            if not isinstance(more, Quantity) or unit(words)[0] != unit(more.unit)[0] or not unit(words)[0]:
                raise UnparsableError
            size = unit(more.unit)[1] / unit(words)[1]
            return Quantity(Add((value, Mul((Num(size), more.amount)))), words)
        return quantity

    def _unit_words(self) -> str:
        """The words behind a number, joined; empty where there are none. Raises UnparsableError for words that are
        not what is counted."""
        words: list[str] = []
        while True:
            token = self.token
            if token.kind in ("word", "quoted"):
                if token.text.lower().strip(" ,.;") in AND:
                    break
                if not all(may_be_unit(word) for word in token.text.split()):
                    raise UnparsableError
                words.append(self.take().text.strip(" .,"))
            elif self.at(*CURRENCIES) and not words:
                words.append(self.take().text.removeprefix("\\"))
            elif words and self._is_hyphen(words[-1]):
                self.take()
                words.append("*")
            elif words and self.at("/", "\\cdot", "*"):
                words.append("/" if self.take().text == "/" else "*")
            elif words and self.at("^"):
                words.append("^" + self._unit_power())
            else:
                break
        return " ".join(words).replace(" ^", "^")

    def _is_hyphen(self, last: str) -> bool:
        """Whether a hyphen between two units is ahead: `50 ft-lb`."""
        first, second = self.token, self.ahead(1)
        if first.text != "-" or second.kind not in ("word", "quoted"):
            return False
        tight = not first.spaced and not second.spaced
        return (tight or second.kind == "quoted") and is_unit(last) and is_unit(second.text.strip())

    def _unit_power(self) -> str:
        self.expect("^")
        braces = self.accept("{")
        sign = "-" if self.accept("-") else ""
        if self.token.kind != "number" or not self.token.text.isdecimal():
            raise UnparsableError
        power = sign + self.take().text
        if braces:
            self.expect("}")
        return power

    def expression(self) -> Value:
        """Sums joined by set operations."""
        value = self._sum()
        length = 0
        while self.token.text in SETS or (self.token.text == "U" and self.ahead(1).text in ("(", "[", "\\{")):
            check_chain(length := length + 1)
            name = SETS.get(self.take().text, "union")
            value = SetOperation(name, (value, self._sum()))
        return value

    def _sum(self) -> Value:
        self.depth += 1
        terms = [self.product()]
        while self.at("+", "-", "\\pm", "\\mp"):
            sign = self.take().text
            term = self.product()
            if sign == "-":
                term = minus(term)
            elif sign != "+":
                term = PlusMinus(term, 1 if sign == "\\pm" else -1)
            terms.append(term)
        self.depth -= 1
        return terms[0] if len(terms) == 1 else plus(terms)


def _one(items: tuple[Value, ...], bracket: Bracket) -> Value:
    return items[0] if len(items) == 1 else Sequence(bracket, items)
