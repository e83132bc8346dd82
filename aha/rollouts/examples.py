"""Written examples for fine-tuning: rows of files to token rows, and which of them cannot be learned from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

import numpy as np

from aha.errors import DataError
from aha.tasks.files import read_rows
from aha.tasks.rows import ROLES
from aha.text.chat import ChatTokenizer, Template
from aha.text.conversation import TokenRow, UnusableConversationError, conversation_rows, turn_end_id
from aha.types import Int32, Json, Message

COLUMNS = "`messages`; `prompt` and `completion`; `prompt` and `chosen`: texts or lists of messages"
SHOWN_ROWS = 5
"""Rejected rows that are named for each reason in a line for people; the file of rejected rows names all."""
CHECKED_ROWS = 100
"""Rows of a file that are looked at before a run starts."""
TOLD_EVERY = 200
"""Rows between two calls of `on_progress`."""


Pieces = tuple[tuple[Int32, tuple[tuple[int, int], ...]], ...]
"""Token ids [T] and the trained spans [start, end) of each."""


class BadRowError(DataError):
    """A row that holds no conversation, with the reason as a word that can be counted."""

    def __init__(self, reason: str, problem: str) -> None:
        super().__init__(problem)
        self.reason = reason


@dataclass(slots=True, frozen=True)
class Rejected:
    """A row that is not learned from."""

    row: int
    """From 1, as in the file."""
    reason: str
    detail: str


@dataclass(slots=True, frozen=True)
class Example:
    """One row of a data set as the model reads it: mostly one piece, several where turns cannot share one."""

    row: int
    pieces: Pieces
    rejected: Pieces = ()
    """Of the answer that `pieces` are preferred to, where the row is a pair."""

    @property
    def num_tokens(self) -> int:
        """Tokens of all pieces."""
        return sum(len(token_ids_T) for token_ids_T, _ in (*self.pieces, *self.rejected))

    @property
    def num_trained_tokens(self) -> int:
        """Those that the loss covers."""
        return sum(end - start for _, trained in (*self.pieces, *self.rejected) for start, end in trained)


@dataclass(slots=True)
class Dataset:
    """What of a file can be learned from, and what cannot."""

    name: str
    weight: float
    """How often an epoch sees each row."""
    examples: list[Example] = field(default_factory=list)
    rejected: list[Rejected] = field(default_factory=list)

    @property
    def counts(self) -> dict[str, int]:
        """Rows that are used (`kept`), and by reason those that are not."""
        reasons = Counter(each.reason for each in self.rejected)
        return {"kept": len(self.examples), **dict(sorted(reasons.items()))}

    def describe(self) -> str:
        """A line for people."""
        text = f"{self.name}: {len(self.examples):,} rows"
        by_reason: dict[str, list[str]] = {}
        for each in self.rejected:
            by_reason.setdefault(each.reason, []).append(f"{each.row}")
        left_out = []
        for reason, rows in sorted(by_reason.items()):
            shown = ", ".join([*rows[:SHOWN_ROWS], *["…"] * (len(rows) > SHOWN_ROWS)])
            left_out.append(f"{reason.replace('_', ' ')} {len(rows)} (row {shown})")
        return f"{text}; left out: {'; '.join(left_out)}." if left_out else f"{text}."


def messages_of(row: Json) -> list[Message]:
    """The conversation of a row in any of the columns of `COLUMNS` (TRL's). Raises BadRowError."""
    if not isinstance(row, dict):
        raise BadRowError("no_object", f"expected an object with columns, got {type(row).__name__}")
    if row.get("messages") is not None:
        return _turns(row["messages"], "user")
    answer = next((row[name] for name in ("completion", "chosen") if row.get(name) is not None), None)
    if answer is None:
        raise BadRowError("unknown_columns", f"expected {COLUMNS}; there are {sorted(row)}")
    answered = _turns(answer, "assistant")
    whole = answered[0]["role"] in ("system", "user") or row.get("prompt") is None
    return answered if whole else _turns(row["prompt"], "user") + answered


def conversations_of(row: Json, pairs: bool) -> list[list[Message]]:
    """The conversation of a row; with `pairs` the one with the chosen answer and the one with the rejected answer.
    Raises BadRowError."""
    if not pairs:
        return [messages_of(row)]
    if not isinstance(row, dict) or row.get("chosen") is None or row.get("rejected") is None:
        found = sorted(row) if isinstance(row, dict) else type(row).__name__
        raise BadRowError("no_pair", f"expected `prompt`, `chosen` and `rejected`; there are {found}")
    others = {name: value for name, value in row.items() if name not in ("messages", "completion")}
    return [messages_of(others), messages_of(others | {"chosen": row["rejected"]})]


def read_dataset(
    path: Path,
    name: str,
    weight: float,
    *,
    template: Template,
    tokenizer: ChatTokenizer,
    max_tokens: int,
    pairs: bool = False,
    on_progress: Callable[[int], None] = lambda row: None,
) -> Dataset:
    """All rows of a JSONL or Parquet file that can be learned from (with `pairs`, as pairs of answers); the others are
    in `rejected`.

    A row of which a piece has more than `max_tokens` tokens is too long. `name` is what errors call the file.
    Raises DataError where there is no such file, where it is corrupt, and where no row is left.
    """
    found, end_id = Dataset(name, weight), turn_end_id(template, tokenizer)

    def reject(row: int, reason: str, error: DataError) -> None:
        found.rejected.append(Rejected(row, reason, error.problem.removeprefix(f"{path}, row {row}: ")))

    for number, row in read_rows(path, lambda number, error: reject(number, "no_json", error)):
        if number % TOLD_EVERY == 0:
            on_progress(number)
        try:
            talks = [conversation_rows(talk, template, tokenizer, end_id) for talk in conversations_of(row, pairs)]
            longest = max(len(piece.token_ids) for pieces in talks for piece in pieces)
            if longest > max_tokens:
                raise BadRowError("too_long", f"{longest:,} tokens, more than {max_tokens:,}")
            found.examples.append(Example(number, *map(_pieces, talks)))
        except (BadRowError, UnusableConversationError) as error:
            reject(number, error.reason, error)
    if not found.examples:
        raise DataError(
            f"Nothing can be learned from {name}. {found.describe()}",
            cure=f"First of them: {found.rejected[0].detail}." if found.rejected else "The file holds no rows.",
        )
    return found


def check_columns(path: Path, name: str, pairs: bool = False) -> None:
    """Raise DataError where none of a file's first rows holds a conversation (or a pair), so that it shows before time
    is spent."""
    problem = "it has no rows"
    for _, row in islice(read_rows(path, lambda number, error: None), CHECKED_ROWS):
        try:
            conversations_of(row, pairs)
            return
        except BadRowError as error:
            problem = error.problem
    what = "pair" if pairs else "conversation"
    raise DataError(f"{name}: no {what} in the first rows: {problem}.", cure="Rename the columns.")


def _pieces(rows: Sequence[TokenRow]) -> Pieces:
    return tuple((np.asarray(row.token_ids, dtype=np.int32), tuple(row.trained)) for row in rows)


def _turns(value: Json, role: str) -> list[Message]:
    """A list of messages as it is; a text as one message of `role`. Raises BadRowError."""
    turns = [{"role": role, "content": value}] if isinstance(value, str) else value
    if not isinstance(turns, list) or not turns:
        raise BadRowError("no_messages", f"expected a text or a list of messages, got {str(value)[:100]!r}")
    for turn in turns:
        if not isinstance(turn, dict) or turn.get("role") not in ROLES or not isinstance(turn.get("content"), str):
            problem = f"a message needs a `role` ({', '.join(ROLES)}) and a text `content`, got {str(turn)[:100]!r}"
            raise BadRowError("no_messages", problem)
    return [{"role": turn["role"], "content": turn["content"]} for turn in turns]
