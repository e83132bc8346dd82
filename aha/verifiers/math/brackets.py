"""Everything in brackets: groups, tuples, sets, intervals, absolute values, matrices, cases."""

from __future__ import annotations

from aha.verifiers.base import UnparsableError
from aha.verifiers.math.cursor import Cursor
from aha.verifiers.math.limits import check_items
from aha.verifiers.math.names import AND
from aha.verifiers.math.values import (
    Call,
    Cases,
    Interval,
    Matrix,
    Num,
    Sequence,
    Value,
    has_infinity,
)

MATRICES = frozenset({"matrix", "pmatrix", "bmatrix", "Bmatrix", "smallmatrix", "array", "vmatrix", "Vmatrix"})
_IF = frozenset({"if", "for", "when"})


class Brackets(Cursor):
    """Reads what an opening bracket begins."""

    def bracketed(self) -> Value:
        """The value from an opening bracket to its end. Raises UnparsableError."""
        if self.at("(", "[", "\\lbrack"):
            return self._parenthesised()
        if self.at("\\{", "{"):
            return self._braced()
        if self.at("|", "\\vert", "\\|"):
            return self._absolute()
        if self.accept("\\langle") or self.accept("<"):
            return self._until("\\rangle", ">", bracket="angle")
        if self.accept("\\lfloor"):
            return Call("floor", self._inside("\\rfloor"))
        if self.accept("\\lceil"):
            return Call("ceil", self._inside("\\rceil"))
        if self.accept("\\begin"):
            return self._environment()
        raise UnparsableError

    def items(self) -> tuple[Value, ...]:
        """Elements with separators between them, up to what cannot be one."""
        found = [self.item()]
        while self.separator():
            if self.at(")", "]", "}", "\\}", "\\rangle") or self.token.kind == "end":
                break
            found.append(self.item())
            check_items(len(found))
        return tuple(found)

    def separator(self) -> bool:
        """Step over commas, semicolons and words such as `and`; whether there was one."""
        start = self.position
        while self.at(",", "\\and", "\\or", *(";" * self.semicolons)) or (
            self.token.kind in ("word", "quoted") and self.token.text.lower().strip(" ,.;") in AND
        ):
            self.take()
        return self.position > start

    def _inside(self, *closing: str) -> tuple[Value, ...]:
        with self.inside():
            found = self.items()
        self.expect(*closing)
        return found

    def _until(self, *closing: str, bracket: str) -> Value:
        found = self._inside(*closing)
        assert bracket == "angle"
        return Sequence("angle", found)

    def _parenthesised(self) -> Value:
        opening = self.take().text
        if self.accept(")"):
            raise UnparsableError
        with self.inside():
            found = self.items()
        closing = self.expect(")", "]", "\\rbrack")
        low_open, high_open = opening == "(", closing == ")"
        if len(found) == 1 and low_open == high_open:
            return self._grouped(found[0])
        if len(found) == 2 and (low_open != high_open or any(map(has_infinity, found))):
            return Interval(found[0], found[1], low_open, high_open)
        if low_open != high_open:
            raise UnparsableError
        return Sequence("tuple" if low_open else "square", found)

    def _grouped(self, inner: Value) -> Value:
        """One value in brackets; digits in brackets may have a base: `(204)_5`."""
        if isinstance(inner, Num) and inner.places is None and self.at("_") and inner.value >= 0:
            self.take()
            return self.based(str(inner.value))
        return inner

    def _braced(self) -> Value:
        opening = self.take().text
        if self.accept("}", "\\}"):
            if self.at("^", "_"):  # {}^\circ C
                raise UnparsableError
            return Sequence("set", ())
        with self.inside():
            self.bars = int(not self.at("|", "\\vert"))  # a bar behind the first element begins the conditions
            found = self.items()
            builder = len(found) == 1 and self.accept("|", "\\vert", ":", "\\colon")
            conditions = self.items() if builder else ()
        self.expect("}" if opening == "{" else "\\}", "\\}")
        if builder:
            return conditions[0] if len(conditions) == 1 else Sequence("set", conditions)
        if opening == "{" and len(found) == 1:
            return found[0]
        return Sequence("set", found)

    def _absolute(self) -> Value:
        bar = self.take().text
        with self.inside():
            self.bars = 1
            inner = self.expression()
        self.expect(bar)
        return Call("abs", (inner,))

    def _environment(self) -> Value:
        self.expect("{")
        name = self.take().text
        self.accept("*")
        self.expect("}")
        if name == "array":
            self._column_format()
        if name not in MATRICES and name != "cases":
            raise UnparsableError
        with self.inside():
            rows = self._rows(name)
        self.expect("\\end")
        self.expect("{")
        self.take()
        self.accept("*")
        self.expect("}")
        if name == "cases":
            return Cases(rows)
        if len({len(row) for row in rows}) != 1:
            raise UnparsableError
        matrix = Matrix(rows)
        return Call("det", (matrix,)) if name in ("vmatrix", "Vmatrix") else matrix

    def _column_format(self) -> None:
        self.expect("{")
        while not self.accept("}"):
            self.take()

    def _rows(self, name: str) -> tuple[tuple[Value, ...], ...]:
        rows: list[tuple[Value, ...]] = []
        row: list[Value] = []
        while not self.at("\\end"):
            row.append(self.item())
            if self._next_cell(name == "cases"):
                continue
            rows.append(tuple(row))
            row = []
            check_items(sum(map(len, rows)))
            if not self.accept("\\cr"):
                break
            self.accept("\\hline")
        if row:
            rows.append(tuple(row))
        if not rows:
            raise UnparsableError
        return tuple(rows)

    def _next_cell(self, conditions: bool) -> bool:
        """Step over what separates cells, with the comma and the `if` of cases; whether there was an `&`."""
        if conditions:
            self.accept(",")
        found = self.accept("&")
        while conditions and self.token.kind in ("word", "quoted") and self.token.text.lower().strip(" ,") in _IF:
            found = bool(self.take())
        return found
