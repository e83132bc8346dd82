"""One number from several rewards."""

from __future__ import annotations

import math
from collections.abc import Mapping


def combine(points: Mapping[str, float | None], weights: Mapping[str, float]) -> float:
    """Weighted sum of the points that exist; None is left out, so it neither rewards nor punishes.

    Exactly rounded, so that the order of the names changes nothing.
    """
    return math.fsum(weights[name] * value for name, value in points.items() if value is not None)
