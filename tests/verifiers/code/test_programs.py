"""Programs that run: right ones pass, and each way of being wrong, cheating or ending early gets its own reason."""

import resource
import shutil
from typing import Any

import pytest

from aha.runtime.workers import WorkerPool
from aha.sandbox import probe
from aha.types import Verdict, VerifierSpec
from aha.verifiers import call_seconds, verify
from aha.verifiers.base import BadReferenceError
from aha.verifiers.code import code, functions
from aha.verifiers.code.languages import PROGRAMS_PATH

pytestmark = pytest.mark.skipif(bool(probe()["bubblewrap"]), reason=f"no sandbox: {probe()['bubblewrap']}")

SUMS = {"kind": "stdio", "tests": [{"input": "1 2\n", "output": "3\n"}, {"input": "5\n6", "output": "11"}]}
ADD = {
    "kind": "function",
    "function": "f",
    "tests": [{"args": [1, 2], "expected": 3}, {"args": [5, 6], "expected": 11}],
}
ASSERTS = {"kind": "asserts", "asserts": ["assert f(1, 2) == 3", "assert f(5, 6) == 11"]}
LOOP = {
    "kind": "check", "entry_point": "f",
    "test": "def check(candidate):\n    assert abs(candidate(1, 2) - 3) < 1e-6\n"
            "    for i in range(3):\n        assert candidate(i, math.floor(i)) == 2 * i\n",
}  # fmt: skip
TEST = """import unittest
from calc.ops import add

class T(unittest.TestCase):
    def test_a(self):
        self.assertEqual(add(1, 2), 3)
    def test_b(self):
        self.assertEqual(add(0, 0), 0)
"""
BUGFIX = {
    "kind": "project",
    "files": {"calc/__init__.py": "", "calc/ops.py": "def add(a, b):\n    return a - b\n"},
    "tests": {"tests/test_ops.py": TEST},
    "replace": "calc/ops.py",
}
READ = "import sys\na, b = sys.stdin.read().split()\n"
RIGHT = "def f(a, b):\n    return a + b\n"


def reasons(verdict: Verdict) -> tuple[str, str]:
    return verdict.outcome, verdict.reason


@pytest.mark.parametrize(
    ("program", "reference"),
    [
        (READ + "print(int(a) + int(b))", SUMS),
        ("import sys\nprint(sum(int(x) for x in sys.stdin.buffer.read().split()));sys.exit(0)", SUMS),
        ("import sys\nx = sys.stdin.readline() + sys.stdin.readline()\nprint(sum(map(int, x.split())))", SUMS),
        (RIGHT, ADD),
        ("class Solution:\n    def f(self, a, b):\n        print(a)\n        return a + b", ADD),
        (RIGHT, ASSERTS),
        ("def f(a, b):\n    return float(a + b)", ASSERTS),
        ("print(input)\nif __name__ == '__main__':\n    input()\n" + RIGHT, ASSERTS),
        (RIGHT, LOOP),
        ("def add(a, b):\n    return a + b\n", BUGFIX),
    ],
)
def test_right_programs_pass(program: str, reference: dict[str, Any]) -> None:
    verdict = code(program, reference, reward="share")
    assert reasons(verdict) == ("correct", "match")
    assert verdict.share == 1.0
    assert "tests passed; sandbox bubblewrap" in verdict.detail


