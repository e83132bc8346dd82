"""Runs untrusted programs and says how they ended. `docs/safety.md` tells what each level stops and what it does not.

    with Sandbox().box({"main.c": source}) as box:
        compiled = box.run(["gcc", "-o", "main", "main.c"], keep=True)
        results = [box.run(["./main"], stdin=test) for test in tests]

Every run is a fresh sandbox: what a program leaves in its work directory is gone afterwards, unless `keep`.
"""

from __future__ import annotations

from aha.sandbox.box import Box, Sandbox
from aha.sandbox.probe import probe
from aha.sandbox.records import Execution, Limits

__all__ = ["Box", "Execution", "Limits", "Sandbox", "probe"]
