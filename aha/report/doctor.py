"""One line for each thing that is wrong with a run, or fine: why it is so, and what to do."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from aha.report import drifts, progress, symptoms
from aha.report.findings import Finding
from aha.report.read import RunRecord, StageRecord, read_run

__all__ = ["CHECKS", "MARKS", "Finding", "diagnose", "diagnose_record", "render"]

MARKS: dict[str, str] = {"bad": "✗", "warn": "!", "ok": "✓"}
"""What stands before a finding."""

CHECKS: tuple[Callable[[StageRecord], list[Finding]], ...] = (
    symptoms.not_logged,
    symptoms.accuracy_zero,
    symptoms.no_variance,
    symptoms.loss_zero,
    symptoms.undecided,
    symptoms.format_wrong,
    symptoms.truncation,
    progress.logprob_gap,
    drifts.entropy,
    drifts.length,
    drifts.kl,
    progress.skipped,
    progress.gradient,
    drifts.clipping,
    progress.evaluations,
    progress.hacking,
    progress.bottleneck,
)
"""Every check of a training stage."""


def diagnose(run: Path) -> list[Finding]:
    """Findings about a run directory, the worst first; raises DataError when `run` is none."""
    return diagnose_record(read_run(run))


def diagnose_record(run: RunRecord) -> list[Finding]:
    """The same for a run that has been read. With several training stages each sentence opens with its stage."""
    stages = [stage for stage in run.trained if stage.kind in ("rl", "")]
    found = [
        Finding("bad", "unreadable", sentence, "Restore the file, or run the stage again.") for sentence in run.unread
    ]
    if run.status.get("state") == "stopped":
        why = f"The run stopped: {run.status.get('text') or run.status.get('error') or 'no reason was recorded'}"
        found.append(Finding("bad", "stopped", why, "Mend the cause and run the same command again: it resumes."))
    if not stages:
        found.append(
            Finding(
                "warn",
                "no_training",
                "No training round has been logged, so there is nothing to judge yet.",
                "Wait for the first round, or look into events.jsonl for why it did not come.",
            )
        )
    for stage in stages:
        prefix = f"{stage.name}: " if len(stages) > 1 else ""
        found += [Finding(f.level, f.name, prefix + f.sentence, f.cure) for check in CHECKS for f in check(stage)]
    return sorted(found, key=lambda finding: list(MARKS).index(finding.level))


def render(findings: list[Finding]) -> str:
    """Plain text, one line a finding: mark, sentence, cure. Control characters are left out."""
    lines = [
        f"{MARKS[finding.level]} {finding.sentence}{' → ' + finding.cure if finding.cure else ''}"
        for finding in findings
    ]
    return "\n".join(re.sub(r"[\x00-\x1f\x7f-\x9f]", "", line) for line in lines)
