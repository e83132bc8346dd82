"""Result lines that a driver in the sandbox writes: `MARKER NAME {...}`, one a call, in the order of the calls."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from aha.sandbox import Execution
from aha.verifiers.code.results import NOT_RUN, TestResult, failed_run

Reply = dict[str, Any] | TestResult
"""What a driver wrote, or why it wrote nothing that counts."""


def read_results(run: Execution, marker: str, names: Sequence[str]) -> dict[str, Reply]:
    """By name: for each case what came out of it, or why nothing did. A line too many, or out of order, spoils all."""
    failed = failed_run(run)
    said: dict[str, Reply] = {}
    for line in run.stdout.decode("utf-8", "replace").split("\n"):
        head, _, rest = line.partition(" ")
        if head != marker:
            continue
        name, _, text = rest.partition(" ")
        if len(said) == len(names) or name != names[len(said)]:
            return dict.fromkeys(names, TestResult(False, "missing", "more results than calls"))
        said[name] = read_object(text)
    for name in names[len(said) :]:
        said[name] = failed or TestResult(False, "missing", "the program ended early")
        failed = NOT_RUN
    return said


def read_object(text: str) -> Reply:
    """A JSON object."""
    try:
        result = json.loads(text)
    except (ValueError, RecursionError):
        result = None
    return result if isinstance(result, dict) else TestResult(False, "missing", "a result that cannot be read")
