"""The family on equal work: each objective on the same base, problems and tokens through the update, against GRPO.

scripts/bench family [ROW …] [--seeds 3]    runs the rows (all, without a name; grpo always) under runs/bench-family;
                                            resumes; writes results/family.json after each run

Words with `=` are overrides for every row: zero.max_trained_tokens=100000.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)

from aha.errors import UsageError  # noqa: E402
from aha.evaluation.statistics import bootstrap  # noqa: E402
from aha.types import Evaluation  # noqa: E402
from benchmarks.measuring.expectations import Check, judged, paired, print_checks  # noqa: E402
from benchmarks.measuring.family_facts import STAGE, facts  # noqa: E402
from benchmarks.measuring.family_rows import CHECKS, ROWS, Row  # noqa: E402
from benchmarks.measuring.family_table import print_row, print_table  # noqa: E402
from benchmarks.measuring.intervals import by_problem, rates  # noqa: E402
from benchmarks.measuring.options import seeds_parser  # noqa: E402
from benchmarks.measuring.results import interval, means, write_result  # noqa: E402
from benchmarks.measuring.runs import attempt, is_done, only  # noqa: E402

RECIPE = ROOT / "benchmarks" / "family.yaml"
AGAINST = "grpo"
COMPARED = ("mean_tokens", "wrong_tokens", "entropy", "training_minutes", "memory_bytes", "generated_tokens")
"""Differences to GRPO over seeds, beside that of the score."""

Seeds = dict[str, tuple[dict[str, Any], Evaluation]]
"""By seed: the facts of a run, and its evaluation."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Run row by row and seed by seed, write after each, print each row and then all."""
    parser = seeds_parser("family", __doc__, "bench-family", "a folder a row and seed in here")
    parser.add_argument("words", nargs="*", metavar="ROW | stage.key=value", help=", ".join(row.name for row in ROWS))
    options = parser.parse_intermixed_args(arguments)
    more = [word for word in options.words if "=" in word]
    try:
        rows = chosen([word for word in options.words if "=" not in word])
    except UsageError as error:
        parser.error(f"{error.problem} {error.cure}")
    known = {row.name: finished(options.runs, row, options.seeds, more) for row in ROWS if row not in rows}
    failed: dict[str, int] = {}
    for row in rows:
        known[row.name] = {}
        for seed in range(options.seeds):
            folder = options.runs / f"{row.name}-{seed}"
            if code := attempt(str(RECIPE), folder, row.overrides(seed, more)):
                failed[folder.name] = code
                continue
            known[row.name][str(seed)] = (facts(folder), only(folder, STAGE))
            write(known, failed, more, options.out)
        if known[row.name]:
            print_row(row.name, collect(known)["rows"][row.name])
    found, path = write(known, failed, more, options.out)
    print_table(found["rows"])
    print_checks(found["checks"])
    print(f"Written to {path}.")
    if failed:
        sys.exit(1)


def write(
    known: Mapping[str, Seeds], failed: Mapping[str, int], more: Sequence[str], folder: Path
) -> tuple[dict[str, Any], Path]:
    """results/family.json with all that is known by now; what was found, and the file's path."""
    found = collect(known)
    return found, write_result("family", {"overrides": list(more), "failed": dict(failed), **found}, folder)


def chosen(names: Sequence[str]) -> list[Row]:
    """The rows of these names, all without one, in their order; GRPO is always among them. Raises UsageError for a name
    that no row has."""
    unknown = [name for name in names if name not in {row.name for row in ROWS}]
    if unknown:
        raise UsageError(f"There is no row '{unknown[0]}'.", cure=f"Rows: {', '.join(row.name for row in ROWS)}.")
    return [row for row in ROWS if not names or row.name in (*names, AGAINST)]


def finished(runs: Path, row: Row, num_seeds: int, more: Sequence[str]) -> Seeds:
    """The seeds of a row that an earlier start finished with the very settings of this one."""
    found: Seeds = {}
    for seed in range(num_seeds):
        folder = runs / f"{row.name}-{seed}"
        if is_done(str(RECIPE), folder, row.overrides(seed, more)):
            found[str(seed)] = (facts(folder), only(folder, STAGE))
    return found


def collect(known: Mapping[str, Seeds]) -> dict[str, Any]:
    """Each row over its seeds with its differences to GRPO over the seeds that both have, and the checks."""
    there = {row.name: known[row.name] for row in ROWS if known.get(row.name)}
    return {
        "rows": {
            name: {
                "pass@1": interval(bootstrap(rates([evaluation for _, evaluation in seeds.values()]), seed=0)),
                **means([each for each, _ in seeds.values()]),
                "against": against(seeds, there.get(AGAINST, {})) if name != AGAINST else {},
                "seeds": {seed: each for seed, (each, _) in seeds.items()},
            }
            for name, seeds in there.items()
        },
        "checks": [outcome(check, there) for check in CHECKS if check.row in there],
    }


def against(seeds: Seeds, control: Seeds) -> dict[str, Any]:
    """Differences to the control by measure, over the seeds that both have."""
    found = {name: difference(name, seeds, control) for name in ("pass@1", *COMPARED)}
    return {name: value for name, value in found.items() if value is not None}


def difference(measure: str, seeds: Seeds, control: Seeds | None) -> dict[str, float] | None:
    """A measure less that of the control, over the seeds that both have: pass@1 paired by problem, others paired by
    seed. Without a control the measure itself. None where nothing can be said."""
    both = [seed for seed in seeds if control is None or seed in control]
    if not both:
        return None
    if measure == "pass@1" and control is not None:
        return interval(by_problem([seeds[seed][1] for seed in both], [control[seed][1] for seed in both]))
    own = [seeds[seed][0][measure] for seed in both]
    return paired(own, None if control is None else [control[seed][0][measure] for seed in both])


def outcome(check: Check, there: Mapping[str, Seeds]) -> dict[str, Any]:
    """A check with its figure and whether it held."""
    control = None if check.control is None else there.get(check.control, {})
    return judged(check, difference(check.measure, there[check.row], control))


if __name__ == "__main__":
    main()
