"""Runs inside the sandbox, in the process of the program under test: evaluates cases and writes what came out.

    driver.py MARKER NAME [NAME ...]   calls these functions of solution.py, one result line each
    driver.py --serve                  answers calls of judge.py, a JSON line each, on standard input and output

It knows no expected value, so a program that takes it over can only return something else than it computed. What the
program itself prints goes nowhere.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from typing import Any, TextIO

from aha.verifiers.code.values import decode, encode


def main(arguments: list[str]) -> None:
    """See the top of this file."""
    calls = os.fdopen(os.dup(0), "r", encoding="utf-8")
    results = os.fdopen(os.dup(1), "w", encoding="utf-8")
    null = os.open(os.devnull, os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(null, 1)
    if arguments == ["--serve"]:
        serve(calls, results)
        return
    marker, *names = arguments
    solution = importlib.import_module("solution")
    for name in names:
        write(results, marker, name, outcome(vars(solution)[name], [], {}))


def serve(calls: TextIO, results: TextIO) -> None:
    """Import the program, say so, and answer calls until the pipe closes."""
    solution = importlib.import_module("solution")
    write(results, "", "", {"ready": True})
    for line in calls:
        call = json.loads(line)
        try:
            function = resolve(solution, call["path"])
            positional = [argument(solution, one) for one in call["args"]]
            named = {key: argument(solution, one) for key, one in call["named"].items()}
        except Exception as error:
            write(results, "", "", {"raised": type(error).__name__})
            continue
        write(results, "", "", outcome(function, positional, named))


def resolve(solution: Any, path: list[str]) -> Any:
    """The value of a dotted name in the program."""
    value = solution
    for name in path:
        value = getattr(value, name)
    return value


def argument(solution: Any, said: Any) -> Any:
    """An argument: a value, or a name of the program."""
    return resolve(solution, said["path"]) if isinstance(said, dict) else decode(said)


def outcome(function: Any, positional: list[Any], named: dict[str, Any]) -> dict[str, Any]:
    """What a call returned, or what it raised."""
    try:
        return {"value": encode(function(*positional, **named))}
    except Exception as error:
        return {"raised": type(error).__name__}


def write(results: TextIO, marker: str, name: str, result: dict[str, Any]) -> None:
    """One line."""
    results.write(f"{marker} {name} {json.dumps(result)}\n".lstrip())
    results.flush()


if __name__ == "__main__":
    main(sys.argv[1:])
