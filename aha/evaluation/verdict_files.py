"""`aha verify`: verdicts on the rows of a file, streamed in the file's order, and how they agree with given labels.

Rows hold `id`, `verifier`, `response`, `reference` and, where the verifier takes any, `arguments`.
"""

from __future__ import annotations

import json
import math
from collections import Counter, deque
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from pathlib import Path

from aha.errors import DataError
from aha.evaluation.agreement import Agreement, label_of
from aha.rollouts.grading import to_verdict
from aha.runtime.workers import CallResult
from aha.tasks.base import Pool
from aha.tasks.files import read_rows
from aha.types import Json, Outcome, VerifierSpec
from aha.verifiers import VERIFIERS, call_seconds, check_spec

MAX_IN_FLIGHT = 256
"""Rows that are read ahead of the one whose verdict is waited for."""
Row = dict[str, Json]


@dataclass(slots=True)
class Verified:
    """What came of a file: counts, and every row that needs a look."""

    file: str
    outcomes: Counter[str] = field(default_factory=Counter)
    reasons: Counter[str] = field(default_factory=Counter)
    """`correct: match`, `wrong: mismatch`, `undecided: crash` …"""
    failures: Counter[str] = field(default_factory=Counter)
    """What undecided verdicts say, behind the verifier's name."""
    rejected: list[Row] = field(default_factory=list)
    """`{row, problem}` of rows that could not be graded."""
    seconds: float = 0.0
    """CPU seconds of all verdicts together."""
    agreement: Agreement | None = None

    def to_json(self) -> Row:
        """The summary that `--json` prints."""
        return {
            "file": self.file,
            "num_verdicts": self.outcomes.total(),
            **{outcome: self.outcomes[outcome] for outcome in ("correct", "wrong", "undecided")},
            "reasons": dict(self.reasons.most_common()),
            "failures": dict(self.failures.most_common()),
            "seconds": self.seconds,
            "rejected": self.rejected,
            "against": None if self.agreement is None else self.agreement.to_json(),
        }

    def check(self) -> None:
        """Raise DataError where rows were rejected; call it after the rest has been printed."""
        if self.rejected:
            raise DataError(
                f"{len(self.rejected)} of {len(self.rejected) + self.outcomes.total()} rows of {self.file} were "
                f"rejected, the first: {self.rejected[0]['problem']}",
                cure="The other rows have their verdicts; correct these and run again.",
            )


@dataclass(slots=True, frozen=True)
class _Pending:
    """A row whose verdict is on its way."""

    number: int
    row: Row
    label: Outcome | None
    future: Future[CallResult]


def verify_file(
    path: Path,
    pool: Pool,
    *,
    against: str | None = None,
    on_row: Callable[[Row], None] = lambda row: None,
    on_rejected: Callable[[str], None] = lambda problem: None,
    on_progress: Callable[[Verified], None] = lambda verified: None,
) -> Verified:
    """Grade the rows of a JSONL (.jsonl, .jsonl.gz) or Parquet file; `against` names a column with given labels.

    `on_row` gets each row with `outcome`, `extracted`, `reason`, `seconds` (and `detail`, where there is more to say),
    in the file's order and as soon as its turn has come. A row that cannot be graded is left out, counted, and named to
    `on_rejected`. Raises DataError where the file itself cannot be read.
    """
    verified = Verified(str(path), agreement=None if against is None else Agreement(against))
    pending: deque[_Pending] = deque()

    def reject(number: int, error: DataError) -> None:
        verified.rejected.append({"row": number, "problem": str(error)})
        on_rejected(str(error))

    def settle(most: int) -> None:
        while pending and (len(pending) > most or pending[0].future.done()):
            on_row(_settled(pending.popleft(), verified))
            on_progress(verified)

    for number, row in read_rows(path, reject):
        try:
            call, label = _call(row, f"{path}, row {number}"), _label(row, f"{path}, row {number}", against)
        except DataError as error:
            reject(number, error)
            continue
        seconds = call_seconds(VerifierSpec(call["verifier"], call["arguments"]), call["reference"])
        pending.append(_Pending(number, row, label, pool.submit("aha.verifiers:verify", call, seconds)))
        settle(MAX_IN_FLIGHT)
    settle(0)
    return verified


