"""Bug-fix tasks: one file of a small Python project is the model's, hidden unit tests decide.

The tests import the program, so they share its process. Their names are read from the test files outside; each must be
reported as passed, once and in order, a skipped one has failed, and among them run two tests with random names that
fail by themselves: a program that makes tests pass which do not is found out. What remains open: a program that reads
the tests' files and answers to them alone, or that tells those two tests from the others.
"""

from __future__ import annotations

import ast
import secrets
from collections.abc import Iterator
from pathlib import PurePosixPath

from aha.types import Json
from aha.verifiers.base import BadReferenceError
from aha.verifiers.code.functions import shipped
from aha.verifiers.code.languages import PYTHON
from aha.verifiers.code.replies import Reply, read_results
from aha.verifiers.code.results import PASSED, TestResult
from aha.verifiers.code.running import Attempt, program

SUITE = (*PYTHON, "-B", "-m", "aha.verifiers.code.suite")
ALWAYS_FAILS = """import unittest

class {name}(unittest.TestCase):
    def test_{name}(self):
        self.assertEqual({left}, {right})
"""


def run_project(attempt: Attempt) -> list[TestResult]:
    """The results of the unit tests in `tests` (path → text) on `files` (path → text), where the program stands in the
    place of the file `replace`."""
    files, tests = _texts(attempt.reference.get("files")), _texts(attempt.reference.get("tests"))
    replaced = attempt.reference.get("replace")
    if not isinstance(replaced, str):
        raise BadReferenceError("expected replace as a path")
    names = [name for path, text in tests.items() for name in test_names(path, text)]
    if not names:
        return []
    marker = secrets.token_hex(8)
    traps = {f"Case{secrets.token_hex(4)}": secrets.randbelow(1000) for _ in range(2)}
    failing = {f"test_{name}.py": ALWAYS_FAILS.format(name=name, left=n, right=n + 1) for name, n in traps.items()}
    early, late = (f"test_{name}.{name}.test_{name}" for name in traps)
    place = 1 + secrets.randbelow(len(names))  # the program is imported with the first test
    order = [*names[:place], early, *names[place:], late]
    project = {**files, **tests, **failing}
    shown = {path: text.encode("utf-8", "replace") for path, text in project.items() if path != replaced}
    with program(attempt, {**shown, **shipped("suite")}, replaced) as ready:
        run = ready.run(command=[*SUITE, marker, *order])
    said = read_results(run, marker, order)
    if {"value": "passed"} in (said[early], said[late]):
        return [TestResult(False, "wrong", "a test that fails was reported as passed") for _ in names]
    return [_result(said[name]) for name in names]


def _result(said: Reply) -> TestResult:
    if isinstance(said, TestResult):
        return said
    value = said.get("value")
    if value == "passed":
        return PASSED
    return TestResult(False, "crash" if value == "error" else "wrong", "skipped" if value == "skipped" else "")


def _texts(value: Json) -> dict[str, str]:
    if not isinstance(value, dict) or not all(isinstance(text, str) for text in value.values()):
        raise BadReferenceError("expected files and tests as path → text")
    return value


def test_names(path: str, text: str) -> Iterator[str]:
    """`module.Class.method` of each unit test that a file spells out, in order."""
    module = ".".join(PurePosixPath(path).with_suffix("").parts)
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise BadReferenceError(f"{path} is no Python: {error}") from error
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.bases:
            for inner in node.body:
                if isinstance(inner, ast.FunctionDef) and inner.name.startswith("test"):
                    yield f"{module}.{node.name}.{inner.name}"
