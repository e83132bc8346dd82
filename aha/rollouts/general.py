"""General data as files have it: a question, an answer, a category, and for instructions what a program checks."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from aha.config.data_stages import GeneralFile
from aha.errors import ConfigError, DataError
from aha.lab.requests import TASKS as LAB_TASKS
from aha.lab.requests import general_rows
from aha.rollouts.examples import BadRowError, messages_of
from aha.tasks.base import split_name
from aha.tasks.files import read_rows
from aha.text.response import Response, response_fault, split_response
from aha.types import NO_VERIFIER, Json, Message, Problem, VerifierSpec
from aha.verifiers import check_spec

PROMPTS = ("prompt", "question", "instruction")
ANSWERS = ("answer", "response", "output")
"""Columns with texts, beside those that fine-tuning reads (`messages`, `prompt` with `completion` or `chosen`)."""
CHECKED = "instructions"
"""The category whose answers a program must be able to check."""
PLAIN = frozenset({"greeting"})
"""Categories that are answered without a thought."""
SHOWN_PROBLEMS = 5


@dataclass(slots=True, frozen=True)
class GeneralRow:
    """A row that can be used."""

    problem: Problem
    """Its verifier is `none` where nothing can be checked."""
    response: Response
    """The row's answer, with a thought where it has one."""
    wants_thought: bool
    """Whether a thought is to be written before the answer."""

    @property
    def category(self) -> str:
        """Of what kind it is."""
        return str(self.problem.metadata["category"])


@dataclass(slots=True)
class GeneralData:
    """All rows of all files in their order, and what could not be used."""

    rows: list[GeneralRow] = field(default_factory=list)
    num_broken: int = 0
    problems: list[str] = field(default_factory=list)
    """The first broken rows, for people."""

    def broken(self, where: str, why: str) -> None:
        """Count a row that cannot be used."""
        self.num_broken += 1
        if self.num_broken <= SHOWN_PROBLEMS:
            self.problems.append(f"{where}: left out, {why}")


def read_general(files: Iterable[GeneralFile]) -> GeneralData:
    """The rows of all files. Raises DataError for a file that cannot be read, ConfigError for a name that is none."""
    found = GeneralData()
    for file in files:
        place, columns = located(file.name)
        num_used = 0
        for number, row in numbered_rows(place, found):
            if num_used == file.limit:
                break
            try:
                found.rows.append(general_row(row, f"{place}", number, file, columns))
                num_used += 1
            except DataError as error:
                found.broken(f"{place}, row {number}", error.problem)
    return found


def located(name: str) -> tuple[str, dict[str, str]]:
    """The file and the names of its columns: `file:PATH?prompt=asked&answer=said`, or the name of a lab task.

    Raises ConfigError for anything else.
    """
    place, arguments = split_name(name.removeprefix("file:"))
    unknown = sorted(arguments.keys() - {"prompt", "answer"})
    if unknown:
        raise ConfigError(f"{name}: unknown key {unknown[0]!r}.", cure="Known: prompt and answer, names of columns.")
    if place not in LAB_TASKS and not name.startswith("file:"):
        raise ConfigError(f"{name!r} is no file of general data.", cure=f"Write file:PATH, or {', '.join(LAB_TASKS)}.")
    return place, {key: str(value) for key, value in arguments.items()}


def numbered_rows(place: str, found: GeneralData) -> Iterator[tuple[int, Json]]:
    """Rows from 1; lines that are no JSON are counted as broken."""
    if place in LAB_TASKS:
        yield from enumerate(general_rows(place), start=1)
    else:
        yield from read_rows(Path(place), lambda number, error: found.broken(f"{place}, row {number}", error.problem))


def general_row(row: Json, source: str, number: int, file: GeneralFile, columns: Mapping[str, str]) -> GeneralRow:
    """One row. Raises DataError for one without question, answer, or a check where its category needs one."""
    messages = conversation(row, columns)
    asked, text = messages[:-1], messages[-1]["content"]
    response = split_response(text)
    if messages[-1]["role"] != "assistant" or not asked or response is None:
        raise BadRowError("no_response", (response_fault(text) or "no question with an answer").replace("_", " "))
    category = file.category or str(row.get("category") or "other")
    spec, reference = check_of(row)
    if category == CHECKED and spec.name == NO_VERIFIER:
        raise BadRowError("unchecked", "an instruction needs `checks` or `instruction_id_list` and `kwargs`")
    problem = Problem(
        id=str(row.get("id", number)),
        source=source,
        messages=asked,
        reference=reference,
        verifier=spec,
        domain=CHECKED if category == CHECKED else str(row.get("domain") or "general"),
        language=str(row.get("language") or "en"),
        metadata={"category": category},
    )
    return GeneralRow(problem, response, file.thought and category not in PLAIN and response.thought is None)


def conversation(row: Json, columns: Mapping[str, str]) -> list[Message]:
    """Question and answer as turns, by the columns that are named, else by the first that are there."""
    if not isinstance(row, dict):
        raise BadRowError("no_object", f"expected an object with columns, got {type(row).__name__}")
    asked = next((row[name] for name in _names(columns, "prompt", PROMPTS) if row.get(name) is not None), None)
    said = next((row[name] for name in _names(columns, "answer", ANSWERS) if row.get(name) is not None), None)
    if asked is None or said is None or "messages" in row:
        return messages_of(row)
    return messages_of({"prompt": asked, "completion": said})


def _names(columns: Mapping[str, str], key: str, known: tuple[str, ...]) -> tuple[str, ...]:
    return (columns[key],) if key in columns else known


def check_of(row: Mapping[str, Json]) -> tuple[VerifierSpec, Json]:
    """What checks the answer, and by which reference: the instruction checks (arXiv 2311.07911), any verifier that the
    row names with its `reference`, or none. Raises DataError for a verifier that does not exist."""
    checks = row.get("checks")
    if isinstance(checks, dict) and "instruction_id_list" in checks:
        return VerifierSpec("instructions", {"extract": "whole"}), checks
    if "instruction_id_list" in row:
        reference = {key: row.get(key) for key in ("instruction_id_list", "kwargs")}
        return VerifierSpec("instructions", {"extract": "whole"}), reference
    if isinstance(row.get("verifier"), str):
        spec = VerifierSpec(row["verifier"], {"extract": "auto"})
        check_spec(spec)
        return spec, row.get("reference")
    return VerifierSpec(NO_VERIFIER), ""
