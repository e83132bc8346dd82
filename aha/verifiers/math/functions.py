"""Functions and their arguments: `\\frac`, `\\sqrt`, `\\sin^2 x`, `\\log_2 8`, `\\sum_{k=1}^{n}`."""

from __future__ import annotations

from fractions import Fraction

from aha.verifiers.base import UnparsableError
from aha.verifiers.math.brackets import Brackets
from aha.verifiers.math.names import FUNCTIONS, INVERSES
from aha.verifiers.math.values import Call, Family, Mul, Neg, Num, Pow, Sequence, Sym, Text, Value


class Functions(Brackets):
    """Reads what a function's name begins."""

    def argument(self) -> Value:
        r"""What `\frac`, `\sqrt` and `\binom` take: a group, one digit, or one atom."""
        if self.accept("{"):
            with self.inside():
                inner = self.expression()
            self.expect("}")
            return inner
        token = self.token
        if token.kind == "number" and len(token.text) > 1:
            rest = token._replace(text=token.text[1:], spaced=False)
            self.tokens[self.position : self.position + 1] = [token._replace(text=token.text[0]), rest]
        with self.inside():
            return self.atom()

    def root(self) -> Value:
        index: Value = Num(Fraction(2))
        if self.accept("["):
            with self.inside():
                index = self.expression()
            self.expect("]")
        with self.inside():
            if self.at("{"):
                inner = self.argument()
            else:
                inner = self.bracketed() if self.at("(") else self.atom()
        return Call("sqrt", (inner,)) if index == Num(Fraction(2)) else Call("root", (inner, index))

    def function(self, name: str) -> Value:
        if name == "sqrt":
            return self.root()
        exponent: Value | None = None
        args: tuple[Value, ...] = ()
        for _ in range(2):
            if name == "log" and self.accept("_"):
                args = (self.argument_of_script(),)
            elif exponent is None and self.accept("^"):
                exponent = self.argument_of_script()
        with self.deeper():
            inner = self._operand()
        if name == "log" and args:
            inner = (*inner, *args)
        if name == "exp":
            return Pow(Sym("e"), inner[0])
        if exponent == Neg(Num(Fraction(1))) and name in INVERSES:
            return Call(INVERSES[name], inner)
        call = Call(name, inner)
        return call if exponent is None else Pow(call, exponent)

    def argument_of_script(self) -> Value:
        """What stands behind `^` or `_`: a group, or a signed atom with all its digits."""
        if self.accept("{"):
            with self.inside():
                inner = self.expression()
            self.expect("}")
            return inner
        if self.accept("-"):
            return Neg(self.argument_of_script())
        self.accept("+")
        return self.atom()

    def _operand(self) -> tuple[Value, ...]:
        """The argument of a function: what is in its bracket, else factors up to the next sign or function."""
        if self.at("(", "{", "[", "\\{"):
            inner = self.bracketed()
            if isinstance(inner, Sequence) and inner.bracket != "set":
                return inner.items
            return (inner,)
        negative = self.accept("-")
        factors = [self.power()]
        while self.starts_factor() and not self._is_function():
            factors.append(self.power())
        whole = factors[0] if len(factors) == 1 else Mul(tuple(factors))
        return (Neg(whole) if negative else whole,)

    def _is_function(self) -> bool:
        return self.at("(") or (self.token.text.removeprefix("\\") in FUNCTIONS and len(self.token.text) > 1)

    def union(self) -> Value:
        r"""`\bigcup_{k=-\infty}^{\infty} body` or `\bigcup_{k \in \mathbb{Z}} body`: over all whole numbers."""
        self.expect("_")
        self.expect("{")
        variable = self.take().text
        low: Value = Neg(Sym("oo"))
        high: Value | None = None
        with self.inside():
            if self.accept("\\in"):
                high = self.atom()
            else:
                self.expect("=")
                low = self.expression()
        self.expect("}")
        if high is None:
            self.expect("^")
            high = self.argument_of_script()
        if low != Neg(Sym("oo")) or high not in (Sym("oo"), Text("Z"), Sym("Z")):
            raise UnparsableError
        return Family(variable, (self.bracketed(),))

    def big(self, name: str) -> Value:
        r"""`\sum_{k=1}^{n} body`: the body goes up to the next plus or minus."""
        self.expect("_")
        self.expect("{")
        variable = self.take().text
        self.expect("=")
        with self.inside():
            low = self.expression()
        self.expect("}")
        self.expect("^")
        high = self.argument_of_script()
        factors = [self.power()]
        while self.starts_factor():
            factors.append(self.power())
        return Call(name, (Sym(variable), low, high, factors[0] if len(factors) == 1 else Mul(tuple(factors))))
