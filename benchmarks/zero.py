"""The demo with several seeds: does every one of them become R1-Zero?

scripts/bench zero --seeds 3       runs lab-zero once a seed under runs/bench-zero; resumes; writes results/zero.json
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)

from benchmarks.measuring.options import seeds_parser  # noqa: E402
from benchmarks.measuring.results import percent, scores, write_result  # noqa: E402
from benchmarks.measuring.runs import evaluations, minutes, run  # noqa: E402

BENCHMARK = "heldout"
WANTED = {"base_at_most": 0.25, "zero_at_least": 0.60, "format_at_least": 0.95, "formatted_gain_at_least": 0.25}
COLUMNS = ("seed", "stage", "benchmark", "pass@1", "cons@k", "format", "pass@1 of well-formed", "tokens", "minutes")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run each seed, write and print after each."""
    parser = seeds_parser("zero", __doc__, "bench-zero")
    parser.add_argument("--recipe", default="lab-zero")
    parser.add_argument("overrides", nargs="*", help="stage.key=value, as for aha run")
    options = parser.parse_args(arguments)
    found: dict[str, Any] = {}
    for seed in range(options.seeds):
        folder = options.runs / f"seed-{seed}"
        run(options.recipe, folder, [f"seed={seed}", *options.overrides])
        found[str(seed)] = collect(folder)
        values = {"recipe": options.recipe, "overrides": options.overrides, "wanted": WANTED, "seeds": found}
        path = write_result("zero", values, options.out)
    print_table(found)
    for seed_name, result in found.items():
        missed = [name for name, reached in result["reached"].items() if not reached]
        print(f"seed {seed_name}: {'all reached' if not missed else 'MISSED: ' + ', '.join(missed)}")
    print(f"Written to {path}.")


def collect(folder: Path) -> dict[str, Any]:
    """Scores of base and zero on every benchmark, minutes, and what of the wanted was reached."""
    stages = {
        stage: {name: scores(evaluation) for name, evaluation in evaluations(folder, stage).items()}
        for stage in ("base", "zero")
    }
    return {**stages, "minutes": round(minutes(folder), 2), "reached": reached(stages)}


def reached(stages: Mapping[str, Mapping[str, Any]]) -> dict[str, bool]:
    """What was asked of the demo, one by one, on the held-out problems."""
    base, zero = stages["base"][BENCHMARK], stages["zero"][BENCHMARK]
    before, after = (each.get("pass@1_formatted", {"value": 0.0})["value"] for each in (base, zero))
    return {
        "base pass@1": base["pass@1"]["value"] <= WANTED["base_at_most"],
        "zero pass@1": zero["pass@1"]["value"] >= WANTED["zero_at_least"],
        "intervals apart": zero["pass@1"]["low"] > base["pass@1"]["high"],
        "cons@k above pass@1": zero["cons@k"]["value"] > zero["pass@1"]["value"],
        "format": zero["format_rate"] >= WANTED["format_at_least"],
        "gain among well-formed": after - before >= WANTED["formatted_gain_at_least"],
        "enough problems": min(base["num_problems"], zero["num_problems"]) >= 200,
    }


def rows(found: Mapping[str, Any]) -> list[list[str]]:
    """One row a seed, stage and benchmark, cells as text in the order of COLUMNS."""
    table = []
    for seed, result in found.items():
        for stage in ("base", "zero"):
            for name, each in sorted(result[stage].items(), key=lambda item: item[0] != BENCHMARK):
                whole = stage == "zero" and name == BENCHMARK
                table.append(
                    [
                        seed,
                        stage,
                        name,
                        percent(each["pass@1"]),
                        percent(each["cons@k"]),
                        f"{100 * each['format_rate']:.1f}",
                        percent(each.get("pass@1_formatted")),
                        f"{each['mean_tokens']:.0f}",
                        f"{result['minutes']:.1f}" if whole else "",
                    ]
                )
    return table


def print_table(found: Mapping[str, Any]) -> None:
    """The table in the terminal."""
    from rich.console import Console
    from rich.table import Table

    table = Table(*COLUMNS, title="In percent, 95 % intervals over problems")
    for row in rows(found):
        table.add_row(*row)
    Console(width=132).print(table)


if __name__ == "__main__":
    main()
