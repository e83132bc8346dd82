"""From rewards to advantages: a baseline, a scale, and which rollouts are trained on.

Groups are rows of a [P, G] table; `counted_PG` is false where a rollout weighs nothing (undecided, or padding of a
smaller group). Such entries influence no other entry, and their advantage is 0.
"""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor, where, zeros_like

MIN_STD = 1e-6
"""A spread of rewards below this is none: the advantage is 0 instead of rounding noise blown up."""


def advantages(rewards_PG: Tensor, counted_PG: Tensor, *, baseline: str, scale: str) -> Tensor:
    """A_i = (r_i - baseline) / scale, over the counted rollouts of P groups of up to G.

    `rewards_PG` floating, `counted_PG` bool, both [P, G]; returns [P, G] in the dtype of the rewards. `baseline` is a
    key of `BASELINES`, `scale` of `SCALES`. GRPO is (group_mean, group_std), Dr. GRPO (group_mean, none), RLOO
    (leave_one_out, none), REINFORCE++ (batch_mean, batch_std).
    """
    rewards_PG = where(counted_PG, rewards_PG, zeros_like(rewards_PG))
    centred_PG = where(counted_PG, BASELINES[baseline](rewards_PG, counted_PG), zeros_like(rewards_PG))
    return SCALES[scale](centred_PG, rewards_PG, counted_PG)


def no_baseline(rewards_PG: Tensor, counted_PG: Tensor) -> Tensor:
    """A_i = r_i (REINFORCE, Williams 1992). [P, G] to [P, G]."""
    return rewards_PG


def group_mean(rewards_PG: Tensor, counted_PG: Tensor) -> Tensor:
    """A_i = r_i - mean(r) over the group (GRPO, arXiv 2402.03300; DeepSeek-R1, arXiv 2501.12948). [P, G] to [P, G]."""
    num_counted_P1 = counted_PG.sum(1, keepdim=True).clamp(min=1)
    return rewards_PG - rewards_PG.sum(1, keepdim=True) / num_counted_P1


def leave_one_out(rewards_PG: Tensor, counted_PG: Tensor) -> Tensor:
    """A_i = r_i - mean of the others' r = n / (n - 1) (r_i - mean(r)) (RLOO, arXiv 2402.14740). [P, G] to [P, G].

    A group of one has no others: its advantage is 0.
    """
    num_counted_P1 = counted_PG.sum(1, keepdim=True)
    return group_mean(rewards_PG, counted_PG) * num_counted_P1 / (num_counted_P1 - 1).clamp(min=1)


def batch_mean(rewards_PG: Tensor, counted_PG: Tensor) -> Tensor:
    """A_i = r_i - mean(r) over all rollouts of the batch (REINFORCE++, arXiv 2501.03262, eq. 8). [P, G] to [P, G]."""
    return rewards_PG - rewards_PG.sum() / counted_PG.sum().clamp(min=1)


def no_scale(centred_PG: Tensor, rewards_PG: Tensor, counted_PG: Tensor) -> Tensor:
    """Divide by nothing (Dr. GRPO, arXiv 2503.20783). [P, G] to [P, G]."""
    return centred_PG


def group_std(centred_PG: Tensor, rewards_PG: Tensor, counted_PG: Tensor) -> Tensor:
    """Divide by the standard deviation of the group's rewards (GRPO, arXiv 2402.03300). [P, G] to [P, G].

    Population standard deviation (rewards 1, 0, 0, 1 give ±1), which no source fixes; below `MIN_STD` the advantage
    is 0, where the papers divide by zero and implementations add a small constant.
    """
    num_counted_P1 = counted_PG.sum(1, keepdim=True).clamp(min=1)
    deviations_PG = where(counted_PG, group_mean(rewards_PG, counted_PG), zeros_like(rewards_PG))
    return _divide(centred_PG, ((deviations_PG**2).sum(1, keepdim=True) / num_counted_P1).sqrt())


def batch_std(centred_PG: Tensor, rewards_PG: Tensor, counted_PG: Tensor) -> Tensor:
    """Divide by the standard deviation of all rewards of the batch (Lite PPO, arXiv 2508.08221). [P, G] to [P, G].

    Population standard deviation over the counted rollouts; below `MIN_STD` the advantage is 0.
    """
    num_counted = counted_PG.sum().clamp(min=1)
    deviations_PG = where(counted_PG, batch_mean(rewards_PG, counted_PG), zeros_like(rewards_PG))
    return _divide(centred_PG, ((deviations_PG**2).sum() / num_counted).sqrt())


def select_all(rewards_PG: Tensor, correct_PG: Tensor, counted_PG: Tensor, num_tokens_PG: Tensor) -> Tensor:
    """Every counted rollout. [P, G] to bool [P, G]."""
    return counted_PG


def best_of_n(rewards_PG: Tensor, correct_PG: Tensor, counted_PG: Tensor, num_tokens_PG: Tensor) -> Tensor:
    """The best correct rollout of each group: highest reward, then fewest tokens, then first. [P, G] to bool [P, G].

    Guess and check (rejection fine-tuning, arXiv 2308.01825), one sample a problem; a group without a correct rollout
    gives none, so that a wrong answer is never imitated.
    """
    chosen_PG = zeros_like(counted_PG)
    for p in range(len(rewards_PG)):
        candidates = (counted_PG[p] & correct_PG[p]).nonzero().flatten().tolist()
        if candidates:
            best = min(candidates, key=lambda g: (-rewards_PG[p, g].item(), num_tokens_PG[p, g].item(), g))
            chosen_PG[p, best] = True
    return chosen_PG


def one_correct_one_wrong(rewards_PG: Tensor, correct_PG: Tensor, counted_PG: Tensor, num_tokens_PG: Tensor) -> Tensor:
    """The first correct and the first wrong rollout of each group that has both (OREAL, arXiv 2502.06781).

    [P, G] to bool [P, G]. The source draws the two at random; rollouts of a group are already in random order.
    """
    right_PG, wrong_PG = counted_PG & correct_PG, counted_PG & ~correct_PG
    mixed_P1 = right_PG.any(1, keepdim=True) & wrong_PG.any(1, keepdim=True)
    first_PG = (right_PG & (right_PG.cumsum(1) == 1)) | (wrong_PG & (wrong_PG.cumsum(1) == 1))
    return first_PG & mixed_P1


def _divide(centred_PG: Tensor, std: Tensor) -> Tensor:
    return where(std < MIN_STD, zeros_like(centred_PG), centred_PG / std.clamp(min=MIN_STD))


BASELINES: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "none": no_baseline,
    "group_mean": group_mean,
    "leave_one_out": leave_one_out,
    "batch_mean": batch_mean,
}
SCALES: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "none": no_scale,
    "group_std": group_std,
    "batch_std": batch_std,
}
SELECTIONS: dict[str, Callable[[Tensor, Tensor, Tensor, Tensor], Tensor]] = {
    "all": select_all,
    "best_of_n": best_of_n,
    "one_correct_one_wrong": one_correct_one_wrong,
}
