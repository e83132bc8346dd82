"""What is read without running anything: programs in responses, test code, outputs, arguments, languages."""

import shutil
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aha.errors import DataError, MachineError
from aha.sandbox import Execution
from aha.verifiers.base import BadReferenceError, NoAnswerError, OverLimitsError
from aha.verifiers.code import check_arguments, most_seconds
from aha.verifiers.code.asserts import Case, read_asserts
from aha.verifiers.code.checkers import CHECKERS
from aha.verifiers.code.extraction import MAX_PROGRAM_CHARS, last_block
from aha.verifiers.code.languages import LANGUAGES, check_installed, check_language, file_name, fill, with_end
from aha.verifiers.code.projects import test_names as names_of_tests
from aha.verifiers.code.results import failed_run


@pytest.mark.parametrize(
    ("response", "program"),
    [
        ("```python\nx = 1\n```", "x = 1\n"),
        ("a\n```\nx\n```\nthen\n~~~ c\ny\n\n~~~\nbye", "y\n\n"),
        ("<think>```\nno\n```</think>\n```js\nyes\n```", "yes\n"),
        ("````\nx = '''\n```\n'''\n````", "x = '''\n```\n'''\n"),
        ("   ```py\n    x\n   ```", "    x\n"),
        ("``` `no` ```\n```\nx\n```", "x\n"),
        ("```\nx\n``` y\n```", "x\n``` y\n"),
        ("```\r\nx = '\x0c\u2028'\r\n```\r\n", "x = '\x0c\u2028'\r\n"),
    ],
)
def test_the_last_block_counts(response: str, program: str) -> None:
    assert last_block(response) == program


@pytest.mark.parametrize(
    "response",
    ["", "x = 1", "```\nx", "```\nx\n```\n```\ny", "```\n```", "```\n \n```", "<think>```\nx\n```", "a ```x``` b",
     "```\nx\n```\n<think>", "```\nx\n```</think>"],
)  # fmt: skip
def test_no_closed_block_is_no_answer(response: str) -> None:
    with pytest.raises(NoAnswerError):
        last_block(response)


def test_long_programs_are_over_limits() -> None:
    for response in ("```\n" + "x" * MAX_PROGRAM_CHARS + "\n```", "```\n" * 400_000):
        with pytest.raises(OverLimitsError):
            last_block(response)


@settings(max_examples=100, deadline=None)
@given(st.text(alphabet="`~ \nx<think>/", max_size=200))
def test_any_response_has_a_block_or_none(response: str) -> None:
    with suppress(NoAnswerError):
        assert last_block(response).strip()


CASES = [
    ("assert f(1) == 2", Case("f(1)", "equals", 2)),
    ("assert 2 == f(1)", Case("f(1)", "equals", 2)),
    ("assert f(1) != [2, (3,)]", Case("f(1)", "equals", [2, (3,)], negated=True)),
    ("assert f(1) is None", Case("f(1)", "is", None)),
    ("assert f(1) is not True, 'no'", Case("f(1)", "is", True, negated=True)),
    ("assert not f('a', b=1)", Case("f('a', b=1)", "false")),
    ("assert set(f(1)) == {1}", Case("set(f(1))", "equals", {1})),
    ("assert round(f(1), 2) == 0.5", Case("round(f(1), 2)", "equals", 0.5)),
    ("assert f(1)[0].x == 1", Case("f(1)[0].x", "equals", 1)),
    ("assert f(Pair(1, 2), [Node(1)]) == -1", Case("f(Pair(1, 2), [Node(1)])", "equals", -1)),
]


@pytest.mark.parametrize(("text", "case"), CASES)
def test_simple_asserts_are_split(text: str, case: Case) -> None:
    assert read_asserts(text, None).cases == [case]


@pytest.mark.parametrize(
    "text",
    ["assert abs(f(1) - 0.5) < 1e-6", "assert f(1) == g(2)", "assert f(1) == x", "x = 1\nassert f(1) == 1",
     "assert math.isclose(f(1), 0.5)", "assert isclose(g(1), f(1))", "assert f(1) is x", "assert max(f(1), 5) == 5",
     "assert abs(f(1) - 2) == 0", "assert f(1) == 1 == f(2)", "assert f(1) and f(2)", "assert 1 == 1", "assert not 1",
     "assert f(1) is 5", "for i in range(3):\n    assert f(i) == 1", "assert sum([f(1), -5]) == 0"],
)  # fmt: skip
def test_what_would_show_the_expected_value_stays_whole(text: str) -> None:
    tests = read_asserts(text, None)
    assert not tests.cases
    assert tests.num_asserts == 1


def test_check_functions_are_read() -> None:
    source = (
        "import random\nN = 1\ndef check(candidate):\n    assert True, 'x'\n    print\n    assert candidate(1) == 1\n"
    )
    tests = read_asserts(source, "f")
    assert tests.cases == [Case("f(1)", "equals", 1)]
    loop = read_asserts(
        "def check(candidate):\n    for i in range(2):\n        assert candidate(i) == math.sin(g(N))", "f"
    )
    assert (loop.cases, loop.names, loop.modules) == ([], ["N", "g"], ["math"])
    assert read_asserts("def check(candidate):\n    assert True\n", "f").num_asserts == 0


