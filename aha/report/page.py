"""report.html: one offline file with everything a run has to say, and the two figures as PNG."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import math
import re
from importlib import resources
from pathlib import Path
from typing import Any

from aha.report import (
    charts,
    costs,
    data_sets,
    evaluations,
    lineage,
    plots,
    reads,
    rollouts,
    run_graph,
    score_costs,
    scorers,
    series,
    stage_table,
    summary,
    verdicts,
)
from aha.report.doctor import MARKS, diagnose_record
from aha.report.read import Row, RunRecord, StageRecord, num_rows, read_run
from aha.runtime import files
from aha.types import Json

BROWSER_BYTES = 8_000_000
"""Rollout texts embedded in the page, all stages together, about."""
MAX_PAIRS = 60
MAX_PAIR_CHARS = 8_000
SCRIPTS = ("chart.js", "graph.js", "stages.js", "sections.js", "browser.js")
_SECRET_KEY = re.compile(r"(api_?key|secret|passw|credential|auth|(^|_)token$|(^|_)key$)", re.IGNORECASE)
_SECRET_VALUE = re.compile(r"\b(sk-|hf_|ghp_|AKIA)[A-Za-z0-9_-]{6,}")


def write_report(run: Path) -> Path:
    """Write `run/report.html` and `run/plots/*.png`; returns the page's path. Raises DataError when `run` is no run.

    What is missing or broken in the run is said on the page.
    """
    record = read_run(run)
    found = page_data(record)
    figures = [chart for stage in found["stages"] for chart in stage["figures"]]
    if any(not chart["missing"] for chart in figures):
        files.make_folder(run / "plots")
    for stage in found["stages"]:
        for name, data in plots.draw(stage["figures"]).items():
            files.write_bytes(run / "plots" / f"{stage['name']}-{name}.png", data)
    path = run / "report.html"
    files.write_text(path, render_page(found))
    return path


def page_data(run: RunRecord, browser_bytes: int = BROWSER_BYTES) -> Row:
    """Everything the page shows, as JSON values."""
    pairs = evaluations.pairs(run)
    stages = [_stage(stage, browser_bytes // len(run.trained), run.unread) for stage in run.trained]
    corpus = [
        rollouts.effects_row("corpus (what the base read)", stage.result.get("corpus_reflection") or {})
        for stage in run.stages
    ]
    first = pairs[0] if pairs else None
    return {
        "name": run.name,
        "description": str(run.recipe.get("description") or ""),
        "status": run.status,
        "sentences": summary.sentences(run),
        "graph": run_graph.run_graph(run),
        "scripted": reads.scripted_in(run),
        "stage_table": stage_table.stage_table(run),
        "lineage": lineage.lineage(run),
        "costs": costs.costs(run),
        "score_costs": score_costs.score_costs(run),
        "data_sets": redact(data_sets.data_sets(run)),
        "scorers": scorers.scorers(run),
        "tiles": summary.tiles(run),
        "stages": stages,
        "corpus": [row for row in corpus if row],
        "evaluations": evaluations.table(run),
        "audit": verdicts.audit_rows(run.audit),
        "difficulty": evaluations.by_difficulty(first) if first else [],
        "pairs": evaluations.side_by_side(first, MAX_PAIRS, MAX_PAIR_CHARS) if first else [],
        "pair": {"benchmark": first.benchmark, "stages": [first.before_stage, first.after_stage]} if first else None,
        "kinds": charts.KINDS,
        "findings": [
            {"level": f.level, "mark": MARKS[f.level], "sentence": f.sentence, "cure": f.cure}
            for f in diagnose_record(run)
        ],
        "settings": _settings(run),
        "environment": redact(run.environment),
        "results": {s.name: redact(s.result) for s in run.stages if s.result},
        "unread": list(dict.fromkeys(run.unread)),
    }


def render_page(data: Row) -> str:
    """The HTML text: skeleton, style, data and scripts in one, under a policy that lets nothing else run or load."""
    style, script = _asset("page.css"), "\n".join(_asset(name) for name in SCRIPTS)
    lead, *rest = [html.escape(visible(sentence)) for sentence in data["sentences"]]
    parts = {
        "title": html.escape(visible(data["name"])),
        "description": html.escape(visible(data["description"])),
        "lead": lead,
        "rest": " ".join(rest),
        "style": style,
        "script": script,
        "data": embed(data),
        "policy": "; ".join(
            (
                "default-src 'none'",
                f"script-src '{_digest(script)}'",
                f"style-src '{_digest(style)}'",
                "base-uri 'none'",
                "form-action 'none'",
            )
        ),
    }
    return re.sub(r"\{\{(\w+)\}\}", lambda match: parts[match[1]], _asset("page.html"))


def embed(value: Json) -> str:
    """JSON that is inert inside a script element: `<`, `>`, `&` and non-ASCII escaped, non-finite numbers null."""
    text = json.dumps(_finite(value), ensure_ascii=True, allow_nan=False, separators=(",", ":"))
    for mark in "<>&":
        text = text.replace(mark, f"\\u{ord(mark):04x}")
    return text


def visible(text: str) -> str:
    """Control and direction characters, tabs and newlines excepted, as U+FFFD."""
    return re.sub(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", "\ufffd", text)


def redact(value: Json) -> Json:
    """The value with the values of keys that name secrets, and strings that look like tokens, blacked out."""
    if isinstance(value, dict):
        return {
            key: "(hidden)" if _SECRET_KEY.search(str(key)) and isinstance(item, str) else redact(item)
            for key, item in value.items()
        }
    if isinstance(value, list):
        return [redact(item) for item in value]
    return _SECRET_VALUE.sub("(hidden)", value) if isinstance(value, str) else value


def _stage(stage: StageRecord, browser_bytes: int, unread: list[str]) -> Row:
    first = rollouts.first_reflections(stage, unread)
    groups, steps = rollouts.browse(stage, browser_bytes, {item["group"] for item in first.values()}, unread)
    tokens = series.trained_tokens(stage)
    kept = sum(len(group["rollouts"]) for group in groups)
    return {
        "name": stage.name,
        **charts.sections(stage),
        "tokens": {"steps": list(tokens), "values": list(tokens.values())},
        "first": first,
        "verdicts": verdicts.counts(stage, unread),
        "effects": rollouts.recheck_effects(stage, unread),
        "groups": groups,
        "steps": steps,
        "all_steps": len(stage.rollouts),
        "kept": kept,
        "rollouts": sum(num_rows(path) for path in stage.rollouts.values()),
    }


def _settings(run: RunRecord) -> list[Row]:
    stages = run.recipe.get("stages")
    rows = [{"name": "run", "settings": redact({key: value for key, value in run.recipe.items() if key != "stages"})}]
    return rows + [
        {"name": str(name), "settings": redact(value)}
        for name, value in (stages if isinstance(stages, dict) else {}).items()
    ]


def _finite(value: Any) -> Json:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return value if isinstance(value, str | int | float | bool) or value is None else str(value)


def _asset(name: str) -> str:
    return resources.files("aha.report").joinpath(name).read_text(encoding="utf-8")


def _digest(text: str) -> str:
    """The text's hash as a content security policy writes it."""
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode()
