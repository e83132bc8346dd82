"""Key-value cache memory as blocks of 16 tokens, counted, shared and copied; and the rows that own them."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from aha.types import Request, Segment

BLOCK = 16
"""Tokens a block."""


def num_blocks(num_tokens: int) -> int:
    """Blocks that hold this many tokens."""
    return -(-num_tokens // BLOCK)


class BlockPool:
    """Hands out block numbers and takes them back. Block 0 is never handed out: padding rows write there."""

    def __init__(self, size: int) -> None:
        self._free = list(range(size - 1, 0, -1))
        self._users: Counter[int] = Counter()

    @property
    def num_free(self) -> int:
        """Blocks that nobody uses."""
        return len(self._free)

    def take(self, count: int) -> list[int]:
        """`count` blocks with one user each; the caller has checked num_free."""
        blocks = [self._free.pop() for _ in range(count)]
        self._users.update(blocks)
        return blocks

    def share(self, blocks: list[int]) -> None:
        """One more user of each block."""
        self._users.update(blocks)

    def give_back(self, blocks: list[int]) -> None:
        """One user fewer of each; those without any are free again."""
        for block in blocks:
            self._users[block] -= 1
            if not self._users[block]:
                del self._users[block]
                self._free.append(block)


@dataclass(slots=True, eq=False)
class Row:
    """A request on its way: the tokens so far and the blocks that hold the keys and values of all but the last."""

    request: Request
    prompt: tuple[int, ...]
    stops: frozenset[int]
    version: int
    """Policy version that draws the next token."""
    new_ids: list[int] = field(default_factory=list)
    logprobs: list[float] = field(default_factory=list)
    blocks: list[int] = field(default_factory=list)
    entered: bool = False
    """Whether it has run before; then it computes its own cache instead of sharing its prompt's."""
    segments: list[Segment] = field(default_factory=list)
    """Closed segments; the open one starts where the last ends."""

    @property
    def num_tokens(self) -> int:
        """Prompt and new tokens."""
        return len(self.prompt) + len(self.new_ids)

    @property
    def last_token(self) -> int:
        """The token whose successor is drawn next."""
        return self.new_ids[-1] if self.new_ids else self.prompt[-1]

    def context(self) -> tuple[int, ...]:
        """Tokens that must lie in the cache before the next step: all but the last."""
        return (*self.prompt, *self.new_ids)[:-1]

    def close_segment(self, version: int) -> None:
        """What was drawn since the last segment belongs to the version so far; from now on to `version`."""
        start = self.segments[-1].end if self.segments else 0
        if len(self.new_ids) > start:
            self.segments.append(Segment("model", start, len(self.new_ids), self.version))
        self.version = version


@dataclass(slots=True)
class SharedPrefix:
    """A prompt's cached keys and values: full blocks that rows share, and a partial last one that each row copies.

    It lives while rows of the prompt wait to enter.
    """

    blocks: list[int]
