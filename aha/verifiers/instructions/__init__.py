"""Instructions that a program can check: the 25 kinds of IFEval, each a small pure function in a table."""

from __future__ import annotations

from collections.abc import Callable
from inspect import signature

from aha.types import Json, Verdict
from aha.verifiers.base import BadReferenceError, decided
from aha.verifiers.instructions import case, form, keywords, lengths, parts

CHECKS: dict[str, Callable[..., bool]] = {
    "keywords:existence": keywords.existence,
    "keywords:frequency": keywords.frequency,
    "keywords:forbidden_words": keywords.forbidden_words,
    "keywords:letter_frequency": keywords.letter_frequency,
    "language:response_language": case.response_language,
    "length_constraints:number_sentences": lengths.number_sentences,
    "length_constraints:number_paragraphs": lengths.number_paragraphs,
    "length_constraints:number_words": lengths.number_words,
    "length_constraints:nth_paragraph_first_word": lengths.nth_paragraph_first_word,
    "detectable_content:number_placeholders": form.number_placeholders,
    "detectable_content:postscript": parts.postscript,
    "detectable_format:number_bullet_lists": form.number_bullet_lists,
    "detectable_format:constrained_response": form.constrained_response,
    "detectable_format:number_highlighted_sections": form.number_highlighted_sections,
    "detectable_format:multiple_sections": form.multiple_sections,
    "detectable_format:json_format": form.json_format,
    "detectable_format:title": form.title,
    "combination:two_responses": parts.two_responses,
    "combination:repeat_prompt": parts.repeat_prompt,
    "startend:end_checker": parts.end_checker,
    "startend:quotation": parts.quotation,
    "change_case:capital_word_frequency": case.capital_word_frequency,
    "change_case:english_capital": case.english_capital,
    "change_case:english_lowercase": case.english_lowercase,
    "punctuation:no_comma": form.no_comma,
}
"""Identifier → function(text, **arguments), as IFEval names both (arXiv 2311.07911)."""


def instructions(answer: str, reference: Json, *, loose: bool = False) -> Verdict:
    """Whether the answer follows every instruction of `reference["instruction_id_list"]`, whose arguments stand in
    `reference["kwargs"]`; those that are null count as not given.

    `loose`: an instruction is also followed when it is by the answer without its first or last line, or without
    asterisks. Use the extraction rule `whole`, since the whole reply is the answer.
    """
    return decided(all(followed(answer, reference, loose)), answer)


def followed(answer: str, reference: Json, loose: bool = False) -> list[bool]:
    """For each instruction whether the answer follows it. Raises BadReferenceError."""
    texts = variants(answer) if loose else [answer]
    checks = _read_reference(reference)
    try:
        return [any([check(text, **given) for text in texts if text.strip()]) for check, given in checks]
    except (TypeError, AttributeError, ValueError) as error:
        raise BadReferenceError(f"an instruction has a wrong argument: {error}") from error


def variants(answer: str) -> list[str]:
    """The answer, and without its first line, its last line, both; each also without asterisks."""
    lines = answer.split("\n")
    cut = [answer, *("\n".join(kept).strip() for kept in (lines[1:], lines[:-1], lines[1:-1]))]
    return cut + [text.replace("*", "") for text in cut]


def _read_reference(reference: Json) -> list[tuple[Callable[..., bool], dict[str, Json]]]:
    names, arguments = (
        (reference.get("instruction_id_list"), reference.get("kwargs")) if isinstance(reference, dict) else (None, None)
    )
    if not isinstance(names, list) or not isinstance(arguments, list) or not len(names) == len(arguments) > 0:
        raise BadReferenceError("expected instruction_id_list and kwargs, two lists of one length")
    checks: list[tuple[Callable[..., bool], dict[str, Json]]] = []
    for name, given in zip(names, arguments, strict=True):
        if not isinstance(name, str) or name not in CHECKS or not isinstance(given, dict):
            raise BadReferenceError(f"there is no instruction {name!r}")
        present = {key: value for key, value in given.items() if value is not None}
        if present.keys() != set(list(signature(CHECKS[name]).parameters)[1:]):
            raise BadReferenceError(f"the instruction {name!r} does not take the arguments {sorted(present)}")
        checks.append((CHECKS[name], present))
    return checks
