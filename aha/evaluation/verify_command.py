"""What `aha verify` prints: rows on standard output; progress, rejected rows and the tables where people read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.progress import Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from aha.config.settings import EngineSettings
from aha.evaluation.agreement import OUTCOMES, Agreement
from aha.evaluation.tables import shown
from aha.evaluation.verdict_files import Verified, line_of, verify_file
from aha.evaluation.verifier_pool import verifier_pool

MAX_FAILURES = 10


def verify_rows(path: Path, *, against: str | None, write: Callable[[str], None] | None, console: Console) -> Verified:
    """Grade a file with a worker a core; `write` gets each graded row as a line (None: no rows)."""
    columns = (TextColumn("{task.description}", markup=False), TextColumn("{task.fields[found]}"), TimeElapsedColumn())

    def say(problem: str) -> None:
        console.print(Text(f"rejected: {problem}"), soft_wrap=True)

    with (
        verifier_pool(EngineSettings()) as pool,
        Progress(*columns, console=console) as bar,
    ):
        task = bar.add_task(str(path), total=None, found="")
        verified = verify_file(
            path,
            pool,
            against=against,
            on_row=lambda row: None if write is None else write(line_of(row)),
            on_rejected=say,
            on_progress=lambda so_far: bar.update(task, found=_counts(so_far)),
        )
    print_verified(verified, console)
    return verified


def print_verified(verified: Verified, console: Console) -> None:
    """Counts by reason, what failed calls said, and the agreement with labels."""
    console.print(Text(f"{verified.file}: {_counts(verified)}"), soft_wrap=True)
    table = Table()
    table.add_column("verdict")
    table.add_column("rows", justify="right")
    for reason, count in verified.reasons.most_common():
        table.add_row(Text(reason), f"{count:,}")
    console.print(table)
    for message, count in verified.failures.most_common(MAX_FAILURES):
        console.print(Text(f"undecided, {count} ×: {message}", style="yellow"), soft_wrap=True)
    if verified.agreement is not None:
        print_agreement(verified.agreement, console)


def print_agreement(agreement: Agreement, console: Console) -> None:
    """The confusion table, the two rates, and a line a disagreement."""
    table = Table()
    table.add_column(Text(f"{agreement.column} (given)"))
    for outcome in OUTCOMES:
        table.add_column(outcome, justify="right")
    for label, found in agreement.counts.items():
        table.add_row(label, *[f"{found[outcome]:,}" for outcome in OUTCOMES])
    console.print(table)
    console.print(
        Text(
            f"False correct: {shown(agreement.rate('wrong', 'correct'))} % of the rows labelled wrong. "
            f"False wrong: {shown(agreement.rate('correct', 'wrong'))} % of those labelled correct."
        ),
        soft_wrap=True,
    )
    for each in agreement.disagreements:
        console.print(
            Text(
                f"row {each['row']}, id {each['id']}: label {each['label']}, verdict {each['outcome']} "
                f"({each['reason']}); extracted {each['extracted']!r}, reference {each['reference']!r}"
            ),
            soft_wrap=True,
        )


def _counts(verified: Verified) -> str:
    found = ", ".join(f"{verified.outcomes[outcome]:,} {outcome}" for outcome in OUTCOMES)
    return found + (f", {len(verified.rejected):,} rejected" if verified.rejected else "")
