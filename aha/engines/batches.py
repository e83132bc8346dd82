"""Samples as tensors: micro-batches by token budget, rows concatenated without padding."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from aha.algorithms.objective import Tokens
from aha.errors import DataError
from aha.models.layout import RowLayout
from aha.types import Float32, Sample


@dataclass(slots=True, frozen=True)
class Batch:
    """One micro-batch on the device."""

    token_ids_N: torch.Tensor
    layout: RowLayout
    tokens: Tokens


def micro_batches(samples: Sequence[Sample], token_budget: int) -> list[list[int]]:
    """Positions of the samples, longest first, cut where the next sample would pass `token_budget` tokens.

    Rows of similar length come together. A sample longer than the budget is a micro-batch of its own.
    """
    order = sorted(range(len(samples)), key=lambda i: -len(samples[i].token_ids_T))
    parts: list[list[int]] = []
    room = 0
    for i in order:
        num_tokens = len(samples[i].token_ids_T)
        if not parts or num_tokens > room:
            parts.append([])
            room = token_budget
        parts[-1].append(i)
        room -= num_tokens
    return parts


def trained_mask(sample: Sample) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """The loss mask without the first token, which nothing predicts. [T]"""
    mask_T = sample.loss_mask_T.copy()
    mask_T[:1] = False
    return mask_T


def make_batch(samples: Sequence[Sample], device: torch.device, dtype: torch.dtype) -> Batch:
    """Concatenate samples to a batch; floats become `dtype`. Raises DataError where only some have been scored."""
    lengths = [len(sample.token_ids_T) for sample in samples]
    masks = [trained_mask(sample) for sample in samples]
    trained = [max(1, int(mask_T.sum())) for mask_T in masks]
    sampled = [mask_T & sample.action_mask_T for mask_T, sample in zip(masks, samples, strict=True)]

    def on_device(arrays: Sequence[np.ndarray[tuple[int], np.dtype[np.generic]]], kind: torch.dtype) -> torch.Tensor:
        return torch.from_numpy(np.concatenate(arrays)).to(device=device, dtype=kind)

    tokens = Tokens(
        mask_N=on_device(masks, torch.bool),
        sampled_N=on_device(sampled, torch.bool),
        rows_N=on_device([np.repeat(np.arange(len(lengths)), lengths)], torch.int64),
        num_rows=len(lengths),
        lengths_N=on_device([np.repeat(trained, lengths)], dtype),
        advantages_N=on_device([sample.advantages_T for sample in samples], dtype),
        sampler_N=on_device([sample.sampler_logprobs_T for sample in samples], dtype),
        learner_N=_optional([sample.learner_logprobs_T for sample in samples], device, dtype),
        reference_N=_optional([sample.reference_logprobs_T for sample in samples], device, dtype),
    )
    token_ids_N = on_device([sample.token_ids_T for sample in samples], torch.int64)
    return Batch(token_ids_N, RowLayout(lengths, device), tokens)


def _optional(arrays: Sequence[Float32 | None], device: torch.device, dtype: torch.dtype) -> torch.Tensor | None:
    present = [array for array in arrays if array is not None]
    if not present:
        return None
    if len(present) < len(arrays):
        raise DataError(
            f"Only {len(present)} of {len(arrays)} samples of a batch have reference or learner log-probs.",
            cure="Score all samples of a round, or none.",
        )
    return torch.from_numpy(np.concatenate(present)).to(device=device, dtype=dtype)
