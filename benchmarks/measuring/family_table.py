"""The table of `scripts/bench family` in the terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from benchmarks.measuring.results import number, percent

COLUMNS = (
    *("row", "pass@1, %", "less grpo's", "tokens", "wrong ones", "form, %", "entropy"),
    *("minutes", "GiB", "generated", "updates", "seeds"),
)
TITLE = (
    "Equal tokens through the update. Scores with intervals of 95 % over problems, each the mean of its seeds; "
    "all else means over seeds. minutes: all of the run, in brackets training alone; GiB: the peak."
)


def cells(name: str, row: Mapping[str, Any]) -> list[str]:
    """A row as text, in the order of COLUMNS."""
    return [
        name,
        percent(row["pass@1"]),
        percent(row["against"].get("pass@1")),
        number(row["mean_tokens"], 1),
        number(row["wrong_tokens"], 1),
        number(100 * row["format_rate"], 1),
        number(row["entropy"], 3),
        f"{number(row['minutes'], 1)} ({number(row['training_minutes'], 1)})",
        number(row["memory_bytes"] / 2**30, 2),
        number(row["generated_tokens"], 0),
        number(row["updates"], 0),
        str(len(row["seeds"])),
    ]


def print_row(name: str, row: Mapping[str, Any]) -> None:
    """One row as a line, as soon as it is there."""
    named = [f"{column} {cell}" for column, cell in zip(COLUMNS[1:], cells(name, row)[1:], strict=True)]
    print(f"{name}: {'; '.join(named)}", flush=True)


def print_table(rows: Mapping[str, Mapping[str, Any]]) -> None:
    """All rows."""
    from rich.console import Console
    from rich.table import Table

    table = Table(*COLUMNS, title=TITLE)
    for name, row in rows.items():
        table.add_row(*cells(name, row))
    Console(width=150).print(table)
