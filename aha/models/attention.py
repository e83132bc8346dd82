"""Causal attention over concatenated rows: one [B, T] view where rows are equally long, else buckets or varlen."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
import torch.nn.functional as F

from aha.models.layout import Buckets, RowLayout

Attend = Callable[[torch.Tensor, torch.Tensor, torch.Tensor, int, int], tuple[torch.Tensor, ...]]
"""Queries, keys and values of equally long rows, how many and how long, to one value or more a token."""
PRODUCT_LENGTH = 512
"""Rows up to this length are attended by two batched products on CPU; longer ones by the flash kernel."""


def causal_attention(q_NHD: torch.Tensor, k_NHD: torch.Tensor, v_NHD: torch.Tensor, layout: RowLayout) -> torch.Tensor:
    """Softmax attention of each token over itself and the earlier tokens of its row.

    q [N, H, D], k and v [N, KV, D] with H a multiple of KV; returns [N, H, D]. Scale 1/sqrt(D).
    """
    if layout.prefixes:
        return continued_attention(q_NHD, k_NHD, v_NHD, layout)
    if layout.is_uniform:
        return _dense(q_NHD, k_NHD, v_NHD, layout.num_rows, layout.max_length)
    if q_NHD.is_cuda and q_NHD.dtype in (torch.bfloat16, torch.float16):
        return _varlen(q_NHD, k_NHD, v_NHD, layout)
    return _bucketed(q_NHD, k_NHD, v_NHD, layout.buckets, lambda *rows: (_dense(*rows),))[0]


def _dense(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, num_rows: int, length: int) -> torch.Tensor:
    """Attention where the tokens are num_rows equally long rows."""
    if q.device.type == "cpu" and q.dtype == torch.bfloat16 and length <= PRODUCT_LENGTH:
        return _products(q, k, v, num_rows, length)
    q, k, v = (x.view(num_rows, length, x.shape[-2], x.shape[-1]).transpose(1, 2) for x in (q, k, v))
    out = F.scaled_dot_product_attention(q, k, v, is_causal=True, enable_gqa=q.shape[1] != k.shape[1])
    return out.transpose(1, 2).reshape(num_rows * length, q.shape[1], v.shape[-1])


def _products(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, num_rows: int, length: int) -> torch.Tensor:
    """The same as two batched products with the L × L scores in memory.

    On CPUs with bf16 products this is five to ten times as fast as the flash kernel, backward pass included.
    """
    scores = _row_scores(q, k, num_rows, length)
    return _back(torch.bmm(torch.softmax(scores, -1), _by_head(v, num_rows)), num_rows, length, q.shape[1])


def _row_scores(q: torch.Tensor, k: torch.Tensor, num_rows: int, length: int) -> torch.Tensor:
    """Scaled causal scores [rows · KV, group · L, L] of equally long rows."""
    num_kv, width = k.shape[1], q.shape[2]
    group = q.shape[1] // num_kv
    q = q.view(num_rows, length, num_kv, group, width).permute(0, 2, 3, 1, 4)
    q = q.reshape(num_rows * num_kv, group * length, width)
    hidden = torch.full((length, length), float("-inf"), dtype=q.dtype, device=q.device).triu(1).repeat(group, 1)
    keys = _by_head(k, num_rows).transpose(1, 2)
    return torch.baddbmm(hidden.expand(num_rows * num_kv, -1, -1), q, keys, alpha=width**-0.5)


def _by_head(x: torch.Tensor, num_rows: int) -> torch.Tensor:
    """Keys or values [rows · L, KV, D] as [rows · KV, L, D]."""
    return x.view(num_rows, -1, x.shape[1], x.shape[2]).transpose(1, 2).flatten(0, 1)


def _back(out: torch.Tensor, num_rows: int, length: int, num_heads: int) -> torch.Tensor:
    """[rows · KV, group · L, D] as [rows · L, H, D]."""
    num_kv, width = out.shape[0] // num_rows, out.shape[2]
    out = out.view(num_rows, num_kv, num_heads // num_kv, length, width)
    return out.permute(0, 3, 1, 2, 4).reshape(num_rows * length, num_heads, width)


def continued_attention(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, layout: RowLayout) -> torch.Tensor:
    """Attention where rows continue others: over the row's own tokens and over the whole of the row before it.

    Both softmaxes carry their log-sum-exp, and the outputs are mixed by it: exactly the softmax over all keys together.
    """
    own, own_lse = _bucketed(q, k, v, layout.buckets, _own_tokens)
    before, before_lse = torch.zeros_like(own), torch.full_like(own_lse, float("-inf"))
    parts = [_prefix_tokens(q[p.end : p.stop], k[p.start : p.end], v[p.start : p.end]) for p in layout.prefixes]
    rows_N = torch.cat([torch.arange(p.end, p.stop, device=q.device) for p in layout.prefixes])
    before = before.index_copy(0, rows_N, torch.cat([out for out, _ in parts]))
    before_lse = before_lse.index_copy(0, rows_N, torch.cat([lse for _, lse in parts]))
    share = torch.sigmoid(before_lse - own_lse).unsqueeze(-1).to(own.dtype)
    return own + share * (before - own)


def _own_tokens(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, rows: int, length: int
) -> tuple[torch.Tensor, torch.Tensor]:
    """Causal attention inside each of equally long rows and its log-sum-exp, [N, H, D] and [N, H]."""
    scores = _row_scores(q, k, rows, length)
    out = _back(torch.bmm(torch.softmax(scores, -1), _by_head(v, rows)), rows, length, q.shape[1])
    return out, _back(_lse(scores).unsqueeze(-1), rows, length, q.shape[1]).squeeze(-1)


def _prefix_tokens(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Attention of [M, H, D] over every one of the keys [P, KV, D], and its log-sum-exp [M, H]."""
    count, num_heads, width = q.shape
    num_kv = k.shape[1]
    queries = q.view(count, num_kv, num_heads // num_kv, width).permute(1, 2, 0, 3).reshape(num_kv, -1, width)
    scores = torch.bmm(queries, k.permute(1, 2, 0)) * width**-0.5
    out = torch.bmm(torch.softmax(scores, -1), v.transpose(0, 1))
    return _back(out, 1, count, num_heads), _back(_lse(scores).unsqueeze(-1), 1, count, num_heads).squeeze(-1)


def _lse(scores: torch.Tensor) -> torch.Tensor:
    """log Σ exp over the last axis, at least fp32."""
    return torch.logsumexp(scores.to(torch.promote_types(scores.dtype, torch.float32)), -1)


def _varlen(q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, layout: RowLayout) -> torch.Tensor:
    """Flash attention over offsets; heads are repeated, since not every supported torch groups them itself."""
    from torch.nn.attention.varlen import varlen_attn

    repeats = q.shape[1] // k.shape[1]
    k, v = k.repeat_interleave(repeats, 1), v.repeat_interleave(repeats, 1)
    offsets, longest = layout.cu_seqlens, layout.max_length
    out = varlen_attn(q, k, v, offsets, offsets, longest, longest, window_size=(-1, 0))
    assert isinstance(out, torch.Tensor)
    return out


def _bucketed(
    q: torch.Tensor, k: torch.Tensor, v: torch.Tensor, buckets: Buckets | None, attend: Attend
) -> tuple[torch.Tensor, ...]:
    """`attend` bucket by bucket. Padding lies after the tokens, so that no token of a row sees any."""
    assert buckets is not None
    slots, tokens = buckets.slot_of_token_N, buckets.token_of_slot_S
    padded = _move(torch.cat((q, k, v), 1), tokens, slots)
    parts, start = [], 0
    for rows, length in buckets.shapes:
        qs, ks, vs = torch.split(padded[start : start + rows * length], [q.shape[1], k.shape[1], k.shape[1]], 1)
        parts.append(attend(qs, ks, vs, rows, length))
        start += rows * length
    return tuple(_move(torch.cat(part), slots, tokens) for part in zip(*parts, strict=True))


def _move(x: torch.Tensor, index: torch.Tensor, back: torch.Tensor) -> torch.Tensor:
    """x[index] with zeros where index is -1; `back` is the same map the other way round."""
    moved: torch.Tensor = _Move.apply(x, index, back)  # type: ignore[no-untyped-call]
    return moved


class _Move(torch.autograd.Function):
    """The gradient of a pick without repeats is the pick the other way round: no addition, no order to depend on."""

    @staticmethod
    def forward(ctx: Any, x: torch.Tensor, index: torch.Tensor, back: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(back)
        return _pick(x, index)

    @staticmethod
    def backward(ctx: Any, *grads: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        (back,) = ctx.saved_tensors
        return _pick(grads[0], back), None, None


def _pick(x: torch.Tensor, index: torch.Tensor) -> torch.Tensor:
    """x[index] along the first axis, zeros where index is -1."""
    picked = x.index_select(0, index.clamp(min=0))
    return picked.masked_fill_((index < 0).view(-1, *[1] * (x.dim() - 1)), 0)
