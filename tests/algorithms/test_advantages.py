"""Advantages and selections against plain loops over Python floats."""

from __future__ import annotations

import itertools
import statistics

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from aha.algorithms.advantages import BASELINES, SCALES, SELECTIONS, advantages


def plain_advantages(groups: list[list[float | None]], baseline: str, scale: str) -> list[list[float]]:
    """The definition, rollout by rollout; None is a rollout that weighs nothing."""
    everything = [r for group in groups for r in group if r is not None]
    out = []
    for group in groups:
        kept = [r for r in group if r is not None]
        row = []
        for i, r in enumerate(group):
            if r is None:
                row.append(0.0)
                continue
            others = [x for j, x in enumerate(group) if x is not None and j != i]
            if baseline == "none":
                a = r
            elif baseline == "group_mean":
                a = r - sum(kept) / len(kept)
            elif baseline == "batch_mean":
                a = r - sum(everything) / len(everything)
            else:
                a = r - sum(others) / len(others) if others else 0.0
            pool = {"none": [], "group_std": kept, "batch_std": everything}[scale]
            if pool:
                std = statistics.pstdev(pool)
                a = 0.0 if std < 1e-6 else a / std
            row.append(a)
        out.append(row)
    return out


def tables(groups: list[list[float | None]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Rewards and counted [P, G]; what does not count holds a number that would show."""
    longest = max(len(group) for group in groups)
    rewards = [[777.0 if r is None else r for r in [*group, *[None] * (longest - len(group))]] for group in groups]
    counted = [[r is not None for r in [*group, *[None] * (longest - len(group))]] for group in groups]
    return torch.tensor(rewards, dtype=torch.float64), torch.tensor(counted)


reward = st.one_of(st.none(), st.sampled_from([0.0, 0.5, 1.0, 2.0, -1.0, 0.1]))


@settings(deadline=None, max_examples=60)
@given(groups=st.lists(st.lists(reward, min_size=1, max_size=5), min_size=1, max_size=4))
def test_every_advantage_equals_the_plain_loop(groups: list[list[float | None]]) -> None:
    rewards_PG, counted_PG = tables(groups)
    for baseline, scale in itertools.product(BASELINES, SCALES):
        got = advantages(rewards_PG, counted_PG, baseline=baseline, scale=scale)
        for p, row in enumerate(plain_advantages(groups, baseline, scale)):
            assert got[p, : len(row)].tolist() == pytest.approx(row, rel=1e-12, abs=1e-12)
            assert not got[p, len(row) :].any()


@pytest.mark.parametrize("baseline", ["group_mean", "leave_one_out"])
@pytest.mark.parametrize("scale", list(SCALES))
def test_equal_rewards_give_exactly_nothing(baseline: str, scale: str) -> None:
    rewards_PG = torch.full((2, 7), 0.1, dtype=torch.float32)
    got = advantages(rewards_PG, torch.ones(2, 7, dtype=torch.bool), baseline=baseline, scale=scale)
    assert got.abs().max() < 1e-6
    assert scale == "none" or not got.any()


def test_a_group_of_one_has_no_advantage_without_the_others() -> None:
    rewards_PG, counted_PG = torch.tensor([[3.0]]), torch.tensor([[True]])
    for baseline in ("group_mean", "leave_one_out"):
        assert advantages(rewards_PG, counted_PG, baseline=baseline, scale="none").item() == 0


def test_a_rollout_that_does_not_count_changes_nobody() -> None:
    rewards_PG = torch.tensor([[1.0, 0.0, 0.0, float("nan")]])
    counted_PG = torch.tensor([[True, True, True, False]])
    for baseline, scale in itertools.product(BASELINES, SCALES):
        with_it = advantages(rewards_PG, counted_PG, baseline=baseline, scale=scale)
        without = advantages(rewards_PG[:, :3], counted_PG[:, :3], baseline=baseline, scale=scale)
        assert torch.equal(with_it[:, :3], without)
        assert with_it[0, 3] == 0


def choose(name: str, rewards: list[float], correct: list[bool], counted: list[bool], lengths: list[int]) -> list[int]:
    """Chosen positions of one group."""
    row = [torch.tensor([values]) for values in (rewards, correct, counted, lengths)]
    return SELECTIONS[name](*row)[0].nonzero().flatten().tolist()


def test_best_of_n_takes_the_highest_then_the_shortest_correct_one() -> None:
    yes = [True] * 4
    assert choose("best_of_n", [1, 2, 2, 1], yes, yes, [5, 9, 7, 1]) == [2]
    assert choose("best_of_n", [2, 2, 2, 2], yes, yes, [5, 5, 5, 5]) == [0]
    assert choose("best_of_n", [9, 2, 1, 1], [False, False, True, True], yes, [1, 1, 3, 2]) == [3]
    assert choose("best_of_n", [9, 2, 1, 1], yes, [False, False, True, False], [1, 1, 3, 2]) == [2]
    assert choose("best_of_n", [9, 2, 1, 1], [False] * 4, yes, [1, 1, 3, 2]) == []


def test_one_correct_one_wrong_takes_the_first_of_each_where_both_are() -> None:
    yes = [True] * 4
    pick = "one_correct_one_wrong"
    assert choose(pick, [0, 0, 1, 1], [False, False, True, True], yes, [1] * 4) == [0, 2]
    assert choose(pick, [0, 0, 1, 1], [False, False, True, True], [False, True, False, True], [1] * 4) == [1, 3]
    assert choose(pick, [1] * 4, yes, yes, [1] * 4) == []
    assert choose(pick, [0] * 4, [False] * 4, yes, [1] * 4) == []


def test_all_takes_what_counts() -> None:
    assert choose("all", [0, 1], [False, True], [True, False], [1, 1]) == [0]
