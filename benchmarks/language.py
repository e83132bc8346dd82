"""Does the language reward keep thoughts in the question's language, and what does it cost in accuracy?

scripts/bench language --seeds 3    makes the data, runs lab-language under runs/bench-language; resumes
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from statistics import mean
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)

from aha.evaluation.compare import compare  # noqa: E402
from aha.evaluation.statistics import bootstrap  # noqa: E402
from aha.runtime import files  # noqa: E402
from aha.text.answers import parse  # noqa: E402
from aha.text.language import language_share  # noqa: E402
from aha.types import Evaluation, Interval  # noqa: E402
from benchmarks.measuring import bilingual  # noqa: E402
from benchmarks.measuring.options import seeds_parser  # noqa: E402
from benchmarks.measuring.results import interval, percent, scores, write_result  # noqa: E402
from benchmarks.measuring.runs import evaluations, minutes, run  # noqa: E402

TASK = "benchmarks/measuring/bilingual.py:problems"
HELDOUT = "benchmarks/measuring/bilingual.py:heldout"
ARMS = ("before", "without", "with")
WANTED = {"with_at_least": 0.95, "difference_at_least": 0.10}


def main(arguments: Sequence[str] | None = None) -> None:
    """Make the data, run seed by seed, write and print after each."""
    parser = seeds_parser("language", __doc__, "bench-language")
    parser.add_argument("--rows", type=int, default=1024, help="worked solutions to fine-tune on")
    parser.add_argument("--mixed", type=float, default=0.45, help="share of them whose thought changes the language")
    options, extra = parser.parse_known_args(arguments)
    data = write_rows(options.runs / "mixed.jsonl", options.rows, options.mixed)
    seeds: dict[str, dict[str, Evaluation]] = {}
    spent: dict[str, float] = {}
    for seed in range(options.seeds):
        folder = options.runs / f"seed-{seed}"
        run("lab-language", folder, [*overrides(seed, data), *extra])
        seeds[str(seed)] = {arm: next(iter(evaluations(folder, arm).values())) for arm in ARMS}
        spent[str(seed)] = round(minutes(folder), 1)
        found = collect(seeds)
        settings = {"rows": options.rows, "mixed": options.mixed, "overrides": extra, "minutes": spent}
        path = write_result("language", {**settings, **found}, options.out)
    print_result(found)
    print(f"Written to {path}.")


def write_rows(path: Path, size: int, mixed_frac: float) -> Path:
    """The data to fine-tune on, the same at every start."""
    files.make_folder(path.parent)
    lines = (json.dumps(row, ensure_ascii=False) + "\n" for row in bilingual.rows(size, mixed_frac))
    files.write_text(path, "".join(lines))
    return path


def overrides(seed: int, data: Path) -> list[str]:
    """Both languages alike in training and in the scores."""
    return [
        f"seed={seed}",
        f"mixed.data=[file:{data}]",
        f"tasks.puzzles=[{TASK}]",
        f"before.on=[{HELDOUT}]",
        f"without.evaluate.final_on=[{HELDOUT}]",
        f"with.evaluate.final_on=[{HELDOUT}]",
        "without.data.verify_gold=0",
        "with.data.verify_gold=0",
    ]


def collect(seeds: Mapping[str, Mapping[str, Evaluation]]) -> dict[str, Any]:
    """Consistency and accuracy of each arm, in both languages and in Korean alone, with intervals over all problems of
    all seeds; and what was wanted."""
    languages = {problem.id: problem.language for problem in bilingual.heldout()}
    consistency: dict[str, dict[str, Any]] = {}
    for arm in ARMS:
        shares = [share for arms in seeds.values() for share in shares_of(arms[arm], languages)]
        each = {"all": [share for _, share in shares], "ko": [share for language, share in shares if language == "ko"]}
        consistency[arm] = {name: asdict(bootstrap(values, seed=0)) for name, values in each.items() if values}
    wanted = {}
    for name in consistency["with"]:
        with_, without = (consistency[arm][name] for arm in ("with", "without"))
        wanted[name] = {
            "with reward at least 0.95": with_["value"] >= WANTED["with_at_least"],
            "difference at least 0.10": with_["value"] - without["value"] >= WANTED["difference_at_least"],
            "intervals apart": with_["low"] > without["high"],
        }
    cost = {seed: asdict(compare(arms["without"], arms["with"]).difference) for seed, arms in seeds.items()}
    return {
        "consistency": {
            arm: {name: interval(Interval(**value)) for name, value in found.items()}
            for arm, found in consistency.items()
        },
        "wanted": wanted,
        "pass@1 with - without": cost,
        "seeds": {seed: {arm: scores(found) for arm, found in arms.items()} for seed, arms in seeds.items()},
    }


def shares_of(evaluation: Evaluation, languages: Mapping[str, str]) -> list[tuple[str, float]]:
    """Language of each question, and the share of its words in the thought of the first answer; thoughts with too few
    words have none."""
    found = []
    for row in evaluation.problems:
        language, think = languages[row["id"]], parse(row["sample"]).think
        share = language_share(row["sample"] if think is None else think, language)
        if share is not None:
            found.append((language, share))
    return found


def print_result(found: dict[str, Any]) -> None:
    """The figures in the terminal."""
    for arm, each in found["consistency"].items():
        words = ", ".join(f"{name} {percent(value)}" for name, value in each.items())
        passed = mean(arms[arm]["pass@1"]["value"] for arms in found["seeds"].values())
        print(f"{arm}: words of the thought in the question's language, %: {words}; pass@1 {100 * passed:.1f} %")
    for name, checks in found["wanted"].items():
        for what, is_so in checks.items():
            print(f"{name}: {what}: {'yes' if is_so else 'NO'}")


if __name__ == "__main__":
    main()
