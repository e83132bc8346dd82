"""Attention by batched products and over continued rows equals the plain softmax over each row's own keys."""

from __future__ import annotations

import pytest
import torch

from aha.models import attention
from aha.models.attention import causal_attention, continued_attention
from aha.models.layout import RowLayout

HEADS, KV, WIDTH = 4, 2, 8


def plain(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
    """One row, head by head, token by token."""
    out = torch.zeros_like(q)
    for head in range(HEADS):
        keys, values = k[:, head // (HEADS // KV)], v[:, head // (HEADS // KV)]
        for t in range(len(q)):
            weights = torch.softmax(keys[: t + 1] @ q[t, head] * WIDTH**-0.5, 0)
            out[t, head] = weights @ values[: t + 1]
    return out


def random(num_tokens: int, dtype: torch.dtype = torch.float64) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(num_tokens)
    shapes = [(num_tokens, heads, WIDTH) for heads in (HEADS, KV, KV)]
    q, k, v = (torch.randn(shape, generator=generator, dtype=torch.float64).to(dtype) for shape in shapes)
    return q, k, v


@pytest.mark.parametrize("lengths", [[5, 5, 5], [7], [3, 9, 4, 9, 1]])
def test_each_row_attends_to_its_own_past(lengths: list[int]) -> None:
    q, k, v = random(sum(lengths))
    got = causal_attention(q, k, v, RowLayout(lengths))
    rows = zip(*(torch.split(x, lengths) for x in (q, k, v)), strict=True)
    assert torch.allclose(got, torch.cat([plain(*row) for row in rows]), atol=1e-12)


def test_products_equal_the_plain_softmax() -> None:
    q, k, v = random(12)
    rows = zip(*(torch.split(x, 6) for x in (q, k, v)), strict=True)
    expected = torch.cat([plain(*row) for row in rows])
    assert torch.allclose(attention._products(q, k, v, 2, 6), expected, atol=1e-12)
    rounded = causal_attention(*(x.bfloat16() for x in (q, k, v)), RowLayout([6, 6]))
    assert rounded.dtype == torch.bfloat16
    assert (rounded.double() - expected).abs().max() < 0.06


def test_a_continued_row_is_the_whole_row_gradient_included() -> None:
    lengths, heads = [5, 3, 1, 4, 2, 6], [-1, 0, 0, -1, 3, -1]
    whole = [(0, 1), (0, 2), (3, 4), (5,)]
    layout = RowLayout(lengths, heads=heads)
    inputs = [x.requires_grad_() for x in random(sum(lengths))]
    pieces = [torch.split(x, lengths) for x in inputs]
    target = torch.randn(sum(lengths), HEADS, WIDTH, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    targets = torch.split(target, lengths)
    total = torch.zeros((), dtype=torch.float64)
    done: set[int] = set()
    for rows in whole:
        out = plain(*(torch.cat([piece[row] for row in rows]) for piece in pieces))
        for row, part in zip(rows, torch.split(out, [lengths[row] for row in rows]), strict=True):
            total = total + (0.0 if row in done else (part * targets[row]).sum())
            done.add(row)
    expected = torch.autograd.grad(total, inputs)
    got_total = (continued_attention(*inputs, layout) * target).sum()
    assert torch.allclose(got_total, total, atol=1e-10)
    for got, wanted in zip(torch.autograd.grad(got_total, inputs), expected, strict=True):
        assert torch.allclose(got, wanted, atol=1e-10)
