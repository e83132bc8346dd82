"""What `aha audit` prints: rates of likely false verdicts, by reason, and examples."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from aha.config.settings import EngineSettings
from aha.evaluation.audit import FILE, KINDS, Audit, audit_run
from aha.evaluation.tables import shown
from aha.evaluation.verifier_pool import verifier_pool
from aha.types import Interval

MEANINGS = {
    "false_wrong": "called wrong after a comparison, right by the second judge",
    "misplaced": "no single answer at its place, right by the second judge",
    "false_right": "called correct, wrong by the second judge",
}
MAX_EXAMPLES = 5


def audit(run: Path, *, num_samples: int, seed: int, console: Console) -> Audit:
    """Judge a sample of the run's rollouts again with a worker a core, write audit.json, print the tables."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn())
    with (
        verifier_pool(EngineSettings()) as pool,
        Progress(*columns, console=console) as bar,
    ):
        task = bar.add_task("second judge", total=num_samples)
        found = audit_run(
            run, pool, num_samples=num_samples, seed=seed, on_progress=lambda done: bar.update(task, completed=done)
        )
    print_audit(found, run, console)
    return found


def print_audit(found: Audit, run: Path, console: Console) -> None:
    """Rates with intervals, then the same by reason, then some examples of each kind."""
    judges = ", ".join(f"{name} {count}" for name, count in found.judges.most_common()) or "none"
    console.print(Text(f"Second judges: {judges}; without an opinion: {found.num_without_opinion}."), soft_wrap=True)
    table = Table()
    for name in ("likely", "checked", "found", "% [95 %]", "meaning"):
        table.add_column(name, justify="left" if name in ("likely", "meaning") else "right")
    for kind, rate in found.rates().items():
        share = shown(None if rate is None else Interval(**rate))
        table.add_row(kind.replace("_", " "), f"{found.checked[kind]}", f"{found.found[kind]}", share, MEANINGS[kind])
    console.print(table)
    table = Table()
    for name in ("verdict", "checked", "contradicted"):
        table.add_column(name, justify="left" if name == "verdict" else "right")
    for reason, (num_checked, num_contradicted) in sorted(found.reasons.items()):
        table.add_row(Text(reason), f"{num_checked}", f"{num_contradicted}")
    console.print(table)
    for reason, count in found.undecided.most_common():
        console.print(Text(f"undecided, {count} of {found.num_rollouts.total()} rollouts: {reason}", style="yellow"))
    for kind in KINDS:
        for example in found.examples[kind][:MAX_EXAMPLES]:
            console.print(
                Text(
                    f"{kind.replace('_', ' ')}: rollout {example['rollout_id']} of {example['stage']} "
                    f"({example['reason']}): extracted {example['extracted']!r}, second judge {example['second']!r}, "
                    f"reference {example['reference']!r}"
                ),
                soft_wrap=True,
            )
    console.print(Text(f"Written: {run / FILE}; `aha report {run}` shows it.", style="dim"), soft_wrap=True)
