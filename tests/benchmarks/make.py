"""Evaluations for the tests of the benchmarks."""

from __future__ import annotations

from typing import Any

from aha.types import Evaluation, Interval


def evaluation(benchmark: str = "heldout", value: float = 0.5, problems: Any = None, **changes: Any) -> Evaluation:
    """An evaluation of two hundred problems around `value`."""
    score = Interval(value, value - 0.03, value + 0.03)
    fields: dict[str, Any] = {
        "benchmark": benchmark,
        "model_hash": "m",
        "num_problems": 200,
        "k": 4,
        "seed": 0,
        "scores": {"pass@1": score, "pass@k": score, "cons@k": Interval(value + 0.1, value, 1.0)},
        "format_rate": 0.97,
        "mean_tokens": 41.234,
        "repetition_rate": 0.0,
        "undecided_frac": 0.0,
        "sampling": {"temperature": 0.6, "top_p": 0.95, "max_new_tokens": 192.0},
        "problems": problems or [{"id": "p0", "outcomes": "cwcw"}],
    }
    fields |= changes
    return Evaluation(**fields)
