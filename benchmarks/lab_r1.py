"""The whole R1 recipe on the embedded base with several seeds: the stage table, its shape beside the paper's, and what
the cold start does for reinforcement learning.

scripts/bench lab-r1 --seeds 3     runs lab-r1 once a seed under runs/bench-lab-r1; resumes; writes results/lab_r1.json
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import mean, stdev
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)

from aha.evaluation.statistics import bootstrap  # noqa: E402
from aha.runtime.metrics import read_lines  # noqa: E402
from aha.types import Evaluation  # noqa: E402
from benchmarks.measuring.curves import jitter  # noqa: E402
from benchmarks.measuring.intervals import by_problem, rates  # noqa: E402
from benchmarks.measuring.options import seeds_parser  # noqa: E402
from benchmarks.measuring.results import interval, percent, scores, write_result  # noqa: E402
from benchmarks.measuring.runs import evaluations, minutes, run  # noqa: E402

STAGES = ("base", "zero", "dev1", "dev2", "dev3", "no-instructions", "r1", "student")
REASONING, PREFERENCE = "heldout", "preference"
FROM_BASE, FROM_COLD_START = "zero", "dev2"
FIRST_ROUNDS = 10
REACHED = 0.6
"""The held-out pass@1 to which updates are counted."""
ALLOWED_MINUTES = 40

Found = dict[str, dict[str, Evaluation]]
"""Stage → benchmark → evaluation, of one seed."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run each seed, write and print after each."""
    parser = seeds_parser("lab-r1", __doc__, "bench-lab-r1")
    options, extra = parser.parse_known_args(arguments)
    folders: dict[str, Path] = {}
    for seed in range(options.seeds):
        folder = options.runs / f"seed-{seed}"
        run("lab-r1", folder, [f"seed={seed}", *extra])
        folders[str(seed)] = folder
        found = collect(folders)
        path = write_result("lab_r1", {"overrides": extra, **found}, options.out)
    print_tables(found)
    print(f"Written to {path}.")


def collect(folders: Mapping[str, Path]) -> dict[str, Any]:
    """Everything that is said of these runs, by seed name."""
    seeds = {seed: {stage: evaluations(folder, stage) for stage in STAGES} for seed, folder in folders.items()}
    spent = {seed: round(minutes(folder), 1) for seed, folder in folders.items()}
    return {
        "minutes": spent,
        "in time": all(each <= ALLOWED_MINUTES for each in spent.values()),
        "table": pooled(seeds),
        "shape": shape(seeds),
        "cold start": cold_start(folders),
        "reward models": {
            name: {seed: held_out(folder, name) for seed, folder in folders.items()} for name in ("helpful", "safe")
        },
        "seeds": {
            seed: {stage: {name: of_one(each) for name, each in by.items()} for stage, by in found.items()}
            for seed, found in seeds.items()
        },
    }


def of_one(evaluation: Evaluation) -> dict[str, Any]:
    """An evaluation's scores, with what the stage table shows beside them."""
    found = scores(evaluation)
    for name in ("language_consistency", "refusal_rate"):
        value = getattr(evaluation, name)
        found |= {} if value is None else {name: round(value, 4)}
    return found


def pooled(seeds: Mapping[str, Found]) -> dict[str, dict[str, Any]]:
    """Stage → benchmark → pass@1 with a 95 % interval over problems (each problem's rate is its mean over the seeds),
    each seed's own, and means of what stands beside it."""
    table: dict[str, dict[str, Any]] = {}
    for stage in STAGES:
        names = sorted({name for found in seeds.values() for name in found[stage]})
        for name in names:
            each = [found[stage][name] for found in seeds.values()]
            consistency = [one.language_consistency for one in each if one.language_consistency is not None]
            table.setdefault(stage, {})[name] = {
                "pass@1": interval(bootstrap(rates(each), seed=0)),
                "seeds": [round(one.scores["pass@1"].value, 4) for one in each],
                "format_rate": round(mean(one.format_rate for one in each), 4),
                "mean_tokens": round(mean(one.mean_tokens for one in each), 1),
                **({"language_consistency": round(mean(consistency), 4)} if consistency else {}),
            }
    return table


def difference(seeds: Mapping[str, Found], later: str, earlier: str, benchmark: str) -> dict[str, Any]:
    """Pass@1 of stage `later` minus that of `earlier`, paired by problem, all seeds together."""
    after, before = ([found[stage][benchmark] for found in seeds.values()] for stage in (later, earlier))
    gained = by_problem(after, before)
    return {**interval(gained), "clear": gained.low > 0 or gained.high < 0}


