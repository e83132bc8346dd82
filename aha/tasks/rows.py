"""From a row (a dictionary of columns) to a problem, with errors that name the row."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aha.errors import DataError
from aha.tasks.base import Split, gold_block, in_split
from aha.text.answers import last_boxed
from aha.types import NO_VERIFIER, Json, Message, Problem, VerifierSpec
from aha.verifiers import check_spec
from aha.verifiers.base import BadReferenceError
from aha.verifiers.numbers import reference_number

PROMPT_COLUMNS = ("prompt", "messages", "question", "problem")
ANSWER_COLUMNS = ("answer", "solution", "ground_truth", "reward_model.ground_truth")
ROLES = ("system", "user", "assistant", "tool")


@dataclass(slots=True, frozen=True)
class RowFormat:
    """Which column is what, and how an answer is checked."""

    prompt: str | None = None
    """Column with the question, a text or a list of messages; dots go into nested columns. None: the first of
    PROMPT_COLUMNS that a row has."""
    messages: str | None = None
    """The same as `prompt`, for a column that holds messages."""
    answer: str | None = None
    """Column with the reference. None: the first of ANSWER_COLUMNS."""
    id: str = "id"
    """Column with the id; the row's number where there is none."""
    difficulty: str = "difficulty"
    gold: str | None = None
    """Column with a whole answer that must be graded correct; None: made from the reference."""
    verifier: str | None = None
    """None: `number` where the reference is a number, else `exact`; `none`: no rule decides, no answer is needed."""
    verifier_arguments: Mapping[str, Json] = field(default_factory=dict)
    arguments: str | None = None
    """Column with further arguments of the verifier, an object that holds for its row alone."""
    extract: str = "auto"
    """Where in a response the answer stands (verifiers.base.extract)."""
    instruction: str = ""
    """Added to the last message on a line of its own."""
    domain: str = "math"
    language: str = "en"


def problems_from(
    rows: Iterable[tuple[int, Json]], source: str, form: RowFormat, split: Split = "all", limit: int | None = None
) -> list[Problem]:
    """Problems of numbered rows, in order.

    Raises DataError naming source and row for a row that cannot be used, an id that is there twice, or no rows at all.
    """
    problems: list[Problem] = []
    seen: dict[str, int] = {}
    for number, row in rows:
        if limit is not None and len(problems) == limit:
            break
        problem = problem_from(row, f"{source}, row {number}", source, number, form)
        if problem.id in seen:
            raise DataError(
                f"{source}, row {number}: the id {problem.id!r} is already that of row {seen[problem.id]}.",
                cure="Ids must be unique in a file.",
            )
        seen[problem.id] = number
        if in_split(problem.messages[-1]["content"], split):
            problems.append(problem)
    if not problems:
        raise DataError(f"{source} holds no problems.", cure="Check the file, `limit` and `split`.")
    return problems


def problem_from(row: Json, where: str, source: str, number: int, form: RowFormat) -> Problem:
    """One problem. Raises DataError that starts with `where`."""
    if not isinstance(row, dict):
        raise DataError(f"{where}: expected an object with columns, got {type(row).__name__}.")
    asked = form.messages or form.prompt
    prompt = _column(row, [asked] if asked else PROMPT_COLUMNS, where)
    reference = None if form.verifier == NO_VERIFIER else _reference(row, form, where)
    own = _column(row, [form.arguments], where) if form.arguments else {}
    if not isinstance(own, dict):
        raise DataError(f"{where}: column {form.arguments!r} should be an object of verifier arguments.")
    spec = _verifier(reference, form, own)
    check_spec(spec)
    difficulty = row.get(form.difficulty)
    return Problem(
        id=str(row.get(form.id, number)),
        source=source,
        messages=_messages(prompt, form.instruction, where),
        reference=reference,
        verifier=spec,
        domain=form.domain,
        language=str(row.get("language", form.language)),
        difficulty=float(difficulty) if isinstance(difficulty, int | float) else 0.0,
        metadata={**_plain(row), "prompt": prompt},
    )