FAULTS = [
    ("import sys\nsys.exit(0)", SUMS, "mismatch", "test 1: wrong"),
    (READ + "print(3)", SUMS, "mismatch", "1 of 2 tests passed; test 2: wrong"),
    (READ + "print(int(a) + int(b))\nraise SystemExit(1)", SUMS, "crashed", "exit code 1"),
    (READ + "print(int(a) + int(b))\nimport os\nos.kill(os.getpid(), 11)", SUMS, "crashed", "signal 11"),
    ("x = [0] * 10**9", SUMS, "over_memory", "test 1: memory"),
    ("while True: print('x' * 10**6)", SUMS, "over_output", "test 1: output"),
    ("def f(:", SUMS, "crashed", "SyntaxError"),
    ("def f(a, b):\n    return [a + b]", ADD, "mismatch", "test 1: wrong"),
    ("def f(a, b):\n    return (lambda: 3)", ADD, "mismatch", "test 1: wrong"),
    ("def f(a, b):\n    raise KeyError", ADD, "crashed", "KeyError"),
    ("def g(a, b):\n    return a + b", ADD, "crashed", "NameError"),
    ("import os\nos._exit(0)", ADD, "no_result", "ended early"),
    ("import os\ndef f(a, b):\n    if a == 5: os._exit(0)\n    return a + b", ASSERTS, "no_result", "1 of 2 tests"),
    ("def f(a, b):\n    return 3", LOOP, "mismatch", "AssertionError in line 4"),
    ("def f(a, b):\n    raise KeyError", LOOP, "crashed", "KeyError in line 2"),
    ("import os\ndef f(a, b):\n    os._exit(0)", LOOP, "crashed", "NoAnswerFromProgramError"),
    ("def add(a, b):\n    return a - b\n", BUGFIX, "mismatch", "1 of 2 tests passed; test 1: wrong"),
    ("raise SystemExit(0)", BUGFIX, "no_result", "ended early"),
    ("import unittest\nraise unittest.SkipTest()", BUGFIX, "crashed", "SkipTest"),
    ("import unittest\ndef add(a, b):\n    raise unittest.SkipTest", BUGFIX, "mismatch", "skipped"),
]


@pytest.mark.parametrize(("program", "reference", "reason", "detail"), FAULTS)
def test_wrong_programs_get_their_reason(program: str, reference: dict[str, Any], reason: str, detail: str) -> None:
    verdict = code(program, reference, memory_bytes=100 << 20, reward="share")
    assert reasons(verdict) == ("wrong", reason), verdict.detail
    assert detail in verdict.detail
    assert len(verdict.detail) < 250
    assert verdict.share is not None
    assert verdict.share < 1


