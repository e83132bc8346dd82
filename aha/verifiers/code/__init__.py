"""Programs graded by tests. `verifier.code` says what tests look like; `docs/safety.md` what the sandbox stops."""

from __future__ import annotations

from aha.verifiers.code.verifier import check_arguments, code, most_seconds

__all__ = ["check_arguments", "code", "most_seconds"]
