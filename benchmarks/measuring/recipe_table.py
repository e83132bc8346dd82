"""The table of `scripts/bench recipes` in the terminal: stages and what each was scored on."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from benchmarks.measuring.expectations import print_checks
from benchmarks.measuring.results import number, percent

COLUMNS = ("stage", "scored on", "pass@1, %", "tokens", "wrong ones", "cut off, %", "minutes", "GiB", "trained, M")
TITLE = (
    "Scores with intervals of 95 % over problems, each the mean of its seeds; all else means over seeds. `training` is "
    "the last fifth of the rounds, the problems and temperature of training; GiB: the peak of the process."
)


def print_recipe(recipe: str, found: Mapping[str, Any]) -> None:
    """One recipe: its table and its checks."""
    from rich.console import Console
    from rich.table import Table

    table = Table(*COLUMNS, title=f"{recipe}, seeds {', '.join(found['seeds'])}. {TITLE}")
    for name, stage in found["stages"].items():
        for row in rows(name, stage):
            table.add_row(*row)
    Console(width=150).print(table)
    print_checks(found["checks"])


def rows(name: str, stage: Mapping[str, Any]) -> Iterator[list[str]]:
    """A stage's lines in the order of COLUMNS: each benchmark, then its last rounds; costs in the first."""
    lines = [(on, percent(each["pass@1"]), each) for on, each in stage["benchmarks"].items()]
    if stage["training"]:
        lines.append(("training", number(scaled(stage["training"]["accuracy"], 100), 1), stage["training"]))
    costs = [
        number(stage["minutes"], 1),
        number(scaled(stage["memory_bytes"], 1 / 2**30), 2),
        number(scaled(stage["trained_parameters"], 1e-6), 2),
    ]
    for on, score, each in lines or [("–", "–", {})]:
        lengths = [number(each.get(key), 1) for key in ("tokens", "wrong_tokens")]
        yield [name, on, score, *lengths, number(scaled(each.get("cut_off"), 100), 1), *costs]
        name, costs = "", ["", "", ""]


def scaled(value: float | None, factor: float) -> float | None:
    """In another unit."""
    return None if value is None else value * factor


def count(found: Mapping[str, Mapping[str, Any]]) -> str:
    """`12 of 20 checks held, 3 did not, 5 are not known`, over all recipes."""
    told = [check["held"] for recipe in found.values() for check in recipe["checks"]]
    return (
        f"{told.count(True)} of {len(told)} checks held, {told.count(False)} did not, {told.count(None)} are not known"
    )
