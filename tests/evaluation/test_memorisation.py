"""LiMem: what is known by heart, what is understood, and what cannot be said."""

from __future__ import annotations

from itertools import permutations

import pytest

from aha.errors import UsageError
from aha.evaluation.memorisation import memorisation
from tests.evaluation.conftest import MakeEvaluation


@pytest.mark.parametrize(
    ("before", "after", "accuracy", "consistency"),
    [
        (["c", "c", "c", "w"], ["c", "w", "w", "c"], 0.75, 1 / 3),
        (["cc", "cw"], ["cw", "cc"], 0.75, 2 / 3),
        (["c", "c"], ["c", "c"], 1.0, 1.0),
        (["c", "w"], ["w", "c"], 0.5, 0.0),
    ],
)
def test_the_score_is_accuracy_times_inconsistency(
    make_evaluation: MakeEvaluation, before: list[str], after: list[str], accuracy: float, consistency: float
) -> None:
    found = memorisation(make_evaluation(before), make_evaluation(after, "changed"))
    assert found.accuracy.value == pytest.approx(accuracy)
    assert found.consistency.value == pytest.approx(consistency)
    assert found.score.value == pytest.approx(accuracy * (1 - consistency))
    assert found.score.low <= found.score.value <= found.score.high


def test_what_is_chance_is_told_apart(make_evaluation: MakeEvaluation) -> None:
    before, changed = make_evaluation(["ccw", "wwu", "ccc"]), make_evaluation(["c", "w", "w"], "changed")
    pairs = [(a, b) for row in ("ccw", "wwu", "ccc") for a, b in permutations(row, 2)]
    found = memorisation(before, changed).asked_again
    assert found is not None
    assert found.value == pytest.approx(sum(a == "c" and b != "c" for a, b in pairs) / len(pairs))
    assert memorisation(make_evaluation(["cc", "c"]), changed).asked_again is None


def test_puzzles_are_matched_by_id(make_evaluation: MakeEvaluation) -> None:
    found = memorisation(make_evaluation(["w", "c", "c"]), make_evaluation(["w", "c"], "changed", first_id=1))
    assert found.num_puzzles == 2
    assert (found.accuracy.value, found.consistency.value, found.score.value) == (1.0, 0.5, 0.5)


def test_what_has_nothing_in_common_or_is_never_solved_has_no_score(make_evaluation: MakeEvaluation) -> None:
    with pytest.raises(UsageError, match="have no puzzle in common"):
        memorisation(make_evaluation(["c"]), make_evaluation(["c"], "changed", first_id=9))
    with pytest.raises(UsageError, match="Nothing of 'sums' is solved"):
        memorisation(make_evaluation(["w"]), make_evaluation(["c"], "changed"))


def test_memory_is_of_one_model_on_two_sets(make_evaluation: MakeEvaluation) -> None:
    with pytest.raises(UsageError, match=r"of different models.*Evaluate one model"):
        memorisation(make_evaluation(["c"]), make_evaluation(["c"], "changed", model_hash="def"))
    with pytest.raises(UsageError, match=r"Both evaluations are on 'sums', and nothing was changed.*perturb=statement"):
        memorisation(make_evaluation(["c"]), make_evaluation(["c"]))
