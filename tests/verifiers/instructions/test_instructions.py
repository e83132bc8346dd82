"""Each of IFEval's instructions followed and not followed, and the labels of its official checker."""

import json
import os
import time
from pathlib import Path
from typing import Any

import pytest

from aha.verifiers import verify
from aha.verifiers.base import BadReferenceError
from aha.verifiers.instructions import CHECKS, followed, variants
from aha.verifiers.instructions.lengths import compare

IFEVAL = Path(os.environ.get("AHA_DATA", Path(__file__).parents[3].parent / "shared" / "data")) / "ifeval"

CASES: dict[str, tuple[dict[str, Any], list[str], list[str]]] = {
    "keywords:existence": ({"keywords": ["sea", "C++"]}, ["Seaside, c++"], ["sea", ""]),
    "keywords:frequency": ({"keyword": "ha", "frequency": 2, "relation": "at least"}, ["Haha"], ["ha"]),
    "keywords:forbidden_words": ({"forbidden_words": ["art"]}, ["a cart"], ["Art!", "the art of"]),
    "keywords:letter_frequency": (
        {"letter": "e", "let_frequency": 2, "let_relation": "less than"}, ["Eat", "oak"], ["eel"]),
    "language:response_language": (
        {"language": "de"}, ["Das ist nicht der Weg, den wir gehen."], ["This is the way", "OK"]),
    "length_constraints:number_sentences": (
        {"num_sentences": 2, "relation": "at least"}, ["One. Two!", "He left (late.) She stayed."],
        ["Mr. J. Smith of the U.S. Army", "One\ntwo", "No... never"]),
    "length_constraints:number_paragraphs": (
        {"num_paragraphs": 2}, ["a\n***\nb", "***a***b***"], ["a", "a\n\nb", "a *** *** b"]),
    "length_constraints:number_words": (
        {"num_words": 3, "relation": "less than"}, ["two words", "a-b"], ["it's 5 now"]),
    "length_constraints:nth_paragraph_first_word": (
        {"num_paragraphs": 2, "nth_paragraph": 2, "first_word": "Then"}, ["a\n\n'then, b", "a\n\nThen"],
        ["a\n\nthence", "a\n\nthen\n\nb", "then", "a\n\n\n\nthen"]),
    "detectable_content:number_placeholders": ({"num_placeholders": 2}, ["[a] [b c]"], ["[a] [b", "[a]", "[a\n] [b]"]),
    "detectable_content:postscript": ({"postscript_marker": "P.S."}, ["x\np. s. y"], ["PS", "x"]),
    "detectable_format:number_bullet_lists": (
        {"num_bullets": 2}, ["* a\n  - b", "intro\n\n* a\n* b"], ["* a", "** a **\n* b", "* a\n* b\n* c"]),
    "detectable_format:constrained_response": (
        {}, ["So: My answer is maybe."], ["My answer is no", "my answer is yes."]),
    "detectable_format:number_highlighted_sections": (
        {"num_highlights": 2}, ["*a* and *b c*", "**a**\n*b*"], ["*a*", "* a\n* b", "** **"]),
    "detectable_format:multiple_sections": (
        {"section_spliter": "Day", "num_sections": 2}, ["Day 1 a\nDay 2 b", "Day1 Day2"], ["day 1 day 2", "Day 1"]),
    "detectable_format:json_format": ({}, ['{"a": 1}', "```JSON\n[]\n```"], ["{'a': 1}", '{"a": 1} ok']),
    "detectable_format:title": ({}, ["<<A title>>\ntext"], ["<< >>", "<title>", "<<a\n>>"]),
    "combination:two_responses": (
        {}, ["a******b", "******a\n******\nb"], ["a", "a******a", "a******b******c", "a************b"]),
    "combination:repeat_prompt": ({"prompt_to_repeat": "Say hi."}, ["say hi. Hi!"], ["Hi! Say hi."]),
    "startend:end_checker": ({"end_phrase": "The end."}, ['"So. the end."'], ["The end. P.S."]),
    "startend:quotation": ({}, [' "a" '], ['"a', '"', "'a'"]),
    "change_case:capital_word_frequency": (
        {"capital_frequency": 2, "capital_relation": "at least"}, ["I saw NASA", "DON'T"], ["One Two", "NASA's Moon"]),
    "change_case:english_capital": (
        {}, ["THIS IS THE WAY."], ["This is", "DAS IST NICHT DER WEG, DEN WIR GEHEN.", "123"]),
    "change_case:english_lowercase": ({}, ["this is the way."], ["This", "das ist nicht der weg, den wir gehen."]),
    "punctuation:no_comma": ({}, ["a; b"], ["a, b"]),
}  # fmt: skip


