"""What each token of a rollout earned: its reward, what a KL in the reward costs, advantages from a critic, and weights
of right and wrong answers and of their tokens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

from aha.algorithms.kl import sequence_kl, token_kl
from aha.algorithms.token_rewards import running_mean, token_weights
from aha.algorithms.values import discounted, explained_variance, gae, whiten
from aha.config.algorithm import AlgorithmSettings, KLSettings, WeightSettings
from aha.errors import DataError
from aha.types import Float32, Group, Rollout, Sample

ROWS = 256
"""Rollouts whose tokens lie in one table at a time."""


def earned(rollout: Rollout, sample: Sample, kl: KLSettings) -> float:
    """A rollout's reward, less a KL of the whole sequence where that is in the reward."""
    in_reward = kl.place == "reward" and kl.level == "sequence"
    return rollout.reward - (_sequence_cost(sample, kl) if in_reward else 0.0)


def token_costs(sample: Sample, kl: KLSettings) -> Tensor:
    """What the KL to the reference costs at each token, 0 where the model did not choose it. fp64 [T]"""
    return kl.coef * token_kl(kl.estimator, *_policy_and_reference(sample))


def credit_tokens(samples: Sequence[Sample], rewards: Sequence[float], algorithm: AlgorithmSettings) -> list[float]:
    """Fill in advantages and returns of `samples` from the critic's `values_T`; each one's mean trained advantage.

    The reward (`earned`) falls to a rollout's last token, the KL of a token, where it is in the reward, to that token
    (PPO for RLHF, arXiv 2203.02155). States are those before the model's own tokens; what a tool wrote is passed over.
    Returns are A + V, with advantages as they were before `scale: batch_std` whitens them over all trained tokens.
    Raises DataError where values are missing.
    """
    for part, rewards_BN, values_BN in _tables(samples, rewards, algorithm.kl):
        advantages_BN = gae(rewards_BN, values_BN, algorithm.gamma, algorithm.gae_lambda)
        for sample, advantages_N, values_N in zip(part, advantages_BN, values_BN, strict=True):
            sample.advantages_T = _spread(sample, advantages_N)
            sample.returns_T = _spread(sample, advantages_N + values_N)
    if algorithm.scale == "batch_std" and samples:
        trained = [sample.advantages_T[sample.loss_mask_T] for sample in samples]
        white_N = whiten(torch.from_numpy(np.concatenate(trained)).double()).float().numpy()
        ends = np.cumsum([len(each) for each in trained])[:-1]
        for sample, advantages_N in zip(samples, np.split(white_N, ends), strict=True):
            sample.advantages_T[sample.loss_mask_T] = advantages_N
    sums = [float(sample.advantages_T.sum(dtype=np.float64)) for sample in samples]
    return [total / max(1, int(s.loss_mask_T.sum())) for total, s in zip(sums, samples, strict=True)]


def weigh(samples: Sequence[Sample], right: Sequence[bool], weights: WeightSettings) -> None:
    """Multiply the advantages of samples, of which `right` says whether they are, in place.

    OREAL (arXiv 2502.06781, eq. 11, and its released code): a token of a right answer weighs w+, one of a wrong answer
    η w- (`wrong`), by the running mean w of the scores in `values_T`; each of the two sums is divided by its own tokens
    (`balance`, with `aggregate: token_mean`). With learned weights `returns_T` becomes the outcome, for the token
    reward model. Raises DataError where its scores are missing.
    """
    counts = [int(sample.loss_mask_T.sum()) for sample in samples]
    own = {
        side: sum(n for n, is_right in zip(counts, right, strict=True) if is_right == side) for side in (True, False)
    }
    for sample, is_right in zip(samples, right, strict=True):
        factor = 1.0 if is_right else weights.wrong
        if weights.balance:
            factor *= sum(counts) / own[is_right]
        sample.advantages_T *= np.float32(factor)
        if weights.tokens == "learned":
            sample.advantages_T *= _spread(sample, _weights_of(sample, is_right))
            sample.returns_T = np.full(len(sample.token_ids_T), float(is_right), dtype=np.float32)


def weight_metrics(samples: Sequence[Sample], algorithm: AlgorithmSettings) -> dict[str, float]:
    """Under `token_reward/`: how many of the answers trained on were judged right before the round (`accuracy`, a tie
    half), and the mean weight of tokens of right and of wrong ones; empty where weights are not learned."""
    if algorithm.weights.tokens != "learned":
        return {}
    found: dict[str, list[float]] = {"accuracy": [], "weight_right": [], "weight_wrong": []}
    for sample in samples:
        is_right = sample.returns_T is not None and bool(sample.returns_T[-1])
        mean = float(_values(sample).mean())
        found["accuracy"].append((float(np.sign(mean)) * (1 if is_right else -1) + 1) / 2)
        found["weight_right" if is_right else "weight_wrong"] += _weights_of(sample, is_right).tolist()
    return {f"token_reward/{name}": float(np.mean(numbers)) for name, numbers in found.items() if numbers}


