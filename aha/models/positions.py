"""More positions than a model was made with: rotary angles go on without end, only the number in its config stops."""

from __future__ import annotations

from dataclasses import replace

from aha.errors import DataError
from aha.models.decoder import Decoder
from aha.models.load import LoadedModel


def set_positions(loaded: LoadedModel, num_positions: int) -> None:
    """Let rows of the model have so many tokens, as DeepSeek-R1's students of 4,096 positions learned from 32,768.

    Raises DataError for a model of a family that is not ours (its positions may be a table), and for fewer positions
    than it has.
    """
    if not isinstance(loaded.model, Decoder):
        raise DataError(
            f"max_positions: the positions of a {loaded.config.get('model_type')!r} model cannot be changed.",
            cure="Take a Llama or Qwen model, or leave the key out.",
        )
    if num_positions < loaded.model.max_positions:
        raise DataError(
            f"max_positions = {num_positions:,}, but the model has {loaded.model.max_positions:,} already.",
            cure="Leave the key out, or raise it; max_tokens is what limits the rows.",
        )
    loaded.model.config = replace(loaded.model.config, max_positions=num_positions)
    loaded.config["max_position_embeddings"] = num_positions
