"""From graded rollouts to samples: tokens, masks, advantages, and which update trains on which sample."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from aha.algorithms.advantages import SELECTIONS, advantages
from aha.algorithms.kl import kl_to_go
from aha.config.algorithm import AlgorithmSettings, KLSettings
from aha.errors import DataError
from aha.rollouts.credit import credit_tokens, earned, token_costs, weigh
from aha.runtime.seeds import shuffled
from aha.types import CUT_OFF, Group, Rollout, Sample

_Tables = tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]


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
    the baseline; per token from the advantage, as the sum over this and all later tokens. With `baseline: critic`
    tokens have advantages of their own, and returns (`credit.credit_tokens`); a rollout's is the mean of its trained
    tokens. Else `algorithm.weights` multiply the tokens' advantages (`credit.weigh`), and not the rollouts' that are
    returned. Raises DataError where log-probs or values are missing.
    """
    by_id = {sample.rollout_id: sample for sample in samples}
    kl, has_critic = algorithm.kl, algorithm.baseline == "critic"
    tables = _tables(groups, by_id, kl)
    rewards_PG, correct_PG, counted_PG, _ = tables
    advantages_PG = torch.zeros_like(rewards_PG)
    if not has_critic:
        advantages_PG = advantages(rewards_PG, counted_PG, baseline=algorithm.baseline, scale=algorithm.scale)
    places = _places(groups, by_id, tables, algorithm)
    chosen = [by_id[groups[p].rollouts[g].id] for p, g in places]
    if has_critic:
        means = credit_tokens(chosen, [rewards_PG[place].item() for place in places], algorithm)
        for place, mean in zip(places, means, strict=True):
            advantages_PG[place] = mean
    else:
        for sample, place in zip(chosen, places, strict=True):
            sample.advantages_T = sample.loss_mask_T * np.float32(advantages_PG[place].item())
        weigh(chosen, [bool(correct_PG[place]) for place in places], algorithm.weights)
        if kl.place == "reward" and kl.level == "token":
            for sample in chosen:
                cost_T = kl_to_go(token_costs(sample, kl))
                sample.advantages_T -= np.where(sample.loss_mask_T, cost_T.float().numpy(), np.float32(0))
    return chosen, [advantages_PG[p, : len(group.rollouts)].tolist() for p, group in enumerate(groups)]


def read_samples(groups: Sequence[Group], samples: Sequence[Sample], algorithm: AlgorithmSettings) -> list[Sample]:
    """The samples whose log-probs and values are read: those that will be chosen, or all where baselines read a KL."""
    if algorithm.kl.place == "reward":
        return list(samples)
    by_id = {sample.rollout_id: sample for sample in samples}
    tables = _tables(groups, by_id, algorithm.kl)
    return [by_id[groups[p].rollouts[g].id] for p, g in _places(groups, by_id, tables, algorithm)]


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


def _tables(groups: Sequence[Group], by_id: dict[str, Sample], kl: KLSettings) -> _Tables:
    """Rewards, correct, counted and length in tokens of the rollouts, [P, G]."""
    shape = (len(groups), max((len(group.rollouts) for group in groups), default=0))
    rewards_PG = torch.zeros(shape, dtype=torch.float64)
    correct_PG, counted_PG = torch.zeros(shape, dtype=torch.bool), torch.zeros(shape, dtype=torch.bool)
    num_tokens_PG = torch.zeros(shape, dtype=torch.int64)
    for p, group in enumerate(groups):
        for g, rollout in enumerate(group.rollouts):
            if rollout.id not in by_id:
                continue
            rewards_PG[p, g] = earned(rollout, by_id[rollout.id], kl)
            correct_PG[p, g] = rollout.verdict.outcome == "correct"
            counted_PG[p, g] = True
            num_tokens_PG[p, g] = len(rollout.completion.token_ids_N)
    return rewards_PG, correct_PG, counted_PG, num_tokens_PG


def _places(
    groups: Sequence[Group], by_id: dict[str, Sample], tables: _Tables, algorithm: AlgorithmSettings
) -> list[tuple[int, int]]:
    """Group and member of each rollout that is trained on."""
    rewards_PG, correct_PG, counted_PG, num_tokens_PG = tables
    candidates_PG = counted_PG & _learnable(groups, by_id, algorithm.truncated == "mask")
    chosen_PG = SELECTIONS[algorithm.select](rewards_PG, correct_PG, candidates_PG, num_tokens_PG)
    return [(p, g) for p, g in chosen_PG.nonzero().tolist()]


def _learnable(groups: Sequence[Group], by_id: dict[str, Sample], mask_truncated: bool) -> torch.Tensor:
    """Rollouts with a trained token, without those that were cut off where they are masked. bool [P, G]"""
    learnable_PG = torch.zeros(len(groups), max((len(group.rollouts) for group in groups), default=0), dtype=torch.bool)
    for p, group in enumerate(groups):
        for g, rollout in enumerate(group.rollouts):
            masked = mask_truncated and rollout.completion.finish in CUT_OFF
            sample = by_id.get(rollout.id)
            learnable_PG[p, g] = sample is not None and not masked and bool(sample.loss_mask_T.any())
    return learnable_PG
