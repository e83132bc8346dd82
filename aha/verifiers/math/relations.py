"""Labels, equations and inequalities: `x = 5` is a labelled 5, `2x + y = 3` an equation, `f(2) < f(1)` an order."""

from __future__ import annotations

from fractions import Fraction

from aha.verifiers.base import UnparsableError
from aha.verifiers.math.exact import NotRationalError, rational
from aha.verifiers.math.numeric import Evaluator, NotNumericError, Precise
from aha.verifiers.math.scalars import DIGITS, points, same_value
from aha.verifiers.math.values import (
    CONSTANTS,
    SCALARS,
    Add,
    Call,
    Div,
    Mul,
    Neg,
    Ratio,
    Relation,
    Sequence,
    Sym,
    Value,
    symbols,
)

_EQUAL = ("=", "~")
_REVERSED = {"<": ">", "<=": ">=", ">": "<", ">=": "<=", "=": "=", "!=": "!=", "~": "~"}


def is_equation(value: Value) -> bool:
    """Whether all signs of a chain say equal."""
    return isinstance(value, Relation) and all(operator in _EQUAL for operator in value.operators)


def is_name(value: Value) -> bool:
    """Whether a side names what the other side is: `x`, `f(0)`, `AB`, `|AB|`, `NO/BO`, `(p, q)`, `S_1 : S_2`."""
    match value:
        case Sym(name):
            return name not in CONSTANTS
        case Call(name, args):
            known = name in ("abs", "prime") and all(is_name(arg) for arg in args)
            return known or name.endswith(("()", "_")) or (name == "degree" and is_name(args[0]))
        case Mul(factors):
            head = factors[0]
            if isinstance(head, Sym) and head.name in ("P", "E", "m", "d") and len(factors) == 2:
                return True
            return all(isinstance(factor, Sym) and factor.name[:1].isupper() for factor in factors)
        case Div(over, under):
            return is_name(over) and is_name(under)
        case Sequence("tuple", items) | Ratio(items):
            return all(is_name(item) for item in items)
    return False


def labelled(value: Value) -> tuple[Value | None, tuple[Value, ...]]:
    """The label of an equation and its other sides; no label where the first side is no name."""
    if not is_equation(value):
        return None, (value,)
    assert isinstance(value, Relation)
    if is_name(value.sides[0]):
        return value.sides[0], value.sides[1:]
    return None, (value,)


def same_labels(left: Value, right: Value) -> bool:
    """Whether two labels name the same thing; `y` and `f(x)` do."""
    if left == right:
        return True
    function = {type(left), type(right)} == {Sym, Call}
    return function and any(isinstance(side, Call) and side.name in ("f()", "g()") for side in (left, right))


def same_equation(left: Relation, right: Relation) -> bool:
    """Whether two equations of two sides are equal up to a factor that is not zero."""
    if len(left.sides) != 2 or len(right.sides) != 2:
        return _same_sides(left, right)
    factor = _factor(left, right)
    return factor is not None


def same_inequality(left: Relation, right: Relation) -> bool:
    """Whether two inequalities or chains are the same, turned round or multiplied by a number."""
    if _same_sides(left, right):
        return True
    if len(left.sides) != 2 or len(right.sides) != 2:
        return False
    strict = {operator.rstrip("=") for operator in left.operators} | {"="}
    if ("=" in left.operators[0]) != ("=" in right.operators[0]) or not strict:
        return False
    factor = _factor(left, right)
    if factor is None:
        return False
    if left.operators == right.operators:
        return factor > 0 or left.operators == ("!=",)
    return left.operators[0] == _REVERSED[right.operators[0]] and factor < 0


def _same_sides(left: Relation, right: Relation) -> bool:
    """Side by side, in the same direction or the other."""
    if len(left.sides) != len(right.sides):
        return False
    for turned in (False, True):
        sides = right.sides[::-1] if turned else right.sides
        operators = tuple(_REVERSED.get(o, o) for o in right.operators[::-1]) if turned else right.operators
        if operators == left.operators and all(
            isinstance(a, SCALARS) and isinstance(b, SCALARS) and same_value(a, b)
            for a, b in zip(left.sides, sides, strict=True)
        ):
            return True
    return False


def _factor(left: Relation, right: Relation) -> float | None:
    """The number that one equation's difference is of the other's; None where there is none."""
    if not all(isinstance(side, SCALARS) for side in (*left.sides, *right.sides)):
        return None
    a, b = (Add((relation.sides[0], Neg(relation.sides[1]))) for relation in (left, right))
    names = symbols(a)
    if names != symbols(b) or not names:
        return None
    try:
        return _exact_factor(a, b, names)
    except (NotRationalError, UnparsableError):
        return _precise_factor(a, b, names)


def _exact_factor(a: Value, b: Value, names: frozenset[str]) -> float | None:
    found: set[Fraction] = set()
    values: set[Fraction] = set()
    for point in points(names, a, b, integers=True):
        below = rational(a, point)
        if below == 0:
            return None
        values.add(below)
        found.add(rational(b, point) / below)
    if len(found) != 1 or len(values) == 1:  # a constant difference has no solutions, or all
        return None
    factor = found.pop()
    return None if factor == 0 else 1.0 if factor > 0 else -1.0


def _precise_factor(a: Value, b: Value, names: frozenset[str]) -> float | None:
    import mpmath  # type: ignore[import-untyped]

    found = []
    with mpmath.workdps(DIGITS[0]):
        field = Precise()
        for point in points(names, a, b, integers=False)[:3]:
            try:
                below, above = (Evaluator(field, point).value(side) for side in (a, b))
                found.append(above / below)
            except (NotNumericError, ZeroDivisionError):
                return None
        first = found[0]
        if first == 0 or any(abs(factor / first - 1) > mpmath.mpf(10) ** -35 for factor in found):
            return None
        return 1.0 if mpmath.re(first) > 0 else -1.0