EQUAL = (
    "class E(int):\n    __eq__ = __ge__ = __le__ = lambda s, o: True\n    __ne__ = lambda s, o: False\n"
    "    __sub__ = __rsub__ = lambda s, o: 0\n    __hash__ = int.__hash__\ndef f(a, b):\n    return E(7)\n"
)
SECRET = 982451653
HIDDEN = {
    "asserts": {"kind": "asserts", "asserts": [f"assert f(1, 2) == {SECRET}"]},
    "function": {"kind": "function", "function": "f", "tests": [{"args": [1, 2], "expected": SECRET}]},
    "check": {
        "kind": "check", "entry_point": "f",
        "test": f"def check(candidate):\n    for i in range(1):\n        assert candidate(i, i) == {SECRET}\n",
    },
}  # fmt: skip
SEARCH = f"""
import gc, glob, os, sys
TEXT = str({SECRET - 1} + 1)
def found():
    places = ['fd/*', 'cmdline', 'environ', 'mem', 'maps']
    paths = [path for place in places for path in glob.glob('/proc/[0-9]*/' + place)]
    for path in [*paths, *glob.glob('/box/**', recursive=True)]:
        if path.endswith('mem') and path.startswith(f'/proc/{{os.getpid()}}/'):
            continue
        try:
            if TEXT.encode() in os.read(os.open(path, os.O_RDONLY | os.O_NONBLOCK), 1 << 20):
                return True
        except OSError:
            pass
    frame = sys._getframe()
    while frame:
        values = [value for value in frame.f_locals.values() if value is not TEXT]
        if any(value == int(TEXT) or type(value) is str and TEXT in value for value in values):
            return True
        frame = frame.f_back
    return any(int(TEXT) in one for one in gc.get_objects() if type(one) in (list, tuple))
def f(a, b):
    return int(TEXT) if found() else 0
"""
CHEATS = {
    "an object that equals everything": (EQUAL, ADD),
    "an object that equals everything, in asserts": (EQUAL, ASSERTS),
    "an object that equals everything, in a loop": (EQUAL, LOOP),
    **{f"expected values of {kind}, wherever they may lie": (SEARCH, HIDDEN[kind]) for kind in HIDDEN},
    "the judge's standard output": (
        "import glob, os\ndef f(a, b):\n    for path in glob.glob('/proc/[0-9]*/fd/1'):\n        try:\n"
        "            os.write(os.open(path, os.O_WRONLY), b' {\"passed\": true}\\n' * 3)\n"
        "        except OSError: pass\n    return 0",
        LOOP,
    ),
    "killing the judge": ("import os\ndef f(a, b):\n    os.kill(os.getppid(), 9)\n    return 0", LOOP),
    "forged results": (
        "import os, sys\nline = sys.argv[1] + ' ' + sys.argv[2] + ' {\"value\": 3}\\n'\n"
        "for fd in range(3, 20):\n    try: os.write(fd, line.encode() * 2)\n    except OSError: pass\n" + RIGHT,
        ASSERTS,
    ),
    "unit tests that cannot fail": (
        "import unittest\nunittest.TestCase.assertEqual = lambda *a: None\ndef add(a, b):\n    return a - b\n", BUGFIX,
    ),
    "unit tests that report nothing": (
        "import unittest\nunittest.TestResult.addFailure = lambda *a: None\ndef add(a, b):\n    return a - b\n", BUGFIX,
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", list(CHEATS))
def test_cheats_are_wrong(name: str) -> None:
    program, reference = CHEATS[name]
    verdict = code(program, reference)
    assert verdict.outcome == "wrong", verdict.detail


def test_the_search_of_the_cheats_finds_what_lies_open() -> None:
    assert code(SEARCH, {**HIDDEN["asserts"], "beside": {"notes.txt": str(SECRET)}}).outcome == "correct"


@pytest.mark.parametrize(
    ("program", "reference"),
    [
        ("import signal\nsignal.signal(signal.SIGXCPU, signal.SIG_IGN)\nwhile True: pass", SUMS),
        ("def f(a, b):\n    while True: pass", LOOP),
        ("import time\ntime.sleep(100)", SUMS),
    ],
)
def test_time_ends(program: str, reference: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(functions, "JUDGE_SECONDS", 0.1)
    verdict = code(program, reference, cpu_seconds=0.3)
    assert reasons(verdict) == ("wrong", "over_time")
    assert "test 1: time" in verdict.detail


@pytest.mark.parametrize(
    "reference",
    [{**SUMS, "tests": []}, {**ADD, "tests": []}, {**ASSERTS, "asserts": []}, {**BUGFIX, "tests": {"t.py": "x = 1"}},
     {**LOOP, "test": "def check(candidate):\n    assert True\n"}],
)  # fmt: skip
def test_no_tests_are_undecided(reference: dict[str, Any]) -> None:
    assert reasons(code(RIGHT, reference)) == ("undecided", "no_tests")


@pytest.mark.parametrize(
    "reference",
    [None, {}, {"kind": "quiz"}, {"kind": "stdio"}, {"kind": "stdio", "tests": [{"input": 1, "output": "2"}]},
     {**ADD, "function": "f()"}, {**ADD, "tests": [{"args": [1]}]}, {**ASSERTS, "asserts": "assert f() == 1"},
     {**LOOP, "entry_point": "f; import os"}, {**LOOP, "test": "def"}, {**BUGFIX, "files": {"a": 1}},
     {**BUGFIX, "replace": None}, {**BUGFIX, "replace": "../calc.py"}, {**SUMS, "prelude": 1}, {**SUMS, "beside": []},
     {"kind": "program", "test": "f()"}, {**ADD, "tests": [{"args": [float("inf")], "expected": 1}]},
     {**ADD, "tests": [{"args": 1, "expected": 1}]}],
)  # fmt: skip
def test_bad_references_are_undecided(reference: Any) -> None:
    with pytest.raises(BadReferenceError):
        code(RIGHT, reference)
    assert verify("code", f"```\n{RIGHT}```", reference, {})["reason"] == "bad_reference"


def test_the_share_is_known_only_where_all_tests_ran() -> None:
    program = "def f(a, b):\n    return 11"
    every, first = code(program, ADD, reward="share"), code(program, ADD)
    assert (every.share, every.reason, first.share, first.reason) == (0.5, "mismatch", None, "mismatch")
    assert "1 of 2" in every.detail
    assert "of 2" not in first.detail


def test_responses_are_read_as_blocks() -> None:
    assert verify("code", f"<think>hm</think>\nHere:\n```python\n{RIGHT}```\nDone.", ADD, {})["outcome"] == "correct"
    assert verify("code", RIGHT, ADD, {})["reason"] == "no_answer"


def test_prelude_and_files_beside_the_program() -> None:
    reference = {**ADD, "prelude": "import data\n", "beside": {"data.py": "one = 1\n"}}
    assert code("def f(a, b):\n    return a + b + data.one - 1", reference).outcome == "correct"


def test_a_checker_program_decides_where_answers_are_many() -> None:
    checker = (
        "import sys\ngiven, expected, said = (open(path).read().split() for path in sys.argv[1:])\n"
        "if said == ['7']: raise SystemExit(3)\n"
        "raise SystemExit(0 if int(said[0]) + int(said[1]) == int(given[0]) and expected == ['any'] else 1)\n"
    )
    reference = {
        "kind": "stdio",
        "tests": [{"input": "10\n", "output": "any"}],
        "checker": {"language": "python", "source": checker},
    }

    def ask(program: str, **changes: Any) -> tuple[str, str]:
        return reasons(code(program, {**reference, **changes}, checker="program"))

    assert ask("print(4, 6)") == ask("print(1)\nprint(9)") == ("correct", "match")
    assert ask("print(4, 5)") == ("wrong", "mismatch")
    assert ask("print(7)") == ("undecided", "checker_failed")
    for broken in (None, {"language": "c", "source": "int main("}):
        with pytest.raises(BadReferenceError):
            ask("print(1)", checker=broken)


def test_methods_are_given_values_and_tolerance() -> None:
    tests = [{"args": [[[1, 2]], "é\ud800", None, True, 0.5, {"a": 1}], "expected": [[1.0], {"b": [None]}]}]
    program = (
        "def f(a, s, n, t, x, d):\n    assert n is None and t is True and d == {'a': 1}\n"
        "    return (x * 2 + 1e-9,), {'b': (None,)}"
    )
    reference = {"kind": "function", "function": "f", "tests": tests}
    assert code(program, reference, tolerance=1e-6).outcome == "correct"
    assert code(program, reference).outcome == "wrong"


@pytest.mark.parametrize(
    ("language", "program"),
    [("python", "import os\nprint(os.environ['PYTHONHASHSEED'])"),
     ("perl", "print $ENV{PERL_HASH_SEED} + $ENV{PERL_PERTURB_KEYS}")],
)  # fmt: skip
def test_hash_seeds_are_fixed(language: str, program: str) -> None:
    if not shutil.which(language.replace("python", "python3"), path=PROGRAMS_PATH):
        pytest.skip(f"{language} is not installed")
    reference = {"kind": "stdio", "tests": [{"input": "", "output": "0\n"}]}
    assert code(program, reference, language=language).outcome == "correct"


def test_a_machine_without_the_language_or_sandbox_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda program, path=None: None)
    verdict = code("", {"kind": "program", "test": "f();"}, language="php")
    assert reasons(verdict) == ("undecided", "not_installed")
    assert "php-cli" in verdict.detail


def test_too_little_address_space_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resource, "getrlimit", lambda which: (1 << 30, 1 << 30))
    verdict = code("public class A {}", SUMS, language="java")
    assert reasons(verdict) == ("undecided", "no_memory")
    assert "6656 MiB" in verdict.detail


def test_a_worker_with_less_memory_than_the_program_runs_it() -> None:
    arguments = {"memory_bytes": 1 << 30}
    call = {"verifier": "code", "response": f"```\n{RIGHT}```", "reference": ADD, "arguments": arguments}
    with WorkerPool(1, 10.0, 600 << 20) as pool:
        result = pool.submit("aha.verifiers:verify", call, call_seconds(VerifierSpec("code", arguments), ADD)).result()
    assert result.value["outcome"] == "correct", result
