"""Code-output prediction: a Python literal compared by its value; it is read as data and never run."""

from __future__ import annotations

import ast
import re
import warnings
from typing import Any

from aha.types import Json, Verdict
from aha.verifiers.base import BadReferenceError, OverLimitsError, UnparsableError, decided

MAX_CHARS = 10_000

_FENCE = re.compile(r"```(?:python|py)?[ \t]*\n(.*?)\n?```", re.DOTALL)
_LABEL = re.compile(r"\s*(?:the\s+)?(?:final\s+)?(?:output|answer|result)\s*(?:is\b|:|=)\s*", re.IGNORECASE)
_REFUSED = (SyntaxError, ValueError, TypeError, MemoryError, RecursionError)


def output(answer: str, reference: Json) -> Verdict:
    """Whether the answer is the value of `reference`, the text of a Python literal (CRUXEval, arXiv 2401.03065).

    A code fence, a label (`Output:`) or the whole assertion (`assert f(1) == [2]`) around the literal is allowed.
    Values are compared as Python does, so `1` equals `1.0`, but a bool equals only a bool.
    """
    if not isinstance(reference, str):
        raise BadReferenceError("expected the text of a Python literal")
    try:
        gold = read_literal(reference)
    except (UnparsableError, OverLimitsError) as error:
        raise BadReferenceError(f"no Python literal: {reference[:80]!r}") from error
    value = read_literal(bare(answer))
    return decided(same(value, gold), repr(value))


def read_literal(text: str) -> Any:
    """The value of a literal, or of the literal that a call is asserted to equal. Raises UnparsableError or
    OverLimitsError."""
    if len(text) > MAX_CHARS:
        raise OverLimitsError
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python warns of odd escapes in texts
            body = ast.parse(text.strip()).body
            if len(body) != 1:
                raise UnparsableError
            return ast.literal_eval(_asserted(body[0]))
    except _REFUSED as error:
        raise UnparsableError from error


def same(a: Any, b: Any) -> bool:
    """Python's equality of literals, a bool being equal to a bool only, at any depth."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return len(a) == len(b) and _kinds(a) == _kinds(b) and all(key in b and same(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple) and type(a) is type(b):
        return len(a) == len(b) and all(map(same, a, b))
    if isinstance(a, set) and isinstance(b, set):
        return a == b and _kinds(a) == _kinds(b)
    return bool(a == b)


def _kinds(items: Any) -> int:
    """How many of the keys are bools: with equal keys, those that Python takes for 0 and 1."""
    return sum(isinstance(item, bool) for item in items)


def _asserted(statement: ast.stmt) -> ast.expr:
    node: ast.expr
    match statement:
        case ast.Expr(value=node) | ast.Assert(test=node):
            pass
        case _:
            raise UnparsableError
    match node:
        case ast.Compare(left=ast.Call(), ops=[ast.Eq()], comparators=[value]):
            return value
        case _ if isinstance(statement, ast.Expr):
            return node
    raise UnparsableError


def bare(answer: str) -> str:
    """The answer without its code fence and label."""
    """An answer without a code fence, back quotes or a label around it."""
    fenced = _FENCE.findall(answer)
    text = fenced[-1] if fenced else answer.strip().strip("`").strip()
    label = _LABEL.match(text)
    return text[label.end() :] if label else text
