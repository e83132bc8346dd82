"""Doors to programming: short Python functions, and MBPP in other languages."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aha.tasks.doors.boxes import MIT
from aha.tasks.doors.door import Door, Row
from aha.tasks.doors.stand_ins import COMPARE_PM, LODASH_JS
from aha.tasks.rows import RowFormat
from aha.types import Json

COMPLETE = "Reason step by step, then give the whole function in one ```python block."
CONTINUE = "Reason step by step, then give the whole code, from its first line on, in one ``` block, without a main."
MXEVAL = "github.com/amazon-science/mxeval: data/mbxp/"
SAMPLED = "the file's own solutions were sampled and are often wrong, so there is no gold answer"
FIRST_TEST, LAST_TEST, FIRST_TRAIN = 11, 510, 601
"""Task numbers of MBPP's halves, both ends included (arXiv 2108.07732)."""


def programs(instruction: str, language: str = "python", gold: bool = True) -> RowFormat:
    """A task whose answer is the last fenced block of the reply."""
    return RowFormat(
        prompt="prompt", answer="answer", gold="gold" if gold else None, verifier="code",
        verifier_arguments={"language": language}, extract="code_block", instruction=instruction, domain="code",
    )  # fmt: skip


def fenced(code: str, language: str = "python") -> str:
    """Code as it stands in a question."""
    return f"```{language}\n{code.strip()}\n```"


def humaneval(row: Row) -> dict[str, Json]:
    """The prompt, imports and helper functions included, runs before the answer; `check` calls the function."""
    prompt = row.whole("prompt")
    return {
        "prompt": f"Complete this Python function.\n{fenced(prompt)}",
        "answer": {
            "kind": "check", "prelude": prompt, "test": row.whole("test"), "entry_point": row.text("entry_point"),
        },
        "gold": prompt + row.whole("canonical_solution"),
        "id": row.text("task_id"),
    }  # fmt: skip


def mbpp(first: int, last: int) -> Callable[[Row], dict[str, Json] | None]:
    """The rows with these task numbers. The tests are shown, as in the paper: they name the function."""

    def read(row: Row) -> dict[str, Json] | None:
        tests, number = [str(test).strip() for test in row.value("test_list", list)], row.value("task_id", int)
        made = {
            "prompt": f"{row.text('text')}\nIt must pass these tests:\n{fenced(chr(10).join(tests))}",
            "answer": {"kind": "asserts", "asserts": tests, "setup": row.whole("test_setup_code")},
            "gold": row.whole("code").replace("\r\n", "\n"),
            "id": str(number),
        }
        return made if first <= number <= last else None

    return read


def mbxp(language: str, prelude: str, beside: Mapping[str, str]) -> Callable[[Row], dict[str, Json]]:
    """A signature to complete; the test program follows the answer in its file."""

    def read(row: Row) -> dict[str, Json]:
        return {
            "prompt": f"Complete this {language} code.\n{fenced(row.whole('prompt'), language)}",
            "answer": {"kind": "program", "test": row.whole("test"), "prelude": prelude, "beside": dict(beside)},
            "id": row.text("task_id"),
        }

    return read


def _mbxp_door(language: str, num_rows: int, release: str, file: str, prelude: str, beside: Mapping[str, str]) -> Door:
    return Door(
        f"mbxp-{language}", f"mbxp/{file}", num_rows, f"MBPP in {language}: a function to complete",
        mbxp(language, prelude, beside), programs(CONTINUE, language, gold=False), MXEVAL + release,
        "CC-BY-4.0", SAMPLED,
    )  # fmt: skip


MBPP = "github.com/google-research/google-research: mbpp/mbpp.jsonl"
DOORS = (
    Door("humaneval", "humaneval/HumanEval.jsonl", 164, "a Python function to complete",
         humaneval, programs(COMPLETE), "github.com/openai/human-eval: data/HumanEval.jsonl.gz", MIT),
    Door("mbpp", "mbpp/mbpp.jsonl", 500, "a Python function by one sentence and three tests: tasks 11–510",
         mbpp(FIRST_TEST, LAST_TEST), programs(COMPLETE), MBPP, "CC-BY-4.0",
         "tests are shown, so a special case for each passes"),
    Door("mbpp-train", "mbpp/mbpp.jsonl", 374, "its training part: tasks 601–974",
         mbpp(FIRST_TRAIN, 974), programs(COMPLETE), MBPP, "CC-BY-4.0"),
    Door("mbxp-python", "mbxp/python_problems.jsonl", 974, "MBPP in python: a function to complete",
         humaneval, programs(COMPLETE), MXEVAL + "mbpp_release_v1.jsonl", "CC-BY-4.0", "all of MBPP's tasks"),
    _mbxp_door("cpp", 848, "mbcpp_release_v1.2.jsonl", "cpp_problems.jsonl", "", {}),
    _mbxp_door("go", 939, "mbgp_release_v1.1.jsonl", "go_problems.jsonl", "", {}),
    _mbxp_door("java", 966, "mbjp_release_v1.2.jsonl", "java_problems.jsonl.gz", "", {}),
    _mbxp_door("javascript", 966, "mbjsp_release_v1.2.jsonl", "javascript_problems.jsonl", "",
               {"node_modules/lodash.js": LODASH_JS}),
    _mbxp_door("perl", 966, "mbplp_release_v1.jsonl", "perl_problems.jsonl", "use lib '.';",
               {"Data/Compare.pm": COMPARE_PM}),
    _mbxp_door("php", 966, "mbphp_release_v1.2.jsonl", "php_problems.jsonl", "", {}),
    _mbxp_door("ruby", 966, "mbrbp_release_v1.2.jsonl", "ruby_problems.jsonl", "", {}),
    _mbxp_door("typescript", 968, "mbtsp_release_v1.2.jsonl", "typescript_problems.jsonl", "", {}),
)  # fmt: skip
