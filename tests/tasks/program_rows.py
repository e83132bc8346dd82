"""Rows made by hand in the shape of each programming benchmark's file, each with a right program; no text of theirs."""

from __future__ import annotations

import base64
import json
import zlib
from typing import Any

Rows = list[dict[str, Any]]
TASKS = (("twice", "2 * n", 3, 6), ("squared", "n * n", 3, 9), ("opposite", "-n", 5, -5))
"""A function of one number: name, its value in every language used here, a call's argument and result."""
HEADS = {
    "cpp": ("#include <bits/stdc++.h>\nusing namespace std;\n\nint {}(int n) {{\n", "    return {};\n}}"),
    "go": ("package main\n\nfunc {}(n int) int {{\n", "\treturn {}\n}}"),
    "java": ("class Task {{\n    public static int {}(int n) {{\n", "        return {};\n    }}\n}}"),
    "javascript": ("function {}(n) {{\n", "    return {};\n}}"),
    "perl": ("sub {}\n{{\n  my ($n) = @_;\n", "  return {};\n}}"),
    "php": ("<?php\n\nfunction {}($n){{\n", "    return {};\n}}"),
    "ruby": ("def {}(n)\n", "  return {}\nend\n"),
    "typescript": ("const {} = function (n: number) : number  {{\n", "    return {};\n}}"),
}
"""Language → a prompt up to the body, and the rest."""
TESTS = {
    "cpp": "int main(int argc, char* argv[]) {{\n    if (!({0}({1}) == {2})) {{\n"
    '        throw runtime_error("0");\n    }}\n    return 0;\n}}\n',
    "go": 'func main() {{\n\tif {0}({1}) != {2} {{\n\t\tpanic("0")\n\t}}\n}}\n',
    "java": "class Main {{\n    public static void main(String[] args) throws Exception {{\n"
    '        if (!(Task.{0}({1}) == {2})) {{\n            throw new Exception("0");\n        }}\n}}\n}}\n',
    "javascript": 'const _ = require("lodash")\nvar x0 = [{0}({1})];\n'
    "if(!_.isEqual(x0, [{2}])){{\n    throw '0'\n}}\n",
    "perl": 'use Data::Compare;\nmy $x0 = [{0}({1})];\nunless(Compare($x0, [{2}])) {{\n    die "0";\n}}\n',
    "php": 'if ({0}({1}) != {2}) {{\n    throw new Exception("0");\n}}\n',
    "ruby": 'if {0}({1}) != {2}\n    raise StandardError, "0"\nend\n',
    "typescript": "if ({0}({1}) !== {2}) {{\n    throw '0';\n}}\n",
}


def humaneval() -> Rows:
    return [
        {
            "task_id": f"Mine/{name}",
            "entry_point": name,
            "prompt": f'from typing import List\n\n\ndef {name}(n: int) -> int:\n    """ The {name} of n """\n',
            "canonical_solution": f"    return {body}\n",
            "test": f"\n\nMETADATA = {{}}\n\n\ndef check(candidate):\n    assert candidate({n}) == {value}\n",
        }
        for name, body, n, value in TASKS
    ]


def mbpp(first: int) -> Rows:
    """From task number `first` on, behind a row of another part of the file."""
    rows = [
        {
            "text": f"Write a function to {name} a number.",
            "code": f"def {name}(n):\r\n  return {body}",
            "task_id": first + place,
            "test_setup_code": "",
            "test_list": [f"assert {name}({n}) == {value}"],
            "challenge_test_list": [],
        }
        for place, (name, body, n, value) in enumerate(TASKS)
    ]
    return [{**rows[0], "task_id": 5}, *rows]


def mbxp(language: str) -> Rows:
    """`canonical_solution` is right here; in the authors' files it often is not, so the door does not read it."""
    head, end = HEADS[language]
    sign = "$" if language in ("perl", "php") else ""
    return [
        {
            "task_id": f"MB/{name}",
            "language": language,
            "description": name,
            "entry_point": name,
            "prompt": head.format(name),
            "canonical_solution": end.format(body.replace("n", f"{sign}n")),
            "test": TESTS[language].format(name, n, value),
        }
        for name, body, n, value in TASKS
    ]


def code_contests() -> Rows:
    limits = "\n\nTime Limit: {'seconds': 2, 'nanos': 500000000}\nMemory Limit: 256000000 Bytes\n"
    return [
        {
            "problem": f"\nRead n. Write its {name}.{limits}",
            "row": place,
            "tests": {"inputs": ["0\n", f"{n}\n"], "outputs": ["0\n", f"{value}\n"]},
        }
        for place, (name, _, n, value) in enumerate(TASKS)
    ]


def packed(tests: Any) -> str:
    """As LiveCodeBench packs its private tests, base64(zlib(pickle of JSON)), written byte by byte."""
    text = json.dumps(tests).encode()
    size = len(text).to_bytes(4, "little")
    return base64.b64encode(zlib.compress(b"\x80\x04\x95" + bytes(8) + b"X" + size + text + b"\x94.")).decode()


def livecodebench() -> Rows:
    """A method, then programs."""
    rows: Rows = []
    for place, (name, _, n, value) in enumerate(TASKS):
        kind = "stdin" if place else "functional"
        public, private = ([{"input": str(a), "output": str(b), "testtype": kind}] for a, b in ((0, 0), (n, value)))
        rows.append(
            {
                "question_id": f"q-{name}",
                "question_title": name,
                "question_content": f"The {name} of n, please.",
                "platform": "atcoder" if place else "leetcode",
                "difficulty": ("easy", "medium", "hard")[place],
                "contest_date": f"2024-{8 + place:02}-01T00:00:00",
                "metadata": json.dumps({} if place else {"func_name": name}),
                "starter_code": "" if place else f"class Solution:\n    def {name}(self, n: int) -> int:\n        ",
                "public_test_cases": json.dumps(public),
                "private_test_cases": packed(private),
            }
        )
    return rows


def program(name: str, row: dict[str, Any]) -> str:
    """A right answer to a row whose door knows none."""
    if "response" in row:
        return str(row["response"])
    if name.startswith("mbxp-"):
        return str(row["prompt"] + row["canonical_solution"])
    if name == "code_contests":
        return f"n = int(input())\nprint({TASKS[row['row']][1]})"
    body = next(body for name, body, _, _ in TASKS if name == row["question_title"])
    return f"{row['starter_code']}return {body}" if row["starter_code"] else f"n = int(input())\nprint({body})"
