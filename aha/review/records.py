"""The rows of a file as records that a person can judge: a question, a thought, a summary."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aha.errors import DataError
from aha.text.response import Response, response_fault, split_response
from aha.types import Json, Message

FAULTS = {
    "thought_without_end": "the thought has no end (</think>)",
    "thought_without_start": "a thought ends that never began (<think>)",
    "several_thoughts": "there are several thoughts",
    "text_before_thought": "there is text before the thought",
    "no_summary": "nothing visible follows the thought",
}
"""Why a response cannot be split, in words."""
ANSWERS = ("completion", "chosen", "response")
"""Columns that hold the answer beside `prompt`, the first one that is there."""
TEXT = ("prompt", "messages", *ANSWERS)


@dataclass(slots=True, frozen=True)
class Record:
    """One answer to one question."""

    id: str
    """The row's own, else made of the content."""
    row: int
    """Its line in the file, from 1."""
    prompt: tuple[Message, ...]
    """All turns before the answer."""
    text: str
    """The whole answer as it stands in the file."""
    response: Response
    """The answer, split."""
    facts: Mapping[str, Json] = field(default_factory=dict)
    """All other columns of the row."""

    @property
    def problem(self) -> str:
        """The same for all records of one question."""
        return _digest(list(self.prompt))

    @property
    def digest(self) -> str:
        """Hash of question and answer: a decision holds for these texts only."""
        return _digest([list(self.prompt), self.text])


@dataclass(slots=True, frozen=True)
class Unread:
    """A row that is no record."""

    row: int
    why: str
    text: str
    """The line as it stands in the file."""


@dataclass(slots=True, frozen=True)
class RecordFile:
    """A file taken apart."""

    records: tuple[Record, ...]
    unread: tuple[Unread, ...]

    def problems(self) -> list[list[Record]]:
        """Records by question, in the order in which the questions come first."""
        found: dict[str, list[Record]] = {}
        for record in self.records:
            found.setdefault(record.problem, []).append(record)
        return list(found.values())


def read_records(path: Path) -> RecordFile:
    """All rows of a JSONL file: `messages`, or `prompt` with `completion`, `chosen` or `response` (texts or messages).

    Rows that do not parse are returned apart, each with its line and the reason. Raises DataError where the file cannot
    be read or holds no record at all.
    """
    try:
        lines = path.read_bytes().split(b"\n")
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}.", cure="Give a JSONL file of examples.") from error
    records: dict[str, Record] = {}
    unread: list[Unread] = []
    for row, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        text = line.decode("utf-8", errors="replace")
        try:
            record = _record(line, row)
            if record.id in records:
                raise ValueError(f"the id {record.id!r} is that of row {records[record.id].row}")
            records[record.id] = record
        except ValueError as error:
            unread.append(Unread(row, str(error), text))
    if not records:
        why = f"row {unread[0].row}: {unread[0].why}" if unread else "it is empty"
        raise DataError(f"{path} holds no record to review ({why}).", cure="Give a JSONL file with `messages` a row.")
    return RecordFile(tuple(records.values()), tuple(unread))


def _record(line: bytes, row: int) -> Record:
    try:
        value = json.loads(line)
    except (ValueError, RecursionError):
        raise ValueError("no JSON") from None
    if not isinstance(value, dict):
        raise ValueError(f"expected a JSON object, got {type(value).__name__}")
    prompt, text = _turns(value)
    response = split_response(text)
    if response is None:
        raise ValueError(FAULTS[response_fault(text) or "no_summary"])
    facts = {key: item for key, item in value.items() if key not in TEXT}
    name = value.get("id")
    if not isinstance(name, str | int | None) or isinstance(name, bool):
        raise ValueError(f"`id` is {type(name).__name__}, expected a text or a number")
    return Record(str(name or _digest([prompt, text])[:16]), row, tuple(prompt), text, response, facts)


def _turns(value: Mapping[str, Json]) -> tuple[list[Message], str]:
    """The question's turns and the answer."""
    if value.get("messages") is not None:
        turns = _messages(value["messages"], "messages")
    else:
        answer = next((name for name in ANSWERS if value.get(name) is not None), None)
        if answer is None or value.get("prompt") is None:
            raise ValueError(
                "neither `messages` nor `prompt` with one of " + ", ".join(f"`{name}`" for name in ANSWERS)
            )
        turns = [*_side(value["prompt"], "prompt", "user"), *_side(value[answer], answer, "assistant")]
    if turns[-1]["role"] != "assistant" or len(turns) < 2:
        raise ValueError("the last turn is not an answer by the assistant to a turn before it")
    return turns[:-1], turns[-1]["content"]


def _side(value: Json, name: str, role: str) -> list[Message]:
    return [{"role": role, "content": value}] if isinstance(value, str) else _messages(value, name)


def _messages(value: Json, name: str) -> list[Message]:
    if not isinstance(value, list) or not value:
        raise ValueError(f"`{name}` is no list of turns")
    for turn in value:
        if not (isinstance(turn, dict) and isinstance(turn.get("role"), str) and isinstance(turn.get("content"), str)):
            raise ValueError(f"a turn of `{name}` is not {{role, content}} with two texts")
    return [{"role": turn["role"], "content": turn["content"]} for turn in value]


def _digest(value: Json) -> str:
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()
