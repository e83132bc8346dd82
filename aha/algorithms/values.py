"""What a critic is for: advantages of single tokens, the targets of its values, and how good they are.

Row b of a [B, N] table holds the model's own tokens of a rollout, in order; behind its end stand zeros, the value of
the end among them. `values_BN[b, n]` is V of the state before token n, `rewards_BN[b, n]` what the token earned.
"""

from __future__ import annotations

from torch import Tensor, maximum, zeros_like

from aha.algorithms.advantages import MIN_STD


def gae(rewards_BN: Tensor, values_BN: Tensor, gamma: float, gae_lambda: float) -> Tensor:
    """Generalised advantage estimation (arXiv 1506.02438, eq. 16). [B, N] and [B, N] to [B, N].

    delta_t = r_t + gamma V_{t+1} - V_t and A_t = delta_t + gamma lambda A_{t+1}, both 0 behind the end. With gamma =
    lambda = 1 that is A_t = R - V_t (Open-Reasoner-Zero, arXiv 2503.24290).
    """
    advantages_BN = zeros_like(values_BN)
    following_B = next_B = values_BN.new_zeros(len(values_BN))
    for n in reversed(range(values_BN.shape[1])):
        following_B = rewards_BN[:, n] + gamma * next_B - values_BN[:, n] + gamma * gae_lambda * following_B
        next_B = values_BN[:, n]
        advantages_BN[:, n] = following_B
    return advantages_BN


def discounted(rewards_BN: Tensor, gamma: float) -> Tensor:
    """R_t = sum_{s >= t} gamma^(s - t) r_s, earned from each token on (arXiv 1506.02438, 1). [B, N] to [B, N]."""
    return gae(rewards_BN, zeros_like(rewards_BN), gamma, 1.0)


def whiten(advantages_N: Tensor) -> Tensor:
    """(A - mean(A)) / std(A) over all trained tokens of a round (Open-Reasoner-Zero, arXiv 2503.24290, 2). [N] to [N].

    Population standard deviation; below `MIN_STD` the advantage is 0.
    """
    centred_N = advantages_N - advantages_N.mean()
    std = (centred_N**2).mean().sqrt()
    return zeros_like(centred_N) if std < MIN_STD else centred_N / std


def value_loss(values_N: Tensor, before_N: Tensor, returns_N: Tensor, clip: float | None) -> Tensor:
    """0.5 (V - R)^2 at each token (PPO, arXiv 1707.06347, eq. 9). [N] each to [N].

    With `clip` = c the larger of that and 0.5 (V' - R)^2, where V' is V held within c of `before_N`, its value at the
    start of the round (PPO's first implementation; arXiv 2005.12729, section 3).
    """
    losses_N = 0.5 * (values_N - returns_N) ** 2
    if clip is None:
        return losses_N
    held_N = before_N + (values_N - before_N).clamp(-clip, clip)
    return maximum(losses_N, 0.5 * (held_N - returns_N) ** 2)


def explained_variance(values_N: Tensor, returns_N: Tensor) -> float | None:
    """1 - Var(R - V) / Var(R) (baselines, Dhariwal et al. 2017: common/math_util.py). [N] and [N] to a number.

    1 for a critic that knows, 0 for one that says the same of all, below 0 for a worse one; None where R never varies.
    """
    spread = returns_N.double().var(correction=0).item() if len(returns_N) else 0.0
    if spread < MIN_STD**2:
        return None
    return 1 - (returns_N - values_N).double().var(correction=0).item() / spread
