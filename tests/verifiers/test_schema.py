"""JSON by schema: each keyword fits and refuses; unknown ones are our failure."""

import json
from typing import Any

import pytest

from aha.verifiers import verify
from aha.verifiers.schema import KEYWORDS, equal


def outcome(answer: str, reference: Any) -> tuple[str, str]:
    verdict = verify("schema", f"<answer>{answer}</answer>", reference, {})
    return verdict["outcome"], verdict["reason"]


CASES: list[tuple[dict[str, Any], list[Any], list[Any]]] = [
    ({"type": "null"}, [None], [0, "", False]), ({"type": "boolean"}, [True], [1, "true"]),
    ({"type": "integer"}, [1, 1.0, -5], [1.5, True, "1", "x"]),
    ({"type": "number"}, [1, 1.5], [True, "1"]), ({"type": "string"}, ["", "x"], [1, None]),
    ({"type": "array"}, [[], [1]], [{}, "[]"]), ({"type": "object"}, [{}], [[], None]),
    ({"type": ["string", "null"]}, ["x", None], [1]), ({"enum": ["a", 1]}, ["a", 1, 1.0], ["b", True]),
    ({"const": {"a": [1]}}, [{"a": [1.0]}], [{"a": [True]}, {"a": [1], "b": 2}]),
    ({"properties": {"a": {"type": "string"}}}, [{}, {"a": "x"}, {"b": 1}, 5], [{"a": 1}]),
    ({"required": ["a", "b"]}, [{"a": 1, "b": 2}, "text"], [{"a": 1}, {}]),
    ({"properties": {"a": {}}, "additionalProperties": False}, [{"a": 1}, {}, []], [{"b": 1}]),
    ({"additionalProperties": {"type": "integer"}}, [{"x": 1}], [{"x": "1"}]),
    ({"items": {"type": "integer"}}, [[], [1, 2], "x"], [[1, "2"]]),
    ({"prefixItems": [{"type": "string"}], "items": {"type": "integer"}}, [["a", 1], []], [[1], ["a", "b"]]),
    ({"minItems": 1}, [[1], {}], [[]]), ({"maxItems": 1}, [[1]], [[1, 2]]),
    ({"uniqueItems": True}, [[1, "1", True]], [[1, 1.0], [{"a": 1}, {"a": 1}]]), ({"uniqueItems": False}, [[1, 1]], []),
    ({"minimum": 1}, [1, 2, "0", False], [0.5]), ({"maximum": 1}, [1, 0], [1.1]),
    ({"exclusiveMinimum": 1}, [1.1], [1]), ({"exclusiveMaximum": 1}, [0.9], [1]),
    ({"minLength": 2}, ["ab", 5], ["a"]), ({"maxLength": 2}, ["ab"], ["abc"]),
    ({"minProperties": 1}, [{"a": 1}], [{}]), ({"maxProperties": 0}, [{}], [{"a": 1}]),
    ({"pattern": "^\\d+$"}, ["12", 12], ["1a", ""]), ({"anyOf": [{"type": "string"}, {"minimum": 5}]}, ["x", 7], [3]),
    ({"oneOf": [{"type": "integer"}, {"minimum": 5}]}, [3, 5.5], [7, 4.5]),
    ({"allOf": [{"type": "integer"}, {"minimum": 5}]}, [7], [3, 5.5]), ({"not": {"type": "string"}}, [1], ["x"]),
    ({"$defs": {"n": {"type": "object", "properties": {"next": {"$ref": "#/$defs/n"}}}}, "$ref": "#/$defs/n"},
     [{"next": {"next": {}}}], [{"next": {"next": 5}}]),
    ({"properties": {"child": {"$ref": "#"}}, "additionalProperties": False},
     [{"child": {"child": {}}}], [{"child": {"x": 1}}]),
]  # fmt: skip


def test_every_keyword_has_a_case() -> None:
    assert set(KEYWORDS) <= {keyword for rules, _, _ in CASES for keyword in rules}


@pytest.mark.parametrize(("rules", "fitting", "others"), CASES)
def test_keywords(rules: dict[str, Any], fitting: list[Any], others: list[Any]) -> None:
    for value in fitting:
        assert outcome(json.dumps(value), {**rules, "title": "a note"}) == ("correct", "match"), value
    for value in others:
        assert outcome(json.dumps(value), rules) == ("wrong", "mismatch"), value


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("```json\n{}\n```", "match"),
        ("{'a': 1}", "unparsable"),
        ("{} {}", "unparsable"),
        ("{", "unparsable"),
        ("here: {}", "unparsable"),
        ('{"a": NaN}', "unparsable"),
        ('{"a": 1, "a": 2}', "unparsable"),
        ("[" * 500, "over_limits"),
        ("[]", "mismatch"),
        ("1e400", "mismatch"),
        ("null", "mismatch"),
    ],
)
def test_answers(answer: str, reason: str) -> None:
    assert outcome(answer, {"type": "object"})[1] == reason


def test_infinity_is_no_number() -> None:
    assert outcome("1e400", {"type": "number"}) == ("wrong", "mismatch")


@pytest.mark.parametrize(
    "reference",
    [
        None,
        [],
        "x",
        True,
        {"typo": 1},
        {"type": "int"},
        {"properties": {"a": {"x": 1}}},
        {"pattern": "(?=a)"},
        {"required": 5},
        {"$ref": "http://x"},
        {"$ref": "#/$defs/none"},
        {"$ref": "#/x/y"},
        {"anyOf": 5},
        {"minLength": "x"},
        {"items": 5},
    ],
)
def test_bad_references(reference: Any) -> None:
    for answer in ('{"a": 1}', '"a"', "[1]"):
        if outcome(answer, reference) == ("undecided", "bad_reference"):
            return
    raise AssertionError(reference)


def test_endless_references_and_long_lists_end() -> None:
    assert outcome("1", {"$ref": "#"}) == ("wrong", "over_limits")
    assert outcome("[" + "1," * 1_500 + "1]", {"uniqueItems": True}) == ("wrong", "over_limits")


def test_equality() -> None:
    assert equal({"a": [1, "x", None]}, {"a": [1.0, "x", None]})
    assert not equal([1, 2], [1])
    assert not equal({"a": 1}, {"b": 1})
