"""pass@k, cons@k and canonical answers against worked values."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from aha.errors import UsageError
from aha.evaluation.passk import canonical, cons_at_k, pass_at_1, pass_at_k
from aha.types import Outcome


def test_pass_at_k_is_the_papers_number() -> None:
    assert pass_at_k(10, 3, 5) == pytest.approx(0.916667, abs=1e-6)


def test_pass_at_k_edges() -> None:
    assert pass_at_k(10, 0, 5) == 0.0
    assert pass_at_k(10, 10, 1) == 1.0
    assert pass_at_k(10, 6, 5) == 1.0
    assert pass_at_k(8, 2, 1) == 0.25


@given(st.integers(1, 60), st.data())
def test_pass_at_k_equals_the_count_of_subsets(num_samples: int, data: st.DataObject) -> None:
    num_correct = data.draw(st.integers(0, num_samples))
    k = data.draw(st.integers(1, num_samples))
    misses = comb(num_samples - num_correct, k) / comb(num_samples, k)
    assert pass_at_k(num_samples, num_correct, k) == pytest.approx(1 - misses, abs=1e-12)


@pytest.mark.parametrize("k", [0, 5])
def test_pass_at_k_refuses_impossible_k(k: int) -> None:
    with pytest.raises(UsageError, match="needs at least"):
        pass_at_k(4, 1, k)


def test_pass_at_k_refuses_impossible_counts() -> None:
    with pytest.raises(UsageError, match="5 correct of 4"):
        pass_at_k(4, 5, 1)


def test_pass_at_1_counts_undecided_as_wrong() -> None:
    assert pass_at_1(["correct", "wrong", "undecided", "correct"]) == 0.5


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (" 1,200.0 ", "1200"),
        ("0.5", "2/4"),
        ("-3", "-3.000"),
        ("+7", "7"),
        ("$12$", "12."),
        ("A  is a\nknight", "A is a knight"),
        ("1,234,567", "1234567"),
    ],
)
def test_spellings_of_one_answer_vote_together(one: str, other: str) -> None:
    assert canonical(one) == canonical(other)


@pytest.mark.parametrize(
    ("one", "other"), [("1,20", "120"), ("a", "A"), ("1/0", "0"), ("12", "12 apples"), ("1 2", "12")]
)
def test_different_answers_stay_apart(one: str, other: str) -> None:
    assert canonical(one) != canonical(other)


@pytest.mark.parametrize("empty", [None, "", "  ", "$$", "."])
def test_empty_answers_have_no_form(empty: str | None) -> None:
    assert canonical(empty) is None


def test_numbers_of_any_length_are_cheap() -> None:
    assert canonical("9" * 100_000) == "9" * 100_000


def test_majority_decides() -> None:
    assert cons_at_k(["4", "4.0", "5"], ["correct", "correct", "wrong"]) == 1.0
    assert cons_at_k(["5", "5", "4"], ["wrong", "wrong", "correct"]) == 0.0


def test_ties_go_to_the_first_seen_and_empty_answers_do_not_vote() -> None:
    assert cons_at_k(["4", "5"], ["correct", "wrong"]) == 1.0
    assert cons_at_k(["5", "4"], ["wrong", "correct"]) == 0.0
    assert cons_at_k([None, "", None, "4"], ["wrong", "wrong", "wrong", "correct"]) == 1.0
    assert cons_at_k([None, None], ["wrong", "undecided"]) == 0.0


def test_an_undecided_sample_leaves_the_majoritys_verdict_to_the_others() -> None:
    assert cons_at_k(["4", "4"], ["undecided", "correct"]) == 1.0
    assert cons_at_k(["4"], ["undecided"]) == 0.0


def test_cons_at_64_of_three_answers_matches_its_closed_form() -> None:
    """Answers with chances (0.4, 0.35, 0.25): P(first wins) exactly, ties split by order of sight."""
    chances = np.array([0.4, 0.35, 0.25])
    k, num_problems = 15, 4_000
    draws = np.random.default_rng(0).choice(3, size=(num_problems, k), p=chances)
    texts, verdicts = ("10", "11", "12"), ("correct", "wrong", "wrong")
    wins = 0.0
    for row in draws:
        outcomes: list[Outcome] = [verdicts[at] for at in row]  # type: ignore[misc]
        wins += cons_at_k([texts[at] for at in row], outcomes)
    expected = sum(
        comb(k, a) * comb(k - a, b) * 0.4**a * 0.35**b * 0.25 ** (k - a - b) * share
        for a in range(k + 1)
        for b in range(k - a + 1)
        if (share := _share_of_first(a, b, k - a - b))
    )
    assert wins / num_problems == pytest.approx(expected, abs=0.025)


def _share_of_first(a: int, b: int, c: int) -> float:
    """1, or its part of a tie: among exchangeable draws each of the tied is seen first equally often."""
    top = max(a, b, c)
    return (a == top) / [a, b, c].count(top)
