"""Rewards that an algorithm adds by itself, whatever the task."""

from __future__ import annotations

from aha.errors import ConfigError


def overlong_penalty(num_tokens: int, limit: int, buffer: int) -> float:
    """Soft punishment of length, 0 to -1, over the last `buffer` tokens before `limit` (DAPO, 2503.14476, eq. 13).

    0 where |y| <= limit - buffer; ((limit - buffer) - |y|) / buffer in between; -1 from the limit on. All in tokens.
    Raises ConfigError where the buffer is longer than the limit, which would punish an empty answer.
    """
    if not 0 < buffer <= limit:
        raise ConfigError(
            f"overlong_buffer {buffer} does not fit into the length limit of {limit} tokens.",
            cure="Set algorithm.overlong_buffer to a part of sampling.max_new_tokens, a fifth, say.",
        )
    return max(-1.0, min(0.0, (limit - buffer - num_tokens) / buffer))
