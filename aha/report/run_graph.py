"""The graph of a run: a box a stage with its kind, its state and its headline, arrows by what each reads."""

from __future__ import annotations

from aha.report.evaluations import score
from aha.report.layout import place
from aha.report.read import Row, RunRecord, StageRecord, row_of
from aha.report.reads import Read, number, planned, reads
from aha.report.summary import percent

ENDED = {
    "rounds": "all rounds",
    "updates": "all updates",
    "epochs": "all epochs",
    "tokens": "token budget spent",
    "plateau": "ended on a plateau",
    "over_optimised": "ended: over-optimised",
}
"""Why a stage ended, in words."""


def run_graph(run: RunRecord) -> Row:
    """Boxes and arrows with their places, in boxes and rows; models from outside the run are boxes too."""
    stages = planned(run)
    found = {name: reads(run, settings) for name, settings in stages.items()}
    arrows: dict[tuple[str, str], Read] = {}
    outside: dict[str, Read] = {}
    for name, all_read in found.items():
        for read in all_read:
            if read.flow == "model" and read.source is None:
                outside[f"model {read.name}"] = read
                arrows.setdefault((f"model {read.name}", name), read)
            elif read.source is not None:
                arrows.setdefault((read.source, name), read)
    boxes, bends = place([*outside, *stages], list(arrows))
    records = {stage.name: stage for stage in run.stages}
    drawn = [
        {"id": name, "x": boxes[name][0], "row": boxes[name][1], **_outside(read)} for name, read in outside.items()
    ]
    for name, settings in stages.items():
        box = {
            "id": name,
            "name": name,
            "kind": str(settings.get("kind") or ""),
            "x": boxes[name][0],
            "row": boxes[name][1],
        }
        drawn.append(box | _state(run, records.get(name)) | {"notes": _notes(found[name])})
    lines = [
        {"from": edge[0], "to": edge[1], "flow": arrows[edge].flow, "bends": bends[edge]}
        for edge in arrows
        if edge in bends
    ]
    return {"boxes": drawn, "arrows": lines, "rows": 1 + max((row for _, row in boxes.values()), default=-1)}


def headline(stage: StageRecord) -> list[str]:
    """What a finished stage has to show, in at most two short lines."""
    result, lines = stage.result, []
    benchmark = main_benchmark(stage)
    found = score(stage.evaluations[benchmark], "pass@1") if benchmark else None
    if found:
        lines.append(f"{percent(found['value'])} {benchmark} pass@1")
    accuracy = score(held_out(result), "accuracy")
    if accuracy:
        lines.append(f"{percent(accuracy['value'])} of held-out {'pairs' if stage.settings.get('pairs') else 'labels'}")
    rows = number(result.get("num_rows"))
    if rows is not None:
        lines.append(f"{rows:,.0f} rows kept")
    if result.get("ended"):
        lines.append(ENDED.get(str(result["ended"]), f"ended: {result['ended']}"))
    known = row_of(result.get("cost"))
    length = next((name for name in ("rounds", "updates") if number(known.get(name)) is not None), None)
    if length and not result.get("ended"):
        lines.append(f"{known[length]:,.0f} {length}")
    loss = next((number(line.get("loss")) for line in reversed(stage.metrics) if "loss" in line), None)
    if loss is not None and stage.kind in ("sft", "pretrain") and len(lines) < 2:
        lines.append(f"loss {loss:.3g}")
    return lines[:2]


def main_benchmark(stage: StageRecord) -> str | None:
    """Held-out problems first, else the first by name."""
    names = sorted(stage.evaluations, key=lambda name: ("heldout" not in name, name))
    return names[0] if names else None


def held_out(result: Row) -> Row:
    """What a reward model's result says of pairs or labels that it was not trained on; empty where it says nothing."""
    return row_of(result.get("held_out"))


def _state(run: RunRecord, stage: StageRecord | None) -> Row:
    if stage is None:
        return {"state": "waiting", "lines": ["not begun"]}
    if stage.result:
        return {"state": "done", "lines": headline(stage) or ["done"]}
    running = run.status.get("state") == "running" and run.status.get("stage") == stage.name
    step = f", round {stage.rounds[-1]['step']}" if stage.rounds else ""
    return {"state": "running" if running else "stopped", "lines": [("running" if running else "not finished") + step]}


def _outside(read: Read) -> Row:
    return {"name": read.shown, "kind": "model", "state": "outside", "lines": [], "notes": []}


def _notes(found: list[Read]) -> list[str]:
    """Who else has a part in it: writers and judges from outside, files."""
    notes = [
        f"{read.key.removesuffix('.model')}: {read.shown}"
        for read in found
        if read.flow == "writer" and not read.source
    ]
    return list(dict.fromkeys(notes + [read.shown for read in found if read.flow == "data" and read.source is None]))
