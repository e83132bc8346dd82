"""Comparisons: planted differences, equal models, and what cannot be compared."""

from __future__ import annotations

import numpy as np
import pytest

from aha.errors import UsageError
from aha.evaluation.compare import compare, shared_rates
from tests.evaluation.conftest import MakeEvaluation


def outcomes(chance: float, num_problems: int, k: int, seed: int) -> list[str]:
    hits = np.random.default_rng(seed).random((num_problems, k)) < chance
    return ["".join("c" if hit else "w" for hit in row) for row in hits]


def test_a_planted_gap_is_found_in_both_directions(make_evaluation: MakeEvaluation) -> None:
    a, b = make_evaluation(outcomes(0.3, 150, 8, 0)), make_evaluation(outcomes(0.45, 150, 8, 1), model_hash="def")
    found, back = compare(a, b), compare(b, a)
    assert found.significant
    assert found.difference.low > 0.1
    assert found.difference.value == pytest.approx(found.score_b.value - found.score_a.value)
    assert max(found.p_bootstrap, found.p_permutation) < 0.01
    assert found.verdict.startswith("The second model is better than the first by")
    assert back.verdict.startswith("The first model is better than the second by")
    assert back.difference.value == pytest.approx(-found.difference.value)
    assert found.num_problems == 150
    assert found.notes == []


def test_two_runs_of_one_model_show_no_difference(make_evaluation: MakeEvaluation) -> None:
    a, b = make_evaluation(outcomes(0.4, 100, 4, 2)), make_evaluation(outcomes(0.4, 100, 4, 3))
    found = compare(a, b)
    assert not found.significant
    assert found.difference.low < 0 < found.difference.high
    assert "No difference is shown" in found.verdict
    assert f"{100 * found.minimal_difference:.1f} points would be found" in found.verdict
    assert "disagree" not in found.verdict
    assert 0.05 < found.minimal_difference < 0.15
    assert found.notes == ["Both evaluations are of the same model."]


def test_tests_that_disagree_are_no_difference_and_say_so(make_evaluation: MakeEvaluation) -> None:
    a, b = make_evaluation(outcomes(0.4, 100, 4, 0)), make_evaluation(outcomes(0.4, 100, 4, 1))
    found = compare(a, b)
    assert found.difference.low > 0
    assert found.p_permutation >= 0.05
    assert not found.significant
    assert found.verdict.endswith("The tests disagree: it is at the border.")


def test_equal_outcomes(make_evaluation: MakeEvaluation) -> None:
    a = make_evaluation(["cw", "cc"])
    found = compare(a, a)
    assert (found.p_permutation, found.significant, found.difference.value) == (1.0, False, 0.0)


def test_only_shared_problems_count_and_other_differences_are_told(make_evaluation: MakeEvaluation) -> None:
    a = make_evaluation(["cc", "ww", "cw"])
    b = make_evaluation(
        ["cccc", "wwww"],
        first_id=1,
        model_hash="def",
        template="chat",
        sampling={"temperature": 1.0, "top_p": 0.95, "max_new_tokens": 64.0},
        undecided_frac=0.1,
    )
    assert shared_rates(a, b) == ([0.0, 0.5], [1.0, 0.0])
    assert compare(a, b).notes == [
        "template differs: r1-zero and chat.",
        "k differs: 2 and 4.",
        "temperature differs: 0.6 and 1.0.",
        "Only 2 problems are in both, of 3 and 2.",
        "The second has undecided verdicts, counted as wrong.",
    ]


def test_different_benchmarks_are_refused(make_evaluation: MakeEvaluation) -> None:
    with pytest.raises(UsageError, match="different benchmarks: 'sums' and 'knights'"):
        compare(make_evaluation(["c"]), make_evaluation(["c"], benchmark="knights"))


def test_disjoint_problems_are_refused(make_evaluation: MakeEvaluation) -> None:
    with pytest.raises(UsageError, match="no problem in common"):
        compare(make_evaluation(["c"]), make_evaluation(["c"], first_id=10))


def test_one_id_with_two_references_is_refused(make_evaluation: MakeEvaluation) -> None:
    a, b = make_evaluation(["c"]), make_evaluation(["c"])
    a.problems[0]["reference"], b.problems[0]["reference"] = "1", "2"
    with pytest.raises(UsageError, match="'sum-0' has another reference"):
        compare(a, b)
