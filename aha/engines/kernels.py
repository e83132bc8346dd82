"""CPU kernels of the sampler: kernels.cpp, compiled once by the machine's C++ compiler, and the same in plain torch."""

from __future__ import annotations

import ctypes
import hashlib
import os
import shutil
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Protocol

import torch

SOURCE = Path(__file__).with_name("kernels.cpp")
FLAGS = ["-O3", "-march=native", "-std=c++17", "-shared", "-fPIC", "-fopenmp", "-fno-math-errno", "-fno-trapping-math"]
NAMES = {torch.float32: "float32", torch.bfloat16: "bfloat16"}


class Kernels(Protocol):
    """Decode attention and drawing."""

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
        self, logits_BV: torch.Tensor, temperatures_B: torch.Tensor, uniforms_B: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Tokens (int64 [B]) by inverse CDF at `uniforms_B`, and their log-probs (fp32 [B]), under
        softmax(logits / temperature) in fp32; temperatures > 0."""


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
        out = torch.nn.functional.scaled_dot_product_attention(
            q_BHD[:, :, None], k, v, attn_mask=seen[:, None, None], enable_gqa=grouped
        )
        return out.squeeze(2)

    def draw(
        self, logits_BV: torch.Tensor, temperatures_B: torch.Tensor, uniforms_B: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """See Kernels."""
        logprobs = torch.log_softmax(logits_BV.float() / temperatures_B[:, None], 1)
        sums = logprobs.exp().cumsum(1, dtype=torch.float64)
        targets = uniforms_B[:, None].double() * sums[:, -1:]
        tokens = torch.searchsorted(sums, targets, right=True).clamp_(max=sums.shape[1] - 1)
        return tokens.squeeze(1), logprobs.gather(1, tokens).squeeze(1)


class CompiledKernels:
    """The same through kernels.cpp, for float32 and bfloat16 on the CPU."""

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library

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
        self._library[f"attend_{NAMES[q_BHD.dtype]}"](
            *_pointers(q_BHD, keys, values, tables, lengths_B),
            *(rows, heads, keys.shape[1], width, tables.shape[1]),
            *(ctypes.c_float(width**-0.5), torch.get_num_threads()),
            *_pointers(out),
        )
        return out

    def draw(
        self, logits_BV: torch.Tensor, temperatures_B: torch.Tensor, uniforms_B: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """See Kernels."""
        rows, vocabulary = logits_BV.shape
        tokens, logprobs = torch.empty(rows, dtype=torch.int64), torch.empty(rows)
        self._library[f"draw_{NAMES[logits_BV.dtype]}"](
            *_pointers(logits_BV, temperatures_B, uniforms_B),
            *(rows, vocabulary, torch.get_num_threads()),
            *_pointers(tokens, logprobs),
        )
        return tokens, logprobs


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
    facts = [SOURCE.read_bytes(), " ".join(FLAGS).encode()]
    for question in (["--version"], ["-march=native", "-Q", "--help=target"]):  # the second: what "native" means here
        facts.append(subprocess.run([compiler, *question], capture_output=True, check=False).stdout)
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "aha"
    library = root / f"kernels-{hashlib.sha256(b'|'.join(facts)).hexdigest()[:16]}.so"
    try:
        if not library.exists():
            _compile(compiler, library)
        return CompiledKernels(ctypes.CDLL(str(library)))
    except (OSError, subprocess.CalledProcessError) as error:
        return f"{compiler} could not build {SOURCE.name}: {error}"


def _compile(compiler: str, library: Path) -> None:
    """Build beside the target, then rename, so that two processes never see half a file."""
    library.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=library.parent) as scratch:
        built = Path(scratch) / library.name
        subprocess.run([compiler, *FLAGS, str(SOURCE), "-o", str(built)], check=True, capture_output=True)
        built.replace(library)
