"""Rewards written by users as TRL takes them: `f(completions, **columns) -> list[float | None]`, one call a group."""

from __future__ import annotations

import asyncio
import inspect
import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING

from aha.errors import DataError
from aha.types import Json, Problem
from aha.verifiers.functions import load_function

if TYPE_CHECKING:
    from aha.runtime.workers import CallResult

CALL = "aha.rewards.custom:call"


def custom_call(
    function: str,
    problem: Problem,
    completions: Sequence[str],
    completion_ids: Sequence[Sequence[int]],
    arguments: Mapping[str, Json],
) -> tuple[str, dict[str, Json]]:
    """Worker target and arguments that score the completions of one problem with `path.py:function`.

    The columns are TRL's: `prompts`, `completions` and `completion_ids`, the row's own columns, `answer`, and the
    reward's `arguments`, each as long as the group. Prompts and completions are texts where the row's prompt is a text
    (`metadata["prompt"]`, or a single user message), and lists of messages where it is a list of messages.
    """
    count = len(completions)
    default = problem.messages[0]["content"] if len(problem.messages) == 1 else list(problem.messages)
    prompt = problem.metadata.get("prompt", default)
    written: list[Json] = list(completions)
    if not isinstance(prompt, str):
        written = [[{"role": "assistant", "content": text}] for text in completions]
    row = {"answer": problem.reference, **problem.metadata, **arguments}
    columns = {key: [value] * count for key, value in row.items() if key not in ("prompt", "completion")}
    ids = [list(map(int, each)) for each in completion_ids]
    columns |= {"prompts": [prompt] * count, "completions": written, "completion_ids": ids}
    return CALL, {"function": function, "columns": columns}


def call(function: str, columns: dict[str, list[Json]]) -> Json:
    """In the worker: call the function with the columns that it takes; its points, or what is wrong with them."""
    target = load_function(function)
    count = len(columns["completions"])
    parameters = inspect.signature(target).parameters.values()
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters):
        columns = {name: columns[name] for name in columns if name in {parameter.name for parameter in parameters}}
    points = target(**columns)
    if inspect.iscoroutine(points):
        points = asyncio.run(points)
    if not isinstance(points, list | tuple):
        return {"error": f"returned {type(points).__name__}, expected a list with one number (or None) a completion"}
    if len(points) != count:
        return {"error": f"returned {len(points)} points for {count} completions"}
    for index, value in enumerate(points):
        if value is not None and not (isinstance(value, Real) and math.isfinite(value)):
            return {"error": f"returned {value!r} at index {index}, expected a finite number or None"}
    return {"points": [None if value is None else float(value) for value in points]}


def read_points(function: str, result: CallResult, count: int) -> list[float | None]:
    """Points of one group: None for all where the call itself failed (it raised, hung or was lost).

    Raises DataError, naming function and index, when it returned what is not one finite number or None a completion.
    """
    if result.failure is not None:
        return [None] * count
    if "error" in result.value:
        raise DataError(f"The reward {function} {result.value['error']}.", cure="Correct the function and run again.")
    return list(result.value["points"])