@pytest.mark.parametrize("source", ["def check(:", "x = 1", "def check(a, b): pass", "\0", "(" * 10_000])
def test_test_code_that_cannot_be_read_is_a_bad_reference(source: str) -> None:
    with pytest.raises(BadReferenceError):
        read_asserts(source, "f")


@pytest.mark.parametrize(
    ("checker", "said", "expected", "right"),
    [
        ("tokens", "1  2\n3", "1 2 3\n", True),
        ("tokens", "1 2", "1 2 3", False),
        ("tokens", "1.0", "1", False),
        ("lines", "a \nb\n\n", "a\nb", True),
        ("lines", "a b", "a\nb", False),
        ("lines", " a", "a", False),
        ("unordered_lines", "b\n\na  c\n", "a c\nb", True),
        ("unordered_lines", "a\na\nb", "a\nb\nb", False),
        ("decimal", "1.50 x", "1.5 x", True),
        ("decimal", "50000000000000000", "50000000000000001", False),
        ("decimal", "nan", "0", False),
        ("decimal", "1e9999", "1e9998", False),
        ("decimal", "1e99999", "1", False),
        ("decimal", "1_0", "10", False),
        ("decimal", "9" * 5000, "9" * 5000, True),
        ("decimal", "9" * 5000, "1", False),
    ],
)
def test_checkers(checker: str, said: str, expected: str, right: bool) -> None:
    assert CHECKERS[checker](said, expected, Decimal(0)) is right


def test_tolerance_is_absolute_or_relative() -> None:
    within = Decimal("1e-6")
    assert CHECKERS["decimal"]("0.3333333", "0.33333333333", within)
    assert CHECKERS["decimal"]("1000000.5", "1000000", within)
    assert not CHECKERS["decimal"]("1000001.5", "1000000", within)
    assert not CHECKERS["decimal"]("1e9999", "1e9998", within)


@pytest.mark.parametrize(
    "arguments",
    [{"language": "cobol"}, {"checker": "fuzzy"}, {"reward": "some"}, {"sandbox": "none"}, {"cpu_seconds": 0},
     {"memory_bytes": -1}, {"tolerance": "1e-6"}, {"cpu_seconds": True}, {"cpu_seconds": float("nan")}],
)  # fmt: skip
def test_arguments_that_cannot_be_are_refused(arguments: dict[str, Any]) -> None:
    with pytest.raises(DataError, match=str(next(iter(arguments)))):
        check_arguments(arguments)
    check_arguments({"language": "c", "checker": "program", "tolerance": 0, "cpu_seconds": 0.5})


def test_a_worker_is_given_what_the_tests_may_take() -> None:
    tests = {"kind": "stdio", "tests": [{}] * 20}
    assert most_seconds(tests, {"cpu_seconds": 2}) >= 40
    assert most_seconds({"kind": "check"}, {}) >= 5
    assert most_seconds(None, {}) > 0


def test_no_memory_left_is_told_from_a_crash() -> None:
    trace = b" 1: 0xb8ced1 node::OOMErrorHandler(char const*, v8::OOMDetails const&) [node]\n" * 30
    for said, cause in ((b"FATAL ERROR: JavaScript heap out of memory\n", "memory"), (b"Error: x\n", "crash")):
        failed = failed_run(Execution("killed", None, 6, b"", said + trace, 0.1, 0.1, "bubblewrap"))
        assert failed is not None
        assert failed.cause == cause


def test_missing_languages_name_their_package(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda program, path: None)
    for language in LANGUAGES.values():
        with pytest.raises(MachineError, match=language.package.replace("+", r"\+")):
            check_installed(language)
    with pytest.raises(DataError, match="Known: python"):
        check_language("cobol")


def test_java_files_are_called_as_their_public_class() -> None:
    java = LANGUAGES["java"]
    source = (
        "import java.util.*;public class Foo {}\nclass Bar {\n public static void main(String[] a) {} }\nclass End {}"
    )
    assert file_name(java, source) == "Foo.java"
    assert fill(java.run, source, 512 << 20)[-1] == "Bar"
    assert "-Xmx512m" in fill(java.run, source, 512 << 20)
    assert file_name(java, "class A {}") == "Main.java"
    for bait in ("\n" * 200_000, "public\n" * 30_000, "public static final " * 10_000, ";" * 200_000):
        assert file_name(java, bait) == "Main.java"


def test_the_end_of_tests_comes_after_the_last_test() -> None:
    cpp = with_end(LANGUAGES["cpp"], "int main() {\n  if (f() != 1) throw 1;\n  return 0;\n}\n", "@")
    assert cpp is not None
    assert cpp.index("throw 1") < cpp.index("@") < cpp.index("return 0;")
    java = with_end(LANGUAGES["java"], "class Main { static void main() { test(); } }", "@")
    assert java is not None
    assert java.index("test()") < java.index("@") < java.index("} }")
    assert with_end(LANGUAGES["java"], "class Main }", "M") is None
    assert with_end(LANGUAGES["bash"], "f 1", "M") is None


def test_unit_tests_are_named() -> None:
    text = "class T(unittest.TestCase):\n  def test_a(self): pass\n  def other(self): pass\nclass U:\n  test_b = 1\n"
    assert list(names_of_tests("tests/test_x.py", text)) == ["tests.test_x.T.test_a"]
    with pytest.raises(BadReferenceError, match="no Python"):
        list(names_of_tests("a.py", "def"))
