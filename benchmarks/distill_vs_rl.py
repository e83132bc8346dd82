"""Does a small model learn more from a teacher's answers or from its own, on equal tokens through the update?

scripts/bench distill-vs-rl --seeds 3    runs distill-vs-rl once a seed under runs/bench-distill; resumes
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)

from aha.evaluation.statistics import bootstrap  # noqa: E402
from aha.report.read import read_run  # noqa: E402
from aha.report.score_costs import AMOUNTS, score_costs  # noqa: E402
from aha.types import Evaluation  # noqa: E402
from benchmarks.measuring.intervals import by_problem, rates  # noqa: E402
from benchmarks.measuring.options import seeds_parser  # noqa: E402
from benchmarks.measuring.results import interval, percent, scores, write_result  # noqa: E402
from benchmarks.measuring.runs import minutes, only, run  # noqa: E402

RECIPE = "distill-vs-rl"
ROWS = ("teacher", "before", "sft", "rl", "sft-rl")
ARMS = ("sft", "rl", "sft-rl")
EXPECTED = {"SFT at least RL": ("sft", "rl"), "SFT + RL at least SFT": ("sft-rl", "sft")}
"""The paper (2501.12948, 2.4 and 4.1), as (the better arm, the other)."""
EQUAL = 0.05
"""The most by which the arms' tokens may differ, as a share: the last update of an arm goes beyond its budget."""
COLUMNS = ("stage", "pass@1, %", "each seed", "tokens through the update", "generated", "teacher's")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run seed by seed, write after each, print all."""
    parser = seeds_parser("distill-vs-rl", __doc__, "bench-distill")
    parser.add_argument("overrides", nargs="*", help="stage.key=value, as for aha run")
    options = parser.parse_args(arguments)
    folders: dict[str, Path] = {}
    for seed in range(options.seeds):
        folders[str(seed)] = options.runs / f"seed-{seed}"
        run(RECIPE, folders[str(seed)], [f"seed={seed}", *options.overrides])
        found = collect(folders)
        path = write_result("distill_vs_rl", {"overrides": options.overrides, **found}, options.out)
    print_result(found)
    print(f"Written to {path}.")


def collect(folders: Mapping[str, Path]) -> dict[str, Any]:
    """Scores and tokens of each stage, over all seeds and of each; differences; what was expected and what came."""
    scored = {seed: {stage: only(folder, stage) for stage in ROWS} for seed, folder in folders.items()}
    spent = {seed: amounts(folder) for seed, folder in folders.items()}
    return {
        "pooled": {
            stage: {
                "pass@1": interval(bootstrap(rates([each[stage] for each in scored.values()]), seed=0)),
                **{name: round(mean(each[stage][name] for each in spent.values())) for name in AMOUNTS},
            }
            for stage in ROWS
        },
        "expected": {name: expected(scored, *arms) for name, arms in EXPECTED.items()},
        "equal_tokens": {seed: equal({arm: each[arm]["trained"] for arm in ARMS}) for seed, each in spent.items()},
        "seeds": {
            seed: {
                "minutes": round(minutes(folders[seed]), 1),
                **{stage: scores(scored[seed][stage]) | spent[seed][stage] for stage in ROWS},
            }
            for seed in folders
        },
    }


def amounts(folder: Path) -> dict[str, dict[str, int]]:
    """Tokens of each stage, with all that its model descends from, as the report tells them."""
    rows = {row["stage"]: row for row in score_costs(read_run(folder))["rows"]}
    return {stage: {name: int(rows[stage][name]) for name in AMOUNTS} for stage in ROWS}


def equal(tokens: Mapping[str, int]) -> bool:
    """Whether the arms learned from as many tokens."""
    return max(tokens.values()) <= min(tokens.values()) * (1 + EQUAL)


def expected(scored: Mapping[str, Mapping[str, Evaluation]], better: str, other: str) -> dict[str, Any]:
    """The difference of two arms, paired by problem, over all seeds and of each; whether it is as expected, and whether
    its interval leaves 0 out."""
    pairs = [(rates([each[better]]), rates([each[other]])) for each in scored.values()]
    seeds = [mean(first) - mean(second) for first, second in pairs]
    after, before = ([each[arm] for each in scored.values()] for arm in (better, other))
    found = interval(by_problem(after, before))
    return {
        "difference": found,
        "seeds": [round(each, 4) for each in seeds],
        "held": found["value"] >= 0,
        "clear": not found["low"] <= 0 <= found["high"],
    }


def print_result(found: Mapping[str, Any]) -> None:
    """The table and the expectations in the terminal."""
    from rich.console import Console
    from rich.table import Table

    table = Table(
        *COLUMNS, title="Intervals of 95 % over problems, each the mean of its seeds; tokens are means over seeds"
    )
    for stage in ROWS:
        row = found["pooled"][stage]
        each = ", ".join(f"{100 * seed[stage]['pass@1']['value']:.1f}" for seed in found["seeds"].values())
        table.add_row(stage, percent(row["pass@1"]), each, *(f"{row[name]:,}" for name in AMOUNTS))
    Console(width=132).print(table)
    for name, each in found["expected"].items():
        held = "held" if each["held"] else "NOT held"
        clear = "clear of 0" if each["clear"] else "0 is within"
        seeds = ", ".join(f"{100 * value:+.1f}" for value in each["seeds"])
        print(f"{name}: {held}, difference {percent(each['difference'])} ({clear}); seeds {seeds}")
    unequal = [seed for seed, is_so in found["equal_tokens"].items() if not is_so]
    print(f"Arms on equal tokens: {'yes' if not unequal else 'NO, seeds ' + ', '.join(unequal)}")


if __name__ == "__main__":
    main()
