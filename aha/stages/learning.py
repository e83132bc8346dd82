"""Groups to samples to updates: the half of a round in which the learner works."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from aha.rollouts.pack import num_trained_tokens, read_samples, set_advantages, split_updates, to_samples
from aha.runtime.distributed import World
from aha.runtime.seeds import seed_of
from aha.stages.parts import RLParts
from aha.stages.progress import Progress, spent
from aha.types import Float32, Group, Sample

AT_ROUND_START = ("logprob_gap/mean", "logprob_gap/max", "kl/sampler")
"""Metrics that compare the learner with the sampler: meant before the round's first step, so of its first update."""


Ask = Callable[[Sequence[Sample]], list[Float32]]
"""Samples to one number a token, [T] each: log-probs of reference or learner, what the second learner says."""


def make_samples(parts: RLParts, groups: Sequence[Group], version: int) -> tuple[list[Sample], dict[str, float]]:
    """Samples to train on, with advantages and the log-probs and values that are read; advantages by rollout id. Tokens
    are trained that policy `version` chose."""
    algorithm = parts.stage.algorithm
    samples = to_samples(groups, version)
    read = read_samples(groups, samples, algorithm)
    if parts.reference is not None:
        for sample, logprobs_T in zip(read, score(parts.reference.logprobs, read, parts.world), strict=True):
            sample.reference_logprobs_T = logprobs_T
    if parts.critic is not None:
        for sample, values_T in zip(read, score(parts.critic.values, read, parts.world), strict=True):
            sample.values_T = values_T
    chosen, advantages = set_advantages(groups, samples, algorithm)
    if algorithm.denominator == "learner":
        for sample, logprobs_T in zip(chosen, score(parts.learner.logprobs, chosen, parts.world), strict=True):
            sample.learner_logprobs_T = logprobs_T
    by_rollout = {
        rollout.id: advantage
        for group, row in zip(groups, advantages, strict=True)
        for rollout, advantage in zip(group.rollouts, row, strict=True)
    }
    return chosen, by_rollout


def run_updates(parts: RLParts, samples: Sequence[Sample], before: Progress) -> tuple[dict[str, float], int]:
    """`num_updates` optimizer steps over a random split, up to the one that spends the token budget, then those of the
    second learner over a split of its own; metrics of all of them together, and the tokens that went through the
    policy's. No samples, no update; in rounds that the second learner has to itself none of the policy's."""
    if parts.stage.algorithm.optimizer_reset == "round":
        parts.learner.reset_moments()
    rank, size = parts.world.rank, parts.world.size
    updates, num_trained = [], 0
    policy_learns = before.round >= parts.stage.rounds_alone
    for split in round_splits(parts, samples, before, parts.stage.algorithm.num_updates, "updates"):
        if policy_learns and spent(parts.stage, before.num_trained_tokens + num_trained) < 1:
            updates.append(parts.learner.update(split[rank::size]))
            num_trained += num_trained_tokens(split)
    metrics = combine(updates)
    if parts.critic is not None and parts.stage.second is not None:
        splits = round_splits(parts, samples, before, parts.stage.second.num_updates, "critic")
        metrics |= combine([parts.critic.update(split[rank::size]) for split in splits])
    return metrics, num_trained


def round_splits(
    parts: RLParts, samples: Sequence[Sample], before: Progress, num_updates: int, word: str
) -> list[list[Sample]]:
    """The samples of each update of a round, without empty ones; `word` and the round seed the split."""
    seed = seed_of(parts.seed, parts.name, before.round + 1, word)
    return [split for split in split_updates(samples, num_updates, seed) if split]


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
    `update_skipped` and `num_trained_tokens`; the last `lr`; the first of those that compare with the sampler. The same
    for the second learner's, which stand under `value/` or `token_reward/`."""
    metrics: dict[str, float] = {}
    for name in dict.fromkeys(name for update in updates for name in update):
        values = [update[name] for update in updates if name in update]
        fact = name.removeprefix("value/").removeprefix("token_reward/")
        if name in AT_ROUND_START:
            metrics[name] = values[0]
        elif fact == "lr":
            metrics[name] = values[-1]
        elif fact in ("update_skipped", "num_trained_tokens"):
            metrics[name] = sum(values)
        else:
            metrics[name] = sum(values) / len(values)
    return metrics


def score(ask: Ask, samples: Sequence[Sample], world: World) -> list[Float32]:
    """What `ask` says of all samples, [T] each; every process asks for its share and the sum brings them together."""
    if world.size == 1:
        return ask(samples)
    found = [np.zeros(len(sample.token_ids_T), dtype=np.float32) for sample in samples]
    found[world.rank :: world.size] = ask(samples[world.rank :: world.size])
    tensors = [torch.from_numpy(numbers_T) for numbers_T in found]
    world.sum_tensors_(tensors)
    return [tensor.numpy() for tensor in tensors]
