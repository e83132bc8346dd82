"""Filters of sampled data: faults put into clean texts are found, clean texts stay; how a judge's replies are read.

scripts/bench filters              writes results/filters.json
"""

from __future__ import annotations

import argparse
import os
import random
import re
import sys
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)

from aha.config.data_stages import FilterSettings  # noqa: E402
from aha.evaluation.contamination import benchmark_items  # noqa: E402
from aha.rollouts.decontamination import BenchmarkItem, Leaks  # noqa: E402
from aha.rollouts.duplicates import first_alike, shingles  # noqa: E402
from aha.rollouts.quality import Candidate, Filtered, filter_candidates, question_of  # noqa: E402
from benchmarks.measuring import judge_replies, planted  # noqa: E402
from benchmarks.measuring.labelled import data_folder  # noqa: E402
from benchmarks.measuring.results import RESULTS, write_result  # noqa: E402

BENCHMARKS = ("gsm8k", "math500")
SETTINGS = FilterSettings(max_kept=1_000)
NUM_TEXTS = 100_000


def main(arguments: Sequence[str] | None = None) -> None:
    """Plant, filter, count, write, print."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench filters", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--number", type=int, default=300, help="faulty samples of each kind")
    parser.add_argument("--replies", type=int, default=20_000, help="replies of a judge of each kind")
    parser.add_argument("--texts", type=int, default=NUM_TEXTS, help="texts that are compared for speed")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the result file")
    options = parser.parse_args(arguments)
    if not data_folder().is_dir():
        sys.exit(f"There is no data folder {data_folder()}; set AHA_DATA to it.")
    os.environ["AHA_DATA"] = str(data_folder())
    items = [item for name in BENCHMARKS for item in benchmark_items(name)]
    leaks = Leaks(items, SETTINGS.near_duplicate)
    values: dict[str, Any] = {"number": options.number, "seed": options.seed, "benchmarks": BENCHMARKS}
    values |= {"settings": SETTINGS.model_dump(), "sizes": planted.SIZES}
    values |= found_and_kept(options.number, options.seed, items, leaks)
    values["natural"] = natural(leaks)
    values["judge"] = judge_replies.measure(options.replies, options.seed)
    values["speed"] = speed(options.texts)
    path = write_result("filters", values, options.out)
    print_tables(values)
    print(f"Written to {path}.")


def found_and_kept(number: int, seed: int, items: Sequence[BenchmarkItem], leaks: Leaks) -> dict[str, Any]:
    """Clean and faulty samples in one pile: what became of each kind."""
    runs = plain_runs(text for item in items for text in (item.question, *item.solutions))
    whole = planted.clean()
    clean = [each for each in whole if not runs & plain_runs([each.text, question_of(each.problem)])]
    texts = [text for item in items for text in (item.question, *item.solutions)]
    kinds = {kind: planted.planted(kind, clean, number, texts, seed) for kind in planted.SIZES}
    pile = [*clean, *(each for samples in kinds.values() for each in samples)]
    start = time.process_time()
    filtered = filter_candidates(pile, SETTINGS, leaks.of)
    seconds = time.process_time() - start
    rules = {id(each.candidate): each.rule for each in filtered.dropped}
    removed = [each for each in filtered.dropped if any(each.candidate is other for other in clean)]
    return {
        "clean": {
            "public_texts": len(whole),
            "left_out_for_a_run_of_ten_plain_words": len(whole) - len(clean),
            "samples": len(clean),
            "removed": len(removed),
            "removed_ones": [
                {"problem": each.candidate.problem.id, "rule": each.rule, "why": each.why} for each in removed
            ],
        },
        "planted": {kind: outcome(kind, samples, rules) for kind, samples in kinds.items()},
        "filter_cpu_seconds": round(seconds, 2),
        "filtered_samples": len(pile),
    }


def outcome(kind: str, samples: Sequence[Candidate], rules: dict[int, str]) -> dict[str, Any]:
    """How many faulty samples were removed, by which rules; the text of those that were not."""
    by_rule = Counter(rules.get(id(each), "kept") for each in samples)
    return {
        "samples": len(samples),
        "removed": len(samples) - by_rule["kept"],
        "by_own_rule": by_rule[kind],
        "by_rule": dict(by_rule),
        "missed": [each.text[:500] for each in samples if id(each) not in rules],
    }


def plain_runs(texts: Any) -> set[tuple[str, ...]]:
    """Runs of ten plain words (letters and digits, lower case), by a way of its own: what counts as clean."""
    found: set[tuple[str, ...]] = set()
    for text in texts:
        words = re.findall(r"[^\W_]+", text.lower())
        found |= set(zip(*(words[start:] for start in range(10)), strict=False))
    return found


def natural(leaks: Leaks) -> dict[str, dict[str, Any]]:
    """What the filters drop of solutions as people and models wrote them."""
    samples: dict[str, list[Candidate]] = {}
    for name, each in planted.natural():
        samples.setdefault(name, []).append(each)
    found: dict[str, Filtered] = {name: filter_candidates(each, SETTINGS, leaks.of) for name, each in samples.items()}
    return {
        name: {"samples": len(samples[name]), "dropped": {rule: n for rule, n in each.counts().items() if n}}
        for name, each in found.items()
    }


def speed(num_texts: int) -> dict[str, Any]:
    """Near copies among many texts of two solutions each."""
    rng = random.Random(0)
    thoughts = [planted.thought_of(each) for each in planted.clean() if each.problem.language == "en"]
    sets = [shingles(" ".join(rng.sample(thoughts, 2))) for _ in range(num_texts)]
    start = time.process_time()
    num_alike = sum(other is not None for other in first_alike(sets, SETTINGS.near_duplicate))
    return {"texts": num_texts, "cpu_seconds": round(time.process_time() - start, 2), "near_copies": num_alike}


def print_tables(values: dict[str, Any]) -> None:
    """The figures in the terminal."""
    clean = values["clean"]
    print(f"clean: {clean['removed']} of {clean['samples']:,} removed")
    for kind, each in values["planted"].items():
        print(f"{kind}: {each['removed']} of {each['samples']} removed, {each['by_own_rule']} by its own rule")
    for name, each in values["natural"].items():
        print(f"{name}: of {each['samples']:,} dropped {each['dropped']}")
    for name, each in values["judge"].items():
        print(f"judge, {name}: {each}")
    print(f"near copies: {values['speed']}")


if __name__ == "__main__":
    main()
