"""CPU kernels of the sampler: C++ that the machine's compiler builds once, and the same in plain torch."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Protocol

import torch
import torch.nn.functional as F

from aha.models.decoder import rms_norm

SOURCES = [Path(__file__).with_name(name) for name in ("forward.cpp", "kernels.cpp", "lanes.cpp")]
"""Each includes the next."""
FLAGS = ["-O3", "-march=native", "-std=c++17", "-shared", "-fPIC", "-fopenmp", "-fno-math-errno", "-fno-trapping-math"]
TOP_FIRST = 128
"""How many of the likeliest tokens are sorted before all of them are."""
NAMES = {torch.float32: "float32", torch.bfloat16: "bfloat16"}


class Kernels(Protocol):
    """Decode attention, drawing, and the small steps between the matrix products."""

    def attend(
        self,
        q_BHD: torch.Tensor,
        keys: torch.Tensor,
        values: torch.Tensor,
        tables: torch.Tensor,
        lengths_B: torch.Tensor,
    ) -> torch.Tensor:
        """Softmax attention [B, H, D] of one query a row over its first `lengths_B` cached tokens.

        keys [blocks, KV, D, 16], values [blocks, KV, 16, D], tables int32 [B, blocks of a row], lengths int32 ≥ 1.
        """

    def draw(
        self, logits_BV: torch.Tensor, heat_B: torch.Tensor, top_ps_B: torch.Tensor, uniforms_B: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokens (int64 [B]) by inverse CDF at `uniforms_B` over softmax(logits / heat), cut at top-p, and their
        log-probs (fp32 [B]) before the cut; heat > 0."""

    def norm(self, x_BD: torch.Tensor, weight_D: torch.Tensor, eps: float) -> torch.Tensor:
        """RMS norm of models/decoder.py."""

    def gate(self, both_BD: torch.Tensor) -> torch.Tensor:
        """silu(first half) · second half of each row."""


