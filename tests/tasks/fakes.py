"""A pool that calls in this process."""

import importlib
import json
from concurrent.futures import Future
from typing import Any

from aha.runtime.workers import CallResult
from aha.types import Json


class InlinePool:
    """Runs each call at once; arguments pass through JSON as they do on the way to a worker."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def submit(self, target: str, arguments: dict[str, Json], cpu_seconds: float | None = None) -> Future[CallResult]:
        self.calls.append(target)
        module, _, name = target.partition(":")
        future: Future[CallResult] = Future()
        function: Any = getattr(importlib.import_module(module), name)
        future.set_result(CallResult(function(**json.loads(json.dumps(arguments))), None, "", 0.0))
        return future


class FailingPool:
    """Every call runs into its limit."""

    def submit(self, target: str, arguments: dict[str, Json], cpu_seconds: float | None = None) -> Future[CallResult]:
        future: Future[CallResult] = Future()
        future.set_result(CallResult(None, "timeout", "over 10 s", 10.0))
        return future
