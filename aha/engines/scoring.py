"""Log-probs of whole samples, without gradient."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from aha.engines.batches import can_share, micro_batches, rows_of
from aha.models.logprobs import LanguageModel, token_logprobs
from aha.types import Float32, Sample


@torch.no_grad()
def score(
    model: LanguageModel, samples: Sequence[Sample], temperature: float, token_budget: int, device: torch.device
) -> list[Float32]:
    """Natural-log probability of every token given those before it, in the order of `samples`: fp32, [T] each.

    At `temperature`, as the sampler drew them; entry 0 is 0. Runs in micro-batches of at most `token_budget` tokens.
    """
    scores: list[Float32] = [np.zeros(0, dtype=np.float32)] * len(samples)
    share = can_share(model, samples, device)
    for part in micro_batches(samples, token_budget):
        members = [samples[i] for i in part]
        rows = rows_of(members, share)
        token_ids = rows.take([sample.token_ids_T for sample in members])
        token_ids_N = torch.from_numpy(token_ids).to(device=device, dtype=torch.int64)
        layout = rows.layout(device)
        logprobs_N, _ = token_logprobs(model, token_ids_N, layout, temperature)
        found = [piece.numpy() for piece in torch.split(logprobs_N.float().cpu(), list(layout.lengths))]
        for row, (i, _, _) in enumerate(rows.pieces):
            head = rows.heads[row]
            scores[part[i]] = np.concatenate([found[head], found[row]]) if head >= 0 else found[row].copy()
    return scores
