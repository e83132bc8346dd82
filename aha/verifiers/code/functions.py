"""Functions: calls evaluated in the sandbox, what they returned compared outside.

Asserts such as `f(1) == 2`: the program's process gets expressions and never sees an expected value; a result counts
when it stands exactly once, in order, behind a marker made for this run. Any value that the program makes up is just
another result. Objects count as the built-in type that they derive from, and else equal nothing.

Test code that is more than such asserts runs in the sandbox, in a process that the program cannot reach (see judge.py).
What remains open there: arguments that the program changes in place look unchanged to the test code.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from aha.types import Json
from aha.verifiers.base import BadReferenceError
from aha.verifiers.code import scripts
from aha.verifiers.code.asserts import Case, TestCode, read_asserts
from aha.verifiers.code.comparison import equal, truth
from aha.verifiers.code.languages import PYTHON
from aha.verifiers.code.replies import Reply, read_object, read_results
from aha.verifiers.code.results import PASSED, TestResult, UndecidedError, failed_run
from aha.verifiers.code.running import Attempt, program

DRIVER = (*PYTHON, "-B", "-m", "aha.verifiers.code.driver")
SCRIPTS = ("javascript", "typescript")
SCRIPT = "aha_tests.py"
JUDGE_SECONDS = 1.0
"""Processor seconds more for test code and its process."""


def shipped(*names: str) -> dict[str, bytes]:
    """Modules of this folder as files of a work directory, importable there under the names that they have here."""
    folders = ("aha", "aha/verifiers", "aha/verifiers/code")
    here = Path(__file__).parent
    modules = {f"{folders[-1]}/{name}.py": (here / f"{name}.py").read_bytes() for name in names}
    return {**{f"{folder}/__init__.py": b"" for folder in folders}, **modules}


def run_function(attempt: Attempt) -> list[TestResult]:
    """The results of `tests` (`args`, `expected`) on the `function`, a process for each; on a method of a class
    `Solution` where there is no such function. Python, and the languages of SCRIPTS."""
    name, tests = attempt.reference.get("function"), attempt.reference.get("tests")
    if not isinstance(name, str) or not name.isidentifier():
        raise BadReferenceError("expected function as a name")
    if not isinstance(tests, list) or not all(isinstance(test, dict) and "expected" in test for test in tests):
        raise BadReferenceError('expected tests as [{"args": [...], "expected": value}, ...]')
    if not all(isinstance(test.get("args", []), list) for test in tests):
        raise BadReferenceError("expected the args of each test as a list")
    call = scripts.call_text if attempt.language.name in SCRIPTS else _call
    try:
        cases = [Case(call(name, test.get("args", [])), "equals", test["expected"]) for test in tests]
    except ValueError as error:
        raise BadReferenceError(f"arguments must be finite: {error}") from error
    return _run_cases(attempt, cases, alike=True, together=False)


def _call(name: str, arguments: Json) -> str:
    """In Python. Raises ValueError for arguments that are not finite."""
    json.dumps(arguments, allow_nan=False)
    return f'({name} if "{name}" in globals() else Solution().{name})(*{arguments!r})'


def run_asserts(attempt: Attempt) -> list[TestResult]:
    """The results of `asserts` (texts; `setup` runs after the program and before them), in one process."""
    asserts, setup = attempt.reference.get("asserts"), attempt.reference.get("setup", "")
    if not isinstance(asserts, list) or not isinstance(setup, str) or not all(isinstance(one, str) for one in asserts):
        raise BadReferenceError("expected asserts as a list of texts, and setup as a text")
    tests = read_asserts("\n".join(asserts), None)
    return _run_tests(replace(attempt, source=f"{attempt.source}\n{setup}\n"), tests, None)


def run_check(attempt: Attempt) -> list[TestResult]:
    """The results of `test`, which holds `check(candidate)`, on the program's `entry_point`."""
    test, entry_point = attempt.reference.get("test"), attempt.reference.get("entry_point")
    if not isinstance(test, str) or not isinstance(entry_point, str) or not entry_point.isidentifier():
        raise BadReferenceError("expected test as Python code with check(candidate), and entry_point as a name")
    return _run_tests(attempt, read_asserts(test, entry_point), entry_point)


