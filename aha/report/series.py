"""Curves from metric lines: points, averages, token counts, and the description of a chart that the script draws."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import accumulate

from aha.report.read import Row, StageRecord

MAX_POINTS = 600
"""Longer curves are averaged in buckets of consecutive rounds."""

Point = tuple[int, float]


def eval_benchmarks(stage: StageRecord) -> list[str]:
    """Benchmarks scored during training, held-out ones first."""
    names = {
        key.removeprefix("eval/").rsplit("/", 1)[0]
        for line in stage.metrics
        for key in line
        if key.startswith("eval/") and key.endswith("/pass@1")
    }
    return sorted(names, key=lambda name: ("heldout" not in name, name))


def eval_points(stage: StageRecord, name: str) -> list[Point]:
    """(step, value) of a figure of the first held-out benchmark."""
    benchmarks = eval_benchmarks(stage)
    return points(stage.metrics, f"eval/{benchmarks[0]}/{name}") if benchmarks else []


def trained_tokens(stage: StageRecord) -> dict[int, float]:
    """New tokens trained on up to and including each step, from `num_trained_tokens`; all 0 where it was not logged."""
    counts = {int(line["step"]): number(line.get("num_trained_tokens")) or 0.0 for line in stage.metrics}
    return dict(zip(counts, accumulate(counts.values()), strict=True))


def short_name(name: str) -> str:
    """A benchmark's or reward's name without `lab:` and without the folders of a file."""
    return name.rsplit("/", 1)[-1].removeprefix("lab:")


def score_names(stage: StageRecord, benchmark: str) -> list[str]:
    """`pass@1`, then each `cons@…` that was logged for the benchmark."""
    prefix = f"eval/{benchmark}/"
    names = {key.removeprefix(prefix) for line in stage.metrics for key in line if key.startswith(prefix)}
    return ["pass@1", *sorted(name for name in names if name.startswith("cons@") and "/" not in name)]


def column(stage: StageRecord, label: str, key: str) -> Row:
    """The series of one metric."""
    return series(label, points(stage.metrics, key))


def points(lines: Sequence[Row], key: str) -> list[Point]:
    """(step, value) of the lines that logged a finite number under `key`."""
    found = [(int(line["step"]), number(line.get(key))) for line in lines]
    return [(step, value) for step, value in found if value is not None]


def series(label: str, found: list[Point], band: tuple[list[Point], list[Point]] = ([], [])) -> Row:
    """A labelled curve, averaged to MAX_POINTS; `band` holds the points of its lower and upper bound."""
    thin = _averaged(found)
    series: Row = {"label": label, "x": [step for step, _ in thin], "y": [_short(value) for _, value in thin]}
    low, high = (dict(side) for side in band)
    if low and high:
        series["low"], series["high"] = (
            [_short(side.get(step, value)) for step, value in thin] for side in (low, high)
        )
    return series


def _averaged(found: list[Point]) -> list[Point]:
    """At most MAX_POINTS points: means over consecutive rounds, placed at the last of them."""
    size = math.ceil(len(found) / MAX_POINTS) if found else 1
    buckets = [found[start : start + size] for start in range(0, len(found), size)]
    return [(bucket[-1][0], sum(value for _, value in bucket) / len(bucket)) for bucket in buckets]


def chart(name: str, title: str, unit: str, series: list[Row], missing: str, caption: str) -> Row:
    """What the page's script needs to draw a chart; series without points are left out."""
    drawn = [one for one in series if one["x"]]
    return {
        "name": name,
        "title": title,
        "unit": unit,
        "series": drawn,
        "missing": "" if drawn else missing,
        "caption": caption,
    }


def _short(value: float) -> float:
    return float(f"{value:.5g}")


def number(value: object) -> float | None:
    """A finite number, or None."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)
