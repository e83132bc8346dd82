"""One number a token of whole samples, without gradient: log-probs, or what else a model says at each token."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import torch

from aha.engines.batches import can_share, micro_batches, rows_of
from aha.models.layout import RowLayout
from aha.models.logprobs import LanguageModel, token_logprobs
from aha.types import Float32, Sample

Measure = Callable[[torch.Tensor, RowLayout], torch.Tensor]
"""Token ids of a batch [N] and its rows to one number a token [N]."""


def score(
    model: LanguageModel, samples: Sequence[Sample], temperature: float, token_budget: int, device: torch.device
) -> list[Float32]:
    """Natural-log probability of every token given those before it, in the order of `samples`: fp32, [T] each.

    At `temperature`, as the sampler drew them; entry 0 is 0. Runs in micro-batches of at most `token_budget` tokens.
    """

    def logprobs(token_ids_N: torch.Tensor, layout: RowLayout) -> torch.Tensor:
        return token_logprobs(model, token_ids_N, layout, temperature)[0]

    return each_token(logprobs, samples, can_share(model, samples, device), token_budget, device)


@torch.no_grad()
def each_token(
    measure: Measure, samples: Sequence[Sample], share: bool, token_budget: int, device: torch.device
) -> list[Float32]:
    """`measure` at every token, in the order of `samples`: fp32, [T] each. `share`: prompts are computed once."""
    scores: list[Float32] = [np.zeros(0, dtype=np.float32)] * len(samples)
    for part in micro_batches(samples, token_budget):
        members = [samples[i] for i in part]
        rows = rows_of(members, share)
        token_ids = rows.take([sample.token_ids_T for sample in members])
        token_ids_N = torch.from_numpy(token_ids).to(device=device, dtype=torch.int64)
        layout = rows.layout(device)
        numbers_N = measure(token_ids_N, layout)
        found = [piece.numpy() for piece in torch.split(numbers_N.float().cpu(), list(layout.lengths))]
        for row, (i, _, _) in enumerate(rows.pieces):
            head = rows.heads[row]
            scores[part[i]] = np.concatenate([found[head], found[row]]) if head >= 0 else found[row].copy()
    return scores
