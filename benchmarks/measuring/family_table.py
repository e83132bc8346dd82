"""The table of `scripts/bench family` in the terminal, and what was expected."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from benchmarks.measuring.results import percent

COLUMNS = (
    *("row", "pass@1, %", "less grpo's", "tokens", "wrong ones", "form, %", "entropy"),
    *("minutes", "GiB", "generated", "updates", "seeds"),
)
TITLE = (
    "Equal tokens through the update. Scores with intervals of 95 % over problems, each the mean of its seeds; "
    "all else means over seeds. minutes: all of the run, in brackets training alone; GiB: the peak."
)
SHARES = ("pass@1", "clip_frac", "explained_variance")


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


def number(value: float | None, digits: int) -> str:
    """With so many digits; a dash where there is none."""
    return "–" if value is None else f"{value:,.{digits}f}"


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


def print_checks(checks: Sequence[Mapping[str, Any]]) -> None:
    """Each expectation on a line: held or not, with its figure."""
    for check in checks:
        print(check_line(check))


def check_line(check: Mapping[str, Any]) -> str:
    """`dapo: entropy is higher (entropy against grpo): held, 0.0231 [0.0102, 0.0360], clear of 0`."""
    control = f" against {check['control']}" if check["control"] else ""
    of = f" ({check['measure']}{control})"
    found = check["found"]
    if found is None:
        return f"{check['row']}: {check['what']}{of}: not known, no such figure or no seed of both rows"
    told = {True: "held", False: "NOT held", None: "not known, one seed has no interval"}[check["held"]]
    clear = {True: ", clear of 0", False: ", 0 is within", None: ""}[check["clear"]]
    return f"{check['row']}: {check['what']}{of}: {told}, {figure(check['measure'], found)}{clear}"


def figure(measure: str, found: Mapping[str, float]) -> str:
    """A value, with its interval where there is one; shares in percent."""
    scale, unit = (100, " %") if measure in SHARES else (1, "")
    text = f"{scale * found['value']:.4g}"
    within = f" [{scale * found['low']:.4g}, {scale * found['high']:.4g}]" if "low" in found else ""
    return f"{text}{within}{unit}"
