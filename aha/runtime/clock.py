"""Where the time goes: seconds by phase, by a clock that never jumps."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager


class PhaseClock:
    """Adds up seconds by phase. Inside another phase a phase takes its time out of the outer one, so they sum to the
    time measured."""

    def __init__(self, synchronize: Callable[[], object] | None = None) -> None:
        """`synchronize` waits for the device, e.g. `torch.cuda.synchronize`; called where phases begin and end."""
        self._synchronize = synchronize
        self._seconds: dict[str, float] = {}
        self._open: list[str] = []
        self._mark = 0.0

    @contextmanager
    def phase(self, name: str) -> Iterator[None]:
        """Count the time inside the block as `name`."""
        self._charge()
        self._open.append(name)
        try:
            yield
        finally:
            self._charge()
            self._open.pop()

    def seconds(self) -> dict[str, float]:
        """Seconds by phase since the last call of this, in order of first use; starts over."""
        self._charge()
        seconds, self._seconds = self._seconds, {}
        return seconds

    def _charge(self) -> None:
        """Give the time since the last mark to the innermost open phase."""
        if self._synchronize is not None:
            self._synchronize()
        now = time.perf_counter()
        if self._open:
            self._seconds[self._open[-1]] = self._seconds.get(self._open[-1], 0.0) + now - self._mark
        self._mark = now
