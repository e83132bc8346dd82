"""Tests by standard input and output: a run for each, its output compared outside."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

from aha.types import Json
from aha.verifiers.base import BadReferenceError
from aha.verifiers.code.checkers import CHECKERS, PROGRAM
from aha.verifiers.code.languages import check_language
from aha.verifiers.code.results import PASSED, NotCompiledError, TestResult, UndecidedError, failed_run
from aha.verifiers.code.running import Attempt, Program, Settings, program

CHECKER_SECONDS, CHECKER_BYTES = 20.0, 1 << 30
_UNPACK = """
head -c "$1" >input.txt && head -c "$2" >expected.txt && cat >output.txt || exit 2
shift 2
exec "$@" input.txt expected.txt output.txt </dev/null
"""
"""Standard input, cut at two sizes, becomes the three files that the checker is given."""
Check = Callable[[str, str, str], bool]
"""(input, expected output, output) → right or not."""


def run_stdio(attempt: Attempt) -> list[TestResult]:
    """The results of `tests` (`input`, `output`), in order."""
    tests = attempt.reference.get("tests")
    if not isinstance(tests, list) or not all(_is_test(test) for test in tests):
        raise BadReferenceError('expected tests as [{"input": text, "output": text}, ...]')
    results: list[TestResult] = []
    with _check(attempt) as check, program(attempt) as ready:
        for test in tests:
            run = ready.run(test["input"].encode("utf-8", "replace"))
            result = failed_run(run)
            if result is None:
                said = run.stdout.decode("utf-8", "replace")
                result = PASSED if check(test["input"], test["output"], said) else TestResult(False, "wrong")
            results.append(result)
            if attempt.settings.stop_at_failure and not result.passed:
                break
    return results


def _is_test(test: Json) -> bool:
    return isinstance(test, dict) and isinstance(test.get("input"), str) and isinstance(test.get("output"), str)


@contextmanager
def _check(attempt: Attempt) -> Iterator[Check]:
    if attempt.checker != PROGRAM:
        compare = CHECKERS[attempt.checker]
        yield lambda given, expected, said: compare(said, expected, attempt.tolerance)
        return
    source = attempt.reference.get("checker")
    if not isinstance(source, dict) or not isinstance(source.get("source"), str):
        raise BadReferenceError('expected checker as {"language": name, "source": text}')
    settings = Settings(CHECKER_SECONDS, CHECKER_BYTES, attempt.settings.level, stop_at_failure=False)
    language = check_language(str(source.get("language", "python")))
    judge = replace(attempt, language=language, source=source["source"], settings=settings, files={})
    try:
        with program(judge) as ready:
            yield partial(_ask, ready)
    except NotCompiledError as error:
        raise BadReferenceError(f"the checker does not compile: {error}") from error


def _ask(checker: Program, given: str, expected: str, said: str) -> bool:
    """Exit code 0 is right, 1 is wrong, all else is the checker's own failure."""
    parts = [text.encode("utf-8", "replace") for text in (given, expected, said)]
    sizes = [str(len(part)) for part in parts[:2]]
    run = checker.run(b"".join(parts), ["/bin/sh", "-c", _UNPACK, "sh", *sizes, *checker.command()])
    if run.outcome == "exited" and run.exit_code in (0, 1):
        return run.exit_code == 0
    failed = failed_run(run)
    raise UndecidedError("checker_failed", f"{failed.cause} {failed.note}" if failed else "")
