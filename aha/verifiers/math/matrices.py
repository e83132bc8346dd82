"""Sums, products and powers of matrices, worked out while they are read: what is compared has cells."""

from __future__ import annotations

from collections.abc import Sequence as Several
from fractions import Fraction

from aha.verifiers.base import OverLimitsError, UnparsableError
from aha.verifiers.math.exact import NotRationalError, rational
from aha.verifiers.math.limits import check_items
from aha.verifiers.math.values import Add, Div, Family, Interval, Matrix, Mul, Neg, Num, Pow, SetOperation, Value, walk

MAX_POWER = 10
MAX_NODES = 4000
"""Parts of all cells together; products of matrices with letters double with every factor."""


def plus(terms: Several[Value]) -> Value:
    """A sum; matrices of one shape are added. Raises UnparsableError for a matrix and something else."""
    if not any(isinstance(term, Matrix) for term in terms):
        return Add(tuple(terms))
    matrices = [term for term in terms if isinstance(term, Matrix)]
    shapes = {(len(matrix.rows), len(matrix.rows[0])) for matrix in matrices}
    if len(matrices) != len(terms) or len(shapes) != 1:
        raise UnparsableError
    rows = zip(*(matrix.rows for matrix in matrices), strict=True)
    return _checked([[Add(cells) for cells in zip(*row, strict=True)] for row in rows])


def minus(value: Value) -> Value:
    """The negative."""
    return _scaled((Num(Fraction(-1)),), value) if isinstance(value, Matrix) else Neg(value)


def times(factors: Several[Value]) -> Value:
    """A product; what is no matrix goes into the cells. Raises UnparsableError for sets and shapes that do not fit."""
    if any(isinstance(factor, Interval | SetOperation | Family) for factor in factors):
        raise UnparsableError
    matrices = [factor for factor in factors if isinstance(factor, Matrix)]
    if not matrices:
        return Mul(tuple(factors))
    scales = tuple(factor for factor in factors if not isinstance(factor, Matrix))
    product = matrices[0]
    for matrix in matrices[1:]:
        product = _product(product, matrix)
    return _scaled(scales, product) if scales else product


def over(value: Value, under: Value) -> Value:
    """A quotient."""
    return _scaled((Div(Num(Fraction(1)), under),), value) if isinstance(value, Matrix) else Div(value, under)


def raised(base: Value, exponent: Value) -> Value:
    """A power; of a matrix for small whole exponents. Raises UnparsableError, OverLimitsError."""
    if not isinstance(base, Matrix):
        return Pow(base, exponent)
    if not isinstance(exponent, Num) or exponent.value.denominator != 1 or exponent.value < 1:
        raise UnparsableError
    if exponent.value > MAX_POWER:
        raise OverLimitsError
    return times([base] * int(exponent.value))


def _product(left: Matrix, right: Matrix) -> Matrix:
    if len(left.rows[0]) != len(right.rows):
        raise UnparsableError
    columns = list(zip(*right.rows, strict=True))
    check_items(len(left.rows) * len(columns))
    return _checked(
        [[Add(tuple(Mul(pair) for pair in zip(row, column, strict=True))) for column in columns] for row in left.rows]
    )


def _scaled(scales: tuple[Value, ...], matrix: Matrix) -> Matrix:
    return Matrix(tuple(tuple(Mul((*scales, cell)) for cell in row) for row in matrix.rows))


def _checked(rows: list[list[Value]]) -> Matrix:
    """A matrix with numbers worked out. Raises OverLimitsError."""
    cells = tuple(tuple(map(_worked_out, row)) for row in rows)
    if sum(1 for row in cells for cell in row for _ in walk(cell)) > MAX_NODES:
        raise OverLimitsError
    return Matrix(cells)


def _worked_out(cell: Value) -> Value:
    try:
        return Num(rational(cell))
    except NotRationalError:
        return cell
