"""Advantages of tokens, value losses and explained variance: exact numbers, and each against a plain loop."""

from __future__ import annotations

import math

import pytest
import torch

from aha.algorithms.values import discounted, explained_variance, gae, value_loss, whiten


def table(*rows: list[float]) -> torch.Tensor:
    return torch.tensor(rows, dtype=torch.float64)


def plain_gae(rewards: list[float], values: list[float], gamma: float, lam: float) -> list[float]:
    """A_t = sum_l (gamma lambda)^l delta_{t+l}, as the sum stands in the paper."""
    behind = [*values[1:], 0.0]
    deltas = [r + gamma * after - v for r, v, after in zip(rewards, values, behind, strict=True)]
    return [
        sum((gamma * lam) ** place * deltas[t + place] for place in range(len(deltas) - t)) for t in range(len(deltas))
    ]


@pytest.mark.parametrize(("gamma", "lam"), [(1.0, 1.0), (1.0, 0.95), (0.9, 0.8), (1.0, 0.0), (0.0, 1.0)])
def test_gae_equals_the_sum_of_the_paper_row_by_row(gamma: float, lam: float) -> None:
    chance = torch.Generator().manual_seed(0)
    rewards, values = (torch.randn(4, 9, generator=chance, dtype=torch.float64) for _ in range(2))
    found = gae(rewards, values, gamma, lam)
    for b in range(4):
        assert found[b].tolist() == pytest.approx(plain_gae(rewards[b].tolist(), values[b].tolist(), gamma, lam))


def test_zeros_behind_the_end_of_a_row_change_nothing() -> None:
    whole = gae(table([0, 0, 1], [0, 2, 0]), table([0.2, 0.4, 0.6], [0.1, 0.3, 0]), 0.9, 0.7)
    assert whole[1, :2].tolist() == pytest.approx(plain_gae([0, 2], [0.1, 0.3], 0.9, 0.7))
    assert whole[1, 2] == 0
    assert gae(torch.zeros(2, 0), torch.zeros(2, 0), 1, 1).shape == (2, 0)


def test_at_gamma_and_lambda_one_the_advantage_is_the_return_less_the_value() -> None:
    rewards, values = table([0.0, -0.5, 0.25, 1.0]), table([0.3, -0.7, 2.0, 0.1])
    assert gae(rewards, values, 1, 1)[0].tolist() == pytest.approx((discounted(rewards, 1) - values)[0].tolist())
    terminal = table([0.0, 0.0, 0.0, 1.0])
    assert gae(terminal, values, 1, 1)[0].tolist() == pytest.approx((1.0 - values)[0].tolist())


def test_discounted_counts_what_is_still_to_come() -> None:
    assert discounted(table([1.0, 0.0, 4.0]), 0.5)[0].tolist() == [2.0, 2.0, 4.0]


def test_whitened_advantages_have_mean_zero_and_spread_one() -> None:
    assert whiten(torch.tensor([1.0, 0, 0, 1])).tolist() == [1, -1, -1, 1]
    assert whiten(torch.tensor([3.0, 1, 2])).tolist() == pytest.approx([math.sqrt(1.5), -math.sqrt(1.5), 0])
    assert whiten(torch.tensor([0.7, 0.7])).tolist() == [0, 0]


def test_value_loss_is_half_the_square_and_the_clip_takes_the_worse() -> None:
    values, before, returns = torch.tensor([0.9, 0.9, 0.1]), torch.tensor([0.5, 0.5, 0.2]), torch.tensor([1.0, 0, 0])
    assert value_loss(values, before, returns, None).tolist() == pytest.approx([0.005, 0.405, 0.005])
    # 0.9 held within 0.2 of 0.5 is 0.7: farther from 1 (worse, counts), nearer to 0 (0.9 counts).
    assert value_loss(values, before, returns, 0.2).tolist() == pytest.approx([0.045, 0.405, 0.005])


def test_a_value_that_has_moved_beyond_the_clip_draws_no_gradient_towards_its_return() -> None:
    values = torch.tensor([0.9, 0.9], requires_grad=True)
    value_loss(values, torch.tensor([0.5, 0.5]), torch.tensor([1.0, 0.0]), 0.2).sum().backward()  # type: ignore[no-untyped-call]
    assert values.grad is not None
    assert values.grad.tolist() == pytest.approx([0.0, 0.9])


def test_explained_variance() -> None:
    returns = torch.tensor([0.0, 1.0, 0.0, 1.0])
    assert explained_variance(returns, returns) == 1
    assert explained_variance(torch.full((4,), 9.0), returns) == 0
    assert explained_variance(1 - returns, returns) == -3
    assert explained_variance(returns / 2, returns) == 0.75
    assert explained_variance(returns, torch.ones(4)) is None
    assert explained_variance(torch.zeros(0), torch.zeros(0)) is None
