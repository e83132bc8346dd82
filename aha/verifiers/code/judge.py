"""Runs inside the sandbox, for test code that must run beside the program: the program is a child, asked by pipe.

The harness sends the test code as a script of its own, with the marker and the expected values. The script is deleted
before the program starts, and this process is not dumpable, so that the child, though of the same user, cannot read its
memory, its descriptors or its files; and without the marker nothing that the child writes is a verdict.
"""

from __future__ import annotations

import builtins
import ctypes
import json
import os
import subprocess
import sys
from typing import Any

from aha.verifiers.code.values import decode, encode

PR_SET_DUMPABLE = 4
COMMAND = ["python3", "-s", "-m", "aha.verifiers.code.driver", "--serve"]


class NoAnswerFromProgramError(Exception):
    """The program under test ended or broke the protocol."""


class ProgramRaisedError(Exception):
    """The program under test raised something that is no built-in exception."""


class Program:
    """The program under test in a process of its own."""

    def __init__(self) -> None:
        """Start it. Raises NoAnswerFromProgramError when it cannot be imported."""
        self.process = subprocess.Popen(
            COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, close_fds=True
        )
        self._read()

    def call(self, path: list[str], positional: tuple[Any, ...], named: dict[str, Any]) -> Any:
        """What a function of the program returns; raises what it raised where that is a built-in exception."""
        call = {
            "path": path,
            "args": [_sent(value) for value in positional],
            "named": {key: _sent(value) for key, value in named.items()},
        }
        assert self.process.stdin is not None
        try:
            self.process.stdin.write(json.dumps(call).encode() + b"\n")
            self.process.stdin.flush()
        except OSError as error:
            raise NoAnswerFromProgramError from error
        result = self._read()
        if "raised" in result:
            kind = vars(builtins).get(str(result["raised"]))
            raise kind if isinstance(kind, type) and issubclass(kind, Exception) else ProgramRaisedError
        try:
            return decode(result["value"])
        except (ValueError, KeyError, RecursionError) as error:
            raise NoAnswerFromProgramError from error

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        try:
            result = json.loads(self.process.stdout.readline())
        except (ValueError, RecursionError) as error:
            raise NoAnswerFromProgramError from error
        if not isinstance(result, dict):
            raise NoAnswerFromProgramError
        return result


def _sent(value: Any) -> Any:
    return {"path": value._path} if isinstance(value, Name) else encode(value)


class Name:
    """A name of the program under test, as the test code sees it: to be called, or handed back as an argument."""

    def __init__(self, program: Program, path: list[str]) -> None:
        self._program, self._path = program, path

    def __call__(self, *positional: Any, **named: Any) -> Any:
        return self._program.call(self._path, positional, named)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Name(self._program, [*self._path, name])


def start(script: str, marker: str, names: list[str]) -> dict[str, Name]:
    """Hide the script and this process, say so, and start the program; the names that the test code takes from it."""
    os.unlink(script)
    if ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0):
        raise OSError("this process cannot be made undumpable")
    _say(marker, {"hidden": True})
    sys.excepthook = lambda kind, error, trace: report(script, marker, error)
    program = Program()
    return {name: Name(program, [name]) for name in names}


def report(script: str, marker: str, error: BaseException | None) -> None:
    """Write the verdict: `passed`, or what stopped the test code and in which of its lines."""
    line = 0
    trace = None if error is None else error.__traceback__
    while trace is not None:
        line = trace.tb_lineno if trace.tb_frame.f_code.co_filename == script else line
        trace = trace.tb_next
    _say(marker, {"passed": error is None, "error": "" if error is None else type(error).__name__, "line": line})


def _say(marker: str, what: dict[str, Any]) -> None:
    os.write(1, f"{marker} {json.dumps(what)}\n".encode())
