"""Run a model for the sampler: fill the cache with prompts, then one token a row at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

import numpy as np
import torch
import torch.nn.functional as F

from aha.engines.cache import BLOCK, Row
from aha.engines.kernels import Kernels
from aha.models.attention import causal_attention
from aha.models.decoder import Decoder, Layer, RMSNorm
from aha.models.fallback import FallbackModel
from aha.models.layout import RowLayout
from aha.models.rotary import inverse_frequencies, rotary_tables, rotate

Attend = Callable[[int, torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor]
PREFILL_TOKENS = 8192


class Runner(Protocol):
    """What the sampler asks of a model."""

    def refresh(self) -> None:
        """The model's weights have changed."""

    def prefill(self, contexts: Sequence[tuple[Sequence[int], Sequence[int]]]) -> None:
        """Put keys and values of (token ids, blocks) into the cache."""

    def copy_blocks(self, sources: list[int], targets: list[int]) -> None:
        """Copy cache blocks."""

    def step(self, rows: Sequence[Row]) -> torch.Tensor:
        """Logits [B, V] after each row's last token; its key and value enter the cache."""


class DecoderRunner:
    """Our decoder over a paged cache, with its projections fused once per weight change."""

    def __init__(self, model: Decoder, kernels: Kernels, num_cache_blocks: int) -> None:
        self.model = model
        self.kernels = kernels
        self.config = model.config
        parameter = next(model.parameters())
        self.dtype, self.device = parameter.dtype, parameter.device
        shape = (self.config.num_layers, num_cache_blocks, self.config.num_kv_heads)
        self.keys = torch.zeros(*shape, self.config.head_dim, BLOCK, dtype=self.dtype, device=self.device)
        self.values = torch.zeros(*shape, BLOCK, self.config.head_dim, dtype=self.dtype, device=self.device)
        self.frequencies = inverse_frequencies(self.config, self.device)
        self.refresh()

    def refresh(self) -> None:
        """Concatenate query, key and value, and gate and up projections."""
        self.qkv = [fuse(x.self_attn.q_proj, x.self_attn.k_proj, x.self_attn.v_proj) for x in self._layers()]
        self.gate_up = [fuse(layer.mlp.gate_proj, layer.mlp.up_proj) for layer in self._layers()]

    def _layers(self) -> list[Layer]:
        return [layer for layer in self.model.model.layers if isinstance(layer, Layer)]

    def prefill(self, contexts: Sequence[tuple[Sequence[int], Sequence[int]]]) -> None:
        """See Runner. Runs in pieces of about PREFILL_TOKENS tokens."""
        start = 0
        while start < len(contexts):
            end, count = start, 0
            while end < len(contexts) and (end == start or count + len(contexts[end][0]) <= PREFILL_TOKENS):
                count += len(contexts[end][0])
                end += 1
            self._prefill(contexts[start:end])
            start = end

    def _prefill(self, contexts: Sequence[tuple[Sequence[int], Sequence[int]]]) -> None:
        layout = RowLayout([len(ids) for ids, _ in contexts], self.device)
        ids = np.concatenate([np.asarray(ids, np.int64) for ids, _ in contexts])
        blocks = np.concatenate([np.asarray(owned)[np.arange(len(ids)) // BLOCK] for ids, owned in contexts])
        block_N = torch.from_numpy(blocks.astype(np.int64)).to(self.device)
        offset_N = layout.positions_N % BLOCK

        def attend(layer: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
            self._store(layer, k, v, block_N, offset_N)
            return causal_attention(q, k, v, layout)

        self._forward(torch.from_numpy(ids).to(self.device), layout.positions_N, attend)

    def copy_blocks(self, sources: list[int], targets: list[int]) -> None:
        """See Runner."""
        self.keys[:, targets] = self.keys[:, sources]
        self.values[:, targets] = self.values[:, sources]

    def step(self, rows: Sequence[Row]) -> torch.Tensor:
        """See Runner. Rows are padded to one of few bucket sizes; padding rows live in block 0."""
        size = row_bucket(len(rows))
        lengths = np.ones(size, np.int32)
        lengths[: len(rows)] = [row.num_tokens for row in rows]
        ids = np.zeros(size, np.int64)
        ids[: len(rows)] = [row.last_token for row in rows]
        tables = np.zeros((size, -(-int(lengths.max()) // BLOCK)), np.int32)
        for line, row in zip(tables, rows, strict=False):
            line[: len(row.blocks)] = row.blocks
        positions = lengths.astype(np.int64) - 1
        block_B = torch.from_numpy(tables[np.arange(size), positions // BLOCK].astype(np.int64)).to(self.device)
        positions_B = torch.from_numpy(positions).to(self.device)
        offset_B = positions_B % BLOCK
        tables_B, lengths_B = torch.from_numpy(tables).to(self.device), torch.from_numpy(lengths).to(self.device)

        def attend(layer: int, q: torch.Tensor, k: torch.Tensor, v: torch.Tensor) -> torch.Tensor:
            self._store(layer, k, v, block_B, offset_B)
            return self.kernels.attend(q.contiguous(), self.keys[layer], self.values[layer], tables_B, lengths_B)

        hidden = self._forward(torch.from_numpy(ids).to(self.device), positions_B, attend)
        return self.model.head(hidden)[: len(rows)]

    def _store(
        self, layer: int, k_NHD: torch.Tensor, v_NHD: torch.Tensor, block_N: torch.Tensor, offset_N: torch.Tensor
    ) -> None:
        """Write keys (transposed inside a block) and values of N tokens to their places."""
        self.keys[layer][block_N, :, :, offset_N] = k_NHD
        self.values[layer][block_N, :, offset_N] = v_NHD

    def _forward(self, ids_N: torch.Tensor, positions_N: torch.Tensor, attend: Attend) -> torch.Tensor:
        """Hidden states [N, D] after the final norm: the decoder's arithmetic, with `attend` in place of attention."""
        config = self.config
        x = self.model.model.embed_tokens(ids_N)
        cos, sin = rotary_tables(self.frequencies, positions_N, x.dtype)
        for index, layer in enumerate(self._layers()):
            heads = F.linear(self._norm(layer.input_layernorm, x), *self.qkv[index]).view(len(x), -1, config.head_dim)
            qk, v = torch.split(heads, [config.num_heads + config.num_kv_heads, config.num_kv_heads], 1)
            attention = layer.self_attn
            if attention.q_norm is not None and attention.k_norm is not None:
                q, k = torch.split(qk, [config.num_heads, config.num_kv_heads], 1)
                qk = torch.cat((attention.q_norm(q), attention.k_norm(k)), 1)
            q, k = torch.split(rotate(qk, cos, sin), [config.num_heads, config.num_kv_heads], 1)
            mixed = attend(index, q, k, v)
            x = x + attention.o_proj(mixed.flatten(1))
            both = F.linear(self._norm(layer.post_attention_layernorm, x), *self.gate_up[index])
            x = x + layer.mlp.down_proj(self.kernels.gate(both))
        return self._norm(self.model.model.norm, x)

    def _norm(self, norm: RMSNorm, x: torch.Tensor) -> torch.Tensor:
        return self.kernels.norm(x, norm.weight, norm.eps)


class FallbackRunner:
    """A transformers model without a cache: every step runs whole rows. Correct, and slow on long rows."""

    def __init__(self, model: FallbackModel) -> None:
        self.model = model
        self.device = next(model.parameters()).device

    def refresh(self) -> None:
        """Nothing is derived from the weights."""

    def prefill(self, contexts: Sequence[tuple[Sequence[int], Sequence[int]]]) -> None:
        """Nothing is cached."""

    def copy_blocks(self, sources: list[int], targets: list[int]) -> None:
        """Nothing is cached."""

    def step(self, rows: Sequence[Row]) -> torch.Tensor:
        """See Runner."""
        layout = RowLayout([row.num_tokens for row in rows], self.device)
        ids = np.concatenate([np.asarray((*row.prompt, *row.new_ids), np.int64) for row in rows])
        hidden = self.model(torch.from_numpy(ids).to(self.device), layout)
        return self.model.head(hidden[layout.cu_seqlens[1:].long() - 1])


def row_bucket(count: int) -> int:
    """The next of few batch sizes: multiples of 4 up to 32, of 16 up to 128, of 32 above."""
    unit = 4 if count <= 32 else 16 if count <= 128 else 32
    return -(-count // unit) * unit


def fuse(*layers: torch.nn.Module) -> tuple[torch.Tensor, torch.Tensor | None]:
    """Weights and biases of linear layers one below the other."""
    linear = [layer for layer in layers if isinstance(layer, torch.nn.Linear)]
    weight = torch.cat([layer.weight.detach() for layer in linear])
    biases = [layer.bias.detach() for layer in linear if layer.bias is not None]
    return weight, torch.cat(biases) if biases else None
