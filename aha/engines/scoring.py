"""Log-probs of whole samples, without gradient."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from aha.engines.batches import micro_batches
from aha.models.layout import RowLayout
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
    for part in micro_batches(samples, token_budget):
        lengths = [len(samples[i].token_ids_T) for i in part]
        token_ids = np.concatenate([samples[i].token_ids_T for i in part])
        token_ids_N = torch.from_numpy(token_ids).to(device=device, dtype=torch.int64)
        logprobs_N, _ = token_logprobs(model, token_ids_N, RowLayout(lengths, device), temperature)
        for i, logprobs_T in zip(part, torch.split(logprobs_N.float().cpu(), lengths), strict=True):
            scores[i] = logprobs_T.numpy().copy()
    return scores
