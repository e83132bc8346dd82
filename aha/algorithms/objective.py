"""The loss of one micro-batch, composed from settings (ratio, objective, aggregate, KL, entropy), and its metrics."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, full_like, heaviside, ones_like, where, zeros_like

from aha.algorithms.kl import k3, sequence_kl, token_kl
from aha.algorithms.losses import (
    AGGREGATES,
    OBJECTIVES,
    RATIOS,
    clipped_tokens,
    importance_weights,
    masked_sum,
)
from aha.algorithms.preference import bradley_terry, preference_margins
from aha.config.algorithm import AlgorithmSettings
from aha.errors import DataError


@dataclass(slots=True, frozen=True)
class Totals:
    """Denominators of one whole update, over all its micro-batches and processes."""

    num_tokens: float
    """Trained tokens; at least 1."""
    num_rollouts: float
    """Rollouts with a trained token; at least 1."""
    constant_length: int
    """Tokens; the constant of the `constant` aggregate."""
    num_pairs: float = 1.0
    """Pairs of answers that are compared; at least 1."""


@dataclass(slots=True, frozen=True)
class Tokens:
    """The tokens of a micro-batch, whole rows one after the other, [N] each."""

    mask_N: Tensor
    """Trained. bool"""
    sampled_N: Tensor
    """Trained and drawn by the sampler, so that its log-prob exists. bool"""
    rows_N: Tensor
    """Row of each token, 0 to num_rows - 1. int64"""
    num_rows: int
    lengths_N: Tensor
    """Trained tokens of the token's row, at least 1."""
    advantages_N: Tensor
    sampler_N: Tensor
    learner_N: Tensor | None
    """The learner's log-probs at the start of the round."""
    reference_N: Tensor | None
    pairs_N: Tensor | None = None
    """Pair of each token, 0 to num_pairs - 1, where answers are compared (the term `preference`). int64"""
    num_pairs: int = 0


def loss(logprobs_N: Tensor, entropy_N: Tensor, tokens: Tokens, totals: Totals, settings: AlgorithmSettings) -> Tensor:
    """This micro-batch's share of the update's loss: the shares of all micro-batches and processes sum to it.

    sum_t w_t (objective_t + beta KL_t - c_H H_t), where w_t is the aggregate's weight (`AGGREGATES`); a KL of whole
    sequences is a mean over rollouts (DeepSeek-R1, arXiv 2501.12948, eq. 1; Kimi k1.5, arXiv 2501.12599, eq. 3).
    `logprobs_N` and `entropy_N` carry the gradient. Returns a scalar. Raises DataError where the settings need
    log-probs that `tokens` lacks. Answers that are compared have a loss of their own (`preference_margins`).
    """
    if tokens.pairs_N is not None:
        margins_P = _margins(logprobs_N, tokens, tokens.pairs_N)
        return bradley_terry(margins_P, zeros_like(margins_P)).sum() / totals.num_pairs
    denominator_N = _denominator(tokens, settings)
    log_ratio_N = _log_ratio(logprobs_N, denominator_N, tokens, settings)
    token_losses_N = OBJECTIVES[settings.objective](
        logprobs_N, log_ratio_N, tokens.advantages_N, settings.clip_low, settings.clip_high, settings.clip_dual
    )
    if settings.denominator == "learner":
        token_losses_N = token_losses_N * importance_weights(denominator_N, tokens.sampler_N, settings.importance_cap)
    if settings.entropy_coef:
        token_losses_N = token_losses_N - settings.entropy_coef * entropy_N
    sequence_part: Tensor | float = 0.0
    if settings.kl.place == "loss":
        reference_N = _present(tokens.reference_N, "reference", "algorithm.kl.place: loss")
        if settings.kl.level == "token":
            kl_N = token_kl(settings.kl.estimator, logprobs_N, reference_N, tokens.mask_N)
            token_losses_N = token_losses_N + settings.kl.coef * kl_N
        else:
            kl_B = sequence_kl(
                settings.kl.estimator, logprobs_N, reference_N, tokens.mask_N, tokens.rows_N, tokens.num_rows
            )
            sequence_part = settings.kl.coef * kl_B.sum() / totals.num_rollouts
    weights_N = AGGREGATES[settings.aggregate](
        tokens.mask_N, tokens.lengths_N, totals.num_tokens, totals.num_rollouts, totals.constant_length
    )
    return masked_sum(token_losses_N * weights_N, tokens.mask_N) + sequence_part