def shape(seeds: Mapping[str, Found]) -> dict[str, Any]:
    """The paper's shape, line by line: the difference, and whether it has the paper's sign beyond its interval."""
    asked = {
        "Dev1 below Zero on reasoning": ("dev1", "zero", REASONING, -1),
        "Dev1 above Zero on requests": ("dev1", "zero", "general", 1),
        "Dev2 above Dev1 on reasoning": ("dev2", "dev1", REASONING, 1),
        "Dev3 above Dev2 on requests": ("dev3", "dev2", "general", 1),
        "R1 above Dev3 on preference": ("r1", "dev3", PREFERENCE, 1),
        "R1 above Dev3 on safety": ("r1", "dev3", "safety", 1),
        "R1 not below Dev3 on reasoning": ("r1", "dev3", REASONING, 0),
        "instruction data raises instructions": ("dev3", "no-instructions", "instructions", 1),
    }
    found: dict[str, Any] = {}
    for words, (later, earlier, benchmark, sign) in asked.items():
        each = difference(seeds, later, earlier, benchmark)
        held = each["high"] >= 0 if sign == 0 else each["clear"] and each["value"] * sign > 0
        found[words] = {**each, "as the paper": held}
    rates = {stage: [found[stage][REASONING] for found in seeds.values()] for stage in ("zero", "dev1")}
    for words, name in (("format", "format_rate"), ("language", "language_consistency")):
        before, after = (mean(getattr(one, name) or 0.0 for one in rates[stage]) for stage in ("zero", "dev1"))
        found[f"Dev1 above Zero in {words}"] = {"zero": before, "dev1": after, "as the paper": after > before}
    best = {stage: mean(one[stage][PREFERENCE].scores["pass@1"].value for one in seeds.values()) for stage in STAGES}
    found["R1 best on preference"] = {**best, "as the paper": max(best, key=lambda stage: best[stage]) == "r1"}
    return found


def cold_start(folders: Mapping[str, Path]) -> dict[str, Any]:
    """RL from the base (`zero`) and from the cold start (`dev2`) on equal tokens through the update: updates to a fixed
    pass@1, spread of the sampled accuracy over the first rounds, score at the end of the shorter one."""
    found: dict[str, Any] = {}
    for seed, folder in folders.items():
        curves = {name: curve(folder, name) for name in (FROM_BASE, FROM_COLD_START)}
        budget = min(points[-1]["tokens"] for points, _ in curves.values())
        found[seed] = {"tokens": budget}
        for name, (points, accuracies) in curves.items():
            within = [point for point in points if point["tokens"] <= budget]
            reached = [point["update"] for point in points if point["pass@1"] >= REACHED]
            found[seed][name] = {
                "first": points[0]["pass@1"],
                f"updates to {REACHED:g}": reached[0] if reached else None,
                "spread of the first rounds": round(stdev(accuracies[:FIRST_ROUNDS]), 4),
                "jitter of the first rounds": round(jitter(accuracies[:FIRST_ROUNDS]), 4),
                "end": within[-1]["pass@1"],
                "best": max(point["pass@1"] for point in within),
                "curve": points,
            }
    return found


def curve(folder: Path, stage: str) -> tuple[list[dict[str, float]], list[float]]:
    """Held-out pass@1 by updates and tokens through them, and each round's sampled accuracy."""
    points: list[dict[str, float]] = []
    accuracies: list[float] = []
    tokens = 0.0
    for line in read_lines(folder / "stages" / stage / "metrics.jsonl"):
        tokens += float(line.get("num_trained_tokens", 0.0))
        if "accuracy" in line:
            accuracies.append(float(line["accuracy"]))
        if f"eval/{REASONING}/pass@1" in line:
            points.append({"update": line["update"], "tokens": tokens, "pass@1": line[f"eval/{REASONING}/pass@1"]})
    return points, accuracies


def held_out(folder: Path, stage: str) -> dict[str, Any]:
    """A reward model on pairs or labels that it never saw."""
    return dict(json.loads((folder / "stages" / stage / "result.json").read_text(encoding="utf-8"))["held_out"])


def print_tables(found: Mapping[str, Any]) -> None:
    """The stage table and the rest in the terminal."""
    from rich.console import Console
    from rich.table import Table

    names = list(dict.fromkeys(name for by in found["table"].values() for name in by))
    table = Table("stage", *names, title="pass@1 in percent, 95 % intervals over problems, all seeds together")
    for stage, by in found["table"].items():
        table.add_row(stage, *(percent(by[name]["pass@1"]) if name in by else "–" for name in names))
    Console(width=160).print(table)
    for words, each in found["shape"].items():
        print(f"{words}: {'as the paper' if each['as the paper'] else 'NOT as the paper'} {json.dumps(each)}")
    for seed, each in found["cold start"].items():
        for stage in (FROM_BASE, FROM_COLD_START):
            shown = {name: value for name, value in each[stage].items() if name != "curve"}
            print(f"seed {seed}, {stage}: {json.dumps(shown)}")
    print(f"minutes: {found['minutes']}")


if __name__ == "__main__":
    main()
