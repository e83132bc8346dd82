"""What benchmarks/code.py grades: items of each part, made from the datasets, and one record for each."""

from __future__ import annotations

import ast
import gzip
import io
import json
import random
import tokenize
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aha.sandbox import Limits, Sandbox
from aha.verifiers import verify
from benchmarks.measuring.contest_solutions import CONTESTS

NUM_MUTANTS = 1000
MUTANT_SECONDS = 2.0
MEBI = 1 << 20
PUBLISHED = {
    **{"python": 82.24, "cpp": 79.60, "java": 85.30, "javascript": 78.67, "typescript": 87.29, "csharp": 63.63},
    **{"php": 72.77, "ruby": 58.90, "perl": 38.41, "go": 39.19},
}
"""pass@1 of the MBXP sample files, in percent, as published with them."""
OUTSIDE = "reads outside an array: what it finds there is the compiler's and the machine's affair"
NO_RETURN = "a function that must return a value returns none: no value is defined"
OLD_PERL = "push, shift or keys on a scalar, which Perl forbids since 5.24"
EXPLAINED = {
    **{f"MBPLP/{number}": ("correct", OLD_PERL) for number in (45, 249, 426, 796, 802)},
    "MBCPP/131": ("correct", OUTSIDE),
    "MBCPP/515": ("correct", OUTSIDE),
    "MBCPP/661": ("correct", OUTSIDE),
    "MBCPP/340": ("correct", "starts from variables without a value"),
    "MBCPP/455": ("correct", NO_RETURN),
    "MBCPP/762": ("correct", NO_RETURN),
    "MBCPP/520": ("wrong", "uses std::lcm, which is C++17; the published rate was measured with an older default"),
}
"""Programs whose verdict is not the published one → that one (the file has those that passed first), and why."""
OPERATORS = (
    {"+", "-", "*", "/", "//", "%", "**"},
    {"<", "<=", ">", ">=", "==", "!="},
    {"+=", "-=", "*="},
    {"&", "|", "^", "<<", ">>"},
    {"and", "or"},
    {"True", "False"},
)


@dataclass(slots=True, frozen=True)
class Item:
    """One program to be graded."""

    id: str
    program: str
    reference: dict[str, Any]
    arguments: dict[str, Any]
    plain: str | None = None
    """The program with the dataset's own test code, for the verdict of plain Python; None: not asked for."""
    expected: str | None = None
    """The outcome that it must have; None: not known."""


def grade(item: Item) -> dict[str, Any]:
    """The record of one item: the verdict on a response that holds the program, and what plain Python says."""
    fence = "`" * (2 + max([1, *(len(run) for run in item.program.split("\n") if set(run.strip()) == {"`"})]))
    response = f"{fence}\n{item.program}\n{fence}"
    verdict = verify("code", response, item.reference, item.arguments)
    record = {key: verdict[key] for key in ("outcome", "reason", "detail")} | {"id": item.id}
    if item.expected is not None:
        record["expected"] = item.expected
    if item.plain is not None:
        record["plain"] = plain_python(item.plain)
    return record


def plain_python(source: str) -> str:
    """`correct` where plain Python ends with exit code 0, else `wrong`; inside the sandbox, for the machine's sake."""
    limits = Limits(
        MUTANT_SECONDS, 10 * MUTANT_SECONDS + 2, 544 * MEBI, num_processes=16, address_space_bytes=768 * MEBI
    )
    command = ["env", "PYTHONHASHSEED=0", "python3", "-s", "main.py"]
    run = Sandbox().run(command, {"main.py": source.encode()}, limits=limits)
    return "correct" if run.outcome == "exited" and run.exit_code == 0 else "wrong"


def rows(data: Path, name: str) -> list[dict[str, Any]]:
    """The rows of a file of the data folder, packed or not."""
    path = data / name
    if not path.exists():
        path = path.with_name(path.name + ".gz")
    text = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    return [json.loads(line) for line in text.decode().split("\n") if line]


