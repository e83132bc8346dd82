"""The verifier `code`: a program runs against tests in a sandbox, apart from us and from what is expected."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal

from aha.errors import DataError
from aha.sandbox.records import LEVELS
from aha.types import Json, Verdict
from aha.verifiers.base import BadReferenceError
from aha.verifiers.code.checkers import CHECKERS, PROGRAM
from aha.verifiers.code.functions import JUDGE_SECONDS, SCRIPTS, run_asserts, run_check, run_function
from aha.verifiers.code.languages import LANGUAGES
from aha.verifiers.code.projects import run_project
from aha.verifiers.code.results import NotCompiledError, TestResult, UndecidedError, to_verdict
from aha.verifiers.code.running import COMPILE_SECONDS, Attempt, Settings
from aha.verifiers.code.stdio import CHECKER_SECONDS, run_stdio
from aha.verifiers.code.test_programs import run_test_program

KINDS: dict[str, Callable[[Attempt], list[TestResult]]] = {
    "stdio": run_stdio,
    "function": run_function,
    "asserts": run_asserts,
    "check": run_check,
    "program": run_test_program,
    "project": run_project,
}
GRADED: dict[str, Sequence[str]] = {
    **dict.fromkeys(("asserts", "check", "project"), ("python",)),
    "function": ("python", *SCRIPTS),
    "program": [name for name in LANGUAGES if name != "python"],
}
"""The languages of each kind of tests; all where none are named."""
DEFAULT_SECONDS = 5.0
REWARDS = ("all", "share")
CHOICES: dict[str, tuple[str, ...]] = {
    "language": tuple(LANGUAGES),
    "checker": (*CHECKERS, PROGRAM),
    "reward": REWARDS,
    "sandbox": ("auto", *LEVELS),
}


def code(
    answer: str,
    reference: Json,
    *,
    language: str = "python",
    checker: str = "tokens",
    tolerance: float = 0.0,
    cpu_seconds: float = DEFAULT_SECONDS,
    memory_bytes: int = 512 << 20,
    reward: str = "all",
    sandbox: str = "auto",
) -> Verdict:
    """Whether the program `answer` passes the tests of `reference`, an object with its `kind`:

    - `stdio`: `tests`, `[{"input": text, "output": text}]`; `checker`, `{"language": name, "source": text}`, where the
      argument `checker` is `program`.
    - `function` (Python, JavaScript, TypeScript): `function`, the name of one or of a method of `Solution`; `tests`,
      `[{"args": [...], "expected": value}]`.
    - `asserts` (Python, as MBPP): `asserts`, texts; `setup`, a text.
    - `check` (Python, as HumanEval): `test`, a text with `check(candidate)`; `entry_point`, a name.
    - `program` (not Python, as MBXP): `test`, a text that follows the program in the same file.
    - `project` (Python unit tests): `files` and `tests`, path → text; `replace`, the path where the answer goes.

    In each, `prelude` is text before the program, `beside` further files (path → text) in its work directory.
    `tolerance`: of the checker `decimal`, and of floats that a function returns. `cpu_seconds`, `memory_bytes`: of one
    run. `reward`: `all` stops at the first failed test; `share` runs all of them, and the verdict's `share` tells how
    many passed. The verdict's `detail` names the first failed test, and the level of the sandbox.
    """
    check_arguments({"language": language, "checker": checker, "reward": reward, "sandbox": sandbox,
                     "tolerance": tolerance, "cpu_seconds": cpu_seconds, "memory_bytes": memory_bytes})  # fmt: skip
    settings = Settings(float(cpu_seconds), int(memory_bytes), sandbox, reward == "all")
    attempt = _attempt(answer, reference, language, settings, checker, Decimal(str(tolerance)))
    level = "bubblewrap" if sandbox == "auto" else sandbox
    try:
        results = KINDS[attempt.reference["kind"]](attempt)
    except NotCompiledError as error:
        return Verdict("wrong", answer, "not_compiled", detail=f"{error}; sandbox {level}", share=0.0)
    except UndecidedError as error:
        return Verdict("undecided", answer, error.reason, detail=error.detail)
    return to_verdict(answer, results, level, all_ran=reward == "share")


def _attempt(
    answer: str, reference: Json, language: str, settings: Settings, checker: str, tolerance: Decimal
) -> Attempt:
    if not isinstance(reference, dict) or reference.get("kind") not in KINDS:
        raise BadReferenceError(f"expected an object with a kind, one of {', '.join(KINDS)}")
    if language not in GRADED.get(reference["kind"], LANGUAGES):
        raise BadReferenceError(f"tests of the kind {reference['kind']} are not there for {language}")
    prelude, beside = reference.get("prelude", ""), reference.get("beside", {})
    if not isinstance(prelude, str) or not isinstance(beside, dict):
        raise BadReferenceError("expected prelude as a text, and beside as path → text")
    files = {str(path): str(text).encode("utf-8", "replace") for path, text in beside.items()}
    source = f"{prelude}\n{answer}" if prelude else answer
    return Attempt(LANGUAGES[language], source, reference, settings, files, checker, tolerance)


def check_arguments(arguments: Mapping[str, Json]) -> None:
    """Raise DataError for a value that an argument of `code` cannot have."""
    for key, known in CHOICES.items():
        if key in arguments and arguments[key] not in known:
            raise DataError(f"The verifier 'code' has no {key} {arguments[key]!r}.", cure=f"Known: {', '.join(known)}.")
    for key, least in (("tolerance", True), ("cpu_seconds", False), ("memory_bytes", False)):
        value = arguments.get(key, 1)
        if isinstance(value, bool) or not isinstance(value, int | float) or not (value > 0 or (least and value == 0)):
            raise DataError(f"The verifier 'code' takes {key} as a number above 0, not {value!r}.")


def most_seconds(reference: Json, arguments: Mapping[str, Json]) -> float:
    """The processor seconds that a verdict may take at most: what a worker must be given for it."""
    lists = [reference.get(key) for key in ("tests", "asserts")] if isinstance(reference, dict) else []
    num_runs = max((len(tests) for tests in lists if isinstance(tests, list)), default=1)
    seconds = float(arguments.get("cpu_seconds", DEFAULT_SECONDS)) + JUDGE_SECONDS
    if arguments.get("checker") == PROGRAM:
        seconds += CHECKER_SECONDS
    return 2 * COMPILE_SECONDS + num_runs * seconds
