"""OREAL, from rewards to loss and gradient, against loops over tokens as its released code has them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from aha.algorithms.objective import Tokens, Totals, loss
from aha.config.algorithm import AlgorithmSettings
from aha.config.presets import PRESETS
from aha.rollouts.pack import set_advantages, to_samples
from aha.types import Group, Sample
from tests.rollouts.make import make_rollout


@dataclass(slots=True)
class Answer:
    """One rollout: its group, its outcome, and four numbers a token."""

    group: int
    right: bool
    policy: list[float]
    reference: list[float]
    scores: list[float]


def answers() -> list[Answer]:
    """Three groups of four: mixed, all right, mixed."""
    chance = np.random.default_rng(3)
    made = []
    for place, right in enumerate([0, 1, 0, 0, 1, 1, 1, 1, 1, 0, 1, 1]):
        length = int(chance.integers(1, 7))
        policy = chance.normal(-2.0, 0.7, length)
        away, scores = chance.normal(0.0, 0.3, length), chance.normal(0.5 if right else -0.5, 1.0, length)
        as_fp32 = [row.astype(np.float32).tolist() for row in (policy, policy + away, scores)]
        made.append(Answer(place // 4, bool(right), *as_fp32))
    return made


KEPT = (1, 0, 8, 9)
"""The first right and the first wrong answer of each mixed group."""


def plain_loss(data: list[Answer], policy: dict[int, list[float]]) -> float:
    """Each side a mean over its own tokens, wrong ones half, and the KL a mean over all."""
    positive = negative = kl = 0.0
    num_right = sum(len(data[i].policy) for i in KEPT if data[i].right)
    num_wrong = sum(len(data[i].policy) for i in KEPT if not data[i].right)
    for i in KEPT:
        each, own = data[i], policy[i]
        others = [other.right for j, other in enumerate(data) if other.group == each.group and j != i]
        advantage = each.right - sum(others) / len(others)
        for t, now in enumerate(own):
            chance = 1 / (1 + math.exp(-sum(each.scores[: t + 1]) / (t + 1)))
            if each.right:
                positive += max(2 * chance - 1, 0) * advantage * -now / num_right
            else:
                negative += -0.5 * max(1 - 2 * chance, 0) * advantage * now / num_wrong
            difference = each.reference[t] - now
            kl += 0.01 * (math.exp(difference) - difference - 1) / (num_right + num_wrong)
    return positive + negative + kl


def chosen_samples(data: list[Answer], settings: AlgorithmSettings) -> list[Sample]:
    """As a round makes them: groups, samples, scores of reference and token reward model, advantages."""
    groups = [
        Group(
            f"g{group}",
            [
                make_rollout(
                    f"g{group}", i, "correct" if each.right else "wrong", float(each.right), num=len(each.policy)
                )
                for i, each in enumerate(data)
                if each.group == group
            ],
        )
        for group in range(3)
    ]
    samples = to_samples(groups)
    for sample, each in zip(samples, data, strict=True):
        num_prompt = len(sample.token_ids_T) - len(each.policy)
        sample.values_T = np.array([77.0] * num_prompt + each.scores, dtype=np.float32)
        sample.reference_logprobs_T = np.array([0.0] * num_prompt + each.reference, dtype=np.float32)
    return set_advantages(groups, samples, settings)[0]


def measured(data: list[Answer], settings: AlgorithmSettings) -> tuple[float, dict[int, list[float]]]:
    """The loss of one update, and its gradient by each token's log-prob."""
    samples = chosen_samples(data, settings)
    places = [int(sample.rollout_id.split("/")[1]) for sample in samples]
    counts = [len(data[i].policy) for i in places]
    trained_N = torch.ones(sum(counts), dtype=torch.bool)

    def flat(rows: list[np.ndarray]) -> torch.Tensor:
        return torch.from_numpy(np.concatenate([row[-n:] for row, n in zip(rows, counts, strict=True)])).double()

    tokens = Tokens(
        mask_N=trained_N,
        sampled_N=trained_N,
        rows_N=torch.tensor([i for i, count in enumerate(counts) for _ in range(count)]),
        num_rows=len(samples),
        lengths_N=torch.tensor([float(count) for count in counts for _ in range(count)]).double(),
        advantages_N=flat([sample.advantages_T for sample in samples]),
        sampler_N=flat([sample.sampler_logprobs_T for sample in samples]),
        learner_N=None,
        reference_N=flat([np.asarray(sample.reference_logprobs_T) for sample in samples]),
    )
    policy_N = torch.tensor([value for i in places for value in data[i].policy]).double().requires_grad_()
    value = loss(policy_N, torch.zeros_like(policy_N), tokens, Totals(sum(counts), len(samples), 16), settings)
    value.backward()
    assert policy_N.grad is not None
    gradients = policy_N.grad.split(counts)
    return value.item(), {i: row.tolist() for i, row in zip(places, gradients, strict=True)}


def test_the_preset_is_the_papers_formula() -> None:
    data = answers()
    value, gradient = measured(data, AlgorithmSettings(**PRESETS["oreal"]))
    policy = {i: data[i].policy for i in KEPT}
    assert set(gradient) == set(KEPT)
    assert value == pytest.approx(plain_loss(data, policy), rel=1e-5)
    for i in KEPT:
        for t in range(len(policy[i])):
            sides = []
            for sign in (1, -1):
                moved = {j: list(row) for j, row in policy.items()}
                moved[i][t] += sign * 1e-6
                sides.append(plain_loss(data, moved))
            assert gradient[i][t] == pytest.approx((sides[0] - sides[1]) / 2e-6, rel=1e-4, abs=1e-7)


def test_the_gradient_of_two_answers_by_hand() -> None:
    """Scores 1 and -1 at every token: weights 0.4621; A = +-1; one token against three, no KL at the reference."""
    data = [Answer(0, True, [-1.0], [-1.0], [1.0]), Answer(0, False, [-1.0] * 3, [-1.0] * 3, [-1.0] * 3)]
    data += [Answer(group, True, [-1.0], [-1.0], [1.0]) for group in (1, 2)]
    _, gradient = measured(data, AlgorithmSettings(**PRESETS["oreal"]))
    assert gradient == {
        0: pytest.approx([-0.4621], abs=5e-5),
        1: pytest.approx([0.5 * 0.4621 / 3] * 3, abs=5e-5),
    }
