"""Rollouts as Parquet, one file a round: `step-000012.parquet`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from aha.errors import DataError
from aha.runtime import files
from aha.types import Group, Json, Message, Problem, Rollout

if TYPE_CHECKING:
    import pyarrow as pa

Mode = Literal["all", "groups", "text", "none"]
TOKEN_COLUMNS = ("prompt_ids", "token_ids", "logprobs")


def write_rollouts(
    path: Path, groups: Sequence[Group], advantages: Mapping[str, float], mode: Mode, num_groups: int
) -> None:
    """Write a round's rollouts; `path` is named after the round.

    `advantages` by rollout id; a rollout without one (filtered, undecided) has null. `mode`: all rollouts, those of the
    first `num_groups` groups, all without tokens, or no file.
    """
    if mode == "none":
        return
    chosen = groups[:num_groups] if mode == "groups" else groups
    step = int(path.stem.removeprefix("step-"))
    rows = [_row(step, rollout, advantages.get(rollout.id)) for group in chosen for rollout in group.rollouts]
    files.write_parquet(path, _table(rows, leave_out=TOKEN_COLUMNS if mode == "text" else ()))


def read_rollouts(path: Path, columns: Sequence[str] | None = None) -> list[dict[str, Json]]:
    """All rows of a file that `write_rollouts` wrote, with all columns or those of `columns` that are there. Raises
    DataError where it is missing or damaged."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        there = pq.read_schema(path).names
        wanted = there if columns is None else [name for name in columns if name in there]
        rows: list[dict[str, Json]] = pq.read_table(path, columns=wanted).to_pylist()
    except FileNotFoundError as error:
        raise DataError(f"There are no rollouts at {path}.", cure="Set logging.rollouts to keep them.") from error
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path} is not a readable Parquet file: {error}.", cure="Delete it.") from error
    return rows


def _row(step: int, rollout: Rollout, advantage: float | None) -> dict[str, Json]:
    problem, completion, verdict = rollout.problem, rollout.completion, rollout.verdict
    reference = problem.reference
    logprobs = completion.logprobs_N
    return {
        "step": step,
        "group_id": rollout.group_id,
        "rollout_id": rollout.id,
        "problem_id": problem.id,
        "source": problem.source,
        "difficulty": float(problem.difficulty),
        "prompt": _prompt(problem.messages),
        "completion": completion.text,
        "reference": reference if isinstance(reference, str) else json.dumps(reference, ensure_ascii=False),
        "verification": _verification(problem),
        "outcome": verdict.outcome,
        "extracted": verdict.extracted,
        "reason": verdict.reason,
        "detail": verdict.detail,
        "reward": float(rollout.reward),
        **{f"reward/{name}": points for name, points in rollout.rewards.items()},
        "advantage": advantage,
        "num_tokens": len(completion.token_ids_N),
        "finish": completion.finish,
        "policy_version": min((segment.policy_version for segment in completion.segments), default=None),
        "prompt_ids": list(rollout.prompt_ids),
        "token_ids": completion.token_ids_N,
        "logprobs": logprobs,
        **{f"measure/{name}": value for name, value in rollout.measures.items()},
        "seconds": float(verdict.seconds),
    }


def _verification(problem: Problem) -> str:
    """How the answer was checked, as JSON: all that another judge needs beside the response."""
    spec = problem.verifier
    return json.dumps({"verifier": spec.name, "reference": problem.reference, "arguments": dict(spec.arguments)})


def _prompt(messages: Sequence[Message]) -> str:
    """The conversation as text: the words alone where there is one message."""
    if len(messages) == 1:
        return messages[0]["content"]
    return "\n\n".join(f"{message['role']}: {message['content']}" for message in messages)


def _table(rows: list[dict[str, Json]], leave_out: Sequence[str]) -> pa.Table:
    """Columns in order of first appearance; names that only some rows have are null in the others."""
    import pyarrow as pa

    names = [name for name in dict.fromkeys(name for row in rows for name in row) if name not in leave_out]
    return pa.table({name: _column(name, [row.get(name) for row in rows]) for name in names})


def _column(name: str, values: list[Json]) -> pa.Array:
    """One column with its fixed type, so that the files of a run fit together whatever is in them."""
    import pyarrow as pa

    if name in TOKEN_COLUMNS:
        return pa.array(values, pa.list_(pa.float32() if name == "logprobs" else pa.int32()))
    if name in ("step", "num_tokens", "policy_version"):
        return pa.array(values, pa.int64())
    if name in ("difficulty", "reward", "advantage", "seconds") or name.startswith("reward/"):
        return pa.array(values, pa.float64())
    if name.startswith("measure/") and not any(isinstance(value, str) for value in values):
        return pa.array([None if value is None else float(value) for value in values], pa.float64())
    return pa.array([None if value is None else _text(str(value)) for value in values], pa.string())


def _text(text: str) -> str:
    """Lone surrogates, which Parquet cannot hold, as the letters of their escape."""
    return text.encode("utf-8", "backslashreplace").decode()