def reads_zero_advantages(settings: AlgorithmSettings) -> bool:
    """Whether a token whose advantage is 0 can have a gradient: through the KL in the loss or the entropy."""
    return bool(settings.entropy_coef) or (settings.kl.place == "loss" and settings.kl.coef > 0)


def measure(
    logprobs_N: Tensor, entropy_N: Tensor, tokens: Tokens, settings: AlgorithmSettings
) -> dict[str, tuple[Tensor, Tensor]]:
    """For each metric of `METRICS` that exists here: its sum over the micro-batch's tokens and their number, scalars.

    Kept as tensors, so that nothing waits for the device. KL(sampler || learner) and KL(learner || reference) by k3.
    """
    num_trained, num_sampled = tokens.mask_N.sum(), tokens.sampled_N.sum()
    gap_N = (logprobs_N - tokens.sampler_N).abs()
    found = {
        "entropy": (masked_sum(entropy_N, tokens.mask_N), num_trained),
        "kl/sampler": (masked_sum(k3(tokens.sampler_N, logprobs_N), tokens.sampled_N), num_sampled),
        "logprob_gap/mean": (masked_sum(gap_N, tokens.sampled_N), num_sampled),
    }
    if tokens.reference_N is not None:
        found["kl/reference"] = (masked_sum(k3(logprobs_N, tokens.reference_N), tokens.mask_N), num_trained)
    if tokens.pairs_N is not None:
        margins_P = _margins(logprobs_N, tokens, tokens.pairs_N)
        found["pair_accuracy"] = (heaviside(margins_P, full_like(margins_P, 0.5)).sum(), ones_like(margins_P).sum())
    if settings.objective in CLIPPING:
        log_ratio_N = _log_ratio(logprobs_N, _denominator(tokens, settings), tokens, settings)
        low_N, high_N = clipped_tokens(log_ratio_N, tokens.advantages_N, settings.clip_low, settings.clip_high)
        found["clip_frac/low"] = ((low_N & tokens.mask_N).sum(), num_trained)
        found["clip_frac/high"] = ((high_N & tokens.mask_N).sum(), num_trained)
    return found


def largest_gap(logprobs_N: Tensor, tokens: Tokens) -> Tensor:
    """max |log pi_learner - log pi_sampler| over the sampled tokens, a scalar; 0 where there is none."""
    gap_N = (logprobs_N - tokens.sampler_N).abs()
    return where(tokens.sampled_N, gap_N, zeros_like(gap_N)).amax()


CLIPPING = frozenset({"clipped_ratio", "clipped_weight"})
"""Objectives that clip."""
METRICS = (
    *("entropy", "kl/reference", "kl/sampler", "logprob_gap/mean", "clip_frac/low", "clip_frac/high"),
    "pair_accuracy",
)
"""Means over tokens, or pairs, that `measure` can give."""


def _margins(logprobs_N: Tensor, tokens: Tokens, pairs_N: Tensor) -> Tensor:
    reference_N = _present(tokens.reference_N, "reference", "term: preference")
    weights_N = where(tokens.mask_N, tokens.advantages_N, zeros_like(tokens.advantages_N))
    return preference_margins(logprobs_N, reference_N, weights_N, pairs_N, tokens.num_pairs)


def _denominator(tokens: Tokens, settings: AlgorithmSettings) -> Tensor:
    if settings.denominator == "sampler":
        return tokens.sampler_N
    return _present(tokens.learner_N, "learner", "algorithm.denominator: learner")


def _log_ratio(logprobs_N: Tensor, denominator_N: Tensor, tokens: Tokens, settings: AlgorithmSettings) -> Tensor:
    return RATIOS[settings.ratio](logprobs_N - denominator_N, tokens.mask_N, tokens.rows_N, tokens.num_rows)


def _present(logprobs_N: Tensor | None, whose: str, key: str) -> Tensor:
    if logprobs_N is None:
        raise DataError(
            f"`{key}` needs the {whose}'s log-probs, and a sample has none.", cure="Score the samples first."
        )
    return logprobs_N
