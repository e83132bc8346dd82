"""Each family makes puzzles whose gold answers are right, whose working arrives there, and whose haste never does."""

from __future__ import annotations

from random import Random

import pytest

from aha.lab.arithmetic import evaluate, expression, left_to_right, render
from aha.lab.families import FAMILIES, LANGUAGES, MIXTURE, draw, seen
from aha.lab.knights import Claim, solutions
from aha.lab.puzzle import HELD_OUT_SHARE, Puzzle
from aha.lab.scribe import Scribe, slipped
from aha.verifiers import verify


def outcome(puzzle: Puzzle, answer: str) -> str:
    response = f"<think>.</think>\n<answer>{answer}</answer>"
    verdict = verify(puzzle.verifier.name, response, puzzle.reference, dict(puzzle.verifier.arguments))
    return str(verdict["outcome"])


@pytest.mark.parametrize("language", list(LANGUAGES))
@pytest.mark.parametrize("family", list(FAMILIES))
def test_gold_and_flawless_working_are_right_and_haste_is_wrong(family: str, language: str) -> None:
    rng = Random(f"{family}-{language}")
    for _ in range(60):
        puzzle = FAMILIES[family](rng, language)
        assert outcome(puzzle, puzzle.answer) == "correct", puzzle
        assert outcome(puzzle, puzzle.work(Scribe(rng, puzzle.language))) == "correct", puzzle
        assert outcome(puzzle, puzzle.haste(rng)) == "wrong", puzzle
        assert puzzle.difficulty >= 2


def test_every_slip_is_an_equation_that_is_wrong_and_is_carried_on() -> None:
    scribe = Scribe(Random(1), "en", slip_rate=1.0)
    value = scribe.equation("2*3", 6)
    assert value != 6
    assert f"2*3={value}." in scribe.text
    assert all(slipped(Random(seed), 42) != 42 for seed in range(200))


def test_a_recheck_repairs_nine_slips_in_ten() -> None:
    repaired = 0
    for seed in range(500):
        scribe = Scribe(Random(seed), "en", slip_rate=1.0, recheck_rate=1.0)
        repaired += scribe.equation("2*3", 6) == 6
    assert 0.85 < repaired / 500 < 0.95
    spoiled = sum(Scribe(Random(seed), "en", recheck_rate=1.0).equation("2*3", 6) != 6 for seed in range(900))
    assert 10 < spoiled < 60


def test_expressions_are_rendered_with_the_parentheses_they_need() -> None:
    assert render(("*", ("+", 2, 3), 4)) == "(2+3)*4"
    assert render(("-", 9, ("+", 2, 3))) == "9-(2+3)"
    assert render(("+", ("*", 2, 3), 4)) == "2*3+4"
    assert left_to_right(("+", 2, ("*", 3, 4))) == 20
    assert evaluate(("-", ("*", 5, 6), 7)) == 23
    rng = Random(3)
    for steps in range(2, 7):
        assert 0 <= evaluate(expression(rng, steps, wide=False)) <= 999


def test_knights_and_knaves_are_solved_by_enumeration() -> None:
    says_knave = Claim("is", 1, False, 0, True)
    says_same = Claim("iff", 0, True, 1, True)
    assert solutions([says_knave, says_same]) == [(True, False)]
    rng = Random(0)
    assert all(len(FAMILIES["knights"](rng, "en", people=4).reference) == 4 for _ in range(5))


def test_one_problem_in_sixteen_is_held_out_in_every_wording() -> None:
    rng = Random(5)
    puzzles = [draw(rng) for _ in range(3000)]
    assert abs(sum(p.held_out for p in puzzles) / 3000 - 1 / HELD_OUT_SHARE) < 0.02
    assert not any(seen(rng).held_out for _ in range(300))
    by_key: dict[tuple[str, str], set[bool]] = {}
    for puzzle in puzzles:
        by_key.setdefault((puzzle.family, puzzle.key), set()).add(puzzle.held_out)
    assert all(len(answers) == 1 for answers in by_key.values())


def test_shares_sum_to_one() -> None:
    assert sum(MIXTURE.values()) == pytest.approx(1)
    assert sum(LANGUAGES.values()) == pytest.approx(1)
    assert MIXTURE.keys() == FAMILIES.keys()