def _reference(row: dict[str, Any], form: RowFormat, where: str) -> Json:
    """What an answer is compared with."""
    answer = _column(row, [form.answer] if form.answer else ANSWER_COLUMNS, where)
    reference = last_boxed(answer) or answer if isinstance(answer, str) else answer
    if reference is None or reference == "":
        raise DataError(f"{where}: the answer is empty.", cure="Remove the row, or name another `answer` column.")
    return reference


def gold_response(problem: Problem, form: RowFormat) -> str | None:
    """A completion with the row's own answer; None where a reference says how to check but not what to say."""
    if form.gold is not None:
        return gold_block(str(problem.metadata[form.gold]), problem.verifier)
    reference = problem.reference
    match problem.verifier.name, reference:
        case "json", _:
            text = json.dumps(reference, ensure_ascii=False)
        case "knights", dict() if "statements" not in reference:
            text = ", ".join(f"{name} is a {role}" for name, role in reference.items())
        case "list", list():
            text = ", ".join(map(str, reference))
        case "exact", list() if reference:
            text = str(reference[0])
        case _, str() | int() | float():
            text = str(reference).rsplit("####", 1)[-1].strip()
        case _:
            return None
    return gold_block(text, problem.verifier)


def _verifier(reference: Json, form: RowFormat, own: Mapping[str, Json]) -> VerifierSpec:
    arguments = {"extract": form.extract, **form.verifier_arguments, **own}
    if form.verifier is not None:
        return VerifierSpec(form.verifier, arguments)
    try:
        reference_number(reference)
    except BadReferenceError:
        return VerifierSpec("exact", arguments)
    return VerifierSpec("number", arguments)


def _column(row: dict[str, Any], names: Iterable[str], where: str) -> Any:
    """Value of the first column that is there and not null; a dot goes into a nested column."""
    wanted = list(names)
    for name in wanted:
        value: Any = row
        for part in [name] if name in row else name.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if value is not None:
            return value
    raise DataError(
        f"{where}: there is no column {' or '.join(map(repr, wanted))}; there are {sorted(row)}.",
        cure="Name the columns with `prompt:` (or `messages:`) and `answer:`; where nothing can be checked, say "
        "`verifier: none`.",
    )


def _messages(prompt: Json, instruction: str, where: str) -> list[Message]:
    turns = [{"role": "user", "content": prompt}] if isinstance(prompt, str) else prompt
    if not isinstance(turns, list) or not turns:
        raise DataError(f"{where}: the prompt is neither a text nor a list of messages.")
    for turn in turns:
        if not isinstance(turn, dict) or turn.get("role") not in ROLES or not isinstance(turn.get("content"), str):
            raise DataError(
                f"{where}: a message needs a `role` ({', '.join(ROLES)}) and a text `content`, got {str(turn)[:100]!r}."
            )
    last = turns[-1]
    if last["role"] == "assistant" or not last["content"].strip():
        raise DataError(f"{where}: the last message must be a question, not empty and not the assistant's.")
    added = f"{last['content']}\n{instruction}" if instruction else last["content"]
    plain = [{"role": turn["role"], "content": turn["content"]} for turn in turns]
    return [*plain[:-1], {"role": last["role"], "content": added}]


def _plain(row: dict[str, Any]) -> dict[str, Json]:
    """The columns that JSON can hold; dates and decimals as text, bytes left out."""
    return {
        str(name): json.loads(json.dumps(value, default=str)) for name, value in row.items() if not _has_bytes(value)
    }


def _has_bytes(value: Any) -> bool:
    if isinstance(value, dict):
        return any(map(_has_bytes, value.values()))
    return any(map(_has_bytes, value)) if isinstance(value, list) else isinstance(value, bytes)
