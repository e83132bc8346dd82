"""Each preset, from rewards to loss and gradient, against its paper's formula written as loops over tokens."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pytest
import torch

from aha.algorithms.objective import Tokens, Totals, loss
from aha.config.algorithm import AlgorithmSettings
from aha.config.presets import PRESETS, SOURCES
from aha.rollouts.pack import set_advantages, to_samples
from aha.types import Group, Sample
from tests.rollouts.make import make_rollout

LENGTH = 16
"""The constant of Dr. GRPO."""


@dataclass(slots=True)
class Answer:
    """One rollout: its group, its reward, and three log-probs a token."""

    group: int
    reward: float
    policy: list[float]
    sampler: list[float]
    reference: list[float]


def answers() -> list[Answer]:
    """Two groups of four, of different lengths, and a policy that has moved far enough to be clipped."""
    chance = np.random.default_rng(5)
    made = []
    for place, reward in enumerate([1.0, 0.0, 0.0, 2.0, 1.0, 1.0, 0.0, 3.0]):
        length = int(chance.integers(1, 7))
        sampler = chance.normal(-2.0, 0.7, length).astype(np.float32)
        moved, away = chance.normal(0.0, 0.35, length), chance.normal(0.0, 0.3, length).astype(np.float32)
        made.append(
            Answer(place // 4, reward, (sampler + moved).tolist(), sampler.tolist(), (sampler + away).tolist())
        )
    return made


Numbers = list[float]
Plain = Callable[[list[Answer], list[Numbers]], float]
"""The loss of these answers when the policy's log-probs are the second argument."""


def rewards_of(data: Sequence[Answer], group: int) -> Numbers:
    return [each.reward for each in data if each.group == group]


def clip(ratio: float, low: float, high: float) -> float:
    return min(max(ratio, 1 - low), 1 + high)


def surrogate(ratio: float, a: float, low: float, high: float) -> float:
    return min(ratio * a, clip(ratio, low, high) * a)


def normalised(each: Answer, data: Sequence[Answer]) -> float:
    rewards = rewards_of(data, each.group)
    return (each.reward - statistics.fmean(rewards)) / statistics.pstdev(rewards)


def dr_grpo(data: list[Answer], policy: list[Numbers]) -> float:
    total = 0.0
    for each, now in zip(data, policy, strict=True):
        a = each.reward - statistics.fmean(rewards_of(data, each.group))
        for new, old in zip(now, each.sampler, strict=True):
            total += surrogate(math.exp(new - old), a, 0.2, 0.2) / LENGTH
    return -total / len(data)


def dapo(data: list[Answer], policy: list[Numbers]) -> float:
    total = 0.0
    for each, now in zip(data, policy, strict=True):
        for new, old in zip(now, each.sampler, strict=True):
            total += surrogate(math.exp(new - old), normalised(each, data), 0.2, 0.28)
    return -total / sum(len(each.sampler) for each in data)


def gspo(data: list[Answer], policy: list[Numbers]) -> float:
    total = 0.0
    for each, now in zip(data, policy, strict=True):
        ratio = math.exp((sum(now) - sum(each.sampler)) / len(now))
        total += surrogate(ratio, normalised(each, data), 3e-4, 4e-4)
    return -total / len(data)


def cispo(data: list[Answer], policy: list[Numbers]) -> float:
    """The weight is that of the policy where the data stands: it carries no gradient."""
    total = 0.0
    for each, now in zip(data, policy, strict=True):
        for new, here, old in zip(now, each.policy, each.sampler, strict=True):
            total += min(math.exp(here - old), 5.0) * normalised(each, data) * new
    return -total / sum(len(each.sampler) for each in data)


def rloo(data: list[Answer], policy: list[Numbers]) -> float:
    total = 0.0
    for each, now in zip(data, policy, strict=True):
        others = [other.reward for other in data if other.group == each.group and other is not each]
        total += (each.reward - statistics.fmean(others)) * sum(now)
    return -total / len(data)


def reinforce_pp(data: list[Answer], policy: list[Numbers]) -> float:
    everything = [each.reward for each in data]
    mean, std = statistics.fmean(everything), statistics.pstdev(everything)
    total = 0.0
    for each, now in zip(data, policy, strict=True):
        for t, new in enumerate(now):
            to_go = sum(old - then for old, then in zip(each.sampler[t:], each.reference[t:], strict=True))
            a = (each.reward - mean) / std - 0.01 * to_go
            total += surrogate(math.exp(new - each.sampler[t]), a, 0.2, 0.2)
    return -total / sum(len(each.sampler) for each in data)


REFERENCES: dict[str, Plain] = {
    "dr-grpo": dr_grpo,
    "dapo": dapo,
    "gspo": gspo,
    "cispo": cispo,
    "rloo": rloo,
    "reinforce-pp": reinforce_pp,
}


