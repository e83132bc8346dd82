"""The corpus has the shares that the data card states, the same documents for a seed, and nothing held out."""

from __future__ import annotations

import re
from collections import Counter
from itertools import islice
from random import Random

import pytest

from aha.lab.answers import FRAMES, STYLES, broken, document, hasty, tagged, worked
from aha.lab.corpus import EXERCISES, KINDS, PAGE_CHARACTERS, documents, exercises
from aha.lab.families import seen
from aha.lab.general import GENERAL
from aha.lab.names import NAMES, THINGS
from aha.lab.phrases import PHRASES, phrase
from aha.lab.tasks import benchmark
from aha.text.answers import parse
from aha.verifiers import verify

TEXTS = list(islice(documents(7), 4000))


def test_the_same_seed_gives_the_same_documents() -> None:
    assert list(islice(documents(7), 50)) == TEXTS[:50]
    assert list(islice(documents(8), 50)) != TEXTS[:50]


def test_no_held_out_question_is_in_the_corpus() -> None:
    corpus = "\n".join(TEXTS)
    for problem in benchmark("heldout"):
        if problem.metadata["family"] == "knights":
            assert problem.messages[0]["content"] not in corpus


@pytest.mark.parametrize(
    "shares", [STYLES, FRAMES, KINDS, EXERCISES, {name: share for name, (_, share) in GENERAL.items()}]
)
def test_shares_sum_to_one(shares: dict[str, float]) -> None:
    assert sum(shares.values()) == pytest.approx(1)


def test_every_kind_of_general_document_is_text_with_its_mark() -> None:
    marks = {"lookup": "Question", "json": "{", "judging": '"verdict"', "cleaning": "Clean:", "budgeted": "Think"}
    for name, (make, _) in GENERAL.items():
        for seed in range(20):
            text = make(Random(seed))
            assert marks.get(name, "") in text
            assert "{}" not in text


def test_hasty_answers_are_seldom_right_and_working_mostly() -> None:
    rng = Random(2)
    right: Counter[str] = Counter()
    for _ in range(600):
        puzzle = seen(rng)
        for style, thought in (("hasty", hasty(puzzle, rng)), ("worked", worked(puzzle, rng, "worked"))):
            found = verify(puzzle.verifier.name, tagged(thought), puzzle.reference, dict(puzzle.verifier.arguments))
            right[style] += found["outcome"] == "correct"
    assert 0.03 < right["hasty"] / 600 < 0.12
    assert right["worked"] / 600 > 0.75


def test_broken_answers_are_not_well_formed() -> None:
    rng = Random(4)
    assert not any(parse(broken(seen(rng), rng)).well_formed for _ in range(200))


def test_the_template_s_format_is_mostly_right() -> None:
    rng = Random(6)
    framed = [text for text in (document(seen(rng), rng) for _ in range(2000)) if text.startswith("A User")]
    assert 0.38 < len(framed) / 2000 < 0.52
    formed = [parse(text.rsplit("Assistant:", 1)[1]).well_formed for text in framed]
    assert 0.86 < sum(formed) / len(formed) < 0.94


def test_exercise_pages_end_with_the_exercise_that_fills_them() -> None:
    for seed in range(40):
        *lines, _ = re.split(r"\n(?=\d\) )", exercises(Random(seed)))
        assert sum(map(len, lines)) <= PAGE_CHARACTERS + 40


def test_phrases_exist_in_every_language_under_the_same_keys() -> None:
    assert len({frozenset(table) for table in PHRASES.values()}) == 1
    assert PHRASES.keys() == NAMES.keys() == THINGS.keys()
    assert phrase(Random(0), "ko", "so", "12").count("12") == 1
