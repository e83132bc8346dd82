"""Rotary positions (Su et al. 2021), with the linear and llama3 ways of stretching them."""

from __future__ import annotations

import math

import torch

from aha.models.decoder_config import DecoderConfig


def inverse_frequencies(config: DecoderConfig, device: torch.device) -> torch.Tensor:
    """θ^(-2i/D) for i < D/2 (RoFormer eq. 15), fp32 [D/2], stretched as config.rope_type says."""
    even = torch.arange(0, config.head_dim, 2, dtype=torch.float32, device=device)
    frequencies = 1.0 / (config.rope_theta ** (even / config.head_dim))
    if config.rope_type == "linear":
        return frequencies / config.rope_factor
    if config.rope_type == "llama3":
        return _llama3(frequencies, config)
    return frequencies


def _llama3(frequencies: torch.Tensor, config: DecoderConfig) -> torch.Tensor:
    """Long waves are divided by the factor, short ones kept, those between blended (Llama 3.1 reference code)."""
    wavelengths = 2 * math.pi / frequencies
    ratio = config.rope_original_positions / wavelengths
    blend = (ratio - config.rope_low_factor) / (config.rope_high_factor - config.rope_low_factor)
    blend = blend.clamp(0, 1)
    return (1 - blend) * frequencies / config.rope_factor + blend * frequencies


def rotary_tables(
    frequencies: torch.Tensor, positions_N: torch.Tensor, dtype: torch.dtype
) -> tuple[torch.Tensor, torch.Tensor]:
    """cos and sin of position · frequency, each [N, 1, D] with the half-width angles twice; fp32 angles."""
    angles = positions_N[:, None].float() * frequencies
    angles = torch.cat((angles, angles), -1)[:, None]
    return angles.cos().to(dtype), angles.sin().to(dtype)


def rotate(x_NHD: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor) -> torch.Tensor:
    """x cos + rotate_half(x) sin (RoFormer eq. 34, halves instead of pairs as Hugging Face lays them)."""
    first, second = x_NHD.chunk(2, -1)
    return x_NHD * cos + torch.cat((-second, first), -1) * sin
