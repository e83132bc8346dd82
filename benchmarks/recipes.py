"""The lab recipes of the family over seeds: the table of their stages, and which of the papers' findings held.

scripts/bench recipes [RECIPE …] [--seeds 3]    runs lab-l1 and the others (all, without a name) under
                                                runs/bench-recipes; resumes; writes results/recipes.json after each

Words with `=` are overrides of the recipes that are named: lab-l1 exact.rounds=40.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)

from aha.config.loading import load_recipe  # noqa: E402
from aha.errors import UsageError  # noqa: E402
from benchmarks.measuring.options import seeds_parser  # noqa: E402
from benchmarks.measuring.recipe_checks import CHECKS  # noqa: E402
from benchmarks.measuring.recipe_facts import StageFacts, read_run  # noqa: E402
from benchmarks.measuring.recipe_summary import summary  # noqa: E402
from benchmarks.measuring.recipe_table import count, print_recipe  # noqa: E402
from benchmarks.measuring.results import write_result  # noqa: E402
from benchmarks.measuring.runs import attempt, ended, is_done, minutes, stages  # noqa: E402

Known = dict[str, dict[str, dict[str, StageFacts]]]
"""Recipe → seed → stage."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run recipe by recipe and seed by seed, write and print after each recipe."""
    parser = seeds_parser("recipes", __doc__, "bench-recipes", "a folder RECIPE-SEED in here")
    parser.add_argument("--read", action="store_true", help="start nothing: tell of the stages that have ended")
    parser.add_argument("words", nargs="*", metavar="RECIPE | stage.key=value", help=", ".join(CHECKS))
    options = parser.parse_intermixed_args(arguments)
    more = [word for word in options.words if "=" in word]
    try:
        failed = run_all(chosen([word for word in options.words if "=" not in word]), options, more)
    except UsageError as error:
        parser.error(f"{error.problem} {error.cure}")
    if failed:
        sys.exit(1)


def run_all(recipes: Sequence[str], options: argparse.Namespace, more: Sequence[str]) -> dict[str, int]:
    """All recipes in turn, each written and printed when its seeds are through; exit codes of runs that failed."""
    for recipe in recipes:
        refuse_missing(recipe, list(load_recipe(recipe).recipe.stages))
    known = earlier([name for name in CHECKS if name not in recipes], options)
    failed: dict[str, int] = {}
    found: dict[str, Any] = {}
    for recipe in recipes:
        known[recipe] = seeds_of(recipe, options, more, failed)
        if known[recipe] or failed:
            found = write(known, failed, more, options)
        if known[recipe]:
            print_recipe(recipe, found[recipe])
    print(f"{count(found)}. Written to {options.out / 'recipes.json'}." if found else "No stage has ended.")
    return failed


def seeds_of(
    recipe: str, options: argparse.Namespace, more: Sequence[str], failed: dict[str, int]
) -> dict[str, dict[str, StageFacts]]:
    """The runs of a recipe by seed, made or resumed where nothing says only to read; those that fail go to `failed`."""
    found = {}
    for seed in range(options.seeds):
        folder = options.runs / f"{recipe}-{seed}"
        if not options.read and (code := attempt(recipe, folder, overrides(seed, more))):
            failed[folder.name] = code
            continue
        if missing := [stage for stage in stages(folder) if stage not in ended(folder)]:
            print(f"{folder.name}: not ended yet: {', '.join(missing)}.")
        if ended(folder):
            refuse_missing(recipe, stages(folder))
            found[str(seed)] = read_run(folder)
    return found


def overrides(seed: int, more: Sequence[str] = ()) -> list[str]:
    """What `aha run` is given; `more` comes last and wins."""
    return [f"seed={seed}", *more]


def chosen(names: Sequence[str]) -> list[str]:
    """The recipes of these names, all without one, in their order. Raises UsageError for a name without checks."""
    unknown = [name for name in names if name not in CHECKS]
    if unknown:
        raise UsageError(f"Nothing is expected of a recipe '{unknown[0]}'.", cure=f"Recipes: {', '.join(CHECKS)}.")
    return [name for name in CHECKS if not names or name in names]


def refuse_missing(recipe: str, there: Sequence[str]) -> None:
    """Raises UsageError where a check names a stage that the recipe lacks."""
    named = {name for check in CHECKS[recipe] for name in (check.row, check.control) if name is not None}
    if missing := sorted(named - set(there)):
        raise UsageError(
            f"The checks of {recipe} name the stage '{missing[0]}', which is not in it (stages: {', '.join(there)}).",
            cure="Name another one in benchmarks/measuring/recipe_checks.py.",
        )


def earlier(recipes: Sequence[str], options: argparse.Namespace) -> Known:
    """The runs of other recipes that an earlier start finished with the very settings that they have now."""
    found: Known = {}
    for recipe in recipes:
        for seed in range(options.seeds):
            folder = options.runs / f"{recipe}-{seed}"
            if is_done(recipe, folder, overrides(seed)):
                found.setdefault(recipe, {})[str(seed)] = read_run(folder)
    return found


def write(
    known: Mapping[str, Mapping[str, Mapping[str, StageFacts]]],
    failed: Mapping[str, int],
    more: Sequence[str],
    options: argparse.Namespace,
) -> dict[str, Any]:
    """results/recipes.json with all that is known by now; the recipes in it."""
    found = {
        name: {
            "minutes": {seed: round(minutes(options.runs / f"{name}-{seed}"), 1) for seed in known[name]},
            **summary(known[name], CHECKS[name]),
        }
        for name in CHECKS
        if known.get(name)
    }
    write_result("recipes", {"overrides": list(more), "failed": dict(failed), "recipes": found}, options.out)
    return found


if __name__ == "__main__":
    main()
