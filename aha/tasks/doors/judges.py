"""Doors to programming contests: programs judged by standard input and output, or a method by its arguments."""

from __future__ import annotations

import base64
import binascii
import json
import re
import zlib
from collections.abc import Sequence

from aha.tasks.doors.door import Door, Row
from aha.tasks.rows import RowFormat
from aha.types import Json

PROGRAM = (
    "Reason step by step, then give one Python program that reads standard input and writes standard output, in one "
    "```python block."
)
SOLUTION = "Reason step by step, then give your Python code in one ```python block."
LEVELS = {"easy": 1, "medium": 2, "hard": 3}
LEETCODE = "\n".join(
    [
        "import bisect, collections, functools, heapq, itertools, math, operator, random, re, string, sys",
        *(f"from {name} import *" for name in ("bisect", "collections", "functools", "heapq", "itertools", "typing")),
    ]
)
"""What LeetCode has imported before a solution."""
LIVECODEBENCH_SECONDS = 6.0
"""The limit of one test in LiveCodeBench's runner."""
R1_WINDOW = ("2024-08", "2025-02")
"""Dates from the first month on, before the second (DeepSeek-R1's report)."""
MAX_TEST_BYTES = 1 << 28
_SECONDS = re.compile(r"^Time Limit: \{'seconds': (\d+), 'nanos': (\d+)\}$", re.MULTILINE)
_BYTES = re.compile(r"^Memory Limit: (\d+) Bytes$", re.MULTILINE)


def judged(instruction: str) -> RowFormat:
    """A program in the last fenced block; limits come with the row."""
    return RowFormat(
        prompt="prompt", answer="answer", verifier="code", verifier_arguments={"language": "python"},
        arguments="arguments", extract="code_block", instruction=instruction, domain="code",
    )  # fmt: skip


def code_contests(row: Row) -> dict[str, Json]:
    """The problem's own time and memory limit stand at the end of its text."""
    text, tests = row.text("problem"), row.value("tests", dict)
    inputs, outputs = tests.get("inputs"), tests.get("outputs")
    if not isinstance(inputs, list) or not isinstance(outputs, list) or not len(inputs) == len(outputs) > 0:
        raise row.error("column 'tests' should hold lists of one length, inputs and outputs")
    seconds, memory = _SECONDS.search(text), _BYTES.search(text)
    if seconds is None or memory is None:
        raise row.error("column 'problem' names no 'Time Limit' and 'Memory Limit' in its last lines")
    limit = int(seconds[1]) + int(seconds[2]) / 1e9
    body = text[: min(seconds.start(), memory.start())].strip()
    return {
        "prompt": f"{body}\n\nTime limit: {limit:g} s. Memory limit: {int(memory[1]) / 1e6:g} MB.",
        "answer": {"kind": "stdio", "tests": _pairs(inputs, outputs)},
        "arguments": {"cpu_seconds": limit, "memory_bytes": int(memory[1])},
        "id": row.number("row"),
    }


def _pairs(inputs: Sequence[Json], outputs: Sequence[Json]) -> list[Json]:
    return [{"input": given, "output": expected} for given, expected in zip(inputs, outputs, strict=True)]


def livecodebench_r1(row: Row) -> dict[str, Json] | None:
    """The problems of R1's window."""
    return livecodebench(row) if R1_WINDOW[0] <= row.text("contest_date") < R1_WINDOW[1] else None


def livecodebench(row: Row) -> dict[str, Json]:
    """All tests, public and private; with starter code a method of `Solution`, else a program."""
    tests = [*_tests(row, "public_test_cases"), *_tests(row, "private_test_cases")]
    prompt, starter = row.text("question_content"), row.whole("starter_code").strip()
    if starter:
        prompt += f"\n\nComplete this code:\n```python\n{starter}\n```"
        try:
            name = json.loads(row.text("metadata"))["func_name"]
            calls = [{"args": _lines(test["input"]), "expected": json.loads(test["output"])} for test in tests]
        except (ValueError, KeyError, TypeError) as error:
            raise row.error(f"a test or column 'metadata' is not as expected ({error!r})") from error
        answer: Json = {"kind": "function", "function": name, "tests": calls, "prelude": LEETCODE}
    else:
        answer = {"kind": "stdio", "tests": _pairs([t["input"] for t in tests], [t["output"] for t in tests])}
        prompt += "\n\nRead from standard input and write to standard output."
    return {
        "prompt": prompt,
        "answer": answer,
        "arguments": {"cpu_seconds": LIVECODEBENCH_SECONDS},
        "id": row.text("question_id"),
        "difficulty": LEVELS.get(row.text("difficulty"), 0),
    }


def _lines(text: str) -> list[Json]:
    return [json.loads(line) for line in text.split("\n") if line.strip()]


def _tests(row: Row, column: str) -> list[dict[str, str]]:
    """A column of tests: a list, its JSON, or its JSON packed (see `unpacked`)."""
    value = row.value(column, str, list)
    try:
        tests = value if isinstance(value, list) else json.loads(value if value[:1] in ("[", "") else unpacked(value))
        return [{"input": str(test["input"]), "output": str(test["output"])} for test in tests]
    except (ValueError, KeyError, TypeError, zlib.error, binascii.Error) as error:
        raise row.error(f"column {column!r} holds no tests ({error!r})") from error


def unpacked(text: str) -> str:
    """JSON that LiveCodeBench packed as base64(zlib(pickle of one text)). The pickle is not loaded: its text is read
    from where it must stand. Raises ValueError, zlib.error or binascii.Error for anything else."""
    reader = zlib.decompressobj()
    data = reader.decompress(base64.b64decode(text, validate=True), MAX_TEST_BYTES)
    if reader.unconsumed_tail:
        raise ValueError(f"more than {MAX_TEST_BYTES >> 20} MiB")
    start = 2 if data[:1] == b"\x80" else 0
    if data[start : start + 1] == b"\x95":
        start += 9
    sizes = {b"\x8c": 1, b"X": 4, b"\x8d": 8}
    num_bytes = sizes.get(data[start : start + 1])
    if num_bytes is None:
        raise ValueError("not one text")
    first = start + 1 + num_bytes
    last = first + int.from_bytes(data[start + 1 : first], "little")
    if data[last:].strip(b"\x94q\x00r.") or len(data) <= last:
        raise ValueError("not one text")
    return data[first:last].decode("utf-8")


LIVECODEBENCH = "github.com/LiveCodeBench/LiveCodeBench: code_generation_lite, release_v5"
CONTESTS = "MIT repository; problems © LeetCode, AtCoder, Codeforces"
LITE = "the release's files test.jsonl to test5.jsonl, one after the other; private tests are unpacked without pickle"
DOORS = (
    Door("livecodebench", "livecodebench/test.jsonl", 880, "contest problems with dates; a Python program or method",
         livecodebench, judged(SOLUTION), LIVECODEBENCH, CONTESTS, LITE),
    Door("livecodebench-r1", "livecodebench/test.jsonl", 279, "its problems of 2024-08 to 2025-01, as R1 reports",
         livecodebench_r1, judged(SOLUTION), LIVECODEBENCH, CONTESTS, "R1 takes k = 8"),
    Door("code_contests", "code_contests/test.jsonl", 100, "contest problems; a Python program",
         code_contests, judged(PROGRAM), "github.com/agentica-project/rllm: rllm/data/test/code/code_contests.json",
         "CC-BY-4.0 (DeepMind CodeContests)",
         "a hundred of its test half; limits were set for C++; other right outputs than the listed one are wrong"),
)  # fmt: skip
