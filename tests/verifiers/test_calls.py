"""Function calls in the usual notations, compared by name and value."""

from typing import Any

import pytest

from aha.verifiers import verify

ONE = {"name": "weather", "arguments": {"city": "Seoul", "days": 3, "units": {"temp": "C"}}}
TWO = [ONE, {"name": "time.now", "arguments": {}}]


def outcome(answer: str, reference: Any = ONE, **arguments: Any) -> tuple[str, str]:
    verdict = verify("calls", f"<answer>{answer}</answer>", reference, arguments)
    return verdict["outcome"], verdict["reason"]


@pytest.mark.parametrize(
    "answer",
    [
        '{"name": "weather", "arguments": {"days": 3.0, "units": {"temp": "C"}, "city": "Seoul"}}',
        '[{"name": "weather", "parameters": {"city": "Seoul", "days": 3, "units": {"temp": "C"}}}]',
        '```json\n[\n {"name": "weather", "arguments": {"city": "Seoul", "days": 3, "units": {"temp": "C"}}}]\n```',
        '{"id": "1", "type": "function", "function": {"name": "weather",'
        ' "arguments": "{\\"city\\": \\"Seoul\\", \\"days\\": 3, \\"units\\": {\\"temp\\": \\"C\\"}}"}}',
        '{"tool_calls": [{"name": "weather", "arguments": {"city": "Seoul", "days": 3, "units": {"temp": "C"}}}]}',
        '<tool_call>\n{"name": "weather",'
        ' "arguments": {"city": "Seoul", "days": 3, "units": {"temp": "C"}}}\n</tool_call>',
        "weather(city='Seoul', days=3, units={'temp': 'C'})", "[weather(units={'temp': 'C'}, days=3, city=\"Seoul\")]",
        "```python\nweather(city='Seoul', days=3, units={'temp': 'C'})\n```",
    ],
)  # fmt: skip
def test_right(answer: str) -> None:
    assert outcome(answer) == ("correct", "match")


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        ("weather(city='Busan', days=3, units={'temp': 'C'})", "mismatch"),
        ("weather()", "mismatch"),
        ("[]", "mismatch"),
        ("weather(city='Seoul', days=3)", "mismatch"),
        ("weather(city='Seoul', days='3', units={'temp': 'C'})", "mismatch"),
        ("forecast(city='Seoul', days=3, units={'temp': 'C'})", "mismatch"),
        ("weather(city='Seoul', days=3, units={'temp': 'C'}, x=1)", "mismatch"),
        (
            "[weather(city='Seoul', days=3, units={'temp': 'C'}), weather(city='Seoul', days=3, units={'temp': 'C'})]",
            "mismatch",
        ),
        ("weather('Seoul', 3, {'temp': 'C'})", "unparsable"),
        ("weather(**{'city': 'Seoul'})", "unparsable"),
        ("weather(city=f())", "unparsable"),
        ("weather(city={1})", "unparsable"),
        ("weather", "unparsable"),
        ("f()()", "unparsable"),
        ("x = weather()", "unparsable"),
        ("I call weather(city='Seoul')", "unparsable"),
        ('{"name": "weather", "arguments": [1]}', "unparsable"),
        ('{"name": 5}', "unparsable"),
        ('{"arguments": {}}', "unparsable"),
        ('{"name": "weather", "arguments": {}, "parameters": {}}', "unparsable"),
        ('{"name": "weather", "why": 1}', "unparsable"),
        ('<tool_call>{"name": "weather"}</tool_call> and more', "unparsable"),
        ("-" * 9000, "unparsable"),
        ("[" + "f()," * 101 + "]", "over_limits"),
        ("f(" * 3000, "unparsable"),
        ("[" + '{"name": "f"},' * 101 + '{"name": "f"}]', "over_limits"),
    ],
)
def test_wrong(answer: str, reason: str) -> None:
    assert outcome(answer) == ("wrong", reason)


def test_several_calls_in_any_order_unless_it_is_asked_for() -> None:
    first, second = "weather(city='Seoul', days=3, units={'temp': 'C'})", "time.now()"
    assert outcome(f"[{first}, {second}]", TWO) == ("correct", "match")
    assert outcome(f"[{second}, {first}]", TWO) == ("correct", "match")
    assert outcome(f"[{first}, {second}]", TWO, ordered=True) == ("correct", "match")
    assert outcome(f"[{second}, {first}]", TWO, ordered=True) == ("wrong", "mismatch")
    assert outcome(first, TWO) == ("wrong", "mismatch")
    assert outcome(f"[{first}, {first}]", TWO) == ("wrong", "mismatch")
    tagged = '<tool_call>{"name": "time.now"}</tool_call>\n<tool_call>' + first + "</tool_call>"
    assert outcome(tagged, TWO) == ("correct", "match")


def test_no_call_is_an_answer_too() -> None:
    assert outcome("[]", []) == ("correct", "match")
    assert outcome("f()", []) == ("wrong", "mismatch")


def test_true_is_not_one() -> None:
    assert outcome("f(x=1)", {"name": "f", "arguments": {"x": True}}) == ("wrong", "mismatch")
    assert outcome("f(x=[1.0, None, (2,)])", {"name": "f", "arguments": {"x": [1, None, [2]]}}) == ("correct", "match")


@pytest.mark.parametrize("reference", [None, "f()", 5, {}, {"name": 1}, [{"name": "f", "arguments": 5}]])
def test_bad_references(reference: Any) -> None:
    assert outcome("f()", reference) == ("undecided", "bad_reference")
