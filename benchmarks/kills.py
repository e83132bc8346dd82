"""Killed at random moments over the whole R1 graph, does the same command end in the same bytes?

scripts/bench kills --kills 30     runs a small lab-r1 undisturbed, and once more with kills; writes results/kills.json
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)

from aha.config.loading import load_recipe  # noqa: E402
from aha.runtime import files  # noqa: E402
from benchmarks.measuring.killing import killed_and_whole  # noqa: E402
from benchmarks.measuring.results import RESULTS, RUNS, write_result  # noqa: E402

SCORED = {"num_problems": 16, "k": 1, "max_new_tokens": 96, "final_on": "[heldout, safety]", "final_k": 1}
SCORES = {f"evaluate.{key}": value for key, value in SCORED.items()}
SMALL: dict[str, dict[str, Any]] = {
    "evaluate": {"on": "[heldout, safety]", "k": 1, "max_new_tokens": 96},
    "collect": {"data.verify_gold": 0, "num_problems": 96, "num_samples": 2, "max_new_tokens": 128},
    "rejection": {"data.verify_gold": 0, "num_problems": 96, "num_samples": 2, "max_new_tokens": 128},
    "general": {"files": "[{name: lab:general, limit: 400}, {name: lab:instructions, limit: 100}]"},
    "preference": {"num_problems": 48, "num_samples": 4, "max_new_tokens": 64},
    "rl": {
        "rounds": 6,
        "data.verify_gold": 0,
        "sampling.num_problems": 4,
        "sampling.group_size": 4,
        "sampling.max_new_tokens": 96,
        "optimizer.lr": 5e-5,
        "optimizer.warmup": 1,
        "logging.checkpoint_every": 2,
        **SCORES,
    },
    "sft": {
        "max_updates": 10,
        "optimizer.lr": 1e-3,
        "optimizer.warmup": 1,
        "logging.checkpoint_every": 3,
        "evaluate.on": "[heldout]",
        **SCORES,
    },
    "reward_model": {"epochs": 1, "logging.checkpoint_every": 2},
}
"""What makes each stage of a kind small enough to be run again and again: about ten rounds or updates at most."""
BY_STAGE: dict[str, dict[str, Any]] = {
    "compare": {"num_problems": 96, "min_margin": 0},
    "helpful": {"batch_size": 4},
}
"""More, for stages of lab-r1: after so little training few pairs are left to learn from."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run both, compare, write."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench kills", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--seed", type=int, default=0, help="of the moments")
    parser.add_argument("--recipe", default="lab-r1")
    parser.add_argument("--runs", type=Path, default=RUNS / "bench-kills", help="both runs, begun anew, in here")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the result file")
    parser.add_argument("overrides", nargs="*", help="stage.key=value, as for aha run; after those that make it small")
    options = parser.parse_args(arguments)
    changed = [*overrides(options.recipe), *options.overrides]
    command = [sys.executable, "-m", "aha.cli", "run", options.recipe, *changed]
    if options.runs.exists():
        files.remove_tree(options.runs)
    found = killed_and_whole(command, options.runs, options.kills, options.seed)
    values = {"recipe": options.recipe, "overrides": changed, "seed": options.seed, **found}
    path = write_result("kills", values, options.out)
    print_result(found)
    print(f"Written to {path}.")


def overrides(recipe: str) -> list[str]:
    """What makes every stage of a recipe small."""
    stages = load_recipe(recipe).recipe.stages
    small = {name: SMALL[stage.kind] | BY_STAGE.get(name, {}) for name, stage in stages.items()}
    return [f"{name}.{key}={value}" for name, changed in small.items() for key, value in changed.items()]


def print_result(found: dict[str, Any]) -> None:
    """The figures in the terminal."""
    kills = found["kills"]
    print(f"undisturbed: {found['minutes']:.1f} min, {found['cpu_minutes']:.1f} min of CPU")
    print(f"{len(kills)} kills, {sum(kill['mid_stage'] for kill in kills)} inside a stage: {found['kills_per_stage']}")
    print(f"run again though done: {', '.join(found['ran_again']) or 'none'}")
    print(f"differing, of {found['num_compared']} files: {', '.join(found['differing']) or 'none'}")


if __name__ == "__main__":
    main()
