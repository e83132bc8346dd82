"""Samples as tensors: micro-batches by token budget, rows concatenated without padding, common prompts once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from aha.algorithms.objective import Tokens
from aha.errors import DataError
from aha.models.attention import PRODUCT_LENGTH
from aha.models.decoder import Decoder
from aha.models.layout import RowLayout
from aha.types import Float32, Sample

Array = np.ndarray[Any, np.dtype[Any]]


@dataclass(slots=True, frozen=True)
class Batch:
    """One micro-batch on the device."""

    token_ids_N: torch.Tensor
    layout: RowLayout
    tokens: Tokens


def micro_batches(samples: Sequence[Sample], token_budget: int) -> list[list[int]]:
    """Positions of the samples, longest first, cut where the next sample would pass `token_budget` tokens.

    Rows of similar length come together; the answers of a pair stay together. A sample (or pair) longer than the budget
    is a micro-batch of its own.
    """
    units: dict[str | int, list[int]] = {}
    for i, sample in enumerate(samples):
        units.setdefault(i if sample.pair_id is None else sample.pair_id, []).append(i)
    parts: list[list[int]] = []
    room = 0
    for unit in sorted(units.values(), key=lambda unit: -max(len(samples[i].token_ids_T) for i in unit)):
        num_tokens = sum(len(samples[i].token_ids_T) for i in unit)
        if not parts or num_tokens > room:
            parts.append([])
            room = token_budget
        parts[-1] += unit
        room -= num_tokens
    return parts


def trained_mask(sample: Sample) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """The loss mask without the first token, which nothing predicts. [T]"""
    mask_T = sample.loss_mask_T.copy()
    mask_T[:1] = False
    return mask_T


@dataclass(slots=True, frozen=True)
class Rows:
    """Which tokens of which sample make each row of a batch, and which row a row continues (-1: none)."""

    pieces: list[tuple[int, int, int]]
    """(sample, start, end) of each row."""
    heads: list[int]

    def layout(self, device: torch.device) -> RowLayout:
        """The rows as the model takes them."""
        return RowLayout([end - start for _, start, end in self.pieces], device, self.heads)

    def take(self, arrays: Sequence[Array]) -> Array:
        """One array a sample [T] to one of the batch's tokens [N]."""
        return np.concatenate([arrays[i][start:end] for i, start, end in self.pieces])


def rows_of(samples: Sequence[Sample], share: bool) -> Rows:
    """One row a sample; where `share`, a prompt that several samples begin with is a row of its own, which theirs
    continue, so that it is computed once."""
    by_prompt: dict[bytes, list[int]] = {}
    for i, sample in enumerate(samples):
        prompt = sample.token_ids_T[: prompt_length(sample)].tobytes() if share else b""
        by_prompt.setdefault(prompt or str(i).encode(), []).append(i)
    rows = Rows([], [])
    for members in by_prompt.values():
        head, start = -1, 0
        if len(members) > 1:
            head, start = len(rows.pieces), prompt_length(samples[members[0]])
            rows.pieces.append((members[0], 0, start))
            rows.heads.append(-1)
        rows.pieces.extend((i, start, len(samples[i].token_ids_T)) for i in members)
        rows.heads.extend(head for _ in members)
    return rows


def prompt_length(sample: Sample) -> int:
    """Tokens before the first that is trained or the model's own choice; 0 where there is none."""
    return int(np.argmax(sample.action_mask_T | trained_mask(sample)))


def can_share(model: object, samples: Sequence[Sample], device: torch.device) -> bool:
    """Whether prompts are computed once: by our decoder on CPU, where rows are short enough for batched products."""
    longest = max((len(sample.token_ids_T) for sample in samples), default=0)
    return isinstance(model, Decoder) and device.type == "cpu" and longest <= PRODUCT_LENGTH


def pair_places(samples: Sequence[Sample]) -> list[int]:
    """Which pair each sample belongs to, from 0, where answers are compared; empty where none are.

    Raises DataError where only some are.
    """
    names = [sample.pair_id for sample in samples if "preference" in sample.terms]
    if names and (len(names) < len(samples) or None in names):
        raise DataError(
            f"Only {len(names)} of {len(samples)} samples of a batch belong to pairs.",
            cure="Learn from pairs in a stage of their own.",
        )
    order = {name: place for place, name in enumerate(dict.fromkeys(names))}
    return [order[name] for name in names]


def make_batch(samples: Sequence[Sample], device: torch.device, dtype: torch.dtype, share: bool = False) -> Batch:
    """Concatenate samples to a batch; floats become `dtype`. Raises DataError where only some have been scored."""
    rows = rows_of(samples, share)
    masks = [trained_mask(sample) for sample in samples]
    sampled = [mask_T & sample.action_mask_T for mask_T, sample in zip(masks, samples, strict=True)]
    lengths = [np.full(len(mask_T), max(1, int(mask_T.sum()))) for mask_T in masks]

    def on_device(arrays: Sequence[Array], kind: torch.dtype) -> torch.Tensor:
        return torch.from_numpy(rows.take(arrays)).to(device=device, dtype=kind)

    def optional(arrays: Sequence[Float32 | None]) -> torch.Tensor | None:
        present = [array for array in arrays if array is not None]
        if present and len(present) < len(arrays):
            raise DataError(
                f"Only {len(present)} of {len(arrays)} samples of a batch have reference or learner log-probs.",
                cure="Score all samples of a round, or none.",
            )
        return on_device(present, dtype) if present else None

    places = pair_places(samples)
    tokens = Tokens(
        mask_N=on_device(masks, torch.bool),
        sampled_N=on_device(sampled, torch.bool),
        rows_N=on_device([np.full(len(mask_T), i) for i, mask_T in enumerate(masks)], torch.int64),
        num_rows=len(samples),
        lengths_N=on_device(lengths, dtype),
        advantages_N=on_device([sample.advantages_T for sample in samples], dtype),
        sampler_N=on_device([sample.sampler_logprobs_T for sample in samples], dtype),
        learner_N=optional([sample.learner_logprobs_T for sample in samples]),
        reference_N=optional([sample.reference_logprobs_T for sample in samples]),
        pairs_N=on_device([np.full(len(m), i) for m, i in zip(masks, places, strict=True)], torch.int64)
        if places
        else None,
        num_pairs=len(set(places)),
    )
    token_ids_N = on_device([sample.token_ids_T for sample in samples], torch.int64)
    return Batch(token_ids_N, rows.layout(device), tokens)
