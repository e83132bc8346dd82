"""Reads the datasets' test code, which is ours to trust, and splits asserts into a call and what it must return.

`assert f(1) == 2` becomes the expression `f(1)`, which goes into the sandbox, and the value 2, which does not. Test
code that is more than such asserts is left whole, for judge.py.
"""

from __future__ import annotations

import ast
import builtins
import sys
from dataclasses import dataclass
from typing import Any

from aha.verifiers.base import BadReferenceError

WRAPPERS = frozenset(
    ("abs", "bool", "dict", "float", "frozenset", "int", "len", "list", "round", "set", "sorted", "str", "tuple")
)
"""Built-in functions of one value and constants."""


@dataclass(slots=True, frozen=True)
class Case:
    """One expression over the program's names, and the test of its value."""

    expression: str
    kind: str
    """`equals`, `is` (a constant, type and value), `true` or `false` (as a condition)."""
    expected: Any = None
    negated: bool = False
    """The test must fail: `!=`, `is not`."""


@dataclass(slots=True, frozen=True)
class TestCode:
    """Test code, read."""

    cases: list[Case]
    """What it asserts, where it does nothing else; empty otherwise."""
    source: str
    """The code itself."""
    names: list[str]
    """Names that it uses and neither makes nor finds among the built-ins and the standard library."""
    modules: list[str]
    """Modules of the standard library that it uses and does not import."""
    num_asserts: int


def read_asserts(source: str, entry_point: str | None) -> TestCode:
    """Read test code: asserts at the top level, or a function `check(candidate)` when there is an `entry_point`.

    Raises BadReferenceError for what is no Python, or has no `check`.
    """
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BadReferenceError(f"the test code is no Python: {error}") from error
    body = tree.body if entry_point is None else _check_body(tree)
    cases = [_case(statement, entry_point) for statement in body if not _is_idle(statement)]
    whole = None in cases or not cases
    free = _free_names(tree)
    return TestCode(
        cases=[] if whole else [case for case in cases if case is not None],
        source=source,
        names=sorted(name for name in free if name not in sys.stdlib_module_names),
        modules=sorted(name for name in free if name in sys.stdlib_module_names),
        num_asserts=sum(isinstance(node, ast.Assert) and not _is_idle(node) for node in ast.walk(tree)),
    )


def _check_body(tree: ast.Module) -> list[ast.stmt]:
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name == "check" and len(node.args.args) == 1:
            return node.body
    raise BadReferenceError("the test code has no function check(candidate)")


def _is_idle(statement: ast.stmt) -> bool:
    """`assert True`, a lone name or constant, `pass`: nothing is tested."""
    if isinstance(statement, ast.Assert):
        return isinstance(statement.test, ast.Constant) and bool(statement.test.value)
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant | ast.Name)
    return isinstance(statement, ast.Pass)


def _case(statement: ast.stmt, entry_point: str | None) -> Case | None:
    """The case of one assert; None where it is not of the forms that can be decided outside."""
    if not isinstance(statement, ast.Assert):
        return None
    test, kind = statement.test, "true"
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test, kind = test.operand, "false"
    if _is_call(test):
        return Case(_expression(test, entry_point), kind)
    if kind == "false" or not isinstance(test, ast.Compare) or len(test.ops) != 1:
        return None
    left, right = test.left, test.comparators[0]
    if not _is_call(left):
        left, right = right, left
    if not _is_call(left):
        return None
    try:
        expected = ast.literal_eval(right)
    except (ValueError, TypeError, SyntaxError, MemoryError, RecursionError):
        return None
    expression = _expression(left, entry_point)
    operator = type(test.ops[0])
    if operator in (ast.Eq, ast.NotEq):
        return Case(expression, "equals", expected, negated=operator is ast.NotEq)
    if operator in (ast.Is, ast.IsNot) and (expected is None or isinstance(expected, bool)):
        return Case(expression, "is", expected, negated=operator is ast.IsNot)
    return None


def _is_call(node: ast.expr) -> bool:
    """A call of the program, perhaps looked into or inside a plain built-in function; nothing in it may tell what is
    expected, so no arithmetic on what the program returns, and no call of anybody else with it."""
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    if not isinstance(node, ast.Call):
        return False
    if isinstance(node.func, ast.Attribute):
        return _is_call(node.func.value)
    arguments = [*node.args, *(keyword.value for keyword in node.keywords)]
    if isinstance(node.func, ast.Name) and not any(_holds_call(argument) for argument in arguments):
        return True  # a built-in function's name too, since programs may take one for themselves
    simple = all(isinstance(argument, ast.Constant) for argument in arguments[1:])
    return isinstance(node.func, ast.Name) and node.func.id in WRAPPERS and simple and _is_call(node.args[0])


def _holds_call(node: ast.expr) -> bool:
    """Whether a call stands in it, other than one that makes a value: `Pair(1, 2)`, `set()`."""
    calls = [inner.func for inner in ast.walk(node) if isinstance(inner, ast.Call)]
    return any(not isinstance(call, ast.Name) or not (call.id in WRAPPERS or call.id[0].isupper()) for call in calls)


def _expression(node: ast.expr, entry_point: str | None) -> str:
    if entry_point is None:
        return ast.unparse(node)

    class Renamed(ast.NodeTransformer):
        def visit_Name(self, name: ast.Name) -> ast.Name:
            return ast.Name(entry_point, name.ctx) if name.id == "candidate" and entry_point else name

    return ast.unparse(Renamed().visit(node))


def _free_names(tree: ast.Module) -> set[str]:
    """Names that are read somewhere and bound nowhere; scopes are not told apart."""
    bound: set[str] = {"candidate"}
    read: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Name):
            (read if isinstance(node.ctx, ast.Load) else bound).add(node.id)
        elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(node.name)
        elif isinstance(node, ast.arg):
            bound.add(node.arg)
        elif isinstance(node, ast.alias):
            bound.add((node.asname or node.name).partition(".")[0])
        elif isinstance(node, ast.ExceptHandler) and node.name:
            bound.add(node.name)
    return {name for name in read - bound if name not in vars(builtins)}
