"""Arguments that make a function return a value: what is read from an answer, and what runs."""

from __future__ import annotations

import pytest

from aha.errors import MachineError
from aha.sandbox import Sandbox
from aha.verifiers import verify
from aha.verifiers.base import BadReferenceError, OverLimitsError, UnparsableError
from aha.verifiers.inputs import given, read_call

REFERENCE = {"code": "def f(items, n=2):\n    return sorted(items)[:n]", "output": "[1, 2]"}


@pytest.mark.parametrize(
    ("answer", "call"),
    [
        ("[2, 1], 3", "f([2, 1], 3)"),
        ("f([2, 1], n=3)", "f([2, 1], n=3)"),
        ("assert f((1, 2)) == [1, 2]", "f((1, 2))"),
        ("f((1, 2)) == [1, 2]", "f((1, 2))"),
        ("```python\nf({1, 2})\n```", "f({1, 2})"),
        ("{'a': -1.5, None: True}, 'x' + 'y' * 3", "f({'a': -1.5, None: True}, 'x' + 'y' * 3)"),
        ("dict(a=1), set(), list(range(3))", "f(dict(a=1), set(), list(range(3)))"),
        ("'a b'.split(' ')", "f('a b'.split(' '))"),
        ("", "f()"),
    ],
)
def test_calls_are_read_from_arguments_calls_and_assertions(answer: str, call: str) -> None:
    assert read_call(answer) == call


@pytest.mark.parametrize(
    "answer",
    [
        *("f", "g(1)", "1); f(2", "f(1); f(2)", "import os", "x", "*[1]", "lambda: 1", "(y := 2)", "[x for x in '']"),
        *("f(__import__('os'))", "().__class__", "''.__class__", "'{0}'.format(1)", "open('a')", "print(1)", "f(f)"),
        *("assert f(1) != 2", "assert f(1) == 2 == 2", "not f(1)", "f(1) or 2", "1 if f(1) else 2", "{**{}}", "\x00"),
        "(" * 300,
    ],
)  # fmt: skip
def test_what_could_reach_beyond_its_argument_is_no_answer(answer: str) -> None:
    with pytest.raises(UnparsableError):
        read_call(answer)


def test_limits_and_references() -> None:
    with pytest.raises(OverLimitsError):
        read_call("1" * 20_000)
    with pytest.raises(BadReferenceError, match="code and output"):
        given("1", {"code": "def f(): return 1"})


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        ("[2, 1, 3]", ("correct", "match")),
        ("f([1, 2, 3, 0], 2)", ("wrong", "mismatch")),
        ("3", ("wrong", "crashed")),
        ("lambda: 1", ("wrong", "unparsable")),
    ],
)
def test_the_tasks_own_function_decides(answer: str, verdict: tuple[str, str]) -> None:
    try:
        Sandbox()
    except MachineError as error:
        pytest.skip(str(error))
    found = verify("input", f"<answer>{answer}</answer>", REFERENCE, {})
    assert (found["outcome"], found["reason"]) == verdict
    if verdict[0] == "correct":
        assert found["extracted"] == "f([2, 1, 3])"
