"""Learning from judgements: losses of reward models, rankings as pairs, and what their scores are worth.

Shape letters: P pairs, B judged items (pairs or labels), K answers to one prompt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import numpy.typing as npt
import torch.nn.functional as F
from torch import Tensor, where, zeros_like

from aha.types import Int32

Float64 = npt.NDArray[np.float64]
Numbers = Sequence[float] | Float64

NUM_BINS = 10


@dataclass(slots=True, frozen=True)
class Comparison:
    """What a reward model learns from: two answers of which one is better, or one that was labelled."""

    rows: tuple[Int32, ...]
    """Token ids [T] of the better and of the worse text; or of one text alone, whose opponent scores 0."""
    label: float = 1.0
    """Chance that the first text wins: 1 for a pair; 1 or 0 for a text that was labelled."""
    weight: float = 1.0
    """Its share in the mean over an update."""


def cross_entropy(margins_B: Tensor, labels_B: Tensor) -> Tensor:
    """Binary cross-entropy of p = σ(margin) against a label y from 0 to 1, in nats.

    -y log σ(m) - (1 - y) log σ(-m), elementwise [B] to [B]; at least fp32. A point-wise reward model (DeepSeek-R1 v2,
    arXiv 2501.12948, 3.1: the safety model) has its scores as margins.
    """
    wide_B = margins_B if margins_B.element_size() >= 4 else margins_B.float()
    return F.binary_cross_entropy_with_logits(wide_B, labels_B.to(wide_B.dtype), reduction="none")


def bradley_terry(chosen_P: Tensor, rejected_P: Tensor) -> Tensor:
    """-log σ(chosen - rejected), elementwise [P] to [P] (Bradley & Terry 1952; InstructGPT, arXiv 2203.02155, eq. 1).

    A margin of +1 costs 0.313262, of -1 1.313262, of 0 log 2.
    """
    margins_P = chosen_P - rejected_P
    return cross_entropy(margins_P, margins_P.new_ones(margins_P.shape))


def preference_margins(
    logprobs_N: Tensor, reference_N: Tensor, weights_N: Tensor, pairs_N: Tensor, num_pairs: int
) -> Tensor:
    """β [(log π - log π_ref)(chosen) - (log π - log π_ref)(rejected)] of each pair. [N] each to [P].

    `weights_N` is β at the trained tokens of chosen answers, -β at those of rejected ones, 0 elsewhere; `pairs_N` says
    to which of the `num_pairs` pairs a token belongs. -log σ(margin) is the loss of direct preference optimization
    (DPO, arXiv 2305.18290, eq. 7): at β 0.1, log-ratios of +2 and -2 cost 0.513015.
    """
    log_ratios_N = where(weights_N != 0, logprobs_N - reference_N, zeros_like(logprobs_N))
    return logprobs_N.new_zeros(num_pairs).index_add(0, pairs_N, weights_N * log_ratios_N)


def ranked_pairs(num_answers: int) -> list[tuple[int, int]]:
    """All K (K - 1) / 2 pairs (better, worse) of K answers that are in order, the best first (InstructGPT, arXiv
    2203.02155, 3.5)."""
    return list(combinations(range(num_answers), 2))


def group_weights(groups_B: Sequence[Hashable]) -> list[float]:
    """One over the number of items with the same group [B]: the pairs of a prompt together count once (InstructGPT,
    arXiv 2203.02155, eq. 1: the factor 1 / (K over 2))."""
    counts = Counter(groups_B)
    return [1.0 / counts[group] for group in groups_B]


def pair_hits(chosen_P: Numbers, rejected_P: Numbers) -> Float64:
    """1 where the chosen answer has the larger number, 0.5 where they are equal, else 0 [P].

    With scores: the accuracy of a reward model (RewardBench, arXiv 2403.13787). With lengths: that of always taking the
    longest answer.
    """
    margins_P = np.asarray(chosen_P, np.float64) - np.asarray(rejected_P, np.float64)
    hits_P: Float64 = (np.sign(margins_P) + 1) / 2
    return hits_P


def probabilities(margins_B: Numbers) -> Float64:
    """σ(margin) [B] (Bradley & Terry 1952)."""
    values_B: Float64 = 0.5 * (1 + np.tanh(0.5 * np.asarray(margins_B, np.float64)))
    return values_B


@dataclass(slots=True, frozen=True)
class Bin:
    """Predictions of similar probability."""

    predicted: float
    """Their mean."""
    happened: float
    """Share of them that came true."""
    count: int


def reliability(probabilities_B: Numbers, outcomes_B: Numbers, num_bins: int = NUM_BINS) -> list[Bin]:
    """Predictions in bins of equal width, empty ones left out (Guo et al., arXiv 1706.04599, section 2)."""
    predicted_B, outcomes_B = np.asarray(probabilities_B, np.float64), np.asarray(outcomes_B, np.float64)
    places_B = np.minimum((predicted_B * num_bins).astype(np.int64), num_bins - 1)
    return [
        Bin(float(predicted_B[inside].mean()), float(outcomes_B[inside].mean()), int(inside.sum()))
        for inside in (places_B == place for place in range(num_bins))
        if inside.any()
    ]


def calibration_error(bins: Sequence[Bin]) -> float:
    """Expected calibration error Σ count / B · |happened - predicted|, 0 for none (Guo et al., arXiv 1706.04599,
    eq. 3)."""
    total = sum(each.count for each in bins)
    return sum(each.count * abs(each.happened - each.predicted) for each in bins) / total if total else 0.0


def confidences(margins_P: Numbers) -> tuple[Float64, Float64]:
    """How sure a reward model is of each pair, from 0.5 to 1, and whether it is right (0.5 for a tie), [P] each.

    Which answer stands first says nothing about a pair, so its probability is folded: σ(|margin|) (Guo et al., arXiv
    1706.04599, section 2: confidence is the probability of the predicted class).
    """
    return probabilities(np.abs(np.asarray(margins_P, np.float64))), pair_hits(margins_P, np.zeros(len(margins_P)))


def correlation(a_B: Numbers, b_B: Numbers) -> float | None:
    """Pearson's r of two rows of numbers [B] (Source: Pearson 1895); None where one of them never varies."""
    a_B, b_B = np.asarray(a_B, np.float64), np.asarray(b_B, np.float64)
    if len(a_B) < 2:
        return None
    return difference_correlation(a_B - a_B.mean(), b_B - b_B.mean())


def difference_correlation(a_P: Numbers, b_P: Numbers) -> float | None:
    """Pearson's r of differences between two answers (of scores, of lengths), each pair counted in both orders [P]:
    Σ a b / √(Σ a² Σ b²) (Source: Pearson 1895, with means of 0). None where one of them is always 0."""
    a_P, b_P = np.asarray(a_P, np.float64), np.asarray(b_P, np.float64)
    scale = float(np.sqrt((a_P**2).sum() * (b_P**2).sum()))
    return float((a_P * b_P).sum()) / scale if scale > 0 else None