class PlainKernels:
    """In torch alone: any device, any dtype."""

    def attend(
        self,
        q_BHD: torch.Tensor,
        keys: torch.Tensor,
        values: torch.Tensor,
        tables: torch.Tensor,
        lengths_B: torch.Tensor,
    ) -> torch.Tensor:
        """See Kernels."""
        tables = tables.long()
        k = keys[tables].permute(0, 2, 1, 4, 3).flatten(2, 3)
        v = values[tables].permute(0, 2, 1, 3, 4).flatten(2, 3)
        seen = torch.arange(k.shape[2], device=k.device) < lengths_B[:, None]
        grouped = q_BHD.shape[1] != k.shape[1]
        out = F.scaled_dot_product_attention(q_BHD[:, :, None], k, v, attn_mask=seen[:, None, None], enable_gqa=grouped)
        return out.squeeze(2)

    def draw(
        self, logits_BV: torch.Tensor, heat_B: torch.Tensor, top_ps_B: torch.Tensor, uniforms_B: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """See Kernels."""
        logprobs_BV = torch.log_softmax(logits_BV.float() / heat_B[:, None], 1)
        probs_BV = logprobs_BV.exp()
        if (top_ps_B < 1).any():
            probs_BV = _keep_top(probs_BV, top_ps_B)
        sums = probs_BV.cumsum(1, dtype=torch.float64)
        targets = uniforms_B[:, None].double() * sums[:, -1:]
        tokens = torch.searchsorted(sums, targets, right=True).clamp_(max=sums.shape[1] - 1)
        return tokens.squeeze(1), logprobs_BV.gather(1, tokens).squeeze(1)

    def norm(self, x_BD: torch.Tensor, weight_D: torch.Tensor, eps: float) -> torch.Tensor:
        """See Kernels."""
        return rms_norm(x_BD, weight_D, eps)

    def gate(self, both_BD: torch.Tensor) -> torch.Tensor:
        """See Kernels."""
        gate, up = both_BD.chunk(2, -1)
        return F.silu(gate) * up


def _keep_top(probs_BV: torch.Tensor, top_ps_B: torch.Tensor) -> torch.Tensor:
    """Zero all below the smallest of the likeliest that reach top-p (Holtzman et al. 2020); ties at the edge stay."""
    likeliest = probs_BV.topk(min(TOP_FIRST, probs_BV.shape[1]), 1).values
    if (likeliest.sum(1) < top_ps_B).any():
        likeliest = probs_BV.sort(1, descending=True).values
    before = likeliest.cumsum(1) - likeliest
    last = (before < top_ps_B[:, None]).sum(1, keepdim=True) - 1
    edges = likeliest.gather(1, last).masked_fill(top_ps_B[:, None] >= 1, 0)
    return probs_BV.masked_fill(probs_BV < edges, 0)


class CompiledKernels:
    """The same through kernels.cpp, for float32 and bfloat16 on the CPU."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self.library = library

    def attend(
        self,
        q_BHD: torch.Tensor,
        keys: torch.Tensor,
        values: torch.Tensor,
        tables: torch.Tensor,
        lengths_B: torch.Tensor,
    ) -> torch.Tensor:
        """See Kernels."""
        rows, heads, width = q_BHD.shape
        out = torch.empty_like(q_BHD)
        self.library[f"attend_{NAMES[q_BHD.dtype]}"](
            *_pointers(q_BHD, keys, values, tables, lengths_B),
            *(rows, heads, keys.shape[1], width, tables.shape[1]),
            *(ctypes.c_float(width**-0.5), torch.get_num_threads()),
            *_pointers(out),
        )
        return out

    def draw(
        self, logits_BV: torch.Tensor, heat_B: torch.Tensor, top_ps_B: torch.Tensor, uniforms_B: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """See Kernels."""
        rows, vocabulary = logits_BV.shape
        tokens, logprobs = torch.empty(rows, dtype=torch.int64), torch.empty(rows)
        self.library[f"draw_{NAMES[logits_BV.dtype]}"](
            *_pointers(logits_BV, heat_B, top_ps_B, uniforms_B),
            *(rows, vocabulary, torch.get_num_threads()),
            *_pointers(tokens, logprobs),
        )
        return tokens, logprobs

    def norm(self, x_BD: torch.Tensor, weight_D: torch.Tensor, eps: float) -> torch.Tensor:
        """See Kernels."""
        out = torch.empty_like(x_BD)
        self.library[f"norm_{NAMES[x_BD.dtype]}"](
            *_pointers(x_BD, weight_D), ctypes.c_float(eps), *x_BD.shape, torch.get_num_threads(), *_pointers(out)
        )
        return out

    def gate(self, both_BD: torch.Tensor) -> torch.Tensor:
        """See Kernels."""
        rows, width = both_BD.shape[0], both_BD.shape[1] // 2
        out = both_BD.new_empty(rows, width)
        self.library[f"gate_{NAMES[both_BD.dtype]}"](
            *_pointers(both_BD), rows, width, torch.get_num_threads(), *_pointers(out)
        )
        return out


def _pointers(*tensors: torch.Tensor) -> list[ctypes.c_void_p]:
    """Addresses of contiguous tensors."""
    assert all(tensor.is_contiguous() for tensor in tensors)
    return [ctypes.c_void_p(tensor.data_ptr()) for tensor in tensors]


@cache
def compiled_kernels() -> CompiledKernels | str:
    """The compiled kernels, or why there are none. Compiled once a machine into the user's cache folder."""
    compiler = shutil.which("g++") or shutil.which("clang++")
    if compiler is None:
        return "no C++ compiler (g++) was found"
    facts = [*(source.read_bytes() for source in SOURCES), " ".join(FLAGS).encode()]
    for question in (["--version"], ["-march=native", "-Q", "--help=target"]):  # the second: what "native" means here
        facts.append(subprocess.run([compiler, *question], capture_output=True, check=False).stdout)
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aha"
    library = root / f"kernels-{hashlib.sha256(b'|'.join(facts)).hexdigest()[:16]}.so"
    try:
        if not library.exists():
            build(compiler, FLAGS, library)
        return CompiledKernels(ctypes.CDLL(str(library)))
    except (OSError, subprocess.CalledProcessError) as error:
        return f"{compiler} could not build {SOURCES[0].name}: {error}"


def build(compiler: str, flags: Sequence[str], library: Path) -> None:
    """Compile beside the target, then rename, so that two processes never see half a file.

    Raises CalledProcessError.
    """
    library.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=library.parent) as scratch:
        built = Path(scratch) / library.name
        subprocess.run([compiler, *flags, str(SOURCES[0]), "-o", str(built)], check=True, capture_output=True)
        built.replace(library)
