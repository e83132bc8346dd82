"""Terms: products, powers, and the signs behind a number."""

from __future__ import annotations

from fractions import Fraction
from itertools import count

from aha.verifiers.base import UnparsableError
from aha.verifiers.math.atoms import Atoms
from aha.verifiers.math.limits import check_chain
from aha.verifiers.math.matrices import minus, over, raised, times
from aha.verifiers.math.names import AND, FUNCTIONS, GREEK, GREEK_LETTERS, NUMBER_WORDS, SCALES
from aha.verifiers.math.tokens import Token
from aha.verifiers.math.units import LETTERS, is_unit
from aha.verifiers.math.values import (
    Add,
    Call,
    Div,
    Mul,
    Neg,
    Num,
    PlusMinus,
    Pow,
    Quantity,
    Sym,
    Value,
)

RELATIONS = {
    **{"=": "=", "==": "=", "\\equiv": "=", "!=": "!=", "\\ne": "!=", "<": "<", "\\lt": "<", "\\le": "<=", "<=": "<="},
    **{">": ">", "\\gt": ">", ">=": ">=", "\\ge": ">=", "\\approx": "~", "\\in": "in", "=<": "<=", "<>": "!="},
    **{"\\cong": "~", "~": "~"},
}
CURRENCIES = ("\\$", "$", "€", "£", "¥", "₩", "¢")
_SCALES_OF_HEAT = {"C": "celsius", "F": "fahrenheit", "Celsius": "celsius", "Fahrenheit": "fahrenheit"}
SETS = {"\\cup": "union", "\\cap": "intersection", "\\setminus": "difference"}
_NOT_FACTORS = frozenset(
    (
        *RELATIONS,
        *SETS,
        *("\\and", "\\or", "\\cdot", "\\pm", "\\mp", "\\%", "\\$", "\\&", "\\colon", "\\vert", "\\|", "\\end", "\\cr"),
        *("\\}", "\\{", "\\langle", "\\rangle", "\\rfloor", "\\rceil", "\\lbrack", "\\rbrack", "\\circ", "\\degree"),
        *("\\prime", "\\to", "\\Rightarrow", "\\implies", "\\ldots", "\\dots", "\\cdots"),
    )
)


class Terms(Atoms):
    """Reads one term."""

    def product(self) -> Value:
        value = self._unary()
        factors: list[Value] = []
        divisions = 0
        while True:
            if self.accept("*", "\\cdot"):
                factors.append(value)
                value = self._unary()
            elif self.accept("/"):
                check_chain(divisions := divisions + 1)
                whole = value if not factors else times((*factors, value))
                factors, value = [], over(whole, self._unary())
            elif self._is_mixed(value):
                value = self._mixed(value)
            elif self.starts_factor() and not (isinstance(value, Num) and self.token.kind == "number"):
                factors.append(value)
                value = self.power()
            else:
                return value if not factors else times((*factors, value))

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
            return minus(self._unary_inner())
        if self.accept("+"):
            return self._unary_inner()
        if self.at("\\pm", "\\mp"):
            sign = 1 if self.take().text == "\\pm" else -1
            return PlusMinus(self._unary_inner(), sign)
        return self.power()

    def _unary_inner(self) -> Value:
        with self.deeper():
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
            with self.deeper():
                exponent = self.argument_of_script()
                if self.at("^", "**"):
                    self.take()
                    exponent = Pow(exponent, self.argument_of_script())
            value = self._postfix(raised(value, exponent))
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
        if self.token.kind in ("word", "quoted") and self.token.text in _SCALES_OF_HEAT:
            return Quantity(total, _SCALES_OF_HEAT[self.take().text])
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
            return word in GREEK_LETTERS
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
