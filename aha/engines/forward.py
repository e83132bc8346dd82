"""Runs our decoder on the CPU through forward.cpp: one call for all layers, one thread for each token."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from itertools import zip_longest

import numpy as np
import numpy.typing as npt
import torch
import torch.nn.functional as F

from aha.engines.cache import BLOCK, Row
from aha.engines.kernels import NAMES, CompiledKernels
from aha.engines.runners import fuse
from aha.models.decoder import Decoder, Layer
from aha.models.rotary import inverse_frequencies, rotary_tables

MAX_WEIGHT_BYTES = 64 << 20
"""Every thread reads all weights for its tokens. Larger models leave the caches, and torch shares the reading."""
TOKEN = np.dtype([("id", np.int64), ("row", np.int32), ("position", np.int32)])
Tokens = npt.NDArray[np.void]


def fits(model: Decoder) -> bool:
    """Whether forward.cpp takes this model: small weights, whole pairs of inputs."""
    config = model.config
    num_bytes = sum(parameter.numel() * parameter.element_size() for parameter in model.parameters())
    inputs = (config.width, config.num_heads * config.head_dim, config.mlp_width)
    return num_bytes <= MAX_WEIGHT_BYTES and not any(size % 2 for size in inputs)


class ForwardRunner:
    """runners.Runner in one C++ call a step.

    A token's logits depend on its row alone, bit by bit: neither the rows beside it nor whether its cache was
    prefilled or grew token by token changes them.
    """

    def __init__(self, model: Decoder, kernels: CompiledKernels, num_cache_blocks: int) -> None:
        """For models that `fits` accepts."""
        self.model = model
        self.config = config = model.config
        self.library = kernels.library
        self.dtype = next(model.parameters()).dtype
        shape = (config.num_layers, num_cache_blocks, config.num_kv_heads)
        self.keys = torch.zeros(*shape, config.head_dim, BLOCK, dtype=self.dtype)
        self.values = torch.zeros(*shape, BLOCK, config.head_dim, dtype=self.dtype)
        frequencies = inverse_frequencies(config, torch.device("cpu"))
        angles = rotary_tables(frequencies, torch.arange(config.max_positions), self.dtype)
        self.cos, self.sin = (table[:, 0, : config.head_dim // 2].contiguous() for table in angles)
        layers = (config.num_layers, config.width, config.num_heads, config.num_kv_heads, config.head_dim)
        self.sizes = np.array([*layers, config.mlp_width, config.vocab_size, num_cache_blocks], np.int64)
        self.refresh()

    def refresh(self) -> None:
        """Lay the weights out for forward.cpp."""
        body = self.model.model
        head = body.embed_tokens.weight if self.model.lm_head is None else self.model.lm_head.weight
        found: list[torch.Tensor | None] = [body.embed_tokens.weight, body.norm.weight, self._pack(head)]
        found += [self.cos, self.sin, self.keys, self.values]
        for layer in body.layers:
            assert isinstance(layer, Layer)
            found += self._layer(layer)
        self.tensors = [None if tensor is None else tensor.detach().contiguous() for tensor in found]
        self.pointers = np.array([0 if tensor is None else tensor.data_ptr() for tensor in self.tensors], np.uint64)

    def _layer(self, layer: Layer) -> list[torch.Tensor | None]:
        """Its weights in the order of forward.cpp."""
        attention, mlp = layer.self_attn, layer.mlp
        qkv, qkv_bias = fuse(attention.q_proj, attention.k_proj, attention.v_proj)
        gate_up, gate_up_bias = fuse(mlp.gate_proj, mlp.up_proj)
        out, out_bias = fuse(attention.o_proj)
        down, down_bias = fuse(mlp.down_proj)
        head_norms = [None if norm is None else norm.weight for norm in (attention.q_norm, attention.k_norm)]
        found = [layer.input_layernorm.weight, self._pack(qkv), qkv_bias, *head_norms, self._pack(out), out_bias]
        found += [layer.post_attention_layernorm.weight, self._pack(gate_up), gate_up_bias]
        return [*found, self._pack(down), down_bias]

    def _pack(self, weight_OI: torch.Tensor) -> torch.Tensor:
        """[out, in] as panels of 16 outputs [out / 16, in / w, 16, w], padded with zeros; w inputs are read at once."""
        width = int(self.library[f"step_width_{NAMES[self.dtype]}"]())
        padded = F.pad(weight_OI.detach(), (0, 0, 0, -len(weight_OI) % BLOCK))
        return padded.view(-1, BLOCK, weight_OI.shape[1] // width, width).transpose(1, 2).contiguous()

    def prefill(self, contexts: Sequence[tuple[Sequence[int], Sequence[int]]]) -> None:
        """See runners.Runner. A context is computed by one thread."""
        lengths = np.array([len(ids) for ids, _ in contexts])
        starts = np.concatenate([[0], lengths.cumsum()])
        tokens = np.empty(starts[-1], TOKEN)
        tokens["id"] = np.concatenate([np.asarray(ids, np.int64) for ids, _ in contexts])
        tokens["row"] = np.arange(len(contexts)).repeat(lengths)
        tokens["position"] = np.arange(starts[-1]) - starts[:-1].repeat(lengths)
        self._run(tokens, starts.astype(np.int32), _tables([blocks for _, blocks in contexts]), None)

    def copy_blocks(self, sources: list[int], targets: list[int]) -> None:
        """See runners.Runner."""
        self.keys[:, targets] = self.keys[:, sources]
        self.values[:, targets] = self.values[:, sources]

    def step(self, rows: Sequence[Row]) -> torch.Tensor:
        """See runners.Runner."""
        tokens = np.empty(len(rows), TOKEN)
        tokens["id"] = [row.last_token for row in rows]
        tokens["row"] = np.arange(len(rows))
        tokens["position"] = [row.num_tokens - 1 for row in rows]
        logits = torch.empty(len(rows), self.config.vocab_size, dtype=self.dtype)
        starts = np.linspace(0, len(rows), 1 + num_jobs(len(rows), torch.get_num_threads())).astype(np.int32)
        self._run(tokens, starts, _tables([row.blocks for row in rows]), logits)
        return logits

    def _run(
        self, tokens: Tokens, starts: npt.NDArray[np.int32], tables: npt.NDArray[np.int32], logits: torch.Tensor | None
    ) -> None:
        self.library[f"forward_{NAMES[self.dtype]}"](
            *(ctypes.c_void_p(self.sizes.ctypes.data), ctypes.c_void_p(self.pointers.ctypes.data)),
            *(ctypes.c_float(self.config.rms_eps), ctypes.c_void_p(tokens.ctypes.data)),
            *(ctypes.c_void_p(starts.ctypes.data), len(starts) - 1),
            *(ctypes.c_void_p(tables.ctypes.data), tables.shape[1], torch.get_num_threads()),
            ctypes.c_void_p(None if logits is None else logits.data_ptr()),
        )


def num_jobs(num_rows: int, num_threads: int) -> int:
    """Into how many parts the rows of a step are cut: a multiple of the threads, parts of 48 rows at most."""
    rounds = -(-num_rows // (48 * num_threads))
    return min(num_rows, rounds * num_threads)


def _tables(owned: Sequence[Sequence[int]]) -> npt.NDArray[np.int32]:
    """Block numbers a row, padded with 0."""
    return np.ascontiguousarray(np.array(list(zip_longest(*owned, fillvalue=0)), np.int32).T)
