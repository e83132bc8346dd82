"""Log-probabilities and entropies of given tokens, chunk by chunk, so that tokens × vocabulary never exists at once."""

from __future__ import annotations

from typing import Any, Protocol

import torch
from torch.utils.checkpoint import checkpoint

from aha.models.layout import RowLayout


class LanguageModel(Protocol):
    """What log-probs need of a model; `Decoder` and `FallbackModel` are such."""

    def __call__(
        self, token_ids_N: torch.Tensor, layout: RowLayout, gradient_checkpointing: bool = False
    ) -> torch.Tensor:
        """Hidden states [N, D]."""

    def head(self, hidden_ND: torch.Tensor) -> torch.Tensor:
        """Logits [N, V]."""


def token_logprobs(
    model: LanguageModel,
    token_ids_N: torch.Tensor,
    layout: RowLayout,
    temperature: float = 1.0,
    chunk: int = 1024,
    gradient_checkpointing: bool = False,
) -> tuple[torch.Tensor, torch.Tensor]:
    """log p(token n | earlier tokens of its row) and the entropy of that distribution, both fp32 [N], in nats.

    Each row's first token has no predictor: both are 0 there. The distribution is softmax(logits / temperature);
    temperature 0 (greedy) counts as 1. Logits of `chunk` tokens exist at a time and are recomputed for the gradient.
    """
    hidden_ND = model(token_ids_N, layout, gradient_checkpointing)
    predictors_M, targets_M = layout.predictors_and_targets()
    picked_MD = hidden_ND.index_select(0, predictors_M)
    target_ids_M = token_ids_N.index_select(0, targets_M)
    return tuple(  # type: ignore[return-value]
        torch.zeros(layout.num_tokens, dtype=values.dtype, device=values.device).index_copy(0, targets_M, values)
        for values in selected_logprobs(model, picked_MD, target_ids_M, temperature, chunk)
    )


def selected_logprobs(
    model: LanguageModel, hidden_MD: torch.Tensor, target_ids_M: torch.Tensor, temperature: float, chunk: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """log p(target) and entropy [M] under softmax(head(hidden) / temperature), `chunk` rows of logits at a time."""

    def part(hidden: torch.Tensor, targets: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        logits_MV = model.head(hidden)
        logprobs, entropy = _LogprobOfLogits.apply(logits_MV, targets, temperature or 1.0)  # type: ignore[no-untyped-call]
        return logprobs, entropy

    needs_grad = torch.is_grad_enabled() and hidden_MD.requires_grad
    parts = [
        checkpoint(part, hidden, targets, use_reentrant=False) if needs_grad else part(hidden, targets)
        for hidden, targets in zip(torch.split(hidden_MD, chunk), torch.split(target_ids_M, chunk), strict=True)
    ]
    if not parts:
        empty = hidden_MD.new_zeros(0, dtype=torch.promote_types(hidden_MD.dtype, torch.float32))
        return empty, empty
    return torch.cat([logprobs for logprobs, _ in parts]), torch.cat([entropy for _, entropy in parts])


class _LogprobOfLogits(torch.autograd.Function):
    """log softmax(z)[target] and H = -Σ p log p, at least fp32, with hand-written gradients that pass over V few times.

    With z = logits / temperature: d logprob/dz = onehot - p; dH/dz = -p (log p + H).
    """

    @staticmethod
    def forward(
        ctx: Any, logits_MV: torch.Tensor, targets_M: torch.Tensor, temperature: float
    ) -> tuple[torch.Tensor, torch.Tensor]:
        logprobs_MV = _log_softmax(logits_MV, temperature)
        logprobs_M = logprobs_MV.gather(1, targets_M[:, None]).squeeze(1)
        entropy_M = -(logprobs_MV.exp() * logprobs_MV).sum(1)
        ctx.save_for_backward(logits_MV, targets_M, entropy_M)
        ctx.temperature = temperature
        return logprobs_M, entropy_M

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        logits_MV, targets_M, entropy_M = ctx.saved_tensors
        grad_logprobs, grad_entropy = (grad[:, None] / ctx.temperature for grad in grads)
        logprobs_MV = _log_softmax(logits_MV, ctx.temperature)
        probs_MV = logprobs_MV.exp()
        slope_MV = logprobs_MV.add_(entropy_M[:, None]).mul_(grad_entropy).add_(grad_logprobs)
        grad_MV = probs_MV.mul_(slope_MV).neg_()
        grad_MV.scatter_add_(1, targets_M[:, None], grad_logprobs.to(grad_MV.dtype))
        return grad_MV.to(logits_MV.dtype), None, None


def _log_softmax(logits_MV: torch.Tensor, temperature: float) -> torch.Tensor:
    """log softmax(logits / temperature) in fp32 (fp64 stays fp64)."""
    wide = torch.promote_types(logits_MV.dtype, torch.float32)
    return torch.log_softmax(logits_MV.to(wide) / temperature, 1)