def value_metrics(groups: Sequence[Group], samples: Sequence[Sample], algorithm: AlgorithmSettings) -> dict[str, float]:
    """How much of what was really earned from each trained token on (lambda = 1, whatever GAE's is) the critic knew
    before the round: `value/explained_variance`; empty without a critic, or where all earned the same."""
    if algorithm.baseline != "critic" or not samples:
        return {}
    rollouts = {rollout.id: rollout for group in groups for rollout in group.rollouts}
    rewards = [earned(rollouts[sample.rollout_id], sample, algorithm.kl) for sample in samples]
    values, returns = [], []
    for part, rewards_BN, values_BN in _tables(samples, rewards, algorithm.kl):
        for sample, earned_N, values_N in zip(part, discounted(rewards_BN, algorithm.gamma), values_BN, strict=True):
            trained_N = torch.from_numpy(sample.loss_mask_T[sample.action_mask_T])
            values.append(values_N[: len(trained_N)][trained_N])
            returns.append(earned_N[: len(trained_N)][trained_N])
    found = explained_variance(torch.cat(values), torch.cat(returns))
    return {} if found is None else {"value/explained_variance": found}


def _tables(
    samples: Sequence[Sample], rewards: Sequence[float], kl: KLSettings
) -> Iterator[tuple[Sequence[Sample], Tensor, Tensor]]:
    """`ROWS` samples at a time with rewards and values of the model's own tokens, fp64 [B, N], zeros behind the end."""
    for start in range(0, len(samples), ROWS):
        part = samples[start : start + ROWS]
        rows = [_token_rewards(*each, kl) for each in zip(part, rewards[start : start + ROWS], strict=True)]
        yield part, pad_sequence(rows, batch_first=True), pad_sequence([_values(s) for s in part], batch_first=True)


def _token_rewards(sample: Sample, reward: float, kl: KLSettings) -> Tensor:
    """What each of the model's own tokens earned [N]."""
    rewards_N = torch.zeros(int(sample.action_mask_T.sum()), dtype=torch.float64)
    if kl.place == "reward" and kl.level == "token":
        rewards_N -= token_costs(sample, kl)[torch.from_numpy(sample.action_mask_T)]
    rewards_N[-1] += reward
    return rewards_N


def _values(sample: Sample) -> Tensor:
    """What the second learner said of each of the model's own tokens [N]."""
    if sample.values_T is None:
        raise DataError(
            f"Sample {sample.rollout_id} has no values, which `algorithm.baseline: critic` and "
            "`algorithm.weights.tokens: learned` need.",
            cure="Ask the critic, or the token reward model, first.",
        )
    return torch.from_numpy(sample.values_T[sample.action_mask_T]).double()


def _weights_of(sample: Sample, is_right: bool) -> Tensor:
    """What each of the model's own tokens weighs [N]."""
    return token_weights(running_mean(_values(sample)))[0 if is_right else 1]


def _spread(sample: Sample, numbers_N: Tensor) -> Float32:
    """Numbers of the model's own tokens at their places among all, 0 where nothing is trained [T]."""
    spread_T = np.zeros(len(sample.token_ids_T), dtype=np.float32)
    spread_T[sample.action_mask_T] = numbers_N[: int(sample.action_mask_T.sum())].float().numpy()
    return spread_T * sample.loss_mask_T


def _sequence_cost(sample: Sample, kl: KLSettings) -> float:
    policy_T, reference_T, mask_T = _policy_and_reference(sample)
    rows_T = torch.zeros(len(mask_T), dtype=torch.int64)
    return kl.coef * sequence_kl(kl.estimator, policy_T, reference_T, mask_T, rows_T, 1).item()


def _policy_and_reference(sample: Sample) -> tuple[Tensor, Tensor, Tensor]:
    """Log-probs of the policy that sampled and of the reference, and the action mask, [T] each, in fp64."""
    if sample.reference_logprobs_T is None:
        raise DataError(
            f"`algorithm.kl.place: reward` needs the reference's log-probs, and sample {sample.rollout_id} has none.",
            cure="Score the samples first.",
        )
    policy_T, reference_T = torch.from_numpy(sample.sampler_logprobs_T), torch.from_numpy(sample.reference_logprobs_T)
    return policy_T.double(), reference_T.double(), torch.from_numpy(sample.action_mask_T)
