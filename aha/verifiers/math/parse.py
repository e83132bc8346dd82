"""The upper half of the grammar: products, sums, relations, ratios, units and lists; and the way in."""

from __future__ import annotations

from fractions import Fraction
from itertools import count

from aha.verifiers.base import UnparsableError
from aha.verifiers.math.atoms import Atoms
from aha.verifiers.math.cursor import Reading
from aha.verifiers.math.limits import check_chain, check_text
from aha.verifiers.math.names import AND, FUNCTIONS, GREEK, NUMBER_WORDS, SCALES
from aha.verifiers.math.tokens import Token, tokenize
from aha.verifiers.math.units import LETTERS, PERCENT, is_unit, may_be_unit, unit
from aha.verifiers.math.values import (
    Add,
    Bracket,
    Call,
    Div,
    Matrix,
    Mul,
    Neg,
    Num,
    PlusMinus,
    Pow,
    Quantity,
    Ratio,
    Relation,
    Sequence,
    SetOperation,
    Sym,
    Value,
)

DEFAULT = Reading()
_RELATIONS = {
    **{"=": "=", "==": "=", "\\equiv": "=", "!=": "!=", "\\ne": "!=", "<": "<", "\\lt": "<", "\\le": "<=", "<=": "<="},
    **{">": ">", "\\gt": ">", ">=": ">=", "\\ge": ">=", "\\approx": "~", "\\in": "in", "=<": "<=", "<>": "!="},
    **{"\\cong": "~", "~": "~"},
}
_CURRENCY = ("\\$", "$", "€", "£", "¥", "₩", "¢")
_SETS = {"\\cup": "union", "\\cap": "intersection", "\\setminus": "difference"}
_NOT_FACTORS = frozenset(
    (
        *_RELATIONS,
        *_SETS,
        *("\\and", "\\or", "\\cdot", "\\pm", "\\mp", "\\%", "\\$", "\\&", "\\colon", "\\vert", "\\|", "\\end", "\\cr"),
        *("\\}", "\\{", "\\langle", "\\rangle", "\\rfloor", "\\rceil", "\\lbrack", "\\rbrack", "\\circ", "\\degree"),
        *("\\prime", "\\to", "\\Rightarrow", "\\implies", "\\ldots", "\\dots", "\\cdots"),
    )
)


def parse(text: str, reading: Reading = DEFAULT) -> Value:
    """The value of a folded text under a reading. Raises UnparsableError or OverLimitsError."""
    check_text(text)
    return Parser(tokenize(text, grouped=reading.grouped, scientific=reading.scientific), reading).whole()


