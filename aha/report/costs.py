"""What each stage cost: tokens sampled, asked of others and trained on, and seconds by phase."""

from __future__ import annotations

from aha.report.read import Row, RunRecord, StageRecord, row_of
from aha.report.reads import number
from aha.report.series import trained_tokens

TRAINED = ("trained_tokens", "num_trained_tokens")
SAMPLED = ("sampled_tokens", "num_sampled_tokens", "answers_tokens", "samples_tokens")
OTHER = ("seq_tokens", "tokens", "prompt_tokens")
"""Token counts that are neither sampled nor asked."""


def costs(run: RunRecord) -> Row:
    """A row a stage that has begun, the phases in the order of their time, and sums."""
    rows = [_row(stage) for stage in run.stages if stage.result or stage.timing]
    phases: dict[str, float] = {}
    for row in rows:
        for phase, seconds in row["seconds"].items():
            phases[phase] = phases.get(phase, 0.0) + seconds
    names = ("sampled", "asked", "trained")
    total = {name: sum(row[name] or 0 for row in rows) or None for name in names} | {"total": sum(phases.values())}
    return {"rows": rows, "phases": sorted(phases, key=lambda phase: -phases[phase]), "sums": total}


def _row(stage: StageRecord) -> Row:
    known = row_of(stage.result.get("cost"))
    trained = next((number(known[name]) for name in TRAINED if name in known), None)
    sampled = next((number(known[name]) for name in SAMPLED if name in known), None)
    asked = [
        number(value) or 0
        for name, value in known.items()
        if name.endswith("_tokens") and name not in (*TRAINED, *SAMPLED, *OTHER)
    ]
    seconds = row_of(row_of(stage.result.get("timing")).get("seconds")) or _timed(stage)
    return {
        "stage": stage.name,
        "kind": stage.kind,
        "sampled": sampled,
        "asked": sum(asked) or None,
        "trained": trained or (max(trained_tokens(stage).values(), default=0) or None),
        "seconds": {str(name): number(value) or 0.0 for name, value in seconds.items()},
        "total": sum(number(value) or 0.0 for value in seconds.values()),
    }


def _timed(stage: StageRecord) -> dict[str, float]:
    """Seconds by phase so far, of a stage that has not ended."""
    found: dict[str, float] = {}
    for line in stage.timing:
        for name, value in line.items():
            if name.startswith("seconds/"):
                phase = name.removeprefix("seconds/")
                found[phase] = found.get(phase, 0.0) + (number(value) or 0.0)
    return found
