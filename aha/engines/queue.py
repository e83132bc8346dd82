"""Who runs next: rows enter by free cache blocks, the youngest leave when memory is full. Knows no tensors."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

from aha.engines.cache import BLOCK, BlockPool, Row, SharedPrefix, num_blocks


@dataclass(slots=True)
class Entry:
    """What the cache must be given before the rows that entered can run: prefills first, then block copies."""

    prefills: list[tuple[tuple[int, ...], list[int]]] = field(default_factory=list)
    sources: list[int] = field(default_factory=list)
    targets: list[int] = field(default_factory=list)
    released: list[int] = field(default_factory=list)


class RowQueue:
    """Waiting and running rows and the blocks between them; a pure function of the calls made to it."""

    def __init__(self, num_cache_blocks: int, max_rows: int) -> None:
        self.pool = BlockPool(num_cache_blocks)
        self.max_rows = max_rows
        self.waiting: deque[Row] = deque()
        self.running: list[Row] = []
        self.num_preempted = 0
        self._prefixes: dict[tuple[int, ...], SharedPrefix] = {}
        self._fresh: Counter[tuple[int, ...]] = Counter()

    def add(self, row: Row) -> None:
        """Queue a new row."""
        self.waiting.append(row)
        self._fresh[row.prompt] += 1

    def admit(self) -> Entry:
        """Move rows from waiting to running, in order, while there are blocks for them and a few to spare."""
        entry = Entry()
        while self.waiting and len(self.running) < self.max_rows:
            row = self.waiting[0]
            spare = -(-len(self.running) // BLOCK)
            if self._needed(row) + spare > self.pool.num_free:
                if self.running or not self._prefixes:
                    break
                self.drop_prefixes()
                continue
            self._enter(self.waiting.popleft(), entry)
        self.pool.give_back(entry.released)
        return entry

    def grow(self) -> None:
        """Give every running row the block of its next token; preempt from the youngest where there is none."""
        index = 0
        while index < len(self.running):
            row = self.running[index]
            if len(row.blocks) * BLOCK >= row.num_tokens:
                index += 1
            elif self.pool.num_free:
                row.blocks += self.pool.take(1)
            elif self._prefixes:
                self.drop_prefixes()
            else:
                self.preempt()

    def preempt(self) -> None:
        """Send the youngest running row back to the front of the queue, its tokens kept, its cache gone."""
        row = self.running.pop()
        self._release(row)
        self.waiting.appendleft(row)
        self.num_preempted += 1

    def preempt_all(self) -> None:
        """Empty the cache: the weights that filled it have changed."""
        while self.running:
            self.preempt()
        self.drop_prefixes()

    def drop_prefixes(self) -> None:
        """Free the prompts that wait for more rows; these will compute theirs again."""
        for prefix in self._prefixes.values():
            self.pool.give_back(prefix.blocks)
        self._prefixes.clear()

    def remove(self, rows: list[Row]) -> None:
        """Take finished or aborted rows out."""
        gone = {id(row) for row in rows}
        self.running = [row for row in self.running if id(row) not in gone]
        self.waiting = deque(row for row in self.waiting if id(row) not in gone)
        for row in rows:
            self._release(row)
            self._forget(row)

    def _release(self, row: Row) -> None:
        self.pool.give_back(row.blocks)
        row.blocks = []

    def _forget(self, row: Row) -> SharedPrefix | None:
        """Row no longer waits for its prompt's prefix; returns the prefix when it was the last, out of the table."""
        if row.entered:
            return None
        row.entered = True
        self._fresh[row.prompt] -= 1
        if self._fresh[row.prompt]:
            return None
        del self._fresh[row.prompt]
        return self._prefixes.pop(row.prompt, None)

    def _shares(self, row: Row) -> bool:
        """Whether the row takes its prompt's cache from, or leaves it for, others of the same prompt."""
        return not row.entered and (row.prompt in self._prefixes or self._fresh[row.prompt] > 1)

    def _needed(self, row: Row) -> int:
        """Blocks that must be free for the row to enter."""
        needed = num_blocks(row.num_tokens)
        if self._shares(row):
            context = len(row.prompt) - 1
            needed -= context // BLOCK
            if row.prompt not in self._prefixes:
                needed += num_blocks(context)
        return needed

    def _enter(self, row: Row, entry: Entry) -> None:
        """Give the row its blocks and note how they are filled."""
        context = row.context()
        full = len(context) // BLOCK
        if not self._shares(row):
            row.blocks = self.pool.take(num_blocks(row.num_tokens))
            if context:
                entry.prefills.append((context, row.blocks))
        else:
            prefix = self._prefixes.get(row.prompt)
            if prefix is None:
                prefix = self._prefixes[row.prompt] = SharedPrefix(self.pool.take(num_blocks(len(context))))
                if context:
                    entry.prefills.append((context, prefix.blocks))
            self.pool.share(prefix.blocks[:full])
            row.blocks = prefix.blocks[:full] + self.pool.take(num_blocks(row.num_tokens) - full)
            if len(context) % BLOCK:
                entry.sources.append(prefix.blocks[full])
                entry.targets.append(row.blocks[full])
        finished = self._forget(row)
        if finished is not None:
            entry.released += finished.blocks
        self.running.append(row)
