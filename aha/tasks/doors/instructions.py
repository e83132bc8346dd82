"""Doors to instruction following: every instruction that a program can check must be followed."""

from __future__ import annotations

from collections.abc import Callable

from aha.tasks.doors.door import Door, Row
from aha.tasks.rows import RowFormat
from aha.types import Json

LETTERS_AND_LISTS = (
    "keywords:existence", "keywords:frequency", "keywords:letter_frequency", "language:response_language",
    "length_constraints:number_paragraphs", "detectable_content:number_placeholders", "detectable_content:postscript",
    "detectable_format:json_format", "combination:two_responses", "combination:repeat_prompt", "startend:end_checker",
)  # fmt: skip
"""Instructions of IFEval that mean the same in any language."""
WORDS = (
    "keywords:forbidden_words", "length_constraints:number_words", "length_constraints:number_sentences",
    "length_constraints:nth_paragraph_first_word", "change_case:capital_word_frequency", "punctuation:no_comma",
    "detectable_format:number_bullet_lists", "detectable_format:number_highlighted_sections",
    "detectable_format:multiple_sections",
)  # fmt: skip
"""And those that mean the same where words stand apart and sentences end with a full stop."""
CHECKED = {
    "es": {*LETTERS_AND_LISTS, *WORDS, "detectable_format:title", "startend:quotation"},
    "fr": {*LETTERS_AND_LISTS, *WORDS},
    "ja": {*LETTERS_AND_LISTS},
}
"""Language of M-IFEval → its instructions that are IFEval's in other words."""
RELATIONS = {
    "al menos": "at least",
    "au moins": "at least",
    "以上": "at least",
    "moins de": "less than",
    "未満": "less than",
}
AT_MOST = "como máximo"
ALWAYS_AT_LEAST = ("num_placeholders", "num_sections", "num_highlights")
"""Counts that are lower bounds in IFEval; M-IFEval writes the relation beside them."""


def made(row: Row, names: list[Json], arguments: list[Json]) -> dict[str, Json]:
    """Columns for rows.problems_from; the number of instructions is the difficulty."""
    if not len(names) == len(arguments) > 0:
        raise row.error("columns 'instruction_id_list' and 'kwargs' should be lists of one length")
    return {
        "prompt": row.whole("prompt"),
        "answer": {"instruction_id_list": names, "kwargs": arguments},
        "id": row.number("key"),
        "difficulty": len(names),
    }


def ifeval(row: Row) -> dict[str, Json]:
    """IFEval as its authors' file has it."""
    return made(row, row.value("instruction_id_list", list), row.value("kwargs", list))


def m_ifeval(language: str) -> Callable[[Row], dict[str, Json] | None]:
    """The rows whose instructions are all in CHECKED, under IFEval's names."""

    def read(row: Row) -> dict[str, Json] | None:
        names = [str(name).removeprefix(f"{language}:") for name in row.value("instruction_id_list", list)]
        found = made(row, names, [_translated(given) for given in row.value("kwargs", list)])
        return found if set(names) <= CHECKED[language] else None

    return read


def _translated(given: Json) -> Json:
    """An instruction's arguments in IFEval's words; at most n is less than n + 1."""
    if not isinstance(given, dict):
        return given
    present = {key: value for key, value in given.items() if value is not None}
    if any(count in present for count in ALWAYS_AT_LEAST):
        present.pop("relation", None)
    for key in ("relation", "let_relation", "capital_relation"):
        if present.get(key) == AT_MOST:
            counts = [name for name, value in present.items() if isinstance(value, int)]
            present |= {key: "less than", **{name: present[name] + 1 for name in counts}}
        elif key in present:
            present[key] = RELATIONS.get(present[key], present[key])
    return present


def whole(language: str) -> RowFormat:
    """The whole reply is checked, and nothing is added to the question."""
    return RowFormat(
        prompt="prompt", answer="answer", verifier="instructions", extract="whole", domain="general", language=language
    )


def _m_ifeval_door(language: str, name: str, num_rows: int, num_all: int) -> Door:
    return Door(
        f"m_ifeval-{language}", f"m_ifeval/{language}.jsonl", num_rows, f"instructions in {name}: words, form, length",
        m_ifeval(language), whole(language), f"github.com/shisa-ai/M-IFEval: data/{language}_input_data.jsonl",
        "Apache-2.0", f"of {num_all} rows, those whose instructions IFEval has too; strict, all of a prompt's",
    )  # fmt: skip


DOORS = (
    Door("ifeval", "ifeval/prompts.jsonl", 541, "instructions in English: words, form, length",
         ifeval, whole("en"), "github.com/google-research/google-research: instruction_following_eval/data",
         "Apache-2.0; data CC-BY-4.0", "strict, all of a prompt's instructions, as R1 reports"),
    _m_ifeval_door("es", "Spanish", 82, 115),
    _m_ifeval_door("fr", "French", 143, 235),
    _m_ifeval_door("ja", "Japanese", 43, 172),
)  # fmt: skip
