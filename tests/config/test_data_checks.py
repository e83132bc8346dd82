"""Stages that make data: what is missing for a way, wordings without gaps, keys without effect."""

from __future__ import annotations

from typing import Any

import pytest

from aha.config.checks import contradictions
from aha.config.effective import idle_keys
from aha.config.recipe import Recipe

DIRECT = {"kind": "collect", "way": "direct", "model": "lab", "data": {"tasks": ["lab:mixed"]}}
GENERAL = {"kind": "general", "files": [{"name": "lab:general"}]}


def recipe(stage: dict[str, Any]) -> Recipe:
    return Recipe.model_validate({"name": "x", "stages": {"cold": stage}})


@pytest.mark.parametrize(
    ("stage", "key", "problem"),
    [
        ({"kind": "collect", "way": "reviewed"}, "examples", "needs the file that `aha review` exported"),
        (DIRECT | {"model": None}, "model", r"way = direct needs model \(who answers\)"),
        (DIRECT | {"data": None}, "data", r"way = direct needs data"),
        (DIRECT | {"data": DIRECT["data"] | {"hard_after": 0.1}}, "data", "only training has a curriculum"),
        (DIRECT | {"way": "rewrite"}, "writer", "way = rewrite needs a writer"),
        (DIRECT | {"prompt": "Go."}, "prompt", r"has no \{question\}"),
        (DIRECT | {"prompt": {"en": "{question}", "ko": "x"}}, "prompt", r"prompt = 'x' has no \{question\}"),
        (DIRECT | {"prompt": "{question} {examples}"}, "prompt", r"way = direct has no \{examples\}"),
        (DIRECT | {"way": "fewshot", "prompt": "{question}"}, "prompt", r"has no \{examples\}"),
        (DIRECT | {"way": "fewshot", "example": "{question}"}, "example", r"has no \{thought\}"),
        (
            DIRECT | {"way": "rewrite", "writer": {"model": "lab"}, "prompt": "{question}"},
            "prompt",
            r"has no \{thought\} and no \{answer\}",
        ),
        (DIRECT | {"temperature": 0}, "temperature", "temperature = 0 draws the same answer 4 times"),
        (DIRECT | {"summary": "It is so."}, "summary", r"has no \{answer\}"),
        (GENERAL, "writer", "a file asks for thoughts, and there is no writer"),
        (GENERAL | {"writer": {"model": "lab"}, "prompt": "{question}"}, "prompt", r"has no \{answer\}"),
    ],
)
def test_what_cannot_be_meant(stage: dict[str, Any], key: str, problem: str) -> None:
    import re

    (found,) = contradictions(recipe(stage))
    assert found.path[2:] == (key,)
    assert re.search(problem, found.problem)
    assert found.cure


@pytest.mark.parametrize(
    "stage",
    [
        DIRECT,
        DIRECT | {"way": "fewshot", "examples": "file:x.jsonl", "prompt": {"en": "{examples} {question}"}},
        DIRECT | {"way": "rewrite", "writer": {"model": "scripted"}},
        {"kind": "collect", "way": "reviewed", "examples": "file:x.jsonl"},
        GENERAL | {"files": [{"name": "lab:general", "thought": False}]},
    ],
)
def test_what_can_be_meant(stage: dict[str, Any]) -> None:
    assert list(contradictions(recipe(stage))) == []


@pytest.mark.parametrize(
    ("stage", "key"),
    [
        (DIRECT, "writer"),
        (DIRECT, "examples"),
        (DIRECT, "num_examples"),
        (DIRECT, "example"),
        (DIRECT, "engine.micro_batch_tokens"),
        (DIRECT | {"temperature": 0}, "top_p"),
        (DIRECT | {"way": "rewrite"}, "end"),
        ({"kind": "collect", "way": "reviewed"}, "model"),
        ({"kind": "collect", "way": "reviewed"}, "filters.max_kept"),
        (GENERAL | {"files": [{"name": "lab:general", "thought": False}]}, "prompt"),
    ],
)
def test_keys_without_effect(stage: dict[str, Any], key: str) -> None:
    idle = {".".join(map(str, found.path[2:])) for found in idle_keys(recipe(stage))}
    assert key in idle
    assert not {"way", "filters", "files"} & idle
