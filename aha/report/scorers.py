"""Reward models: how often they agree with pairs or labels that they never saw, how sure they are, and length bias."""

from __future__ import annotations

from aha.report.read import Row, RunRecord, StageRecord
from aha.report.reads import number
from aha.report.run_graph import held_out
from aha.report.series import chart

NAMES = {
    "accuracy": "held-out accuracy",
    "longest_answer": "always the longer answer",
    "majority": "always the more frequent label",
    "calibration_error": "calibration error: mean gap between how sure it is and how often it is right",
    "length_correlation": "length bias: correlation of scores with lengths, from -1 to 1",
    "num_items": "judgements",
    "num_prompts": "prompts",
}
"""Figures and what they mean; others are shown by their own names."""
SHARES = ("accuracy", "frac", "error", "rate", "longest_answer", "majority")


def scorers(run: RunRecord) -> list[Row]:
    """One entry a reward model that has ended."""
    return [_entry(stage) for stage in run.stages if stage.kind == "reward_model" and stage.result]


def _entry(stage: StageRecord) -> Row:
    found = held_out(stage.result)
    return {
        "stage": stage.name,
        "sees": str(stage.settings.get("sees") or "response"),
        "what": "pairs" if stage.settings.get("pairs") else "labels",
        "facts": [
            {"label": NAMES.get(name, name.replace("_", " ")), "text": text}
            for name, value in _named(found).items()
            if (text := _text(name, value))
        ],
        "calibration": _calibration(found.get("bins")),
    }


def _named(found: Row) -> Row:
    """The baseline under its own name."""
    name = str(found.get("baseline_name") or "baseline")
    return {name if key == "baseline" else key: value for key, value in found.items()}


def _text(name: str, value: object) -> str:
    """The figure in words: a share with its interval, a count, a number; empty for what is none."""
    scale, unit = (100.0, " %") if name.endswith(SHARES) else (1.0, "")
    interval = [number(value.get(key)) for key in ("value", "low", "high")] if isinstance(value, dict) else [None]
    if None not in interval:
        middle, low, high = (scale * (each or 0.0) for each in interval)
        return f"{middle:.3g}{unit} [{low:.3g}–{high:.3g}]"
    single = number(value)
    if single is None:
        return ""
    return f"{single:,.0f}" if isinstance(value, int) else f"{scale * single:.3g}{unit}"


def _calibration(bins: object) -> Row | None:
    """What it says against what happens, bin by bin."""
    rows = [row for row in bins if isinstance(row, dict)] if isinstance(bins, list) else []
    points = [(number(row.get("predicted")), number(row.get("happened")), number(row.get("count"))) for row in rows]
    drawn = [(said, true, count) for said, true, count in points if said is not None and true is not None and count]
    if not drawn:
        return None
    labels = [f"{100 * said:.0f} %" for said, _, _ in drawn]
    series = [
        {"label": "what happens", "x": list(range(len(drawn))), "y": [true for _, true, _ in drawn]},
        {"label": "what it says", "x": list(range(len(drawn))), "y": [said for said, _, _ in drawn]},
    ]
    sizes = ", ".join(f"{label}: {count:.0f}" for label, (_, _, count) in zip(labels, drawn, strict=True))
    made = chart("calibration", "Calibration", "percent", series, "", f"Judgements by how sure it was: {sizes}.")
    return made | {"labels": labels, "x_label": "how sure it was"}