def reference(name: str, given: dict[str, Any]) -> dict[str, Any]:
    return {"instruction_id_list": [name], "kwargs": [given]}


def test_every_instruction_has_a_case() -> None:
    assert set(CASES) == set(CHECKS)


@pytest.mark.parametrize("name", list(CASES))
def test_instructions(name: str) -> None:
    given, yes, no = CASES[name]
    for text in yes:
        assert followed(text, reference(name, given)) == [True], text
    for text in no:
        assert followed(text, reference(name, given)) == [False], text


def test_all_instructions_together_and_loosely() -> None:
    both = {
        "instruction_id_list": ["punctuation:no_comma", "startend:end_checker"],
        "kwargs": [{"num_words": None}, {"end_phrase": "bye"}],
    }

    def outcome(text: str, **arguments: Any) -> str:
        return str(verify("instructions", text, both, {"extract": "whole", **arguments})["outcome"])

    assert outcome("So long bye") == "correct"
    assert outcome("<think>, ,</think> So long bye") == "correct"
    assert outcome("So long, bye") == outcome("So long") == "wrong"
    for text in ("Well, here it is:\nSo long bye", "So long bye\n-- I hope, this helps", "So long *bye*"):
        assert outcome(text) == "wrong"
        assert outcome(text, loose=True) == "correct"
    assert outcome("So long, bye\n", loose=True) == "wrong"


def test_variants() -> None:
    assert variants("*a\nb\nc*") == ["*a\nb\nc*", "b\nc*", "*a\nb", "b", "a\nb\nc", "b\nc", "a\nb", "b"]


def test_an_empty_answer_follows_nothing() -> None:
    assert followed(" ", reference("punctuation:no_comma", {})) == [False]
    assert followed("a", reference("punctuation:no_comma", {}), loose=True) == [True]


@pytest.mark.parametrize(
    "bad",
    [
        None,
        {},
        {"instruction_id_list": [], "kwargs": []},
        reference("no:such", {}),
        reference("startend:quotation", {"x": 1}),
        {"instruction_id_list": ["punctuation:no_comma"], "kwargs": []},
        reference("keywords:existence", {}),
        reference("length_constraints:number_words", {"num_words": "5", "relation": "at least"}),
        reference("length_constraints:number_words", {"num_words": 5, "relation": "about"}),
        reference("keywords:existence", {"keywords": [5]}),
    ],
)
def test_bad_references(bad: Any) -> None:
    with pytest.raises(BadReferenceError):
        followed("some text", bad)


def test_relations() -> None:
    assert compare(3, "at least", 3)
    assert not compare(3, "less than", 3)
    with pytest.raises(ValueError, match="neither"):
        compare(3, "exactly", 3)


def test_hostile_texts_take_linear_time() -> None:
    start = time.process_time()
    for text in (
        ". " * 20_000,
        "." * 40_000,
        ".x" * 20_000,
        "*" * 40_000,
        "[" * 40_000,
        "<<" * 20_000,
        "\n" * 40_000,
        "a'" * 20_000,
    ):
        for name, (given, _, _) in CASES.items():
            followed(text, reference(name, given))
    assert time.process_time() - start < 10


NAMED = {
    1122: "the letter is #, for which the official checker takes a letter by chance",
    1129: "the letter is !, likewise",
    202: "one word, which the official language detector takes for another language",
    2341: "one word, likewise",
    2571: "one letter, likewise",
    3456: "a list of names, likewise",
}
"""Rows whose label is not what the instruction says, by key."""


@pytest.mark.skipif(not IFEVAL.is_dir(), reason=f"the public data folder has no {IFEVAL}")
def test_the_labels_of_the_official_checker() -> None:
    with (IFEVAL / "gpt4_responses_labelled.jsonl").open(encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    others = {
        row["key"]
        for row in rows
        if followed(row["response"], row) != row["strict"] or followed(row["response"], row, loose=True) != row["loose"]
    }
    assert others == set(NAMED)
    assert len(rows) > 300
