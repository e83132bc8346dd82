"""The lower half of the grammar: numbers, names and commands."""

from __future__ import annotations

from fractions import Fraction

from aha.verifiers.base import OverLimitsError, UnparsableError
from aha.verifiers.math.functions import Functions
from aha.verifiers.math.limits import MAX_BITS
from aha.verifiers.math.names import (
    DECORATIONS,
    FUNCTIONS,
    GREEK,
    GREEK_LETTERS,
    NUMBER_WORDS,
    SMALL_WORDS,
    UNKNOWN_FUNCTIONS,
)
from aha.verifiers.math.tokens import Token, repeating_block
from aha.verifiers.math.values import Based, Call, Div, Num, Sequence, Sym, Text, Value

_BIG = {"\\sum": "sum", "\\prod": "prod"}
RUNNING = frozenset("nkijm")
"""Letters that run through whole numbers."""
_DOTS = frozenset({"\\ldots", "\\dots", "\\cdots", "..."})
_INFINITY = frozenset({"infinity", "inf", "oo", "Infinity"})


class Atoms(Functions):
    """Reads one atom."""

    def atom(self) -> Value:
        """A number, a name, a function with its argument, or something in brackets. Raises UnparsableError."""
        token = self.token
        if token.kind == "number":
            return self._number()
        if token.kind == "word":
            return self._word()
        if token.kind == "command" and token.text not in _DOTS:
            return self._command()
        if token.kind == "quoted" and token.text.lower() in NUMBER_WORDS:
            self.take()
            return Num(Fraction(NUMBER_WORDS[token.text.lower()]))
        if token.kind == "quoted" and len(token.text) < 3 and token.text.isalpha():
            self.take()
            return self.subscripted(token.text)
        if token.text in _DOTS:
            self.take()
            return Sym("...")
        return self.bracketed()

    def _number(self) -> Value:
        text = self.take().text
        decimal, _, exponent = text.replace("E", "e").partition("e")
        if exponent and abs(int(exponent)) * 4 > MAX_BITS:
            raise OverLimitsError
        places = len(decimal.partition(".")[2]) if "." in decimal else None
        value = Fraction(decimal.removesuffix(".") or "0")
        if self.at("\\overline", "\\dot", "\\bar") and places is not None and self.ahead(1).text == "{":
            return self._repeating(value, places)
        if places and self.at(*_DOTS) and (block := repeating_block(decimal[-places:])):
            self.take()
            return Num(value + Fraction(int(block), (10 ** len(block) - 1) * 10**places))
        if exponent:
            return Num(value * Fraction(10) ** int(exponent), max((places or 0) - int(exponent), 0))
        if self.accept("_"):
            return self.based(text)
        return Num(value, places or None)

    def _repeating(self, value: Fraction, places: int) -> Value:
        digits = ""
        while self.accept("\\overline", "\\dot", "\\bar"):
            self.expect("{")
            digits += self.take().text
            self.expect("}")
        if not digits.isdecimal():
            raise UnparsableError
        return Num(value + Fraction(int(digits), (10 ** len(digits) - 1) * 10**places))

    def based(self, digits: str) -> Value:
        """A number with its base, e.g. `52_8`, `52_{eight}`."""
        braces = self.accept("{")
        self.accept("(")
        token = self.take()
        self.accept(")")
        base = int(token.text) if token.text.isdecimal() else NUMBER_WORDS.get(token.text.lower(), -1)
        if braces:
            self.expect("}")
        whole, _, part = digits.partition(".")
        if not 2 <= base <= 36 or any(digit not in "0123456789"[:base] for digit in whole + part):
            raise UnparsableError
        return Based(Fraction(int(whole + part, base), base ** len(part)), base)

    def _word(self) -> Value:
        text = self.token.text
        if text in GREEK_LETTERS:
            self.take()
            return self.subscripted(GREEK_LETTERS[text])
        name = text if text in FUNCTIONS else text.lower()
        if len(text) > 1 and name in FUNCTIONS:
            self.take()
            return self.function(FUNCTIONS[name])
        if len(text) == 1 or text in GREEK:
            self.take()
            return self._letter(text)
        if text.lower() == "pi":
            self.take()
            return Sym("pi")
        if text in _INFINITY:
            self.take()
            return Sym("oo")
        if name in NUMBER_WORDS:
            self.take()
            return Num(Fraction(NUMBER_WORDS[name]))
        if text in SMALL_WORDS or (len(text) > 3 and not self.reading.letters):
            raise UnparsableError
        self._split(text)
        return self._word()

    def _split(self, text: str) -> None:
        """Put the letters of a word in its place: `xy` is x times y."""
        first = self.token
        for name in ("pi", "sqrt"):
            if text.startswith(name):
                pieces = [name, text[len(name) :]]
                break
            if text.endswith(name) and not text.startswith("pi"):
                pieces = [*text[: -len(name)], name]
                break
        else:
            pieces = list(text)
        split = [Token("word", piece, False, first.start) for piece in pieces]
        self.tokens[self.position : self.position + 1] = [split[0]._replace(spaced=first.spaced), *split[1:]]

    def _letter(self, letter: str) -> Value:
        if letter in ("e", "i") and not self.at("_"):
            return Sym(letter)
        symbol = self.subscripted(letter)
        primes = 0
        while self.at("'", "''"):
            primes += len(self.take().text)
        if primes:
            return self.primed(symbol, primes)
        if letter in UNKNOWN_FUNCTIONS and isinstance(symbol, Sym):
            return self._applied(symbol)
        return symbol

    def primed(self, symbol: Value, primes: int) -> Value:
        """A derivative: a function of its own where a bracket follows, else a name."""
        if not isinstance(symbol, Sym):
            return Call(f"{'prime' * primes}()", (symbol,))
        return self._applied(Sym(symbol.name + "'" * primes))

    def _applied(self, symbol: Sym) -> Value:
        """An unknown function: `f(x)`, `f^{-1}(x)`."""
        name = symbol.name
        if self.at("^") and self.ahead(1).text == "{" and self.ahead(2).text == "-" and self.ahead(4).text == "}":
            self.position += 5
            name += "^-1"
        if not self.at("("):
            return Sym(name)
        inner = self.bracketed()
        return Call(f"{name}()", inner.items if isinstance(inner, Sequence) else (inner,))

    def subscripted(self, name: str) -> Value:
        """A symbol with its subscript, if there is one; a computed subscript makes it a function."""
        if not self.at("_"):
            return Sym(name)
        self.take()
        if not self.accept("{"):
            return _indexed(name, self.take().text)
        start = self.position
        while self.token.kind in ("number", "word", "quoted", "command") or self.at(","):
            self.take()
        if self.at("}"):
            inner = "".join(token.text for token in self.tokens[start : self.position])
            self.take()
            return _indexed(name, inner)
        self.position = start
        with self.inside():
            index = self.expression()
        self.expect("}")
        return Call(f"{name}_", (index,))

    def _command(self) -> Value:
        name = self.token.text[1:]
        if self.token.text in _BIG:
            return self.big(_BIG[self.take().text])
        if name == "bigcup":
            self.take()
            return self.union()
        if name == "frac":
            self.take()
            return Div(self.argument(), self.argument())
        if name == "binom":
            self.take()
            return Call("binom", (self.argument(), self.argument()))
        if name == "sqrt":
            self.take()
            return self.root()
        if name in FUNCTIONS:
            self.take()
            return self.function(FUNCTIONS[name])
        if name == "infty":
            self.take()
            return Sym("oo")
        if name == "pi":
            self.take()
            return Sym("pi")
        if name in GREEK:
            self.take()
            return self.subscripted(name)
        if name in DECORATIONS:
            return self._decorated()
        if name in ("angle", "triangle", "Delta"):
            self.take()
            return Sym(name + " " + self._name_after())
        if name == "emptyset":
            self.take()
            return Sequence("set", ())
        return self.bracketed()

    def _decorated(self) -> Value:
        r"""`\vec{a}`, `\overline{AB}`: a name of its own; `\mathbb{R}` is a set, `\mathbf{x}` is x."""
        command = self.take().text
        self.accept("{")
        inner = ""
        while self.token.kind in ("word", "number", "quoted", "command") and not self.at("}"):
            inner += self.take().text
        self.accept("}")
        if command == "\\mathbb" or (command == "\\mathbf" and inner in ("R", "C", "Z", "Q", "N")):
            return Text(inner)
        if command in ("\\text", "\\mathrm", "\\textbf", "\\mathbf", "\\boldsymbol", "\\bm", "\\mathcal"):
            return self.subscripted(inner)
        return self.subscripted(f"{command[1:]} {inner}")

    def _name_after(self) -> str:
        braces = self.accept("{")
        name = "".join(self.take().text for _ in range(1) if self.token.kind in ("word", "number"))
        if braces:
            self.expect("}")
        return name


def _indexed(name: str, index: str) -> Value:
    """A sequence at a running index is a function of it; any other subscript is part of the name."""
    return Call(f"{name}_", (Sym(index),)) if index in RUNNING else Sym(f"{name}_{index}")
