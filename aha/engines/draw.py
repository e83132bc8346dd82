"""Drawing tokens: uniforms from (seed, token number) alone, inverse CDF, top-p, greedy."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from aha.engines.kernels import Kernels
from aha.types import Float32

GOLDEN = 0x9E3779B97F4A7C15


def uniforms(seeds_B: npt.NDArray[np.uint64], counts_B: npt.NDArray[np.uint64]) -> Float32:
    """A number in (0, 1) for token `count` of the request with `seed`: splitmix64 (Steele et al. 2014), 23 bits.

    The counter is hashed before it meets the seed, so that neighbouring seeds share no stream.
    """
    with np.errstate(over="ignore"):
        z = _mix(seeds_B ^ _mix((counts_B + np.uint64(1)) * np.uint64(GOLDEN)))
    return ((z >> np.uint64(41)).astype(np.float32) + np.float32(0.5)) * np.float32(2**-23)


def _mix(z: npt.NDArray[np.uint64]) -> npt.NDArray[np.uint64]:
    """The finaliser of splitmix64."""
    z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return z ^ (z >> np.uint64(31))


def draw_tokens(
    kernels: Kernels, logits_BV: torch.Tensor, temperatures_B: Float32, top_ps_B: Float32, uniforms_B: Float32
) -> tuple[torch.Tensor, torch.Tensor]:
    """Tokens (int64 [B]) and their log-probs (fp32 [B]) under softmax(logits / temperature), before top-p.

    Temperature 0 takes the likeliest token; its log-prob is that of temperature 1. top-p (Holtzman et al. 2020) keeps
    the smallest set of likeliest tokens whose probability reaches it, ties at its edge included.
    """
    device = logits_BV.device
    heat = torch.from_numpy(np.where(temperatures_B > 0, temperatures_B, np.float32(1))).to(device)
    chances = torch.from_numpy(uniforms_B).to(device)
    tokens, logprobs = kernels.draw(logits_BV, heat, torch.from_numpy(top_ps_B).to(device), chances)
    if (greedy := np.flatnonzero(temperatures_B <= 0)).size:
        rows = torch.from_numpy(greedy).to(device)
        table = torch.log_softmax(logits_BV[rows].float(), 1)
        logprobs[rows], tokens[rows] = table.max(1)
    return tokens, logprobs
