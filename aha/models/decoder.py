"""One decoder for the Llama, Qwen2 and Qwen3 families, with Hugging Face parameter names, over concatenated rows."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.checkpoint import checkpoint

from aha.models.attention import causal_attention
from aha.models.decoder_config import DecoderConfig
from aha.models.layout import RowLayout
from aha.models.rotary import inverse_frequencies, rotary_tables, rotate


def rms_norm(x: torch.Tensor, weight: torch.Tensor, eps: float) -> torch.Tensor:
    """x / sqrt(mean(x²) + eps) · weight over the last axis, computed in fp32 (Zhang & Sennrich 2019, eq. 4)."""
    wide = x if x.dtype == torch.float64 else x.float()
    wide = wide * torch.rsqrt(wide.square().mean(-1, keepdim=True) + eps)
    return weight * wide.to(x.dtype)


class RMSNorm(nn.Module):
    """rms_norm with its weight."""

    def __init__(self, width: int, eps: float) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.ones(width))
        self.eps = eps

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[..., D] to [..., D], in the dtype of x."""
        return rms_norm(x, self.weight, self.eps)


class Attention(nn.Module):
    """Grouped-query attention with rotary positions; Qwen3 normalises each query and key head."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        width, head = config.width, config.head_dim
        self.head_dim = head
        self.q_proj = nn.Linear(width, config.num_heads * head, bias=config.qkv_bias)
        self.k_proj = nn.Linear(width, config.num_kv_heads * head, bias=config.qkv_bias)
        self.v_proj = nn.Linear(width, config.num_kv_heads * head, bias=config.qkv_bias)
        self.o_proj = nn.Linear(config.num_heads * head, width, bias=config.output_bias)
        self.q_norm = RMSNorm(head, config.rms_eps) if config.qk_norm else None
        self.k_norm = RMSNorm(head, config.rms_eps) if config.qk_norm else None

    def forward(self, x_ND: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, layout: RowLayout) -> torch.Tensor:
        """[N, D] to [N, D]; cos and sin are [N, 1, head_dim]."""
        q = self.q_proj(x_ND).unflatten(-1, (-1, self.head_dim))
        k = self.k_proj(x_ND).unflatten(-1, (-1, self.head_dim))
        v = self.v_proj(x_ND).unflatten(-1, (-1, self.head_dim))
        if self.q_norm is not None and self.k_norm is not None:
            q, k = self.q_norm(q), self.k_norm(k)
        out = causal_attention(rotate(q, cos, sin), rotate(k, cos, sin), v, layout)
        projected: torch.Tensor = self.o_proj(out.flatten(-2))
        return projected


class MLP(nn.Module):
    """Gated feed-forward: down(silu(gate(x)) · up(x))."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.gate_proj = nn.Linear(config.width, config.mlp_width, bias=config.mlp_bias)
        self.up_proj = nn.Linear(config.width, config.mlp_width, bias=config.mlp_bias)
        self.down_proj = nn.Linear(config.mlp_width, config.width, bias=config.mlp_bias)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """[N, D] to [N, D]."""
        out: torch.Tensor = self.down_proj(F.silu(self.gate_proj(x)) * self.up_proj(x))
        return out


class Layer(nn.Module):
    """Attention and feed-forward, each behind a norm and added to the residual stream."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.self_attn = Attention(config)
        self.mlp = MLP(config)
        self.input_layernorm = RMSNorm(config.width, config.rms_eps)
        self.post_attention_layernorm = RMSNorm(config.width, config.rms_eps)

    def forward(self, x_ND: torch.Tensor, cos: torch.Tensor, sin: torch.Tensor, layout: RowLayout) -> torch.Tensor:
        """[N, D] to [N, D]."""
        x_ND = x_ND + self.self_attn(self.input_layernorm(x_ND), cos, sin, layout)
        out: torch.Tensor = x_ND + self.mlp(self.post_attention_layernorm(x_ND))
        return out


class Body(nn.Module):
    """Embedding, layers and final norm; carries the `model.` prefix of Hugging Face names."""

    def __init__(self, config: DecoderConfig) -> None:
        super().__init__()
        self.embed_tokens = nn.Embedding(config.vocab_size, config.width)
        self.layers = nn.ModuleList(Layer(config) for _ in range(config.num_layers))
        self.norm = RMSNorm(config.width, config.rms_eps)


class Decoder(nn.Module):
    """A causal language model over rows without padding.

    `forward` gives hidden states, `head` turns those of interest into logits, so that N × V never has to exist.
    """

    def __init__(self, config: DecoderConfig) -> None:
        """Weights are drawn from N(0, initializer_range²), biases 0, norms 1."""
        super().__init__()
        self.config = config
        self.model = Body(config)
        self.lm_head = None if config.tied else nn.Linear(config.width, config.vocab_size, bias=False)
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Embedding):
                nn.init.normal_(module.weight, std=config.initializer_range)
            if isinstance(module, nn.Linear) and module.bias is not None:
                nn.init.zeros_(module.bias)

    @property
    def head_size(self) -> int:
        """How many logits a token gets."""
        return self.config.vocab_size

    @property
    def max_positions(self) -> int:
        """How long a row may be, prompt and completion together."""
        return self.config.max_positions

    def forward(
        self, token_ids_N: torch.Tensor, layout: RowLayout, gradient_checkpointing: bool = False
    ) -> torch.Tensor:
        """Hidden states [N, D] after the final norm; checkpointing recomputes each layer in the backward pass."""
        x = self.model.embed_tokens(token_ids_N)
        cos, sin = rotary_tables(inverse_frequencies(self.config, x.device), layout.positions_N, x.dtype)
        for layer in self.model.layers:
            if gradient_checkpointing and torch.is_grad_enabled():
                x = checkpoint(layer, x, cos, sin, layout, use_reentrant=False)
            else:
                x = layer(x, cos, sin, layout)
        hidden: torch.Tensor = self.model.norm(x)
        return hidden

    def head(self, hidden_ND: torch.Tensor) -> torch.Tensor:
        """Logits [N, V] in the dtype of the hidden states."""
        weight = self.model.embed_tokens.weight if self.lm_head is None else self.lm_head.weight
        return F.linear(hidden_ND, weight)