def line_of(row: Mapping[str, Json]) -> str:
    """A row as one line of JSON: dates and the like as text, numbers that are none as null, lone surrogates, which no
    file can hold, as their escapes."""
    row = _finite(row)
    text = json.dumps(row, ensure_ascii=False, default=str)
    try:
        text.encode()
    except UnicodeEncodeError:
        return json.dumps(row, default=str)
    return text


def _finite(value: Json) -> Json:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): _finite(each) for key, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, list) else value


def _settled(each: _Pending, verified: Verified) -> Row:
    result = each.future.result()
    verdict = to_verdict(result)
    verified.outcomes[verdict.outcome] += 1
    verified.reasons[f"{verdict.outcome}: {verdict.reason}"] += 1
    verified.seconds += verdict.seconds
    if verdict.outcome == "undecided" and verdict.detail:
        verified.failures[f"{each.row['verifier']}: {verdict.detail}"] += 1
    found = {
        "outcome": verdict.outcome,
        "extracted": verdict.extracted,
        "reason": verdict.reason,
        "seconds": verdict.seconds,
    }
    if verdict.detail:
        found["detail"] = verdict.detail
    if verified.agreement is not None and each.label is not None:
        verified.agreement.add(each.number, each.row, each.label, verdict)
    return each.row | found


def _call(row: Json, where: str) -> Row:
    """The worker's arguments. Raises DataError that starts with `where`. A built-in verifier's arguments are checked
    here; a user's file is only ever loaded in a worker."""
    if not isinstance(row, dict):
        raise DataError(f"{where}: expected an object with columns, got {type(row).__name__}.")
    for name in ("id", "verifier", "response", "reference"):
        if row.get(name) is None:
            raise DataError(f"{where}: there is no {name!r}; there are {sorted(row)}.")
    for name in ("verifier", "response"):
        if not isinstance(row[name], str):
            raise DataError(f"{where}: {name!r} is {str(row[name])[:100]!r}, expected a text.")
    arguments = _arguments(row.get("arguments"), where)
    if row["verifier"] in VERIFIERS or ":" not in row["verifier"]:
        try:
            check_spec(VerifierSpec(row["verifier"], arguments))
        except DataError as error:
            raise DataError(f"{where}: {error.problem}", cure=error.cure) from error
    return {
        "verifier": row["verifier"],
        "response": row["response"],
        "reference": _plain(row["reference"], where),
        "arguments": arguments,
    }


def _arguments(value: Json, where: str) -> Row:
    """An object, or its JSON text. Parquet fills what only other rows have with nulls: these are left out."""
    if isinstance(value, str):
        try:
            value = json.loads(value)
        except ValueError as error:
            raise DataError(f"{where}: 'arguments' is a text that is no JSON ({error}).") from error
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise DataError(f"{where}: 'arguments' is {str(value)[:100]!r}, expected an object.")
    found: Row = _plain({key: each for key, each in value.items() if each is not None}, where)
    return found


def _plain(value: Json, where: str) -> Json:
    """The value where JSON can hold it; Parquet has more kinds."""
    try:
        json.dumps(value, allow_nan=False)
    except (TypeError, ValueError) as error:
        raise DataError(f"{where}: {str(value)[:100]!r} cannot be written as JSON ({error}).") from error
    return value


def _label(row: Row, where: str, against: str | None) -> Outcome | None:
    if against is None:
        return None
    if against not in row:
        raise DataError(f"{where}: there is no column {against!r} to compare with; there are {sorted(row)}.")
    return label_of(row[against], f"{where}: {against!r}")
