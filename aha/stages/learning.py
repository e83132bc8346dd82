"""Groups to samples to updates: the half of a round in which the learner works."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import numpy as np
import torch

from aha.rollouts.pack import num_trained_tokens, set_advantages, split_updates, to_samples
from aha.runtime.distributed import World
from aha.runtime.seeds import seed_of
from aha.stages.parts import RLParts
from aha.stages.progress import Progress, spent
from aha.types import Float32, Group, Sample

AT_ROUND_START = ("logprob_gap/mean", "logprob_gap/max", "kl/sampler")
"""Metrics that compare the learner with the sampler: meant before the round's first step, so of its first update."""


class Scorer(Protocol):
    """Who gives log-probs: the frozen reference, or the learner itself."""

    def logprobs(self, samples: Sequence[Sample]) -> list[Float32]:
        """Log-probs of every token of every sample, [T] each."""


def make_samples(parts: RLParts, groups: Sequence[Group], version: int) -> tuple[list[Sample], dict[str, float]]:
    """Samples to train on, with advantages and the log-probs that the objective reads; advantages by rollout id. Tokens
    are trained that policy `version` chose."""
    algorithm = parts.stage.algorithm
    samples = to_samples(groups, version)
    if parts.reference is not None:
        for sample, logprobs_T in zip(samples, score(parts.reference, samples, parts.world), strict=True):
            sample.reference_logprobs_T = logprobs_T
    chosen, advantages = set_advantages(groups, samples, algorithm)
    if algorithm.denominator == "learner":
        for sample, logprobs_T in zip(chosen, score(parts.learner, chosen, parts.world), strict=True):
            sample.learner_logprobs_T = logprobs_T
    by_rollout = {
        rollout.id: advantage
        for group, row in zip(groups, advantages, strict=True)
        for rollout, advantage in zip(group.rollouts, row, strict=True)
    }
    return chosen, by_rollout


def run_updates(parts: RLParts, samples: Sequence[Sample], before: Progress) -> tuple[dict[str, float], int]:
    """`num_updates` optimizer steps over a random split, up to the one that spends the token budget; metrics of all of
    them together, and the tokens that went through them. No samples, no update."""
    if parts.stage.algorithm.optimizer_reset == "round":
        parts.learner.reset_moments()
    seed = seed_of(parts.seed, parts.name, before.round + 1, "updates")
    updates, num_trained = [], 0
    for split in split_updates(samples, parts.stage.algorithm.num_updates, seed):
        if split and spent(parts.stage, before.num_trained_tokens + num_trained) < 1:
            updates.append(parts.learner.update(split[parts.world.rank :: parts.world.size]))
            num_trained += num_trained_tokens(split)
    return combine(updates), num_trained


def refresh_reference(parts: RLParts, progress: Progress) -> None:
    """Make the policy the reference after each round, or once `reference_every` updates have passed since the last
    time."""
    every = parts.stage.algorithm.kl.reference_every
    due = every == "round" or (every and progress.update - progress.reference_update >= every)
    if parts.reference is not None and due:
        parts.reference.sync(parts.learner.weights())
        progress.reference_update = progress.update


def combine(updates: Sequence[dict[str, float]]) -> dict[str, float]:
    """One number a metric from those of a round's updates: the mean of those that have it; the sum of
    `update_skipped` and `num_trained_tokens`; the last `lr`; the first of those that compare with the sampler."""
    metrics: dict[str, float] = {}
    for name in dict.fromkeys(name for update in updates for name in update):
        values = [update[name] for update in updates if name in update]
        if name in AT_ROUND_START:
            metrics[name] = values[0]
        elif name == "lr":
            metrics[name] = values[-1]
        elif name in ("update_skipped", "num_trained_tokens"):
            metrics[name] = sum(values)
        else:
            metrics[name] = sum(values) / len(values)
    return metrics


def score(scorer: Scorer, samples: Sequence[Sample], world: World) -> list[Float32]:
    """Log-probs of all samples, [T] each; every process computes its share and the sum brings them together."""
    if world.size == 1:
        return scorer.logprobs(samples)
    found = [np.zeros(len(sample.token_ids_T), dtype=np.float32) for sample in samples]
    found[world.rank :: world.size] = scorer.logprobs(samples[world.rank :: world.size])
    tensors = [torch.from_numpy(logprobs_T) for logprobs_T in found]
    world.sum_tensors_(tensors)
    return [tensor.numpy() for tensor in tensors]