def canonical(data: Path) -> Iterator[Item]:
    """The canonical solutions of HumanEval and MBPP; all must pass."""
    for row in rows(data, "humaneval/HumanEval.jsonl"):
        program = row["prompt"] + row["canonical_solution"]
        reference = {"kind": "check", "test": row["test"], "entry_point": row["entry_point"]}
        plain = f"{program}\n{row['test']}\ncheck({row['entry_point']})\n"
        yield Item(row["task_id"], program, reference, {}, plain, "correct")
    for row in rows(data, "mbpp/mbpp.jsonl"):
        program = row["code"].replace("\r\n", "\n")
        reference = {"kind": "asserts", "asserts": row["test_list"], "setup": row["test_setup_code"]}
        plain = "\n".join([program, row["test_setup_code"], *row["test_list"]])
        yield Item(f"MBPP/{row['task_id']}", program, reference, {}, plain, "correct")


def mutants(data: Path) -> Iterator[Item]:
    """Canonical solutions with one token changed, made with a fixed seed; the verdict must be plain Python's."""
    sources = list(canonical(data))
    draw = random.Random(0)
    number = 0
    while number < NUM_MUTANTS:
        item = draw.choice(sources)
        changed = mutate(item.program, draw)
        if changed is None or item.plain is None:
            continue
        plain = changed + item.plain[len(item.program) :]
        arguments = {"cpu_seconds": MUTANT_SECONDS}
        yield Item(f"{number}:{item.id}", changed, item.reference, arguments, plain)
        number += 1


def mutate(source: str, draw: random.Random) -> str | None:
    """The source with one token replaced by another of its kind: an operator, a number, a name that the source has;
    None where that is no Python or nothing changed."""
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (tokenize.TokenError, IndentationError):
        return None
    names = sorted({token.string for token in tokens if token.type == tokenize.NAME and token.string.isidentifier()})
    token = draw.choice([one for one in tokens if one.type in (tokenize.OP, tokenize.NUMBER, tokenize.NAME)])
    alike = next((sorted(group) for group in OPERATORS if token.string in group), None)
    if token.type == tokenize.NUMBER:
        alike = ["0", "1", "2", f"{token.string}+1", f"-{token.string}"]
    elif token.type == tokenize.NAME and alike is None:
        alike = names
    if alike is None:
        return None
    other = draw.choice(alike)
    lines = source.split("\n")
    row, column = token.start
    line = lines[row - 1]
    lines[row - 1] = line[:column] + other + line[token.end[1] :]
    changed = "\n".join(lines)
    try:
        ast.parse(changed)
    except (SyntaxError, ValueError):
        return None
    return changed if other != token.string else None


def mbxp(data: Path, language: str, modules: Mapping[str, str]) -> Iterator[Item]:
    """The completions that were published with MBXP. `modules`: file → text, beside programs in JavaScript."""
    problems = {row["task_id"]: row for row in rows(data, f"mbxp/{language}_problems.jsonl")}
    for row in rows(data, f"mbxp/{language}_model_samples.jsonl"):
        problem = problems[row["task_id"]]
        program = problem["prompt"] + row["completion"]
        if language == "python":
            reference = {"kind": "check", "test": problem["test"], "entry_point": problem["entry_point"]}
        else:
            reference = {"kind": "program", "test": problem["test"]}
        if language == "javascript":
            reference["beside"] = dict(modules)
        yield Item(row["task_id"], program, reference, {"language": language, "cpu_seconds": 10.0})


def contests(data: Path) -> Iterator[Item]:
    """A right and a wrong solution of twenty problems of code_contests."""
    problems = {row["row"]: row for row in rows(data, "code_contests/test.jsonl")}
    for number, contest in CONTESTS.items():
        tests = problems[number]["tests"]
        pairs = zip(tests["inputs"], tests["outputs"], strict=True)
        reference: dict[str, Any] = {
            "kind": "stdio",
            "tests": [{"input": one, "output": other} for one, other in pairs],
        }
        arguments: dict[str, Any] = {"cpu_seconds": 10.0, "memory_bytes": 512 * MEBI}
        if contest.checker:
            reference["checker"] = {"language": "python", "source": contest.checker}
            arguments["checker"] = "program"
        yield Item(f"{number}:right", contest.right, reference, arguments, expected="correct")
        yield Item(f"{number}:wrong", contest.wrong, reference, arguments, expected="wrong")
