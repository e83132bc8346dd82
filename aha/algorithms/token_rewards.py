"""A token reward model: scores of tokens, learned from outcomes alone, as weights of an answer's tokens (OREAL).

Departures from the paper (arXiv 2502.06781): its eq. 11 prints the likelihood of right answers without the minus sign
of a loss, the released code has it, and so do we; the running mean and the factor of the advantage on right answers are
the code's. The code weighs a token by the score of what stands before it; here it is the score after it, w(s_<=t), as
the paper writes. The code's rewards are 1 and -1, which doubles every advantage; the paper's are 1 and 0. The text
derives (1 - p) as the factor of wrong answers and then uses leave-one-out, which gives them -p n / (n - 1).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from torch import Tensor, arange, sigmoid

from aha.algorithms.preference import cross_entropy


def running_mean(scores_N: Tensor) -> Tensor:
    """Mean of the scores up to each token, that token's included (arXiv 2502.06781, released code). [N] to [N].

    The last one is the mean whose sigmoid is the chance that the answer is right.
    """
    return scores_N.cumsum(0) / arange(1, len(scores_N) + 1, dtype=scores_N.dtype, device=scores_N.device)


def token_weights(scores_N: Tensor) -> tuple[Tensor, Tensor]:
    """w+ = max(2 σ(w) - 1, 0) and w- = max(1 - 2 σ(w), 0) (arXiv 2502.06781, eq. 10). [N] to [N] each.

    The first for tokens of right answers, the second for those of wrong ones; both are 0 where the score is: a new head
    trains no policy.
    """
    signed_N = 2 * sigmoid(scores_N) - 1
    return signed_N.clamp(min=0), (-signed_N).clamp(min=0)


def outcome_loss(scores_N: Tensor, rows_N: Tensor, labels_N: Tensor, num_rows: int) -> Tensor:
    """Cross-entropy of σ(mean of an answer's scores) against its outcome (arXiv 2502.06781, eq. 12). [N] to [B].

    `rows_N` says to which of the `num_rows` answers a token belongs; `labels_N` is 1 at tokens of right ones, else 0.
    """
    none_B = scores_N.new_zeros(num_rows)
    counts_B = none_B.index_add(0, rows_N, scores_N.new_ones(len(scores_N))).clamp(min=1)
    means_B = none_B.index_add(0, rows_N, scores_N) / counts_B
    return cross_entropy(means_B, none_B.index_add(0, rows_N, labels_N.to(scores_N.dtype)) / counts_B)


def ranking_auc(
    scores_N: Sequence[float] | npt.NDArray[np.floating], is_one_N: Sequence[bool] | npt.NDArray[np.bool_]
) -> float | None:
    """Chance that one of the tokens looked for scores above one of the others, a tie half [N] (area under the ROC
    curve; Hanley & McNeil 1982). None where there are none of either."""
    scores_N, is_one_N = np.asarray(scores_N, np.float64), np.asarray(is_one_N, np.bool_)
    ones_M, others_M = scores_N[is_one_N], np.sort(scores_N[~is_one_N])
    if not len(ones_M) or not len(others_M):
        return None
    below_M = np.searchsorted(others_M, ones_M, "left") + np.searchsorted(others_M, ones_M, "right")
    return float(below_M.mean()) / (2 * len(others_M))
