"""The verifier processes of commands that grade without training: `aha eval`, `aha verify`, `aha audit`."""

from __future__ import annotations

from aha.config.settings import EngineSettings
from aha.runtime.workers import WorkerPool

VERIFIER_MEMORY_BYTES = 4 << 30
"""Address space of one verifier worker."""


def verifier_pool(engine: EngineSettings) -> WorkerPool:
    """As many workers as asked for, else one a core; each call within `engine.verifier_seconds` of CPU time."""
    return WorkerPool(engine.verifier_workers, engine.verifier_seconds, VERIFIER_MEMORY_BYTES)
