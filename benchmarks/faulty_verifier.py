"""Does a run with a verifier that fails on 1 % of the answers learn the same, and does its report say so?

scripts/bench faulty_verifier --seeds 3    runs lab-zero with and without the fault under runs/bench-faulty; resumes
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import mean
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)

from aha.evaluation.compare import compare  # noqa: E402
from aha.report.doctor import diagnose  # noqa: E402
from aha.report.page import page_data  # noqa: E402
from aha.report.read import read_run  # noqa: E402
from aha.runtime.metrics import read_lines  # noqa: E402
from aha.runtime.rollout_store import read_rollouts  # noqa: E402
from benchmarks.measuring.faulty import reasons  # noqa: E402
from benchmarks.measuring.intervals import welch  # noqa: E402
from benchmarks.measuring.options import seeds_parser  # noqa: E402
from benchmarks.measuring.results import write_result  # noqa: E402
from benchmarks.measuring.runs import evaluations, minutes, run  # noqa: E402

ARMS = {"healthy": 0.0, "faulty": 0.01}
LAST_ROUNDS = 5
TASK = "benchmarks/measuring/faulty.py:problems"


def main(arguments: Sequence[str] | None = None) -> None:
    """Run both arms seed by seed, write and print after each pair."""
    parser = seeds_parser("faulty_verifier", __doc__, "bench-faulty", "a folder an arm and seed in here")
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args(arguments)
    pairs: dict[str, dict[str, Path]] = {}
    for seed in range(options.seeds):
        pairs[str(seed)] = {}
        for arm, fault_frac in ARMS.items():
            folder = options.runs / f"{arm}-{seed}"
            run("lab-zero", folder, overrides(seed, options.rounds, fault_frac))
            pairs[str(seed)][arm] = folder
        found = collect(pairs)
        path = write_result(
            "faulty_verifier", {"rounds": options.rounds, "fault_frac": ARMS["faulty"], **found}, options.out
        )
    print_result(found)
    print(f"Written to {path}.")


def overrides(seed: int, rounds: int, fault_frac: float) -> list[str]:
    """The demo, shortened, on the problems of measuring/faulty.py; both arms differ in `fault_frac` alone."""
    return [
        f"seed={seed}",
        "base.on=[heldout]",
        "base.k=4",
        f"zero.rounds={rounds}",
        f"zero.data.tasks=[{{name: '{TASK}', fault_frac: {fault_frac}}}]",
        "zero.data.verify_gold=0",
        "zero.engine.verifier_seconds=1",
        f"zero.evaluate.every={rounds}",
        "zero.evaluate.final_on=[heldout]",
    ]


def collect(pairs: dict[str, dict[str, Path]]) -> dict[str, Any]:
    """Per seed and arm what was learned and what failed; over the seeds whether the difference contains 0."""
    seeds = {seed: {arm: of_run(folder) for arm, folder in arms.items()} for seed, arms in pairs.items()}
    for seed, arms in pairs.items():
        scores = [evaluations(arms[arm], "zero")["heldout"] for arm in ARMS]
        seeds[seed]["pass@1"] = asdict(compare(*scores).difference)
    last = {arm: [each[arm]["reward_of_last_rounds"] for each in seeds.values()] for arm in ARMS}
    found: dict[str, Any] = {"seeds": seeds, "reward_of_last_rounds": last}
    if len(pairs) > 1:
        difference = welch(last["faulty"], last["healthy"])
        found |= {"difference": asdict(difference), "contains_0": difference.low <= 0 <= difference.high}
    return found


def of_run(folder: Path) -> dict[str, Any]:
    """Rewards by round, undecided verdicts by reason, and what report and doctor say of them."""
    stage = folder / "stages" / "zero"
    lines = [line for line in read_lines(stage / "metrics.jsonl") if line["step"] > 0]
    rows = [
        row for path in sorted(stage.glob("rollouts/*.parquet")) for row in read_rollouts(path, ["outcome", "reason"])
    ]
    page = page_data(read_run(folder))
    return {
        "reward_of_last_rounds": mean(line["reward/mean"] for line in lines[-LAST_ROUNDS:]),
        "rewards": [round(line["reward/mean"], 4) for line in lines],
        "heldout": evaluations(folder, "zero")["heldout"].scores["pass@1"].value,
        "rollouts": len(rows),
        "undecided": reasons(rows),
        "report": [
            {key: row[key] for key in ("reason", "count", "details")}
            for row in page["stages"][-1]["verdicts"]
            if row["outcome"] == "undecided"
        ],
        "doctor": [finding.sentence for finding in diagnose(folder) if finding.name == "undecided"],
        "minutes": round(minutes(folder), 2),
    }


def print_result(found: dict[str, Any]) -> None:
    """The figures in the terminal."""
    for seed, arms in found["seeds"].items():
        for arm in ARMS:
            each = arms[arm]
            print(
                f"seed {seed}, {arm}: reward of the last rounds {each['reward_of_last_rounds']:.3f}, held-out pass@1 "
                f"{100 * each['heldout']:.1f} %, undecided {each['undecided'] or 'none'} of {each['rollouts']}"
            )
        score = arms["pass@1"]
        low, high = 100 * score["low"], 100 * score["high"]
        print(f"seed {seed}: held-out difference {100 * score['value']:.1f} [{low:.1f}, {high:.1f}] points")
    if "difference" in found:
        each = found["difference"]
        print(f"reward, faulty - healthy: {each['value']:.3f} [{each['low']:.3f}, {each['high']:.3f}]")


if __name__ == "__main__":
    main()
