"""Approximate values of expression trees: in machine precision, and in as many digits as it takes."""

from __future__ import annotations

import cmath
import hashlib
import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from aha.verifiers.base import OverLimitsError
from aha.verifiers.math.exact import NotRationalError, rational
from aha.verifiers.math.limits import MAX_FACTORIAL, MAX_MAGNITUDE, MAX_STEPS, MAX_TERMS
from aha.verifiers.math.values import Add, Based, Call, Div, Mul, Neg, Num, Pow, Quantity, Sym, Value

Number = Any
"""complex, or mpmath's mpf or mpc."""


class NotNumericError(Exception):
    """The value is not a number at these points: a pole, an unknown kind of value."""


class Machine:
    """Complex numbers of the machine."""

    exact = False
    pi: Number = math.pi
    e: Number = math.e
    i: Number = 1j
    functions: Mapping[str, Callable[..., Number]] = {
        **{name: getattr(cmath, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp")},
        **{f"arc{name}": getattr(cmath, f"a{name}") for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
        "sqrt": lambda z: cmath.sqrt(z + 0j),  # the sum makes a negative nought positive: the cut is above
        "ln": lambda z: cmath.log(z + 0j),
        "gamma": lambda z: math.gamma(z.real) if abs(z.imag) < 1e-12 else cmath.nan,
    }

    def number(self, value: Fraction) -> Number:
        """A fraction in this precision."""
        return complex(value)

    def text(self, value: Number) -> str:
        """The number's digits but for the last few, the same for equal numbers."""
        return f"{value.real + 0.0:.9e},{value.imag + 0.0:.9e}"


class Precise:
    """mpmath's numbers; use inside `mpmath.workdps`."""

    exact = True

    def __init__(self) -> None:
        import mpmath  # type: ignore[import-untyped]

        self.mp = mpmath.mp
        self.pi, self.e, self.i = +mpmath.mp.pi, +mpmath.mp.e, mpmath.mpc(0, 1)
        self.functions: dict[str, Callable[..., Number]] = {
            name: getattr(mpmath, name) for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "exp", "sqrt")
        }
        self.functions |= {
            f"arc{name}": getattr(mpmath, f"a{name}") for name in ("sin", "cos", "tan", "sinh", "cosh", "tanh")
        }
        self.functions |= {"ln": mpmath.log, "gamma": mpmath.gamma}

    def number(self, value: Fraction) -> Number:
        """A fraction in this precision."""
        return self.mp.mpf(value.numerator) / value.denominator

    def text(self, value: Number) -> str:
        """The number's digits but for the last few, the same for equal numbers."""
        digits = self.mp.dps - 15
        return f"{self.mp.nstr(value.real, digits)},{self.mp.nstr(self.mp.chop(value.imag, 1e-35), digits)}"


Field = Machine | Precise


class Evaluator:
    """Evaluates trees with given values of the variables."""

    def __init__(self, field: Field, points: Mapping[str, Fraction]) -> None:
        self.field = field
        self.points = dict(points)
        self.steps = 0
        self.scale = 0.0
        """Largest term of a sum so far: a result far below it may be rounding."""

    def value(self, node: Value) -> Number:
        """The number. Raises NotNumericError, UnparsableError, OverLimitsError."""
        try:
            return self._value(node)
        except (ZeroDivisionError, ValueError, OverflowError, TypeError) as error:
            raise NotNumericError from error

    def _value(self, node: Value) -> Number:
        field = self.field
        self.steps += 1
        if self.steps > MAX_STEPS:
            raise OverLimitsError
        match node:
            case Num(number) | Based(number):
                return field.number(number)
            case Sym(name):
                return self._symbol(name)
            case Add(terms):
                total = field.number(Fraction(0))
                for term in terms:
                    part = self._value(term)
                    total += part
                    self.scale = max(self.scale, float(abs(part)))
                return total
            case Mul(factors):
                product = self._value(factors[0])
                for factor in factors[1:]:
                    product = product * self._value(factor)
                return product
            case Neg(arg):
                return 0 - self._value(arg)
            case Div(over, under):
                return self._value(over) / self._value(under)
            case Pow(base, exponent):
                return self._power(base, exponent)
            case Call(name, args):
                return self._call(name, args)
            case Quantity(amount, _):
                return self._value(amount)
        raise NotNumericError

    def _symbol(self, name: str) -> Number:
        if name == "pi":
            return self.field.pi
        if name == "e":
            return self.field.e
        if name == "i":
            return self.field.i
        if name in self.points:
            return self.field.number(self.points[name])
        raise NotNumericError

    def _power(self, base: Value, exponent: Value) -> Number:
        below = self._value(base)
        try:
            power = rational(exponent)
        except NotRationalError:
            above = self._value(exponent)
            self._check(abs(above) * abs(self._log_size(below)))
            return below**above
        self._check(abs(power) * abs(self._log_size(below)))
        if power.denominator == 1:
            return below ** int(power)
        return below ** self.field.number(power)

    def _log_size(self, value: Number) -> float:
        size = abs(value)
        if size == 0:
            return 0.0
        if isinstance(size, float):
            return math.log(size)
        return float(self.field.functions["ln"](size).real)

    def _check(self, magnitude: float | Fraction) -> None:
        if magnitude > MAX_MAGNITUDE:
            raise OverLimitsError

    def _call(self, name: str, args: tuple[Value, ...]) -> Number:
        if name in ("sum", "prod"):
            return self._big(name, args)
        if name.endswith(("()", "_")):
            return self._unknown(name, [self._value(arg) for arg in args])
        values = [self._value(arg) for arg in args]
        for value in values:
            self._check(abs(value) if name not in ("ln", "log", "sqrt", "abs", "percent", "root") else 0)
        return apply(self.field, name, values)

    def _big(self, name: str, args: tuple[Value, ...]) -> Number:
        """A sum or product of a known number of terms."""
        variable, low, high, body = args
        assert isinstance(variable, Sym)
        try:
            first, last = rational(low, self.points), rational(high, self.points)
        except NotRationalError as error:
            raise NotNumericError from error
        if first.denominator != 1 or last.denominator != 1:
            raise NotNumericError
        if last - first > MAX_TERMS:
            raise OverLimitsError
        total = self.field.number(Fraction(0 if name == "sum" else 1))
        outer = self.points.get(variable.name)
        for index in range(int(first), int(last) + 1):
            self.points[variable.name] = Fraction(index)
            term = self._value(body)
            total = total + term if name == "sum" else total * term
        self.points.pop(variable.name, None)
        if outer is not None:
            self.points[variable.name] = outer
        return total

    def _unknown(self, name: str, values: list[Number]) -> Number:
        """An unknown function: a fixed number for its name and arguments, the same for arguments that are equal."""
        text = name + ";".join(self.field.text(value) for value in values)
        digest = hashlib.blake2b(text.encode(), digest_size=8).digest()
        return self.field.number(Fraction(int.from_bytes(digest, "big") >> 40, 1 << 24) + Fraction(1, 3))


def apply(field: Field, name: str, values: list[Number]) -> Number:
    """A named function of numbers. Raises NotNumericError for an unknown one."""
    functions = field.functions
    match name, values:
        case "percent", [z]:
            return z / 100
        case "degree", [z]:
            return z * field.pi / 180
        case "abs", [z]:
            return abs(z) + 0 * z
        case (("factorial"), [z]):
            if abs(z) > MAX_FACTORIAL:
                raise OverLimitsError
            return functions["gamma"](z + 1)
        case "binom", [n, k]:
            gamma = functions["gamma"]
            return gamma(n + 1) / gamma(k + 1) / gamma(n - k + 1)
        case (("floor" | "ceil"), [z]) if abs(z.imag) < 1e-12:
            number = Fraction(math.floor(z.real) if name == "floor" else math.ceil(z.real))
            return field.number(number)
        case "root", [z, n]:
            if abs(z.imag) < 1e-30 and z.real < 0 and n.real % 2 == 1:
                return -((-z) ** (1 / n))
            return z ** (1 / n)
        case "cbrt", [z]:
            return apply(field, "root", [z, field.number(Fraction(3))])
        case "log", [z]:
            return functions["ln"](z) / functions["ln"](field.number(Fraction(10)))
        case "log", [z, base]:
            return functions["ln"](z) / functions["ln"](base)
        case "cis", [z]:
            return functions["cos"](z) + field.i * functions["sin"](z)
        case (("cot" | "sec" | "csc" | "coth" | "sech" | "csch"), [z]):
            return _reciprocal(functions, name, z)
        case "arccot", [z]:
            return field.pi / 2 - functions["arctan"](z)
        case _ if name in functions and len(values) == 1:
            return functions[name](values[0])
    raise NotNumericError


def _reciprocal(functions: Mapping[str, Callable[..., Number]], name: str, z: Number) -> Number:
    match name:
        case "cot":
            return functions["cos"](z) / functions["sin"](z)
        case "coth":
            return functions["cosh"](z) / functions["sinh"](z)
        case _:
            other = {"sec": "cos", "csc": "sin", "sech": "cosh", "csch": "sinh"}[name]
            return 1 / functions[other](z)
