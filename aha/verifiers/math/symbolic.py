"""The last step, where no numbers could be compared: sympy on objects that are built from our own tree, never text."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from aha.verifiers.math.limits import MAX_CALLS, MAX_FACTORIAL
from aha.verifiers.math.values import Add, Based, Call, Div, Mul, Neg, Num, Pow, Sym, Value, walk

MAX_NODES = 80
"""Larger trees are left undecided: simplifying them may take minutes."""
_SAME_NAME = frozenset({"sqrt", "sin", "cos", "tan", "cot", "sec", "csc", "sinh", "cosh", "tanh", "exp"})
_OTHER_NAMES = {"abs": "Abs", "ln": "log", "arcsin": "asin", "arccos": "acos", "arctan": "atan", "binom": "binomial"}
_OTHER_NAMES |= {"factorial": "factorial", "floor": "floor", "ceil": "ceiling", "root": "root"}


class UnknownTermError(Exception):
    """A kind of value that is not handed to sympy."""


class OverBudgetError(BaseException):
    """Too many calls. Not an Exception, so that the library does not handle it."""


def simplifies_to_zero(left: Value, right: Value, max_calls: int = MAX_CALLS) -> bool | None:
    """Whether sympy shows two expressions to be equal or different; None where it shows neither within `max_calls`.

    Calls are counted, not seconds, so that a busy machine gives the same verdict, and by the thread's own profiling
    hook, so that no signal is needed and threads do not disturb each other. Under another profiler nothing is counted.
    """
    if sum(1 for side in (left, right) for _ in walk(side)) > MAX_NODES:
        return None
    import sympy  # type: ignore[import-untyped]

    try:
        with _counted(max_calls):
            difference = _built(left, sympy) - _built(right, sympy)
            zero = sympy.simplify(difference.doit()).is_zero
    except (UnknownTermError, ValueError, TypeError, ZeroDivisionError, AttributeError, RecursionError):
        return None
    except OverBudgetError:
        return None
    return None if zero is None else bool(zero)


@contextmanager
def _counted(max_calls: int) -> Iterator[None]:
    """Raise OverBudgetError inside after so many calls and returns of functions in this thread."""
    if sys.getprofile() is not None:
        yield
        return
    left = max_calls

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise OverBudgetError

    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(None)


def _built(value: Value, sympy: Any) -> Any:
    """The sympy object of a tree. Raises UnknownTermError."""

    def again(inner: Value) -> Any:
        return _built(inner, sympy)

    match value:
        case Num(number) | Based(number):
            return sympy.Rational(number.numerator, number.denominator)
        case Sym(name):
            constants = {"pi": sympy.pi, "e": sympy.E, "i": sympy.I, "oo": sympy.oo}
            return constants[name] if name in constants else sympy.Symbol(name)
        case Add(terms):
            return sympy.Add(*map(again, terms))
        case Mul(factors):
            return sympy.Mul(*map(again, factors))
        case Neg(arg):
            return -again(arg)
        case Div(over, under):
            return again(over) / again(under)
        case Pow(base, exponent):
            return again(base) ** again(exponent)
        case Call(name, args):
            return _called(name, [again(arg) for arg in args], sympy)
    raise UnknownTermError


def _called(name: str, args: list[Any], sympy: Any) -> Any:
    if name in ("factorial", "binom") and args[0].is_number and not abs(args[0]) <= MAX_FACTORIAL:
        raise UnknownTermError
    if name in ("sum", "prod"):
        variable, low, high, body = args
        make: Callable[..., Any] = sympy.Sum if name == "sum" else sympy.Product
        return make(body, (variable, low, high))
    if name == "log":
        return sympy.log(args[0], args[1] if len(args) > 1 else 10)
    if name == "percent":
        return args[0] / 100
    if name == "degree":
        return args[0] * sympy.pi / 180
    if name in _SAME_NAME or name in _OTHER_NAMES:
        return getattr(sympy, _OTHER_NAMES.get(name, name))(*args)
    if name.endswith(("()", "_")):
        return sympy.Function(name)(*args)
    raise UnknownTermError
