"""Estimators of the divergence from a reference policy, and where they enter.

With d = log pi_ref - log pi_theta of a sampled token, each estimates KL(pi_theta || pi_ref) when averaged over samples
of pi_theta (J. Schulman, "Approximating KL divergence", 2020).
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, exp, where, zeros, zeros_like


def k1(logprobs_N: Tensor, reference_N: Tensor) -> Tensor:
    """-d: unbiased, may be negative. As a loss its expected gradient is 0: use it in the reward. [N] to [N]."""
    return logprobs_N - reference_N


def k2(logprobs_N: Tensor, reference_N: Tensor) -> Tensor:
    """d² / 2: biased, low variance; its gradient is that of the KL (Kimi k1.5, arXiv 2501.12599). [N] to [N]."""
    return 0.5 * (logprobs_N - reference_N) ** 2


def k3(logprobs_N: Tensor, reference_N: Tensor) -> Tensor:
    """exp(d) - d - 1: unbiased, never negative (GRPO, arXiv 2402.03300, eq. 4; DeepSeek-R1). [N] to [N]."""
    difference_N = reference_N - logprobs_N
    return exp(difference_N) - difference_N - 1


ESTIMATORS: dict[str, Callable[[Tensor, Tensor], Tensor]] = {"k1": k1, "k2": k2, "k3": k3}


def token_kl(estimator: str, logprobs_N: Tensor, reference_N: Tensor, mask_N: Tensor) -> Tensor:
    """The estimator at each token, 0 where the mask is false. [N] to [N]."""
    none_N = zeros_like(logprobs_N)
    return ESTIMATORS[estimator](where(mask_N, logprobs_N, none_N), where(mask_N, reference_N, none_N))


def sequence_kl(
    estimator: str, logprobs_N: Tensor, reference_N: Tensor, mask_N: Tensor, rows_N: Tensor, num_rows: int
) -> Tensor:
    """The estimator at each row's summed log-probs: one number a rollout. [N] to [B].

    `rows_N` says to which of the `num_rows` rows a token belongs. k2 here is Kimi k1.5's regulariser; k3 of a long row
    overflows easily.
    """
    none_N, none_B = zeros_like(logprobs_N), zeros(num_rows, dtype=logprobs_N.dtype, device=logprobs_N.device)
    logprobs_B = none_B.index_add(0, rows_N, where(mask_N, logprobs_N, none_N))
    reference_B = none_B.index_add(0, rows_N, where(mask_N, reference_N, none_N))
    return ESTIMATORS[estimator](logprobs_B, reference_B)


def kl_to_go(kl_N: Tensor) -> Tensor:
    """Sum over this and all later tokens of one row: what a per-token KL in the reward costs from here. [N] to [N].

    sum_{s >= t} KL_s, undiscounted (PPO for RLHF, arXiv 2203.02155; REINFORCE++, arXiv 2501.03262, eq. 6).
    """
    return kl_N.flip(0).cumsum(0).flip(0)
