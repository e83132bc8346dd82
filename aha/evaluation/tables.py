"""Evaluations, comparisons and power as tables in the terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.table import Table
from rich.text import Text

from aha.evaluation.compare import Comparison
from aha.evaluation.memorisation import Memorisation
from aha.evaluation.power import PowerTable
from aha.types import Evaluation, Interval


def print_evaluations(evaluations: Sequence[Evaluation], console: Console) -> None:
    """One row a benchmark: scores in percent with their intervals, then what explains them."""
    table = Table(title="95 % bootstrap intervals over problems", title_style="dim")
    for name in ("benchmark", "problems × k", "pass@1", "pass@k", "cons@k", "pass@1 of well-formed"):
        table.add_column(name, justify="left" if name == "benchmark" else "right")
    for name in ("format", "tokens", "truncated", "repetition", "undecided"):
        table.add_column(name, justify="right", style="dim")
    for each in evaluations:
        scores = [each.scores.get(name) for name in ("pass@1", "pass@k", "cons@k", "pass@1_formatted")]
        reasons = [reason for problem in each.problems for reason in problem["reasons"]]
        table.add_row(
            Text(each.benchmark),
            f"{each.num_problems} × {each.k}",
            *[shown(score) for score in scores],
            f"{100 * each.format_rate:.1f} %",
            f"{each.mean_tokens:.0f}",
            f"{100 * reasons.count('truncated') / len(reasons):.1f} %",
            f"{100 * each.repetition_rate:.1f} %",
            f"{100 * each.undecided_frac:.1f} %",
        )
    console.print(table)
    for each in evaluations:
        if each.undecided_frac:
            console.print(Text(f"{each.benchmark}: {100 * each.undecided_frac:.1f} % undecided, counted as wrong."))
        if each.refusal_rate is not None:
            console.print(Text(f"{each.benchmark}: {100 * each.refusal_rate:.1f} % of the answers refuse."))


def shown(score: Interval | None) -> str:
    """`61.3 [58.0, 64.5]` in percent; a dash where there is no score."""
    return "–" if score is None else f"{100 * score.value:.1f} [{100 * score.low:.1f}, {100 * score.high:.1f}]"


def print_comparisons(comparisons: Sequence[Comparison], console: Console) -> None:
    """A table, then each verdict and what else differs in sentences."""
    table = Table()
    for name in ("benchmark", "problems", "first", "second", "second − first", "p bootstrap", "p permutation"):
        table.add_column(name, justify="left" if name == "benchmark" else "right")
    for each in comparisons:
        table.add_row(
            Text(each.benchmark),
            str(each.num_problems),
            shown(each.score_a),
            shown(each.score_b),
            Text(shown(each.difference), style="bold" if each.significant else ""),
            f"{each.p_bootstrap:.2g}",
            f"{each.p_permutation:.2g}",
        )
    console.print(table)
    for each in comparisons:
        console.print(Text(f"{each.benchmark}: {each.verdict}"))
        for note in each.notes:
            console.print(Text(f"  {note}", style="yellow"))


def print_memorisation(found: Memorisation, console: Console) -> None:
    """LiMem and its parts in percent with their intervals, and what they mean."""
    table = Table()
    for name in ("puzzles", "solved", "of these, also when changed", "LiMem", "asked again unchanged"):
        table.add_column(name, justify="right")
    scores = (found.accuracy, found.consistency, found.score, found.asked_again)
    table.add_row(str(found.num_puzzles), *[shown(each) for each in scores])
    console.print(table)
    console.print(Text("LiMem: solved as they were and not when changed. The last column is what of it is chance."))


def print_power(power: PowerTable, console: Console) -> None:
    """Rows of problems, columns of samples, cells in points."""
    table = Table(title="Smallest difference of pass@1, in points, that a paired test finds in 4 of 5 repeats")
    table.add_column("problems", justify="right")
    for k in power.k:
        table.add_column(f"k = {k}", justify="right")
    for num_problems, row in zip(power.num_problems, power.differences, strict=True):
        table.add_row(str(num_problems), *[f"{100 * difference:.1f}" for difference in row])
    console.print(table)
    console.print(Text(power.basis))
