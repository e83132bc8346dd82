"""Token rewards: running means, weights, the loss on outcomes, and how well scores rank, against plain loops."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

from aha.algorithms.token_rewards import outcome_loss, ranking_auc, running_mean, token_weights


def sigmoid(x: float) -> float:
    return 1 / (1 + math.exp(-x))


def test_the_running_mean_holds_the_token_itself_and_ends_at_the_mean() -> None:
    scores = [1.0, -2.0, 4.0, 0.5]
    found = running_mean(torch.tensor(scores).double()).tolist()
    assert found == pytest.approx([sum(scores[: t + 1]) / (t + 1) for t in range(4)])
    assert running_mean(torch.zeros(0)).tolist() == []


def test_weights_are_on_one_side_and_grow_with_the_score() -> None:
    scores = [-3.0, -0.2, 0.0, 0.7, 40.0]
    right, wrong = token_weights(torch.tensor(scores).double())
    assert right.tolist() == pytest.approx([max(2 * sigmoid(w) - 1, 0) for w in scores])
    assert wrong.tolist() == pytest.approx([max(1 - 2 * sigmoid(w), 0) for w in scores])


def test_the_loss_of_outcomes_is_that_of_a_plain_loop_and_so_is_its_gradient() -> None:
    answers = [([0.5, -1.0, 2.0], 1.0), ([0.3], 0.0), ([-2.0, -0.5], 0.0), ([1.0, 1.0, 1.0, 4.0], 1.0)]
    order = [2, 0, 3, 1]
    scores_N = torch.tensor([w for i in order for w in answers[i][0]]).double().requires_grad_()
    rows_N = torch.tensor([i for i in order for _ in answers[i][0]])
    labels_N = torch.tensor([answers[i][1] for i in order for _ in answers[i][0]])
    losses_B = outcome_loss(scores_N, rows_N, labels_N, 4)
    chances = [sigmoid(sum(scores) / len(scores)) for scores, _ in answers]
    expected = [-math.log(p if label else 1 - p) for p, (_, label) in zip(chances, answers, strict=True)]
    assert losses_B.tolist() == pytest.approx(expected)
    losses_B.sum().backward()
    assert scores_N.grad is not None
    by_hand = [(chances[i] - answers[i][1]) / len(answers[i][0]) for i in order for _ in answers[i][0]]
    assert scores_N.grad.tolist() == pytest.approx(by_hand)


def test_scores_in_bf16_are_judged_in_fp32() -> None:
    one = torch.tensor([3.0], dtype=torch.bfloat16)
    assert outcome_loss(one, torch.tensor([0]), torch.tensor([1.0]), 1).dtype == torch.float32


def test_the_area_under_the_curve_counts_pairs_and_ties_as_half() -> None:
    chance = np.random.default_rng(0)
    scores, wanted = chance.integers(0, 6, 40), chance.random(40) < 0.3
    pairs = [(a > b) + (a == b) / 2 for a in scores[wanted] for b in scores[~wanted]]
    assert ranking_auc(scores, wanted) == pytest.approx(sum(pairs) / len(pairs))
    assert ranking_auc([0.1, 0.9, 0.2], [False, True, False]) == 1
    assert ranking_auc([1.0, 1.0], [True, False]) == 0.5
    assert ranking_auc([1.0, 2.0], [True, True]) is None
    assert ranking_auc([1.0, 2.0], [False, False]) is None
