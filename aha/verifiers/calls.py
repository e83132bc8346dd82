"""Function calls: which functions are called with which arguments; nothing is called."""

from __future__ import annotations

import ast
import json
import re
import warnings
from typing import Any

from aha.types import Json, Verdict
from aha.verifiers.base import BadReferenceError, OverLimitsError, UnparsableError, decided
from aha.verifiers.exact import read_json
from aha.verifiers.schema import equal

MAX_CALLS = 100

_TAGGED = re.compile(r"<tool_call>([^<]*(?:<(?!/tool_call>)[^<]*)*)</tool_call>")
_FENCE = re.compile(r"```[a-z]*\n?")
_REFUSED = (SyntaxError, ValueError, TypeError, MemoryError, RecursionError)

Call = tuple[str, dict[str, Json]]
"""Name and arguments by name."""


def calls(answer: str, reference: Json, *, ordered: bool = False) -> Verdict:
    """Whether the answer makes exactly the reference's calls, `{"name": ..., "arguments": {...}}` or a list of them.

    Read are that JSON (also under `function`, with `parameters`, with arguments as a JSON text, as OpenAI has it, or in
    `<tool_call>` tags) and Python's `[f(a=1), g(b="x")]`. Arguments compare by value and name, in any order; numbers by
    value, texts letter by letter. `ordered`: the calls come in this order.
    """
    try:
        gold = _from_json(reference)
    except UnparsableError as error:
        raise BadReferenceError('expected {"name": ..., "arguments": {...}} or a list of them') from error
    said = read_calls(answer)
    correct = len(said) == len(gold) and (all(map(_same, said, gold)) if ordered else _matched(said, gold))
    return decided(correct, json.dumps(said, sort_keys=True, ensure_ascii=False))


def read_calls(answer: str) -> list[Call]:
    """The calls of an answer, in order. Raises UnparsableError or OverLimitsError."""
    tagged = _TAGGED.findall(answer)
    if tagged:
        if _TAGGED.sub("", answer).strip():
            raise UnparsableError
        return [call for block in tagged for call in read_calls(block)]
    text = _FENCE.sub("", answer).strip()
    if text.startswith(("{", "[{")) or text == "[]" or re.match(r"\[\s*\{", text):
        return _from_json(read_json(text))
    return _from_python(text)


def _from_json(value: Json) -> list[Call]:
    if isinstance(value, dict) and value.keys() == {"tool_calls"}:
        value = value["tool_calls"]
    listed = value if isinstance(value, list) else [value]
    if len(listed) > MAX_CALLS:
        raise OverLimitsError
    return [_one(call) for call in listed]


def _one(call: Json) -> Call:
    if isinstance(call, dict) and isinstance(call.get("function"), dict):
        call = call["function"]
    if not isinstance(call, dict) or not isinstance(call.get("name"), str):
        raise UnparsableError
    if (
        not call.keys() <= {"name", "arguments", "parameters", "id", "type"}
        or {"arguments", "parameters"} <= call.keys()
    ):
        raise UnparsableError
    arguments = call.get("arguments", call.get("parameters", {}))
    if isinstance(arguments, str):
        arguments = read_json(arguments)
    if not isinstance(arguments, dict):
        raise UnparsableError
    return call["name"], arguments


def _from_python(text: str) -> list[Call]:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            body: ast.expr = ast.parse(text, mode="eval").body
            nodes = body.elts if isinstance(body, ast.List | ast.Tuple) else [body]
            if len(nodes) > MAX_CALLS:
                raise OverLimitsError
            return [(_name(node), _keywords(node)) for node in nodes]
    except _REFUSED as error:
        raise UnparsableError from error


def _name(node: ast.expr) -> str:
    """`f` or `module.f`."""
    place = node.func if isinstance(node, ast.Call) else None
    parts: list[str] = []
    while isinstance(place, ast.Attribute):
        parts.append(place.attr)
        place = place.value
    if not isinstance(place, ast.Name):
        raise UnparsableError
    return ".".join([place.id, *reversed(parts)])


def _keywords(node: ast.expr) -> dict[str, Json]:
    """Arguments by name; one without a name cannot be told from another."""
    if not isinstance(node, ast.Call) or node.args or any(keyword.arg is None for keyword in node.keywords):
        raise UnparsableError
    return {str(keyword.arg): _as_json(ast.literal_eval(keyword.value)) for keyword in node.keywords}


def _as_json(value: Any) -> Json:
    if isinstance(value, list | tuple):
        return [_as_json(item) for item in value]
    if isinstance(value, dict) and all(isinstance(key, str) for key in value):
        return {key: _as_json(item) for key, item in value.items()}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise UnparsableError


def _same(a: Call, b: Call) -> bool:
    return a[0] == b[0] and equal(a[1], b[1])


def _matched(said: list[Call], gold: list[Call]) -> bool:
    """Whether both hold the same calls, each as often."""
    left = list(gold)
    for call in said:
        place = next((index for index, each in enumerate(left) if _same(call, each)), None)
        if place is None:
            return False
        del left[place]
    return True
