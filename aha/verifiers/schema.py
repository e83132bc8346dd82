"""JSON that a schema describes: a strict subset of JSON Schema 2020-12, checked by small functions in a table."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from aha.types import Json, Verdict
from aha.verifiers.base import BadReferenceError, OverLimitsError, decided
from aha.verifiers.exact import read_json
from aha.verifiers.pattern import search

MAX_DEPTH = 100
NOTES = frozenset(
    (
        *("$schema", "$id", "$comment", "$defs", "definitions", "title", "description", "default", "examples"),
        *("format", "deprecated", "readOnly", "writeOnly"),
    )
)
"""Keywords that say something to people only."""
TYPES: dict[str, Callable[[Json], bool]] = {
    "null": lambda value: value is None,
    "boolean": lambda value: isinstance(value, bool),
    "integer": lambda value: _is_number(value) and value == int(value),
    "number": lambda value: _is_number(value),
    "string": lambda value: isinstance(value, str),
    "array": lambda value: isinstance(value, list),
    "object": lambda value: isinstance(value, dict),
}


def schema(answer: str, reference: Json) -> Verdict:
    """Whether the answer is JSON (a code fence around it is allowed) that fits the JSON Schema `reference`.

    Known keywords are those of KEYWORDS and NOTES; any other makes the reference bad. `format` is a note, as the
    standard has it by default. `$ref` goes to `#`, `#/$defs/NAME` or `#/definitions/NAME`.
    """
    if not isinstance(reference, dict):
        raise BadReferenceError("expected a JSON Schema")
    value = read_json(answer)
    return decided(fits(value, reference, reference), json.dumps(value, sort_keys=True, ensure_ascii=False))


def fits(value: Json, rules: Json, root: Json, depth: int = 0) -> bool:
    """Whether a value fits `rules`, a part of the schema `root`. Raises BadReferenceError or OverLimitsError."""
    if depth > MAX_DEPTH:
        raise OverLimitsError
    if isinstance(rules, bool):
        return rules
    if not isinstance(rules, dict):
        raise BadReferenceError("a part of the schema is neither an object nor true or false")
    for keyword in rules:
        if keyword not in KEYWORDS and keyword not in NOTES:
            raise BadReferenceError(f"the schema uses the unknown keyword {keyword!r}")
    try:
        return all([KEYWORDS[key](value, rules, root, depth + 1) for key in rules if key in KEYWORDS])
    except (TypeError, AttributeError, KeyError, ValueError) as error:
        raise BadReferenceError(f"a keyword of the schema has a wrong value: {error}") from error


def equal(a: Json, b: Json) -> bool:
    """JSON's equality: numbers by value, true and false apart from them, keys in any order."""
    if isinstance(a, bool) or isinstance(b, bool):
        return a is b
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(equal(value, b[key]) for key, value in a.items())
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(equal, a, b))
    return bool(a == b)


def _is_number(value: Json) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) != float("inf")


Rule = Callable[[Any, dict[str, Any], Json, int], bool]
"""Value, the object of rules that holds the keyword, the whole schema, depth."""


def _type(value: Any, rules: dict[str, Any], root: Json, depth: int) -> bool:
    names = rules["type"] if isinstance(rules["type"], list) else [rules["type"]]
    return any([TYPES[name](value) for name in names])


def _properties(value: Any, rules: dict[str, Any], root: Json, depth: int) -> bool:
    known = rules["properties"].items()
    return not isinstance(value, dict) or all([fits(value[k], r, root, depth) for k, r in known if k in value])


def _additional(value: Any, rules: dict[str, Any], root: Json, depth: int) -> bool:
    if not isinstance(value, dict):
        return True
    others = [item for key, item in value.items() if key not in rules.get("properties", {})]
    return all([fits(item, rules["additionalProperties"], root, depth) for item in others])


def _items(value: Any, rules: dict[str, Any], root: Json, depth: int) -> bool:
    first = len(rules.get("prefixItems", ()))
    return not isinstance(value, list) or all([fits(item, rules["items"], root, depth) for item in value[first:]])


def _prefix(value: Any, rules: dict[str, Any], root: Json, depth: int) -> bool:
    pairs = zip(value, rules["prefixItems"], strict=False) if isinstance(value, list) else ()
    return all([fits(item, rule, root, depth) for item, rule in pairs])


def _unique(value: Any, rules: dict[str, Any], root: Json, depth: int) -> bool:
    if not isinstance(value, list) or not rules["uniqueItems"]:
        return True
    if len(value) > 1_000:
        raise OverLimitsError
    return not any(equal(a, b) for place, a in enumerate(value) for b in value[:place])


def _ref(value: Any, rules: dict[str, Any], root: Json, depth: int) -> bool:
    head, *path = rules["$ref"].split("/")
    if head != "#" or (path and path[0] not in ("$defs", "definitions")) or len(path) not in (0, 2):
        raise BadReferenceError(f"the schema refers to {rules['$ref']!r}")
    return fits(value, root[path[0]][path[1]] if path else root, root, depth)


def _ways(keyword: str, enough: Callable[[int, int], bool]) -> Rule:
    """How many of several schemas fit."""

    def check(value: Any, rules: dict[str, Any], root: Json, depth: int) -> bool:
        fitting = [fits(value, rule, root, depth) for rule in rules[keyword]]
        return enough(sum(fitting), len(fitting))

    return check


def _bound(keyword: str, kind: type | tuple[type, ...], compare: Callable[[Any, Any], bool]) -> Rule:
    """A rule about values of one kind; others fit."""

    def check(value: Any, rules: dict[str, Any], root: Json, depth: int) -> bool:
        return isinstance(value, bool) or not isinstance(value, kind) or compare(value, rules[keyword])

    return check


_NUMBERS = (int, float)
KEYWORDS: dict[str, Rule] = {
    "type": _type,
    "enum": lambda value, rules, root, depth: any(equal(value, each) for each in rules["enum"]),
    "const": lambda value, rules, root, depth: equal(value, rules["const"]),
    "properties": _properties,
    "additionalProperties": _additional,
    "required": _bound("required", dict, lambda value, names: all(name in value for name in names)),
    "minProperties": _bound("minProperties", dict, lambda value, bound: len(value) >= bound),
    "maxProperties": _bound("maxProperties", dict, lambda value, bound: len(value) <= bound),
    "items": _items,
    "prefixItems": _prefix,
    "minItems": _bound("minItems", list, lambda value, bound: len(value) >= bound),
    "maxItems": _bound("maxItems", list, lambda value, bound: len(value) <= bound),
    "uniqueItems": _unique,
    "minimum": _bound("minimum", _NUMBERS, lambda value, bound: value >= bound),
    "maximum": _bound("maximum", _NUMBERS, lambda value, bound: value <= bound),
    "exclusiveMinimum": _bound("exclusiveMinimum", _NUMBERS, lambda value, bound: value > bound),
    "exclusiveMaximum": _bound("exclusiveMaximum", _NUMBERS, lambda value, bound: value < bound),
    "minLength": _bound("minLength", str, lambda value, bound: len(value) >= bound),
    "maxLength": _bound("maxLength", str, lambda value, bound: len(value) <= bound),
    "pattern": _bound("pattern", str, lambda value, pattern: search(pattern, value)),
    "anyOf": _ways("anyOf", lambda fitting, total: fitting > 0),
    "oneOf": _ways("oneOf", lambda fitting, total: fitting == 1),
    "allOf": _ways("allOf", lambda fitting, total: fitting == total),
    "not": lambda value, rules, root, depth: not fits(value, rules["not"], root, depth),
    "$ref": _ref,
}
