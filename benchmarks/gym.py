"""R1-Zero on problems that nobody here wrote: before, after, and beside the best answer that never looks.

scripts/bench gym                  runs gym-zero in runs/bench-gym; resumes; writes results/gym.json
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)

from aha.types import Evaluation, Problem  # noqa: E402
from benchmarks.measuring.results import RESULTS, RUNS, interval, percent, scores, write_result  # noqa: E402
from benchmarks.measuring.runs import evaluations, minutes, run  # noqa: E402

NUM_CANDIDATES = 40
WANTED_GAIN = 0.20
COLUMNS = ("dataset", "problems", "pass@1 before", "pass@1 after", "after − before", "best constant", "cons@k after")


def main(arguments: Sequence[str] | None = None) -> None:
    """Run, compare, write, print."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench gym", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--recipe", default="gym-zero")
    parser.add_argument("--runs", type=Path, default=RUNS / "bench-gym")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the result file")
    parser.add_argument("overrides", nargs="*", help="stage.key=value, as for aha run")
    options = parser.parse_args(arguments)
    run(options.recipe, options.runs, options.overrides)
    found = collect(evaluations(options.runs, "base"), evaluations(options.runs, "zero"))
    facts = {"recipe": options.recipe, "overrides": options.overrides, "minutes": round(minutes(options.runs), 2)}
    path = write_result("gym", {**facts, "wanted_over_constant": WANTED_GAIN, "datasets": found}, options.out)
    print_table(found)
    print(f"Written to {path}.")


def collect(before: Mapping[str, Evaluation], after: Mapping[str, Evaluation]) -> dict[str, Any]:
    """For each benchmark that both stages were scored on: scores, paired difference, best constant, what was reached.

    The constant is looked for on the very problems that the trained model was scored on, which flatters it.
    """
    from aha.evaluation.compare import compare

    found = {}
    for name in sorted(before.keys() & after.keys()):
        paired = compare(before[name], after[name])
        answer, share = best_constant([{"reference": each.reference} for each in problems_of(after[name].benchmark)])
        base, zero = scores(before[name]), scores(after[name])
        found[name] = {
            "before": base,
            "after": zero,
            "difference": interval(paired.difference),
            "num_shared_problems": paired.num_problems,
            "best_constant": {"answer": answer, "value": round(share, 4)},
            "reached": {
                "intervals apart": zero["pass@1"]["low"] > base["pass@1"]["high"],
                "over the constant": zero["pass@1"]["value"] - share >= WANTED_GAIN,
            },
        }
    return found


def problems_of(benchmark: str) -> Sequence[Problem]:
    """The problems of a benchmark with all that their dataset's scorer needs."""
    from aha.evaluation.benchmarks import load_benchmark

    return load_benchmark(benchmark).problems


def best_constant(problems: Sequence[Mapping[str, Any]]) -> tuple[str, float]:
    """The answer that is right most often without a look at the problem, and how often, by the dataset's own scorer.

    Candidates are the most frequent gold answers. Where a problem has names, a candidate is a pattern over them
    (`{0} is {2}, and {1} is {3}.`), filled in for each problem: a constant guess about who is what.
    """
    from aha.verifiers.gym import unpack

    entries = [unpack(problem["reference"]["entry"]) for problem in problems]
    counts = Counter(pattern(entry["answer"], slots(entry)) for entry in entries)
    graded = {
        candidate: sum(
            is_right(fill(candidate, slots(entry)), problem["reference"])
            for entry, problem in zip(entries, problems, strict=True)
        )
        for candidate, _ in counts.most_common(NUM_CANDIDATES)
    }
    best = max(graded, key=lambda candidate: graded[candidate])
    return best, graded[best] / len(problems)


def slots(entry: Mapping[str, Any]) -> list[str]:
    """The words of a puzzle that stand for its people and their kinds; none for problems without people."""
    facts = entry["metadata"]
    if "names" not in facts or "knight_knave_terms" not in facts:
        return []
    return [*facts["names"], facts["knight_knave_terms"]["a_knight"], facts["knight_knave_terms"]["a_knave"]]


def pattern(answer: str, words: Sequence[str]) -> str:
    """The answer with `{n}` for the n-th word."""
    for place in sorted(range(len(words)), key=lambda place: -len(words[place])):
        answer = answer.replace(words[place], f"{{{place}}}")
    return answer


def fill(candidate: str, words: Sequence[str]) -> str:
    """The reverse of `pattern`, for another problem."""
    for place, word in enumerate(words):
        candidate = candidate.replace(f"{{{place}}}", word)
    return candidate


def is_right(answer: str, reference: Mapping[str, Any]) -> bool:
    """Whether the dataset gives this answer its full score."""
    from aha.verifiers import verify

    response = f"<think> </think> <answer> {answer} </answer>"
    return bool(verify("gym", response, dict(reference), {})["outcome"] == "correct")


def rows(found: Mapping[str, Any]) -> list[list[str]]:
    """One row a dataset, cells as text in the order of COLUMNS."""
    return [
        [
            name,
            str(each["after"]["num_problems"]),
            percent(each["before"]["pass@1"]),
            percent(each["after"]["pass@1"]),
            percent(each["difference"]),
            f"{100 * each['best_constant']['value']:.1f} ({each['best_constant']['answer'][:40]})",
            percent(each["after"]["cons@k"]),
        ]
        for name, each in found.items()
    ]


def print_table(found: Mapping[str, Any]) -> None:
    """The table in the terminal, and what was missed."""
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(*COLUMNS, title="In percent, 95 % intervals over problems")
    for row in rows(found):
        table.add_row(*[Text(cell) for cell in row])
    console = Console(width=132)
    console.print(table)
    for name, each in found.items():
        missed = [what for what, reached in each["reached"].items() if not reached]
        console.print(Text(f"{name}: {'all reached' if not missed else 'MISSED: ' + ', '.join(missed)}"))


if __name__ == "__main__":
    main()
