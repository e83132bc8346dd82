"""The models inside the package, by name."""

from __future__ import annotations

from pathlib import Path

LAB = Path(__file__).parent.parent / "lab"
PACKAGED_MODELS = {"lab": LAB / "model", "lab-small": LAB / "small"}
"""The embedded base, and a smaller one of another family for students."""
