"""What the papers let expect of a figure, what was found over seeds, and whether it held."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from benchmarks.measuring.intervals import student
from benchmarks.measuring.results import interval

Relation = Literal["above", "below", "at least", "at most", "equal", "none"]
SHARES = ("pass@1", "clip_frac", "explained_variance", "accuracy", "_error", "over_budget", "cut_off", "limem")
"""A measure with one of these in its name is told in percent."""


@dataclass(slots=True, frozen=True)
class Check:
    """What is expected of a row (a row of a table, a stage of a recipe): how its measure stands to a threshold, after
    the same measure of `control` was taken off."""

    row: str
    what: str
    measure: str
    relation: Relation
    control: str | None = None
    threshold: float = 0.0
    relative: bool = False
    """The figure is measure / control - 1 instead of the difference."""


def paired(
    own: Sequence[float | None], others: Sequence[float | None] | None = None, relative: bool = False
) -> dict[str, float] | None:
    """A measure less (relative: over, less 1) that of the control, seed by seed, as a mean with Student's interval; no
    interval where there is one seed. None where a figure is missing, or there is no seed."""
    control = [0.0] * len(own) if others is None else others
    pairs = [(one, other) for one, other in zip(own, control, strict=True) if one is not None and other is not None]
    if not pairs or len(pairs) < len(own) or (relative and 0 in [other for _, other in pairs]):
        return None
    values = [one / other - 1 if relative else one - other for one, other in pairs]
    return interval(student(values)) if len(values) > 1 else {"value": round(values[0], 4)}


def judged(check: Check, found: Mapping[str, float] | None) -> dict[str, Any]:
    """A check with its figure, whether it held and whether the interval leaves the threshold out; None for what cannot
    be said."""
    return {
        "row": check.row,
        "what": check.what,
        "measure": check.measure,
        "control": check.control,
        "relation": check.relation,
        "threshold": check.threshold,
        "relative": check.relative,
        "found": found,
        "held": None if found is None else held(check.relation, found, check.threshold),
        "clear": is_clear(found, check.threshold),
    }


def held(relation: str, found: Mapping[str, float], threshold: float = 0.0) -> bool | None:
    """Whether a figure stands to the threshold as expected; None where that takes an interval and there is none."""
    value = found["value"]
    if relation == "equal":
        return found["low"] <= threshold <= found["high"] if "low" in found else None
    return {
        "above": value > threshold,
        "below": value < threshold,
        "at least": value >= threshold,
        "at most": value <= threshold,
        "none": value == 0,
    }[relation]


def is_clear(found: Mapping[str, float] | None, threshold: float = 0.0) -> bool | None:
    """Whether the interval leaves the threshold out; None without one."""
    return None if found is None or "low" not in found else not found["low"] <= threshold <= found["high"]


def print_checks(checks: Sequence[Mapping[str, Any]]) -> None:
    """Each expectation on a line: held or not, with its figure."""
    for check in checks:
        print(check_line(check))


def check_line(check: Mapping[str, Any]) -> str:
    """`dapo: entropy is higher (entropy against grpo): held, 0.0231 [0.0102, 0.0360], clear of 0`."""
    way = "over" if check["relative"] else "against"
    control = f" {way} {check['control']}" if check["control"] else ""
    found, threshold = check["found"], check["threshold"]
    start = f"{check['row']}: {check['what']} ({check['measure']}{control})"
    if found is None:
        return f"{start}: not known, no such figure or no seed of both rows"
    scale, unit = (100, " %") if in_percent(check) else (1, "")
    told = {True: "held", False: "NOT held", None: "not known, one seed has no interval"}[check["held"]]
    bound = f"{scale * threshold:g}{unit if threshold else ''}"
    wanted = f" (asked {check['relation']} {bound})" if threshold else ""
    clear = {True: f", clear of {bound}", False: f", {bound} is within", None: ""}[check["clear"]]
    return f"{start}: {told}, {figure(found, scale)}{unit}{wanted}{clear}"


def in_percent(check: Mapping[str, Any]) -> bool:
    """Whether a check's figure is a share."""
    return check["relative"] or any(name in check["measure"] for name in SHARES)


def figure(found: Mapping[str, float], scale: float) -> str:
    """A value, with its interval where there is one."""
    text = f"{scale * found['value']:.4g}"
    return text + (f" [{scale * found['low']:.4g}, {scale * found['high']:.4g}]" if "low" in found else "")
