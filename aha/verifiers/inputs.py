"""Code-input prediction: arguments with which a function returns a given value. The function is the task's own; it runs
in the sandbox, on arguments that are read from the answer and written anew."""

from __future__ import annotations

import ast
from dataclasses import replace

from aha.types import Json, Verdict
from aha.verifiers.base import BadReferenceError, OverLimitsError, UnparsableError
from aha.verifiers.code import code
from aha.verifiers.output import MAX_CHARS, bare

FUNCTION = "f"
MAKERS = frozenset(("bytes", "dict", "float", "frozenset", "int", "list", "range", "set", "str", "tuple"))
"""Built-in types that may be called in an argument."""
_REFUSED = (SyntaxError, ValueError, TypeError, MemoryError, RecursionError)


def given(answer: str, reference: Json, *, cpu_seconds: float = 5.0, sandbox: str = "auto") -> Verdict:
    """Whether `f` of `reference["code"]`, called with the answer's arguments, returns the literal `reference["output"]`
    (CRUXEval, arXiv 2401.03065; any such arguments are right, as there).

    The answer is the arguments, the call, or the whole assertion. Arguments are literals, sums and products of them,
    calls of built-in types, and methods of literal texts: nothing that could reach the function itself.
    """
    if not isinstance(reference, dict) or not all(isinstance(reference.get(key), str) for key in ("code", "output")):
        raise BadReferenceError("expected code and output as texts")
    call = read_call(answer)
    tests = {"kind": "asserts", "asserts": [f"assert {call} == {reference['output']}"]}
    verdict = code(reference["code"], tests, cpu_seconds=cpu_seconds, sandbox=sandbox)
    return replace(verdict, extracted=call)


def read_call(answer: str) -> str:
    """The call that an answer stands for. Raises UnparsableError or OverLimitsError."""
    if len(answer) > MAX_CHARS:
        raise OverLimitsError
    text = bare(answer)
    try:
        call = _call(text) or _call(f"{FUNCTION}({text})")
        if call is None or not all(map(_is_plain, [*call.args, *(keyword.value for keyword in call.keywords)])):
            raise UnparsableError
        return ast.unparse(call)
    except _REFUSED as error:
        raise UnparsableError from error


def _call(text: str) -> ast.Call | None:
    """`f(...)`, also as the left side of an assertion; None for anything else."""
    try:
        body = ast.parse(text.strip()).body
    except SyntaxError:
        return None
    match body:
        case [ast.Assert(test=ast.Compare(left=node, ops=[ast.Eq()]))] | [ast.Expr(value=node)]:
            pass
        case _:
            return None
    if isinstance(node, ast.Compare) and len(node.ops) == 1 and isinstance(node.ops[0], ast.Eq):
        node = node.left
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == FUNCTION:
        return node
    return None


def _is_plain(node: ast.expr) -> bool:
    match node:
        case ast.Constant():
            return True
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            return all(map(_is_plain, items))
        case ast.Dict(keys=keys, values=values):
            return all(key is not None and _is_plain(key) for key in keys) and all(map(_is_plain, values))
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=inner):
            return _is_plain(inner)
        case ast.BinOp(left=left, op=ast.Add() | ast.Sub() | ast.Mult(), right=right):
            return _is_plain(left) and _is_plain(right)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if name in MAKERS:
            return all(map(_is_plain, args)) and all(_is_plain(keyword.value) for keyword in keywords)
        case ast.Call(func=ast.Attribute(value=ast.Constant(value=str()), attr=name), args=args, keywords=[]):
            return not name.startswith("_") and name != "format" and all(map(_is_plain, args))
    return False
