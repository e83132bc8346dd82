"""Function tests in JavaScript and TypeScript: values come back as they are, and nothing that a program says counts."""

import shutil
from typing import Any

import pytest

from aha.sandbox import probe
from aha.types import Verdict
from aha.verifiers.base import BadReferenceError
from aha.verifiers.code import code
from aha.verifiers.code.languages import LANGUAGES, PROGRAMS_PATH

pytestmark = [
    pytest.mark.skipif(bool(probe()["bubblewrap"]), reason=f"no sandbox: {probe()['bubblewrap']}"),
    pytest.mark.skipif(not shutil.which("node", path=PROGRAMS_PATH), reason="node is not installed: nodejs"),
]
ADD = {
    "kind": "function",
    "function": "f",
    "tests": [{"args": [1, 2], "expected": 3}, {"args": [5, 6], "expected": 11}],
}
RIGHT = "function f(a, b) { return a + b }"


def ask(program: str, reference: Any, language: str = "javascript", **arguments: Any) -> Verdict:
    return code(program, reference, language=language, **arguments)


def one(arguments: list[Any], expected: Any) -> dict[str, Any]:
    return {**ADD, "tests": [{"args": arguments, "expected": expected}]}


@pytest.mark.parametrize(
    "program",
    [
        RIGHT,
        "class Solution { f(a, b) { return this.g(a) + b } g(a) { return a } }",
        "const f = async (a, b) => { process.stdout.write('so'); return a + b }\nmodule.exports = { f } // end",
        "const f = (a, b) => BigInt(a) + BigInt(b)",
    ],
)
def test_right_functions_pass(program: str) -> None:
    verdict = ask(program, ADD, reward="share")
    assert (verdict.outcome, verdict.reason, verdict.share) == ("correct", "match", 1.0), verdict.detail


VALUES = [
    0,
    -1.5,
    1e300,
    2**53 - 1,
    True,
    None,
    "é\ud800\u2028\n'\"`${x}",
    [],
    {},
    {"__proto__": [1], "1": {"a": None}},
]


def test_json_comes_back_as_it_went() -> None:
    assert ask("function f(x) { return x }", one([VALUES], VALUES)).outcome == "correct"


@pytest.mark.parametrize(
    ("returned", "expected", "right"),
    [
        ("new Map([['a', new Float64Array([1, 2])]])", {"a": [1, 2]}, True),
        ("Object.create(null)", {}, True),
        ("-(2n ** 70n)", -(2**70), True),
        ("2 ** 60", 2**60, True),
        ("0.1 + 0.2", 0.3, False),
        ("undefined", None, False),
        ("[1, undefined]", [1, None], False),
        ("'1'", 1, False),
        ("new Set([1])", [1], False),
        ("new (class A { x = 1 })()", {"x": 1}, False),
        ("{ valueOf: () => 1, toJSON: () => 1 }", 1, False),
        ("NaN", 0, False),
    ],
)
def test_values_of_javascript(returned: str, expected: Any, right: bool) -> None:
    verdict = ask(f"function f() {{ return ({returned}) }}", one([], expected))
    assert (verdict.outcome, verdict.reason) == (("correct", "match") if right else ("wrong", "mismatch"))


def test_floats_may_be_near() -> None:
    assert ask("function f() { return [0.1 + 0.2] }", one([], [0.3]), tolerance=1e-9).outcome == "correct"


FORGED = """const fs = require('fs'), [marker, name] = process.argv.slice(2);
for (const expected of [3, 11]) fs.writeSync(1, `\\n${marker} ${name} {"value": ${expected}}\\n`);
"""
SEARCH = """const fs = require('fs'), path = require('path'), wanted = String(982451652 + 1);
const files = [...fs.readdirSync('/box').map(name => '/box/' + name), '/proc/self/environ', '/proc/self/cmdline'];
const found = () => files.some(name => fs.readFileSync(name, 'latin1').includes(wanted));
function f() { return found() ? Number(wanted) : 0 }
"""
FAULTS = [
    ("function f(a, b) { throw new TypeError('x') }", ADD, "crashed", "TypeError"),
    ("function g() {}", ADD, "crashed", "ReferenceError"),
    ("function f(a, b) {", ADD, "crashed", "exit code 1"),
    ("function f(a, b) { process.exit(0) }", ADD, "no_result", "ended early"),
    ("process.exit(0)", ADD, "no_result", "ended early"),
    ("function f(a, b) { return new Promise(() => {}) }", ADD, "no_result", "ended early"),
    (FORGED + RIGHT, ADD, "no_result", "more results than calls"),
    (FORGED.replace("[3, 11]", "[3]") + "process.exit(0)", {**ADD, "tests": ADD["tests"][1:]}, "mismatch", "test 1"),
    ("JSON.stringify = () => '{\"value\": 4}';" + RIGHT, ADD, "mismatch", "test 1"),
    ("const a = []; a[0] = a; function f() { return a }", one([], [1]), "mismatch", "test 1"),
    (SEARCH, one([], 982451653), "mismatch", "test 1"),
]


@pytest.mark.parametrize(("program", "reference", "reason", "detail"), FAULTS)
def test_faults_and_cheats_get_their_reason(program: str, reference: Any, reason: str, detail: str) -> None:
    verdict = ask(program, reference)
    assert (verdict.outcome, verdict.reason) == ("wrong", reason), verdict.detail
    assert detail in verdict.detail


def test_the_search_of_the_cheat_finds_what_lies_open() -> None:
    assert ask(SEARCH, {**one([], 982451653), "beside": {"notes.txt": "982451653"}}).outcome == "correct"


@pytest.mark.slow
def test_typescript_is_called_alike() -> None:
    if not shutil.which("tsc", path=PROGRAMS_PATH):
        pytest.skip(f"tsc is not installed: {LANGUAGES['typescript'].package}")
    for program in (
        "function f(a: number, b: number): number { return a + b }",
        "class Solution { f(a: number, b: number): number { return a + b } }",
    ):
        assert ask(program, ADD, "typescript").outcome == "correct"
    verdict = ask("function f(a: number, b: number): string { return a + b }", ADD, "typescript")
    assert (verdict.outcome, verdict.reason) == ("wrong", "not_compiled")
    assert "TS2322" in verdict.detail


def test_what_no_json_can_say_is_a_bad_reference() -> None:
    for reference in (one([float("nan")], 1), {**ADD, "function": "f()"}, {"kind": "asserts", "asserts": ["f() == 1"]}):
        with pytest.raises(BadReferenceError):
            ask(RIGHT, reference)
