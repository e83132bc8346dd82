"""Every verifier on its own examples: gold passes; nothing, constants, scrambled and other questions' answers fail."""

from typing import Any

import pytest

from aha.verifiers import VERIFIERS, verify

Example = tuple[Any, dict[str, Any], str]
"""Reference, arguments, an answer that is right."""

ENDS = [{"end_phrase": "Farewell!"}, {"keywords": ["lighthouse"]}]
EXAMPLES: dict[str, list[Example]] = {
    "math": [("\\frac{3}{4}", {}, "0.75"), ("x^2+2x", {}, "x(x+2)"), ("(1, 5]", {}, "(1,5]")],
    "number": [("42", {}, "42"), ("#### 1,234", {}, "1234"), ("-7/2", {}, "-3.5")],
    "exact": [("Paris", {}, "paris"), (["grey wolf", "gray wolf"], {}, "gray wolf"), (-5, {}, "-5")],
    "expression": [
        ({"numbers": [6, 7, 5], "target": 37}, {}, "6*7-5"), ({"numbers": [3, 3, 8, 8], "target": 24}, {}, "8/(3-8/3)"),
        ({"numbers": [1, 2, 30], "target": 28}, {"use": "at_most"}, "30 - 2 = 28"),
    ],
    "knights": [
        ({"Amy": "knight", "Bo": "knave"}, {}, "Amy is a knight, Bo is a knave"),
        ({"names": ["Amy", "Bo"], "statements": [["telling-truth", 1], ["or", ["lying", 0], ["telling-truth", 0]]]}, {},
         "Amy: knight, Bo: knight"),
        ({"Amy": "saint", "Bo": "sinner"}, {"terms": ["saint", "sinner"]}, "Amy is a saint, Bo is a sinner"),
    ],
    "list": [([4, 2], {}, "4, 2"), (["pear", "fig"], {"ordered": False}, "fig, pear"), ([10, 2], {}, "[10, 2]")],
    "json": [({"a": 42}, {}, '{"a": 42}'), ([1, None], {}, "[1, null]"), ("text", {}, '"text"')],
    "output": [("[1, 2]", {}, "[1, 2]"), ("{'a': (1,)}", {}, "{'a': (1,)}"), ("'x y'", {}, "'x y'")],
    "choice": [("C", {}, "C. Rome"), ("D", {"options": ["w", "x", "y", "zebra"]}, "(D) zebra"), ("BE", {}, "B and E")],
    "text": [
        ("the Danube", {}, "Danube"), (["3.14"], {}, "3.14"),
        ("Battle of the Somme", {"measure": "f1"}, "the Somme battle"),
    ],
    "schema": [
        ({"type": "object", "required": ["a"], "properties": {"a": {"type": "integer"}}}, {}, '{"a": 1}'),
        ({"type": "array", "items": {"enum": ["x"]}, "minItems": 1}, {}, '["x"]'),
        ({"type": "string", "pattern": "^a+b$"}, {}, '"aab"'),
    ],
    "calls": [
        ({"name": "f", "arguments": {"x": 1}}, {}, "f(x=1)"), ([{"name": "g", "arguments": {}}], {}, '{"name": "g"}'),
        ([{"name": "f", "arguments": {"x": 2}}, {"name": "g", "arguments": {}}], {}, "[g(), f(x=2)]"),
    ],
    "instructions": [
        ({"instruction_id_list": ["startend:end_checker", "keywords:existence"], "kwargs": ENDS}, {},
         "The lighthouse. Farewell!"),
        ({"instruction_id_list": ["startend:quotation", "detectable_format:title"], "kwargs": [{}, {}]}, {},
         '"<<Sea>> calm"'),
        ({"instruction_id_list": ["combination:two_responses", "keywords:existence"],
          "kwargs": [{}, {"keywords": ["one"]}]}, {"loose": True}, "one\n******\ntwo"),
    ],
}  # fmt: skip
ELSEWHERE = {
    "gym": "tests/verifiers/test_gym_traps.py",
    "code": "tests/verifiers/code",
    "input": "tests/verifiers/test_inputs.py",
    "judge": "tests/rollouts/test_judge.py",
    "none": "tests/verifiers/test_verify.py",
}
"""Verifiers that need more than a line of text → where they are tested in the same way."""
CONSTANTS = (
    *(
        "0",
        "1",
        "-1",
        "A",
        "yes",
        "no",
        "None",
        "null",
        "True",
        "{}",
        "[]",
        "()",
        "the",
        "?",
        "unknown",
        "x",
        ".",
        "a b c",
    ),
    *("I don't know.", "\\boxed{}", "<answer>", "```\n```", "1, 2, 3, 4, 5, 6, 7, 8, 9, 10", "all of the above"),
)


def outcome(name: str, example: Example, answer: str) -> str:
    verdict = verify(name, f"<think>so</think> <answer>{answer}</answer>", example[0], example[1])
    return str(verdict["outcome"])


def scrambled(answer: str) -> list[str]:
    """The answer's characters backwards, and its halves exchanged."""
    middle = len(answer) // 2
    return [answer[::-1], answer[middle:] + answer[:middle]]


def test_every_verifier_has_examples() -> None:
    assert set(EXAMPLES) | set(ELSEWHERE) == set(VERIFIERS)
    assert all(len(examples) >= 3 for examples in EXAMPLES.values())


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_gold_passes(name: str) -> None:
    for example in EXAMPLES[name]:
        for dress in ("{}", " {} ", "\n{}\n"):
            assert (
                outcome(name, example, dress.format(example[2]) if "{" not in example[2] else example[2]) == "correct"
            )


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_nothing_and_constants_fail(name: str) -> None:
    for example in EXAMPLES[name]:
        for answer in ("", " ", "\u200b", *CONSTANTS):
            assert outcome(name, example, answer) == "wrong", (example, answer)
        assert verify(name, example[2], example[0], example[1])["reason"] == "no_answer"
        assert verify(name, f"<think><answer>{example[2]}</answer>", example[0], example[1])["reason"] == "no_answer"


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_scrambled_answers_fail(name: str) -> None:
    for example in EXAMPLES[name]:
        for answer in scrambled(example[2]):
            assert outcome(name, example, answer) == "wrong", (example, answer)


@pytest.mark.parametrize("name", list(EXAMPLES))
def test_answers_to_other_questions_fail(name: str) -> None:
    for example in EXAMPLES[name]:
        for other in EXAMPLES[name]:
            if other is not example:
                assert outcome(name, example, other[2]) == "wrong", (example, other)
                if name != "instructions":
                    for both in (
                        f"{example[2]} or {other[2]}",
                        f"{other[2]}; {example[2]}",
                        f"{example[2]}\n{other[2]}",
                    ):
                        assert outcome(name, example, both) == "wrong", both
