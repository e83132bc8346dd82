"""From graded rollouts to samples: tokens, masks, advantages, and which update trains on which sample."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from aha.algorithms.advantages import SELECTIONS, advantages
from aha.algorithms.kl import kl_to_go, sequence_kl, token_kl
from aha.config.algorithm import AlgorithmSettings, KLSettings
from aha.errors import DataError
from aha.runtime.seeds import shuffled
from aha.types import Float32, Group, Rollout, Sample


def weighs(rollout: Rollout) -> bool:
    """Whether a rollout enters baselines and loss: it has tokens and points, and its accuracy could be decided."""
    undecided = "accuracy" in rollout.rewards and rollout.verdict.failed
    has_points = any(points is not None for points in rollout.rewards.values())
    return has_points and not undecided and len(rollout.completion.token_ids_N) > 0


def to_samples(groups: Sequence[Group], version: int | None = None) -> list[Sample]:
    """One sample for each rollout that weighs something, in the order of the groups; advantages still 0.

    Every token that the model chose is an action and trained, the end token included; prompts and tool output are not.
    With `version` tokens that another version of the policy chose are actions and not trained (Kimi k1.5, arXiv
    2501.12599, 2.6.2). Raises DataError where a completion has no log-probs.
    """
    return [_to_sample(rollout, version) for group in groups for rollout in group.rollouts if weighs(rollout)]


def set_advantages(
    groups: Sequence[Group], samples: Sequence[Sample], algorithm: AlgorithmSettings
) -> tuple[list[Sample], list[list[float]]]:
    """Fill in the advantages of `samples` (from `to_samples(groups)`), and choose those that are trained on.

    Returns the chosen samples, and for each group the advantage of each rollout, 0 where it weighs nothing. A rollout
    without a trained token, and with `truncated: mask` a truncated one, stays in its group's baseline and leaves the
    loss. A KL in the reward needs the samples' `reference_logprobs_T`: per sequence it is taken from the reward, before
    the baseline; per token from the advantage, as the sum over this and all later tokens. Raises DataError where those
    log-probs are missing.
    """
    by_id = {sample.rollout_id: sample for sample in samples}
    in_reward = algorithm.kl if algorithm.kl.place == "reward" else None
    rewards_PG, correct_PG, counted_PG, num_tokens_PG = _tables(groups, by_id, in_reward)
    advantages_PG = advantages(rewards_PG, counted_PG, baseline=algorithm.baseline, scale=algorithm.scale)
    chosen_PG = SELECTIONS[algorithm.select](rewards_PG, correct_PG, counted_PG, num_tokens_PG)
    chosen = []
    for p, group in enumerate(groups):
        for g, rollout in enumerate(group.rollouts):
            masked = algorithm.truncated == "mask" and rollout.completion.finish == "length"
            if chosen_PG[p, g] and not masked and by_id[rollout.id].loss_mask_T.any():
                sample = by_id[rollout.id]
                sample.advantages_T = sample.loss_mask_T * np.float32(advantages_PG[p, g].item())
                if in_reward is not None and in_reward.level == "token":
                    sample.advantages_T -= _kl_to_go(sample, in_reward)
                chosen.append(sample)
    return chosen, [advantages_PG[p, : len(group.rollouts)].tolist() for p, group in enumerate(groups)]


def num_trained_tokens(samples: Sequence[Sample]) -> int:
    """Tokens that the loss covers; those whose advantage is 0 are in its denominators, and count."""
    return sum(int(sample.loss_mask_T.sum()) for sample in samples)


def split_updates(samples: Sequence[Sample], num_updates: int, seed: int) -> list[list[Sample]]:
    """Deal the samples at random into `num_updates` parts whose sizes differ by at most one; parts may be empty."""
    order = shuffled(len(samples), seed)
    return [[samples[i] for i in order[part::num_updates]] for part in range(num_updates)]


def _to_sample(rollout: Rollout, version: int | None) -> Sample:
    completion = rollout.completion
    if completion.logprobs_N is None:
        raise DataError(
            f"Rollout {rollout.id} has no log-probs, which reinforcement learning needs.",
            cure="Sample with an engine that returns them (an API does not).",
        )
    num_prompt, num_new = len(rollout.prompt_ids), len(completion.token_ids_N)
    action_mask_T, loss_mask_T = np.zeros((2, num_prompt + num_new), dtype=np.bool_)
    for segment in completion.segments:
        span = slice(num_prompt + segment.start, num_prompt + segment.end)
        action_mask_T[span] = segment.author == "model"
        loss_mask_T[span] = segment.author == "model" and version in (None, segment.policy_version)
    prompt_ids = np.asarray(rollout.prompt_ids, dtype=np.int32)
    return Sample(
        rollout_id=rollout.id,
        token_ids_T=np.concatenate([prompt_ids, completion.token_ids_N]),
        action_mask_T=action_mask_T,
        loss_mask_T=loss_mask_T,
        sampler_logprobs_T=np.concatenate([np.zeros(num_prompt, dtype=np.float32), completion.logprobs_N]),
        advantages_T=np.zeros(num_prompt + num_new, dtype=np.float32),
    )


def _tables(
    groups: Sequence[Group], by_id: dict[str, Sample], in_reward: KLSettings | None
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Rewards, correct, counted and length in tokens of the rollouts, [P, G]."""
    shape = (len(groups), max((len(group.rollouts) for group in groups), default=0))
    rewards_PG = torch.zeros(shape, dtype=torch.float64)
    correct_PG, counted_PG = torch.zeros(shape, dtype=torch.bool), torch.zeros(shape, dtype=torch.bool)
    num_tokens_PG = torch.zeros(shape, dtype=torch.int64)
    for p, group in enumerate(groups):
        for g, rollout in enumerate(group.rollouts):
            if rollout.id not in by_id:
                continue
            rewards_PG[p, g] = rollout.reward
            if in_reward is not None and in_reward.level == "sequence":
                rewards_PG[p, g] -= _sequence_kl(by_id[rollout.id], in_reward)
            correct_PG[p, g] = rollout.verdict.outcome == "correct"
            counted_PG[p, g] = True
            num_tokens_PG[p, g] = len(rollout.completion.token_ids_N)
    return rewards_PG, correct_PG, counted_PG, num_tokens_PG


def _kl_to_go(sample: Sample, kl: KLSettings) -> Float32:
    policy_T, reference_T, mask_T = _policy_and_reference(sample)
    cost_T = kl.coef * kl_to_go(token_kl(kl.estimator, policy_T, reference_T, mask_T))
    return np.where(sample.loss_mask_T, cost_T.float().numpy(), np.float32(0))


def _sequence_kl(sample: Sample, kl: KLSettings) -> float:
    policy_T, reference_T, mask_T = _policy_and_reference(sample)
    rows_T = torch.zeros(len(mask_T), dtype=torch.int64)
    return kl.coef * sequence_kl(kl.estimator, policy_T, reference_T, mask_T, rows_T, 1).item()


def _policy_and_reference(sample: Sample) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Log-probs of the policy that sampled and of the reference, and the action mask, [T] each, in fp64."""
    if sample.reference_logprobs_T is None:
        raise DataError(
            f"`algorithm.kl.place: reward` needs the reference's log-probs, and sample {sample.rollout_id} has none.",
            cure="Score the samples first.",
        )
    policy_T, reference_T = torch.from_numpy(sample.sampler_logprobs_T), torch.from_numpy(sample.reference_logprobs_T)
    return policy_T.double(), reference_T.double(), torch.from_numpy(sample.action_mask_T)
