import math
from itertools import product

import pytest

from aha.rollouts.filters import decided, drop_reason, filter_groups
from tests.rollouts.make import UNRULED, make_group


@pytest.mark.parametrize("baseline", [0.0, 0.3, 1.0])
@pytest.mark.parametrize("rate", [0.05, 0.5, 0.9])
def test_dropping_uniform_groups_under_a_batch_baseline_weighs_problems_and_turns_no_gradient(
    baseline: float, rate: float
) -> None:
    """All outcomes of a group of 4, for a policy of one number, d log pi = r - p; docs/recipes.md has the weight."""
    size, gradient = 4, {"keep_all": 0.0, "drop_uniform": 0.0}
    for outcomes in product((0, 1), repeat=size):
        chance = math.prod(rate if right else 1 - rate for right in outcomes)
        group = make_group("g", [("correct" if right else "wrong", float(right)) for right in outcomes])
        step = sum((right - baseline) * (right - rate) for right in outcomes)
        for mode in gradient:
            gradient[mode] += chance * step * len(filter_groups([group], mode).kept)  # type: ignore[arg-type]
    weight = 1 - (1 - baseline) * rate ** (size - 1) - baseline * (1 - rate) ** (size - 1)
    assert gradient["keep_all"] == pytest.approx(size * rate * (1 - rate))
    assert gradient["drop_uniform"] == pytest.approx(weight * gradient["keep_all"])
    assert weight > 0


def test_undecided_rollouts_leave_their_group():
    group = make_group("g", [("correct", 2.0), ("undecided", 0.0), ("wrong", 1.0)])
    assert [rollout.id for rollout in decided(group).rollouts] == ["g/0", "g/2"]


@pytest.mark.parametrize(
    ("rollouts", "reason"),
    [
        ([("correct", 2.0), ("correct", 2.0)], "all_correct"),
        ([("wrong", 1.0), ("wrong", 1.0)], "all_wrong"),
        ([("correct", 1.0), ("wrong", 1.0)], "all_equal"),
        ([("wrong", 1.0), ("wrong", 0.0)], None),
        ([("correct", 2.0), ("wrong", 1.0)], None),
        ([("correct", 2.0)], "all_correct"),
    ],
)
def test_groups_of_equal_rewards_are_dropped_for_a_reason(rollouts, reason):
    assert drop_reason(make_group("g", rollouts).rollouts, "drop_uniform") == reason
    assert drop_reason(make_group("g", rollouts).rollouts, "keep_all") is None


def test_a_group_without_a_verdict_is_always_dropped():
    found = filter_groups([make_group("g", [("undecided", 0.0)])], "keep_all")
    assert (found.kept, found.dropped["undecided"]) == ([], 1)


def test_every_group_is_kept_or_counted():
    groups = [make_group("a", [("correct", 2.0), ("wrong", 0.0)]), make_group("b", [("wrong", 0.0), ("wrong", 0.0)])]
    found = filter_groups(groups, "refill")
    assert [group.id for group in found.kept] == ["a"]
    assert found.dropped == {"undecided": 0, "all_correct": 0, "all_wrong": 1, "all_equal": 0}


def test_rollouts_that_no_rule_decides_stay_and_are_no_failure():
    uniform = make_group("g", [("undecided", 0.5), ("undecided", 0.5)], problem=UNRULED)
    assert len(decided(uniform).rollouts) == 2
    assert drop_reason(uniform.rollouts, "drop_uniform") == "all_equal"
    mixed = make_group("h", [("undecided", 0.5), ("undecided", 0.7)], problem=UNRULED)
    assert filter_groups([mixed], "refill").kept == [mixed]
