"""What the doctor's checks share: the finding, the thresholds, and how "now" is compared with "at the start".

"Now" is the last fifth of the rounds and "the start" the first fifth, five rounds at least.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import mean
from typing import Literal

from aha.report.read import Row, StageRecord

Level = Literal["bad", "warn", "ok"]

THRESHOLDS: dict[str, tuple[float, float]] = {
    "undecided_frac": (0.01, 0.05),
    "format_rate": (0.5, 0.05),
    "truncated_frac": (0.1, 0.3),
    "reward/std": (0.02, 1e-6),
    "groups/kept_frac": (0.25, 0.05),
    "logprob_gap/mean": (0.02, 0.1),
    "entropy": (0.05, 0.01),
    "entropy_growth": (2.0, 4.0),
    "length_growth": (2.0, 4.0),
    "length_shrink": (0.5, 0.25),
    "kl/reference": (0.2, 1.0),
    "skipped_share": (1e-9, 0.05),
    "gradient_spike": (10.0, 100.0),
    "clip_frac": (0.15, 0.4),
    "evaluation_age": (0.25, 0.6),
    "hacking_reward_gain": (0.1, 0.1),
    "hacking_accuracy_gain": (0.02, 0.0),
    "phase_share": (0.7, 0.95),
}
"""(warn, bad). Shares are fractions; entropy, KL and gap are nats a token; growth and spikes are factors (against the
start, against the median); evaluation_age is the share of the rounds since the last held-out evaluation."""


@dataclass(slots=True, frozen=True)
class Finding:
    """One line of the doctor's report."""

    level: Level
    name: str
    """Short and stable, e.g. `truncation`."""
    sentence: str
    """What is so, with the numbers."""
    cure: str
    """What to do; empty when nothing needs doing."""


def graded(level_value: float, name: str, *, low_is_bad: bool = False) -> Level:
    """The level that THRESHOLDS gives a value."""
    warn, bad = THRESHOLDS[name]
    if low_is_bad:
        return "bad" if level_value < bad else "warn" if level_value < warn else "ok"
    return "bad" if level_value > bad else "warn" if level_value > warn else "ok"


def column(lines: list[Row], key: str) -> list[float]:
    """The finite numbers logged under `key`, in order."""
    values = [line.get(key) for line in lines]
    return [float(v) for v in values if isinstance(v, int | float) and v == v and abs(v) != float("inf")]


def late(stage: StageRecord, key: str) -> float | None:
    """Mean over the last fifth of the rounds; None where nothing was logged."""
    values = column(stage.rounds, key)
    return mean(values[-max(5, len(values) // 5) :]) if values else None


def early(stage: StageRecord, key: str) -> float | None:
    """Mean over the first fifth of the rounds; None where nothing was logged."""
    values = column(stage.rounds, key)
    return mean(values[: max(5, len(values) // 5)]) if values else None


def share(value: float) -> str:
    """`12 %`, with one digit more below 10."""
    return f"{100 * value:.0f} %" if value >= 0.1 or value == 0 else f"{100 * value:.1f} %"