class Parser(Atoms):
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
        sides, operators = [self._side()], []
        while self.token.kind != "quoted" and self.token.text in _RELATIONS:
            operators.append(_RELATIONS[self.take().text])
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
        if self.at("-") and self.ahead(1).text in _CURRENCY:  # -$5
            self.tokens[self.position : self.position + 2] = self.tokens[self.position + 1], self.token
        if self.at(*_CURRENCY):
            return self.take().text.removeprefix("\\")
        return ""

    def _with_unit(self, value: Value) -> Value:
        words = self._unit_words()
        if not words:
            return value
        if words in SCALES and words not in PERCENT:
            return Mul((value, Num(Fraction(SCALES[words]))))
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
            elif self.at(*_CURRENCY) and not words:
                words.append(self.take().text.removeprefix("\\"))
            elif words and self.at("/", "\\cdot", "*"):
                words.append("/" if self.take().text == "/" else "*")
            elif words and self.at("^"):
                words.append("^" + self._unit_power())
            else:
                break
        return " ".join(words).replace(" ^", "^")

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
        while self.token.text in _SETS or (self.token.text == "U" and self.ahead(1).text in ("(", "[", "\\{")):
            check_chain(length := length + 1)
            name = _SETS.get(self.take().text, "union")
            value = SetOperation(name, (value, self._sum()))
        return value

    def _sum(self) -> Value:
        self.depth += 1
        terms = [self._product()]
        while self.at("+", "-", "\\pm", "\\mp"):
            sign = self.take().text
            term = self._product()
            if sign == "-":
                term = Neg(term)
            elif sign != "+":
                term = PlusMinus(term, 1 if sign == "\\pm" else -1)
            terms.append(term)
        self.depth -= 1
        return terms[0] if len(terms) == 1 else Add(tuple(terms))

    def _product(self) -> Value:
        value = self._unary()
        factors: list[Value] = []
        divisions = 0
        while True:
            if self.accept("*", "\\cdot"):
                factors.append(value)
                value = self._unary()
            elif self.accept("/"):
                check_chain(divisions := divisions + 1)
                whole = value if not factors else Mul((*factors, value))
                factors, value = [], Div(whole, self._unary())
            elif self._is_mixed(value):
                value = self._mixed(value)
            elif self.starts_factor() and not (isinstance(value, Num) and self.token.kind == "number"):
                factors.append(value)
                value = self.power()
            else:
                return value if not factors else _times((*factors, value))

    def _is_mixed(self, value: Value) -> bool:
        """Whether a whole number stands directly before a proper fraction of whole numbers."""
        whole = value.arg if isinstance(value, Neg) else value
        if not isinstance(whole, Num) or whole.places is not None or whole.value.denominator != 1:
            return False
        if self.at("\\frac"):
            return True
        slash = self.token.kind == "number" and self.ahead(1).text == "/" and self.ahead(2).kind == "number"
        return slash and self.token.spaced and self.token.text.isdecimal() and self.ahead(2).text.isdecimal()

    def _mixed(self, value: Value) -> Value:
        if self.at("\\frac"):
            part = self.power()
        else:
            over = Num(Fraction(self.take().text))
            self.take()
            part = Div(over, Num(Fraction(self.take().text)))
        match part:
            case Div(Num(over_value, None), Num(under_value, None)) if over_value < under_value:
                negative = isinstance(value, Neg)
                total = Add((value.arg if isinstance(value, Neg) else value, part))
                return Neg(total) if negative else total
        if isinstance(part, Div | Pow | Call):
            return Mul((value, part))
        raise UnparsableError

    def _unary(self) -> Value:
        if self.accept("-"):
            return Neg(self._unary_inner())
        if self.accept("+"):
            return self._unary_inner()
        if self.at("\\pm", "\\mp"):
            sign = 1 if self.take().text == "\\pm" else -1
            return PlusMinus(self._unary_inner(), sign)
        return self.power()

    def _unary_inner(self) -> Value:
        with self.inside():
            return self._unary()

    def power(self) -> Value:
        """An atom, its exponents, and the signs behind it: `!`, `%`, `°`."""
        value = self._postfix(self.atom())
        if self.at("^", "**"):
            self.take()
            if self._is_degree():
                return self._postfix(self._degrees(value))
            if (primes := self._primes()) and isinstance(value, Sym | Call):
                return self._postfix(self.primed(value, primes))
            with self.inside():
                exponent = self.argument_of_script()
                if self.at("^", "**"):
                    self.take()
                    exponent = Pow(exponent, self.argument_of_script())
            value = self._postfix(Pow(value, exponent))
        return value

    def _primes(self) -> int:
        """Step over `\\prime` signs of an exponent; how many there were."""
        start, braces = self.position, self.accept("{")
        count = 0
        while self.accept("\\prime", "'"):
            count += 1
        if count and (not braces or self.accept("}")):
            return count
        self.position = start
        return 0

    def _is_degree(self) -> bool:
        if self.accept("\\circ", "°", "o"):
            return True
        if self.at("{") and self.ahead(1).text in ("\\circ", "°", "o") and self.ahead(2).text == "}":
            self.position += 3
            return True
        return False

    def _degrees(self, value: Value) -> Value:
        """Degrees, with minutes and seconds where they follow."""
        total = value
        for mark, parts in (("'", 60), ("''", 3600)):
            if self.token.kind == "number" and self._mark_after() == mark:
                total = Add((total, Div(self.atom(), Num(Fraction(parts)))))
                self._skip_mark()
        return Call("degree", (total,))

    def _mark_after(self) -> str:
        if self.ahead(1).text in ("'", "''"):
            return self.ahead(1).text
        if self.ahead(1).text == "^" and self.ahead(2).text == "{":
            primes = 0
            while self.ahead(3 + primes).text == "\\prime":
                primes += 1
            return "'" * primes
        return ""

    def _skip_mark(self) -> None:
        if self.accept("'", "''"):
            return
        while not self.accept("}"):
            self.take()

    def _postfix(self, value: Value) -> Value:
        for length in count():
            check_chain(length)
            if self.accept("!"):
                double = self.at("!") and not self.token.spaced and self.accept("!")
                value = Call("factorial2" if double else "factorial", (value,))
            elif self.accept("%", "\\%"):
                value = Call("percent", (value,))
            elif self.accept("°", "\\degree", "\\circ"):
                value = self._degrees(value)
            else:
                break
        return value

    def starts_factor(self) -> bool:
        """Whether the token ahead begins a factor of a product without a sign."""
        token = self.token
        if token.kind == "number":
            return True
        if token.kind == "word":
            return self._is_factor(token)
        if token.kind == "command":
            return token.text not in _NOT_FACTORS
        if token.kind == "sign" and token.text in ("|",):
            return not self.bars
        return token.kind == "sign" and token.text in ("(", "{", "[")

    def _is_factor(self, token: Token) -> bool:
        """Whether a word behind a number is a variable or function and not a unit or an `and`."""
        word = token.text
        if word in FUNCTIONS or word.lower() in ("pi",) or word in GREEK:
            return True
        if not word.isascii():
            return len(word) == 1 and not is_unit(word)
        if len(word) == 1:
            return not (
                (self.reading.letter_units and word in LETTERS and token.spaced)
                or (word == "U" and self.ahead(1).text in ("(", "["))
            )
        if self.reading.letters:
            return True
        if word.lower() in AND or is_unit(word) or word.lower() in SCALES or word.lower() in NUMBER_WORDS:
            return False
        return len(word) == 2 or (len(word) == 3 and not token.spaced)


def _one(items: tuple[Value, ...], bracket: Bracket) -> Value:
    return items[0] if len(items) == 1 else Sequence(bracket, items)


def _times(factors: tuple[Value, ...]) -> Value:
    """A product; numbers times a matrix go into its cells."""
    if not isinstance(factors[-1], Matrix) or len(factors) < 2:
        return Mul(factors)
    scale = factors[0] if len(factors) == 2 else Mul(factors[:-1])
    return Matrix(tuple(tuple(Mul((scale, cell)) for cell in row) for row in factors[-1].rows))
