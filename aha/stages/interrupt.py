"""Stopping on request: the first signal asks, the second one ends the process at once."""

from __future__ import annotations

import os
import signal
import sys
import threading
from types import FrameType
from typing import Any

from aha.errors import Interrupted
from aha.runtime.distributed import World


class StopRequest:
    """Context in which SIGINT and SIGTERM are taken as a wish to stop at the next safe point."""

    def __init__(self, world: World | None = None) -> None:
        self.requested = False
        self.world = world
        self._before: dict[signal.Signals, Any] = {}

    def __enter__(self) -> StopRequest:
        if threading.current_thread() is threading.main_thread():
            self._before = {number: signal.signal(number, self._take) for number in (signal.SIGINT, signal.SIGTERM)}
        return self

    def __exit__(self, *_: object) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _take(self, number: int, frame: FrameType | None) -> None:
        if self.requested:
            os._exit(130)
        self.requested = True
        print("Stopping after this phase; a second signal stops at once.", file=sys.stderr, flush=True)

    def check(self) -> None:
        """Raise Interrupted where someone asked to stop. All processes of a world must call it together."""
        asked = float(self.requested)
        if self.world is not None and self.world.size > 1:
            asked = self.world.sum_floats([asked])[0]
        if asked:
            raise Interrupted("Stopped on request.", cure="The same command goes on from the last checkpoint.")

    def check_alone(self) -> None:
        """The same between two completions: only where no other process would be left waiting."""
        if self.world is None or self.world.size == 1:
            self.check()
