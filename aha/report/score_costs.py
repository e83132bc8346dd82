"""What each score cost: the tokens that went into a model, on its whole way from the model outside the run."""

from __future__ import annotations

from collections import Counter

from aha.report.costs import costs
from aha.report.evaluations import score
from aha.report.read import Row, RunRecord
from aha.report.reads import planned, reads

AMOUNTS = ("trained", "generated", "data")
"""Tokens through the update; tokens that the model itself sampled to learn from; tokens that models sampled to make the
data it read, their rewriting and judging included."""


def score_costs(run: RunRecord) -> Row:
    """The benchmark that most stages were scored on, held-out problems first, and a row for each of them: its pass@1,
    and the amounts summed over all stages from which its model descends (`own`: over its own alone, where there are
    more). Rows are empty where no model that learned stands beside another one."""
    counted = Counter(
        name for stage in run.stages for name in stage.evaluations if score(stage.evaluations[name], "pass@1")
    )
    if not counted:
        return {"benchmark": "", "rows": []}
    benchmark = min(counted, key=lambda name: ("heldout" not in name, -counted[name], name))
    spent = {row["stage"]: row for row in costs(run)["rows"]}
    rows = []
    for stage in run.stages:
        found = score(stage.evaluations.get(benchmark, {}), "pass@1")
        if found:
            way = way_of(run, stage.name)
            shown = {name: found[name] for name in ("value", "low", "high") if name in found}
            row: Row = {"stage": stage.name, "kind": stage.kind, "score": shown, "way": way}
            row |= dict(zip(AMOUNTS, _amounts(run, spent, way), strict=True))
            own = dict(zip(AMOUNTS, _amounts(run, spent, way[:1]), strict=True))
            rows.append(row | {"own": own if len(way) > 1 else None})
    learned = any(row["trained"] for row in rows)
    return {"benchmark": benchmark, "rows": rows if learned and len(rows) > 1 else []}


def way_of(run: RunRecord, name: str) -> list[str]:
    """The stages that made the model which stage `name` leaves or scores, the last of them first."""
    stages = planned(run)
    way = [] if stages.get(name, {}).get("kind") == "evaluate" else [name]
    for _ in range(len(stages)):
        found = next((read.source for read in reads(run, stages.get(name, {})) if read.key == "model"), None)
        if found is None:
            break
        way.append(found)
        name = found
    return way


def _amounts(run: RunRecord, spent: dict[str, Row], way: list[str]) -> list[float]:
    own = [spent[name] for name in way if name in spent]
    made = [spent[name] for name in _data_stages(run, way) if name in spent]
    return [
        sum(row["trained"] or 0 for row in own),
        sum(row["sampled"] or 0 for row in own),
        sum((row["sampled"] or 0) + (row["asked"] or 0) for row in made),
    ]


def _data_stages(run: RunRecord, names: list[str]) -> list[str]:
    """The stages that made the data which these read, and the data that those read, each once."""
    stages, waiting = planned(run), list(names)
    found: list[str] = []
    while waiting:
        for read in reads(run, stages.get(waiting.pop(), {})):
            if read.flow == "data" and read.source is not None and read.source not in found:
                found.append(read.source)
                waiting.append(read.source)
    return found
