"""How rows of different length lie in one concatenated token axis, and how attention finds them there."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

import torch

from aha.errors import DataError

BUCKET_SHRINK = 0.8
"""A row shorter than this share of its bucket's longest opens the next bucket."""


@dataclass(slots=True, frozen=True)
class Buckets:
    """Rows of similar length side by side, padded at the end to the longest of their bucket.

    The padded token axis S is the buckets one after the other, each [rows, length] flattened.
    """

    shapes: tuple[tuple[int, int], ...]
    """(rows, length) of each bucket."""
    slot_of_token_N: torch.Tensor
    """Where each token lies in S."""
    token_of_slot_S: torch.Tensor
    """Which token lies in each slot; -1 is padding."""


class RowLayout:
    """B rows of `lengths` tokens, concatenated without padding into N tokens.

    Attributes: `lengths` (B counts), `num_rows` B, `num_tokens` N, `max_length`, `is_uniform` (all rows equally long:
    N tokens are a [B, T] view), `positions_N` (int64, 0 at each row's start), `cu_seqlens` (int32, B + 1 offsets) and
    `buckets` (None where uniform).
    """

    def __init__(self, lengths: Sequence[int], device: torch.device | str = "cpu") -> None:
        """Raises DataError where there is no row or a row is empty."""
        self.lengths = tuple(int(length) for length in lengths)
        if not self.lengths or min(self.lengths) < 1:
            raise DataError(f"A batch has row lengths {self.lengths}: every row needs at least one token.")
        self.num_rows = len(self.lengths)
        self.num_tokens = sum(self.lengths)
        self.max_length = max(self.lengths)
        self.is_uniform = min(self.lengths) == self.max_length
        lengths_B = torch.tensor(self.lengths)
        offsets = torch.tensor([0, *accumulate(self.lengths)])
        positions = torch.arange(self.num_tokens) - offsets[:-1].repeat_interleave(lengths_B)
        self.positions_N = positions.to(device)
        self.cu_seqlens = offsets.to(torch.int32).to(device)
        self.buckets = None if self.is_uniform else _buckets(self.lengths, offsets, device)

    def predictors_and_targets(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Indices [M] of the tokens that predict a token of their own row, and of the tokens predicted."""
        targets = (self.positions_N > 0).nonzero().squeeze(-1)
        return targets - 1, targets


def _buckets(lengths: tuple[int, ...], offsets: torch.Tensor, device: torch.device | str) -> Buckets:
    """Longest rows first; a bucket closes where padding to its longest row would waste too much."""
    order = sorted(range(len(lengths)), key=lambda row: -lengths[row])
    groups: list[list[int]] = [[]]
    for row in order:
        if groups[-1] and lengths[row] < BUCKET_SHRINK * lengths[groups[-1][0]]:
            groups.append([])
        groups[-1].append(row)
    shapes = tuple((len(rows), lengths[rows[0]]) for rows in groups)
    tokens = []
    for rows, (_, length) in zip(groups, shapes, strict=True):
        columns = torch.arange(length)
        counts = torch.tensor([lengths[row] for row in rows])[:, None]
        slots = offsets[torch.tensor(rows)][:, None] + columns
        tokens.append(slots.masked_fill(columns >= counts, -1).flatten())
    token_of_slot = torch.cat(tokens)
    filled = (token_of_slot >= 0).nonzero().squeeze(-1)
    slot_of_token = torch.empty(filled.numel(), dtype=torch.int64)
    slot_of_token[token_of_slot[filled]] = filled
    return Buckets(shapes, slot_of_token.to(device), token_of_slot.to(device))
