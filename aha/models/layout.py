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


@dataclass(slots=True, frozen=True)
class Prefix:
    """A row that others continue: its tokens [start, end), followed by the tokens [end, stop) of those others."""

    start: int
    end: int
    stop: int


class RowLayout:
    """B rows of `lengths` tokens, concatenated without padding into N tokens.

    A row may continue an earlier one (`heads[row]` is its place, -1: none): its tokens see that row's tokens and their
    positions go on after it, so that a prompt is computed once for all its completions. Rows that continue a row follow
    it directly; a row that continues one is continued by none.

    Attributes: `lengths` (B counts), `num_rows` B, `num_tokens` N, `max_length`, `is_uniform` (all rows equally long
    and none continued: N tokens are a [B, T] view), `positions_N` (int64, 0 at the start of each row that continues
    none), `cu_seqlens` (int32, B + 1 offsets), `buckets` (None where uniform), `prefixes`, and `predictors_N` (int64,
    the token that predicts each token, -1 where there is none).
    """

    def __init__(
        self, lengths: Sequence[int], device: torch.device | str = "cpu", heads: Sequence[int] | None = None
    ) -> None:
        """Raises DataError where there is no row or a row is empty."""
        self.lengths = tuple(int(length) for length in lengths)
        heads_B = torch.tensor(heads) if heads is not None else torch.full((len(self.lengths),), -1)
        if not self.lengths or min(self.lengths) < 1:
            raise DataError(f"A batch has row lengths {self.lengths}: every row needs at least one token.")
        self.num_rows = len(self.lengths)
        self.num_tokens = sum(self.lengths)
        self.max_length = max(self.lengths)
        lengths_B = torch.tensor(self.lengths)
        offsets = torch.tensor([0, *accumulate(self.lengths)])
        continues_B = heads_B >= 0
        before_B = torch.where(continues_B, lengths_B[heads_B], 0)
        starts_N = offsets[:-1].repeat_interleave(lengths_B)
        tokens_N = torch.arange(self.num_tokens)
        self.prefixes = _prefixes(heads_B.tolist(), offsets.tolist())
        self.is_uniform = min(self.lengths) == self.max_length and not self.prefixes
        self.positions_N = (tokens_N - starts_N + before_B.repeat_interleave(lengths_B)).to(device)
        ends_B = torch.where(continues_B, offsets[1:][heads_B] - 1, -1)
        first_N = tokens_N == starts_N
        self.predictors_N = torch.where(first_N, ends_B.repeat_interleave(lengths_B), tokens_N - 1).to(device)
        self.cu_seqlens = offsets.to(torch.int32).to(device)
        self.buckets = None if self.is_uniform else _buckets(self.lengths, offsets, device)

    def predictors_and_targets(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Indices [M] of the tokens that predict a token, and of the tokens predicted."""
        targets = (self.predictors_N >= 0).nonzero().squeeze(-1)
        return self.predictors_N[targets], targets


def _prefixes(heads: list[int], offsets: list[int]) -> tuple[Prefix, ...]:
    """The rows that are continued, in order."""
    last = {head: row for row, head in enumerate(heads) if head >= 0}
    return tuple(Prefix(offsets[head], offsets[head + 1], offsets[row + 1]) for head, row in last.items())


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