def samples_of(data: Sequence[Answer], settings: AlgorithmSettings) -> list[Sample]:
    """As a round makes them: groups, samples, reference log-probs, advantages."""
    groups = [
        Group(
            f"g{group}",
            [
                make_rollout(f"g{group}", place, "wrong", each.reward, num=len(each.sampler))
                for place, each in enumerate(each for each in data if each.group == group)
            ],
        )
        for group in sorted({each.group for each in data})
    ]
    rollouts = [rollout for group in groups for rollout in group.rollouts]
    for rollout, each in zip(rollouts, data, strict=True):
        rollout.completion.logprobs_N = np.array(each.sampler, dtype=np.float32)
    samples = to_samples(groups)
    for sample, each in zip(samples, data, strict=True):
        num_prompt = len(sample.token_ids_T) - len(each.reference)
        sample.reference_logprobs_T = np.array([0.0] * num_prompt + each.reference, dtype=np.float32)
    return set_advantages(groups, samples, settings)[0]


def measured(data: list[Answer], settings: AlgorithmSettings) -> tuple[float, list[Numbers]]:
    """The loss of one update over all answers, and its gradient by each token's log-prob."""
    samples = samples_of(data, settings)
    rows = [torch.from_numpy(sample.loss_mask_T) for sample in samples]

    def flat(parts: Sequence[torch.Tensor]) -> torch.Tensor:
        return torch.cat([part[mask].double() for part, mask in zip(parts, rows, strict=True)])

    counts = [int(mask.sum()) for mask in rows]
    trained_N = torch.ones(sum(counts), dtype=torch.bool)
    tokens = Tokens(
        mask_N=trained_N,
        sampled_N=trained_N,
        rows_N=torch.tensor([i for i, count in enumerate(counts) for _ in range(count)]),
        num_rows=len(samples),
        lengths_N=torch.tensor([float(count) for count in counts for _ in range(count)]).double(),
        advantages_N=flat([torch.from_numpy(sample.advantages_T) for sample in samples]),
        sampler_N=flat([torch.from_numpy(sample.sampler_logprobs_T) for sample in samples]),
        learner_N=None,
        reference_N=None,
    )
    policy_N = torch.tensor([value for each in data for value in each.policy]).double().requires_grad_()
    totals = Totals(float(sum(counts)), float(len(samples)), settings.constant_length or LENGTH)
    value = loss(policy_N, torch.zeros_like(policy_N), tokens, totals, settings)
    value.backward()
    assert policy_N.grad is not None
    return value.item(), [part.tolist() for part in policy_N.grad.split(counts)]


def differences(plain: Plain, data: list[Answer], step: float = 1e-6) -> list[Numbers]:
    """Central differences of the plain loss by each token's log-prob."""
    found = []
    for row, each in enumerate(data):
        found.append([])
        for t in range(len(each.policy)):
            sides = []
            for sign in (1, -1):
                moved = [list(other.policy) for other in data]
                moved[row][t] += sign * step
                sides.append(plain(data, moved))
            found[-1].append((sides[0] - sides[1]) / (2 * step))
    return found


@pytest.mark.parametrize("name", REFERENCES)
def test_a_preset_is_its_papers_formula(name: str) -> None:
    data, plain = answers(), REFERENCES[name]
    value, gradient = measured(data, AlgorithmSettings(**PRESETS[name]))
    assert value == pytest.approx(plain(data, [each.policy for each in data]), rel=1e-5)
    for mine, theirs in zip(gradient, differences(plain, data), strict=True):
        assert mine == pytest.approx(theirs, rel=1e-4, abs=1e-7)


def test_dr_grpos_gradient_of_two_answers_by_hand() -> None:
    """r = 1 and 0, 2 and 4 tokens, ratio 1: A = +-1/2, and every token weighs 1 / (2 answers x 16)."""
    data = [Answer(0, 1.0, [-1.0] * 2, [-1.0] * 2, [0.0] * 2), Answer(0, 0.0, [-1.0] * 4, [-1.0] * 4, [0.0] * 4)]
    _, gradient = measured(data, AlgorithmSettings(**PRESETS["dr-grpo"]))
    assert gradient == [pytest.approx([-0.5 / 32] * 2), pytest.approx([0.5 / 32] * 4)]


def test_grpo_punishes_a_long_wrong_answer_less_a_token_and_dr_grpo_does_not() -> None:
    data = [
        Answer(0, reward, [-1.0] * n, [-1.0] * n, [0.0] * n) for reward, n in ((1.0, 2), (0.0, 2), (0.0, 8), (1.0, 2))
    ]
    by_preset = {name: measured(data, AlgorithmSettings(**PRESETS[name]))[1] for name in ("grpo", "dr-grpo")}
    assert by_preset["grpo"][1][0] == pytest.approx(4 * by_preset["grpo"][2][0])
    assert by_preset["dr-grpo"][1][0] == pytest.approx(by_preset["dr-grpo"][2][0])


def test_every_preset_is_valid_and_has_a_line() -> None:
    assert set(SOURCES) == set(PRESETS)
    for keys in PRESETS.values():
        AlgorithmSettings(**keys)
