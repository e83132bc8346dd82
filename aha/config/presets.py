"""Names for points in the space of objectives. A preset fills `algorithm` keys; what a recipe says itself wins."""

from __future__ import annotations

from typing import Any

# PPO (1707.06347) as RLHF and open trainers run it: a critic with GAE, whitened advantages. The KL is the recipe's.
_PPO: dict[str, Any] = {
    "baseline": "critic",
    "gamma": 1.0,
    "gae_lambda": 0.95,
    "scale": "batch_std",
    "objective": "clipped_ratio",
    "ratio": "token",
    "clip_low": 0.2,
    "clip_high": 0.2,
    "aggregate": "token_mean",
    "kl": {"place": "none"},
}
PRESETS: dict[str, dict[str, Any]] = {
    # DeepSeekMath (2402.03300) eq. 3 as open trainers run it today: token ratio, no KL.
    "grpo": {
        "baseline": "group_mean",
        "scale": "group_std",
        "objective": "clipped_ratio",
        "ratio": "token",
        "clip_low": 0.2,
        "clip_high": 0.2,
        "aggregate": "sequence_mean",
        "kl": {"place": "none"},
    },
    # DeepSeek-R1 (2501.12948 v2): almost no clipping, k3 KL 0.001 in the loss, a fresh reference every 400 updates.
    "grpo-paper": {
        "baseline": "group_mean",
        "scale": "group_std",
        "objective": "clipped_ratio",
        "ratio": "token",
        "clip_low": 10.0,
        "clip_high": 10.0,
        "aggregate": "sequence_mean",
        "kl": {"place": "loss", "estimator": "k3", "level": "token", "coef": 0.001, "reference_every": 400},
    },
    # Dr. GRPO (2503.20783): no division by the group's std nor by the answer's length.
    "dr-grpo": {
        "baseline": "group_mean",
        "scale": "none",
        "objective": "clipped_ratio",
        "ratio": "token",
        "clip_low": 0.2,
        "clip_high": 0.2,
        "aggregate": "constant",
        "kl": {"place": "none"},
    },
    # DAPO (2503.14476) eq. 8: clip higher, token mean, uniform groups refilled, soft punishment of overlong answers.
    "dapo": {
        "baseline": "group_mean",
        "scale": "group_std",
        "objective": "clipped_ratio",
        "ratio": "token",
        "clip_low": 0.2,
        "clip_high": 0.28,
        "aggregate": "token_mean",
        "kl": {"place": "none"},
        "filter": "refill",
        "truncated": "punish",
    },
    # RLOO (2402.14740): REINFORCE on whole answers (a sum over tokens) against the mean of the others.
    "rloo": {
        "baseline": "leave_one_out",
        "scale": "none",
        "objective": "log_prob",
        "aggregate": "constant",
        "constant_length": 1,
        "kl": {"place": "none"},
    },
    # OREAL (2502.06781, released code): one right and one wrong answer of each mixed group, each side a mean over its
    # own tokens, wrong ones half, tokens weighed by what a reward model learned; k3 KL to the stage's first model.
    "oreal": {
        "baseline": "leave_one_out",
        "scale": "none",
        "select": "one_correct_one_wrong",
        "objective": "log_prob",
        "aggregate": "token_mean",
        "weights": {"wrong": 0.5, "balance": True, "tokens": "learned"},
        "kl": {"place": "loss", "estimator": "k3", "level": "token", "coef": 0.01, "reference_every": 0},
        "filter": "drop_uniform",
    },
    # REINFORCE++ (2501.03262) eq. 8-10: rewards whitened over the batch, PPO's clip, k1 KL in the reward. The paper
    # whitens reward and KL together; here the KL is taken from the whitened reward. Its coefficient: 2503.23829's.
    "reinforce-pp": {
        "baseline": "batch_mean",
        "scale": "batch_std",
        "objective": "clipped_ratio",
        "ratio": "token",
        "clip_low": 0.2,
        "clip_high": 0.2,
        "aggregate": "token_mean",
        "kl": {"place": "reward", "estimator": "k1", "level": "token", "coef": 0.01},
    },
    "ppo": _PPO,
    # Open-Reasoner-Zero (2503.24290): PPO with gamma = lambda = 1, so that A = R - V; no KL, no entropy bonus.
    "orz": {**_PPO, "gae_lambda": 1.0},
    # GSPO (2507.18071) eq. 5-7 and section 5.1: length-normalised sequence ratio, very tight clip.
    "gspo": {
        "baseline": "group_mean",
        "scale": "group_std",
        "objective": "clipped_ratio",
        "ratio": "sequence",
        "clip_low": 3e-4,
        "clip_high": 4e-4,
        "aggregate": "sequence_mean",
        "kl": {"place": "none"},
    },
    # CISPO (MiniMax-M1, 2506.13585) eq. 4-5: the clipped ratio is a weight without gradient; no lower bound.
    "cispo": {
        "baseline": "group_mean",
        "scale": "group_std",
        "objective": "clipped_weight",
        "ratio": "token",
        "clip_low": 1.0,
        "clip_high": 4.0,
        "aggregate": "token_mean",
        "kl": {"place": "none"},
    },
    # Kimi k1.5 (2501.12599) eq. 3: mirror descent. tau (`kl.coef`) and the updates of a round are not stated there: 0.1
    # and 4 are ours; with one update a round the policy is its own reference and there is no KL.
    "kimi": {
        "baseline": "group_mean",
        "scale": "none",
        "objective": "log_prob",
        "aggregate": "constant",
        "constant_length": 1,
        "kl": {"place": "loss", "estimator": "k2", "level": "sequence", "coef": 0.1, "reference_every": "round"},
        "num_updates": 4,
        "optimizer_reset": "round",
    },
}

SOURCES = {
    "grpo": "group mean and std, token ratio, clip 0.2, no KL (DeepSeekMath, arXiv 2402.03300)",
    "grpo-paper": "R1-Zero's own numbers: clip 10, k3 KL 0.001, reference every 400 updates (arXiv 2501.12948)",
    "dr-grpo": "no std, sum over a constant length (Dr. GRPO, arXiv 2503.20783)",
    "dapo": "clip 0.2/0.28, token mean, refilled groups, overlong punishment (DAPO, arXiv 2503.14476)",
    "rloo": "leave-one-out, log-prob of whole answers (RLOO, arXiv 2402.14740)",
    "oreal": "one right, one wrong answer; learned token weights (OREAL, arXiv 2502.06781); add `token_reward: {}`",
    "reinforce-pp": "rewards whitened over the batch, k1 KL 0.01 in the reward (REINFORCE++, arXiv 2501.03262)",
    "ppo": "critic, GAE 0.95, whitened advantages, clip 0.2 (PPO, arXiv 1707.06347); add `critic: {}`",
    "orz": "critic, gamma = lambda = 1, no KL (Open-Reasoner-Zero, arXiv 2503.24290); add `critic: {}`",
    "gspo": "sequence ratio, clip 3e-4/4e-4 (GSPO, arXiv 2507.18071)",
    "cispo": "clipped ratio as a weight without gradient (MiniMax-M1, arXiv 2506.13585)",
    "kimi": "mirror descent: log-prob, squared log-ratio of whole answers, fresh reference (Kimi, arXiv 2501.12599)",
}
"""Each preset in a line, for `aha list algorithms`."""
