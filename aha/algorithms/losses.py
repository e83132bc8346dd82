"""Per-token policy losses: importance ratios, objectives, and the weights that turn a sum of tokens into a mean.

All tokens of a micro-batch lie in one vector [N]; `rows_N` says to which row (rollout) a token belongs, `mask_N` is
true where a token is trained. Everything is a loss: lower is better.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, exp, maximum, minimum, where, zeros, zeros_like


def token_log_ratio(log_ratio_N: Tensor, mask_N: Tensor, rows_N: Tensor, num_rows: int) -> Tensor:
    """log rho_t = log pi_theta(o_t) - log pi_denominator(o_t), each token its own (PPO; GRPO). [N] to [N]."""
    return log_ratio_N


def sequence_log_ratio(log_ratio_N: Tensor, mask_N: Tensor, rows_N: Tensor, num_rows: int) -> Tensor:
    """log s_i = (1 / |o_i|) sum_t log rho_t, the same at each token of row i (GSPO, arXiv 2507.18071, eq. 7).

    [N] to [N]; `rows_N` holds 0 to num_rows - 1. Rows are whole, so that the mean is over all their trained tokens.
    The DeepSeek-R1 text writes the ratio of whole outputs, pi_theta(o) / pi_old(o), without the root of length; its
    spread grows with length, so the geometric mean stands here.
    """
    none_B = zeros(num_rows, dtype=log_ratio_N.dtype, device=log_ratio_N.device)
    lengths_B = none_B.index_add(0, rows_N, mask_N.to(log_ratio_N.dtype)).clamp(min=1)
    sums_B = none_B.index_add(0, rows_N, where(mask_N, log_ratio_N, zeros_like(log_ratio_N)))
    return (sums_B / lengths_B)[rows_N]


RATIOS: dict[str, Callable[[Tensor, Tensor, Tensor, int], Tensor]] = {
    "token": token_log_ratio,
    "sequence": sequence_log_ratio,
}


def clipped_ratio(
    logprobs_N: Tensor, log_ratio_N: Tensor, advantages_N: Tensor, low: float, high: float, dual: float | None
) -> Tensor:
    """-min(rho A, clip(rho, 1 - low, 1 + high) A) (PPO, arXiv 1707.06347, eq. 7, low = high; DAPO, arXiv 2503.14476,
    eq. 10). [N] to [N].

    min for both signs of A. With `dual` = c > 1, where A < 0 the objective is at least c A (dual clip, arXiv
    1912.09729, eq. 5).
    """
    ratio_N = exp(log_ratio_N)
    objective_N = minimum(ratio_N * advantages_N, ratio_N.clamp(1 - low, 1 + high) * advantages_N)
    if dual is not None:
        objective_N = where(advantages_N < 0, maximum(objective_N, dual * advantages_N), objective_N)
    return -objective_N


def clipped_weight(
    logprobs_N: Tensor, log_ratio_N: Tensor, advantages_N: Tensor, low: float, high: float, dual: float | None
) -> Tensor:
    """-sg[clip(rho, 1 - low, 1 + high)] A log pi_theta (CISPO, arXiv 2506.13585, eq. 4). [N] to [N].

    The weight carries no gradient, so a clipped token is still trained. No dual clip: the weight is bounded already.
    """
    return -exp(log_ratio_N.detach()).clamp(1 - low, 1 + high) * advantages_N * logprobs_N


def log_prob(
    logprobs_N: Tensor, log_ratio_N: Tensor, advantages_N: Tensor, low: float, high: float, dual: float | None
) -> Tensor:
    """-A log pi_theta (REINFORCE, Williams 1992); with A = 1 it is the cross-entropy of imitation. [N] to [N]."""
    return -advantages_N * logprobs_N


OBJECTIVES: dict[str, Callable[[Tensor, Tensor, Tensor, float, float, float | None], Tensor]] = {
    "clipped_ratio": clipped_ratio,
    "clipped_weight": clipped_weight,
    "log_prob": log_prob,
}


def clipped_tokens(log_ratio_N: Tensor, advantages_N: Tensor, low: float, high: float) -> tuple[Tensor, Tensor]:
    """Where clipping is active: (A < 0 and rho < 1 - low, A > 0 and rho > 1 + high), bool [N] each."""
    ratio_N = exp(log_ratio_N)
    return (advantages_N < 0) & (ratio_N < 1 - low), (advantages_N > 0) & (ratio_N > 1 + high)


def importance_weights(denominator_N: Tensor, sampler_N: Tensor, cap: float) -> Tensor:
    """min(pi_learner / pi_sampler, cap) per token, no gradient: corrects for tokens drawn by an engine whose log-probs
    differ a little (truncated importance sampling, Ionides 2008; Yao et al. 2025). [N] to [N]."""
    return exp(denominator_N - sampler_N).clamp(max=cap).detach()


def sequence_mean(mask_N: Tensor, lengths_N: Tensor, num_tokens: float, num_rollouts: float, constant: int) -> Tensor:
    """1 / (|o_i| B): mean over a rollout's tokens, then over B rollouts (GRPO, arXiv 2402.03300, eq. 3). [N] to [N]."""
    return mask_N / (lengths_N * num_rollouts)


def token_mean(mask_N: Tensor, lengths_N: Tensor, num_tokens: float, num_rollouts: float, constant: int) -> Tensor:
    """1 / sum_i |o_i| over the whole update (DAPO, arXiv 2503.14476, eq. 8). [N] to [N].

    The source divides within a group; over the update each token counts the same.
    """
    return mask_N.to(lengths_N.dtype) / num_tokens


def constant_mean(mask_N: Tensor, lengths_N: Tensor, num_tokens: float, num_rollouts: float, constant: int) -> Tensor:
    """1 / (L B) with a constant length L (Dr. GRPO, arXiv 2503.20783, appendix A). [N] to [N]."""
    return mask_N.to(lengths_N.dtype) / (constant * num_rollouts)


AGGREGATES: dict[str, Callable[[Tensor, Tensor, float, float, int], Tensor]] = {
    "sequence_mean": sequence_mean,
    "token_mean": token_mean,
    "constant": constant_mean,
}


def masked_sum(values_N: Tensor, mask_N: Tensor) -> Tensor:
    """Sum where the mask is true; whatever stands elsewhere, infinities included, is left out. [N] to scalar."""
    return where(mask_N, values_N, zeros_like(values_N)).sum()
