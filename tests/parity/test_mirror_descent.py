"""Kimi k1.5's surrogate: what autograd makes of it is the paper's formula, and that is what the learner computes."""

from __future__ import annotations

import pytest
import torch

from aha.config.algorithm import AlgorithmSettings
from aha.config.presets import PRESETS
from aha.models.decoder import Decoder
from aha.models.layout import RowLayout
from aha.models.logprobs import token_logprobs
from aha.rollouts.pack import set_advantages, to_samples
from aha.types import Group, Sample
from tests.parity.tiny import tiny_learner, tiny_model
from tests.rollouts.make import make_rollout

TAU = 0.3
REWARDS = (1.0, 0.0, 0.0, 1.5)
KIMI = AlgorithmSettings.model_validate(PRESETS["kimi"] | {"kl": PRESETS["kimi"]["kl"] | {"coef": TAU}})


def samples_of_a_group(reference: Decoder) -> list[Sample]:
    """Four rollouts of one problem, advantages as the preset makes them, log-probs of the reference."""
    members = [make_rollout("g", i, "correct", reward, num=3 + 2 * i) for i, reward in enumerate(REWARDS)]
    groups = [Group("g", members)]
    samples, _ = set_advantages(groups, to_samples(groups), KIMI)
    for sample, logprobs_T in zip(samples, tiny_learner(reference).logprobs(samples), strict=True):
        sample.reference_logprobs_T = logprobs_T
    return samples


def log_ratios(model: Decoder, samples: list[Sample]) -> torch.Tensor:
    """log pi(y) - log pi_i(y) of each whole answer, one row at a time, at the learner's temperature."""
    found = []
    for sample in samples:
        ids_T, mask_T = torch.from_numpy(sample.token_ids_T).long(), torch.from_numpy(sample.loss_mask_T)
        logprobs_T, _ = token_logprobs(model, ids_T, RowLayout([len(ids_T)]), 0.7)
        found.append((logprobs_T - torch.from_numpy(sample.reference_logprobs_T))[mask_T].sum())
    return torch.stack(found)


def gradients(model: Decoder, value: torch.Tensor) -> dict[str, torch.Tensor]:
    names, parameters = zip(*model.named_parameters(), strict=True)
    return dict(zip(names, torch.autograd.grad(value, parameters), strict=True))


def test_the_learners_gradient_is_the_papers_and_that_of_the_squared_surrogate() -> None:
    samples = samples_of_a_group(tiny_model(seed=1))
    policy, twin = tiny_model(), tiny_model()
    learner = tiny_learner(policy, KIMI)
    learner.accumulate(samples)
    ours = dict(zip(learner.optimizer.names, learner.optimizer.views(learner.optimizer.gradients), strict=True))

    rewards = torch.tensor(REWARDS, dtype=torch.float64)
    centred = rewards - rewards.mean()
    surrogate = gradients(twin, ((centred - TAU * log_ratios(twin, samples)) ** 2).mean())
    # (1/k) sum_j [grad log pi (r_j - rbar) - (tau/2) grad (log pi / pi_i)^2], to be ascended.
    by_hand = {name: torch.zeros_like(gradient) for name, gradient in surrogate.items()}
    for j, sample in enumerate(samples):
        ratio = log_ratios(twin, [sample])[0]
        squared = log_ratios(twin, [sample])[0] ** 2
        for name, gradient in gradients(twin, ratio).items():
            by_hand[name] += gradient * centred[j] / len(samples)
        for name, gradient in gradients(twin, squared).items():
            by_hand[name] -= gradient * TAU / 2 / len(samples)
    for name, gradient in by_hand.items():
        scale = gradient.norm()
        assert scale > 1e-3, name
        assert (surrogate[name] + 2 * TAU * gradient).norm() <= 1e-9 * scale, name
        assert (ours[name] + gradient).norm() <= 1e-6 * scale, name


def test_without_a_step_the_regulariser_has_no_gradient() -> None:
    samples = samples_of_a_group(tiny_model())
    with_kl, without = (
        tiny_learner(tiny_model(), KIMI),
        tiny_learner(tiny_model(), KIMI.model_copy(update={"kl": KIMI.kl.model_copy(update={"coef": 0.0})})),
    )
    with_kl.accumulate(samples), without.accumulate(samples)
    assert torch.allclose(with_kl.optimizer.gradients, without.optimizer.gradients, rtol=0, atol=1e-6)
    assert with_kl.optimizer.gradients.norm().item() == pytest.approx(without.optimizer.gradients.norm().item())