def _run_tests(attempt: Attempt, tests: TestCode, entry_point: str | None) -> list[TestResult]:
    if not tests.num_asserts:
        return []
    if tests.cases:
        return _run_cases(attempt, tests.cases, alike=False, together=attempt.settings.stop_at_failure)
    return [_run_judge(attempt, tests, entry_point)]


def _run_cases(attempt: Attempt, cases: Sequence[Case], *, alike: bool, together: bool) -> list[TestResult]:
    """One process for all cases (`together`), as the datasets' own test code has it, or one for each."""
    marker = secrets.token_hex(8)
    names = [f"aha_{marker}_{place}" for place in range(len(cases))]
    expressions = [case.expression for case in cases]
    if attempt.language.name in SCRIPTS:
        defined, files = scripts.calls_text(names, expressions), {scripts.VALUES_FILE: scripts.VALUES.encode()}
    else:
        each = zip(names, expressions, strict=True)
        defined = "".join(f"def {name}():\n    return {expression}\n" for name, expression in each)
        files = shipped("driver", "values")
    results: list[TestResult] = []
    with program(replace(attempt, source=f"{attempt.source}\n{defined}"), files) as ready:
        command = ready.command() if attempt.language.name in SCRIPTS else DRIVER
        for group in [names] if together else [[name] for name in names]:
            run = ready.run(command=[*command, marker, *group])
            said = read_results(run, marker, group)
            for name, case in zip(group, cases[len(results) :], strict=False):
                results.append(_judged(case, said[name], float(attempt.tolerance), alike))
            if attempt.settings.stop_at_failure and not results[-1].passed:
                break
    return results


def _judged(case: Case, said: Reply, tolerance: float, alike: bool) -> TestResult:
    if isinstance(said, TestResult):
        return said
    if "value" not in said:
        raised = str(said.get("raised", ""))
        return TestResult(False, "crash", raised[:80] if raised.isprintable() else "")
    value = said["value"]
    if case.kind == "equals":
        holds = equal(case.expected, value, tolerance, alike)
    elif case.kind == "is":
        holds = value is case.expected
    else:
        holds = truth(value) == (case.kind == "true")
    return PASSED if holds != case.negated else TestResult(False, "wrong")


def _run_judge(attempt: Attempt, tests: TestCode, entry_point: str | None) -> TestResult:
    marker = secrets.token_hex(16)
    names = [*tests.names, *([entry_point] if entry_point else [])]
    header = [
        "from aha.verifiers.code import judge as aha_judge",
        f"globals().update(aha_judge.start(__file__, {marker!r}, {names!r}))",
        *(f"import {module}" for module in tests.modules),
    ]
    last = [f"check({entry_point})"] if entry_point else []
    last.append(f"aha_judge.report(__file__, {marker!r}, None)")
    script = "\n".join(["; ".join(header), tests.source, *last]) + "\n"
    files = {**shipped("driver", "values", "judge"), SCRIPT: script.encode("utf-8", "replace")}
    seconds = attempt.settings.cpu_seconds + JUDGE_SECONDS
    longer = replace(attempt, settings=replace(attempt.settings, cpu_seconds=seconds))
    with program(longer, files) as ready:
        run = ready.run(command=[*PYTHON, "-B", SCRIPT])
    said = [read_object(line[len(marker) + 1 :]) for line in run.stdout.decode("utf-8", "replace").split("\n")
            if line.startswith(f"{marker} ")]  # fmt: skip
    if said[:1] != [{"hidden": True}]:
        failed = failed_run(run)
        raise UndecidedError("crash", f"the test code did not start: {failed.note if failed else ''}")
    if len(said) == 1:
        return failed_run(run) or TestResult(False, "missing", "the test code ended early")
    verdict = said[1]
    if len(said) > 2 or isinstance(verdict, TestResult):
        return TestResult(False, "missing", "more verdicts than one")
    if verdict["passed"] is True:
        return failed_run(run) or PASSED
    wrong = verdict["error"] == "AssertionError"
    return TestResult(False, "wrong" if wrong else "crash", f"{verdict['error']} in line {verdict['line'] - 1}")
