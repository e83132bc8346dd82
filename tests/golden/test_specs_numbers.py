"""The exact numbers of the specification sheet, written down before the code was."""

from __future__ import annotations

import pytest
import torch

from aha.algorithms.advantages import advantages
from aha.algorithms.kl import k1, k2, k3
from aha.algorithms.losses import clipped_ratio
from aha.algorithms.preference import bradley_terry, preference_margins
from aha.algorithms.rewards import overlong_penalty
from aha.algorithms.token_rewards import token_weights
from aha.algorithms.values import gae


def group(*rewards: float, baseline: str, scale: str) -> list[float]:
    """Advantages of one group."""
    rewards_PG = torch.tensor([rewards], dtype=torch.float64)
    counted_PG = torch.ones_like(rewards_PG, dtype=torch.bool)
    return advantages(rewards_PG, counted_PG, baseline=baseline, scale=scale)[0].tolist()


def test_grpo_advantages_use_the_population_standard_deviation() -> None:
    assert group(1, 0, 0, 1, baseline="group_mean", scale="group_std") == pytest.approx([1, -1, -1, 1])
    one_in_eight = group(1, 0, 0, 0, 0, 0, 0, 0, baseline="group_mean", scale="group_std")
    assert one_in_eight == pytest.approx([2.6458] + [-0.3780] * 7, abs=5e-5)


def test_leave_one_out_advantages() -> None:
    four_of_sixteen = group(*[1.0] * 4, *[0.0] * 12, baseline="leave_one_out", scale="none")
    assert four_of_sixteen == pytest.approx([0.8] * 4 + [-0.266667] * 12, abs=5e-7)


def test_dr_grpo_advantages_have_no_scale() -> None:
    assert group(1, 0, 0, 1, baseline="group_mean", scale="none") == [0.5, -0.5, -0.5, 0.5]


@pytest.mark.parametrize(("d", "expected"), [(0.1, 0.005171), (-0.1, 0.004837), (1.0, 0.718282), (-1.0, 0.367879)])
def test_k3(d: float, expected: float) -> None:
    policy, reference = torch.tensor(-2.0, dtype=torch.float64), torch.tensor(-2.0 + d, dtype=torch.float64)
    assert k3(policy, reference).item() == pytest.approx(expected, abs=5e-7)
    assert k1(policy, reference).item() == pytest.approx(-d)
    assert k2(policy, reference).item() == pytest.approx(d * d / 2)


@pytest.mark.parametrize(
    ("ratio", "advantage", "expected"), [(1.5, -1, -1.5), (0.5, -1, -0.8), (1.5, 1, 1.2), (0.5, 1, 0.5)]
)
def test_ppo_term(ratio: float, advantage: float, expected: float) -> None:
    log_ratio = torch.tensor([ratio], dtype=torch.float64).log()
    loss = clipped_ratio(log_ratio, log_ratio, torch.tensor([float(advantage)]).double(), 0.2, 0.2, None)
    assert -loss.item() == pytest.approx(expected)


@pytest.mark.parametrize(("length", "expected"), [(16384, 0), (18432, -0.5), (20480, -1), (20481, -1)])
def test_dapo_overlong_punishment(length: int, expected: float) -> None:
    assert overlong_penalty(length, 20480, 4096) == expected


@pytest.mark.parametrize(("gae_lambda", "expected"), [(1.0, (0.8, 0.6, 0.4)), (0.95, (0.751, 0.58, 0.4))])
def test_gae(gae_lambda: float, expected: tuple[float, ...]) -> None:
    rewards, values = (torch.tensor([row]).double() for row in ((0.0, 0.0, 1.0), (0.2, 0.4, 0.6)))
    assert gae(rewards, values, 1.0, gae_lambda)[0].tolist() == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(("num_tokens", "expected"), [(10, 0.80), (50, 0.37), (200, 0.10), (1000, 0.02)])
def test_a_wrong_answers_loss_falls_with_its_length_under_lambda_below_one_alone(
    num_tokens: int, expected: float
) -> None:
    """Concise reasoning (2504.05185): r = -1 at the end, V = 0, ratio 1, mean over the answer's tokens."""
    rewards = torch.zeros(1, num_tokens, dtype=torch.float64)
    rewards[0, -1] = -1
    ratio = torch.zeros(num_tokens, dtype=torch.float64)
    for gae_lambda, loss in ((0.95, expected), (1.0, 1.0)):
        advantages = gae(rewards, torch.zeros_like(rewards), 1.0, gae_lambda)[0]
        found = clipped_ratio(ratio, ratio, advantages, 0.2, 0.2, None).mean().item()
        assert found == pytest.approx(loss, abs=0.005)


def test_direct_preference_optimization() -> None:
    log_ratios = torch.tensor([9.0, 2.5, -0.5, -1.0, -1.0], dtype=torch.float64)
    weights = torch.tensor([0.0, 0.1, 0.1, -0.1, -0.1], dtype=torch.float64)
    margins = preference_margins(log_ratios - 3, torch.full_like(log_ratios, -3.0), weights, torch.zeros(5).long(), 1)
    assert margins.tolist() == pytest.approx([0.4])
    assert bradley_terry(margins, torch.zeros_like(margins)).item() == pytest.approx(0.513015, abs=5e-7)


def test_oreals_token_weights() -> None:
    right, wrong = token_weights(torch.tensor([0.0, 1.0, -1.0], dtype=torch.float64))
    assert right.tolist() == pytest.approx([0, 0.4621, 0], abs=5e-5)
    assert wrong.tolist() == pytest.approx([0, 0, 0.4621], abs=5e-5)
