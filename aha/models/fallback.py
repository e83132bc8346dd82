"""Any other causal language model, run by transformers behind the decoder's interface, rows padded at the end."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import torch
from torch import nn

from aha.errors import DataError
from aha.models.layout import RowLayout


class FallbackModel(nn.Module):
    """A transformers model whose parameters keep their Hugging Face names."""

    def __init__(self, inner: Any) -> None:
        """`inner` is a transformers causal language model; its modules become this one's.

        Raises DataError where its logits are more than its output layer applied to the last hidden state.
        """
        super().__init__()
        self._inner = [inner]  # in a list, so that parameters are registered once and without a prefix
        for name, child in inner.named_children():
            self.add_module(name, child)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", FutureWarning)  # its new name is not in every supported transformers
            inner.gradient_checkpointing_enable({"use_reentrant": False})
        self._check_head()

    @property
    def inner(self) -> Any:
        """The transformers model."""
        return self._inner[0]

    @property
    def head_size(self) -> int:
        """How many logits a token gets."""
        return int(self.inner.config.get_text_config().vocab_size)

    @property
    def max_positions(self) -> int:
        """How long a row may be, prompt and completion together."""
        return int(self.inner.config.get_text_config().max_position_embeddings)

    def forward(
        self, token_ids_N: torch.Tensor, layout: RowLayout, gradient_checkpointing: bool = False
    ) -> torch.Tensor:
        """Hidden states [N, D] after the final norm, as `Decoder.forward` gives them."""
        wanted = gradient_checkpointing and torch.is_grad_enabled()
        self.inner.train(wanted)  # transformers checkpoints in training mode alone; dropout was refused
        mask_BT = torch.arange(layout.max_length) < torch.tensor(layout.lengths)[:, None]
        mask_BT = mask_BT.to(token_ids_N.device)
        ids_BT = token_ids_N.new_zeros(mask_BT.shape).masked_scatter(mask_BT, token_ids_N)
        out = self.inner.base_model(input_ids=ids_BT, attention_mask=mask_BT.long(), use_cache=False)
        hidden: torch.Tensor = out.last_hidden_state[mask_BT]
        return hidden

    def head(self, hidden_ND: torch.Tensor) -> torch.Tensor:
        """Logits [N, V]."""
        logits: torch.Tensor = self.inner.get_output_embeddings()(hidden_ND)
        return logits

    def _check_head(self) -> None:
        """Compare with the model's own logits on a few tokens."""
        device = next(self.inner.parameters()).device
        ids = torch.arange(4, device=device)
        with torch.no_grad():
            own = self.inner(input_ids=ids[None]).logits[0]
            ours = self.head(self(ids, RowLayout([4], device)))
        if not torch.allclose(own.float(), ours.float(), atol=1e-2, rtol=1e-2):
            kind = self.inner.config.model_type
            raise DataError(
                f"Models of type {kind!r} change their logits after the output layer; that is not supported."
            )


def load_fallback(folder: Path, dtype: torch.dtype, device: torch.device | str) -> FallbackModel:
    """Load a model folder through transformers, without running code of the folder's own.

    Raises DataError where transformers does not know the model type, a weight is missing or corrupt, or dropout is on.
    """
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM

    try:
        loaded: Any = AutoModelForCausalLM.from_pretrained(
            str(folder), dtype=dtype, trust_remote_code=False, use_safetensors=True, output_loading_info=True
        )
    except (OSError, ValueError, KeyError, ImportError, RuntimeError, SafetensorError) as error:
        raise _unknown(folder, error) from error
    inner, info = loaded
    wrong = sorted(map(str, [*info["missing_keys"], *info["mismatched_keys"]]))
    if wrong:
        raise DataError(f"{folder}: {len(wrong)} weights are missing or misshaped, the first is {wrong[0]}.")
    rates = [
        (name, rate) for name, rate in inner.config.to_dict().items() if "dropout" in name or name.endswith("pdrop")
    ]
    for name, rate in rates:
        if isinstance(rate, int | float) and rate > 0:
            raise DataError(
                f"{folder / 'config.json'}: {name} is {rate}.", cure="Set it to 0: sampling has no dropout."
            )
    return FallbackModel(inner.to(device).eval())


def skeleton(folder: Path) -> Any:
    """The transformers model of a folder without memory for its weights. Raises DataError for a type that transformers
    does not know."""
    from transformers import AutoConfig, AutoModelForCausalLM

    make: Any = AutoModelForCausalLM
    try:
        config = AutoConfig.from_pretrained(str(folder), trust_remote_code=False)
        with torch.device("meta"):
            return make.from_config(config, trust_remote_code=False)
    except (OSError, ValueError, KeyError, ImportError) as error:
        raise _unknown(folder, error) from error


def _unknown(folder: Path, error: Exception) -> DataError:
    return DataError(
        f"{folder} could not be loaded by transformers: {str(error).strip().splitlines()[0]}",
        cure="The model type must be one that transformers knows without code from the folder.",
    )
