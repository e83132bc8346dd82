"""Whether a reward model learns the lab's hidden preference from a judge that errs in one verdict of ten.

scripts/bench preferences          writes results/preferences.json

Requests of the lab, each with up to four answers as people write them: plain, polite, rude, rambling, beside the point.
The scripted judge compares every pair in both orders, twice; clear ones are kept, lengths are balanced; the embedded
base gets a scalar head and three epochs. Prompts are held out by their hash. Accuracy is measured against the judge's
pairs and, on all pairs of held-out prompts that the truth tells apart, against the hidden preference itself; last, how
often a polite opening before the right answer is preferred to that answer alone, as it should always be.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
from collections.abc import Sequence
from itertools import combinations
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)

from aha.types import Problem  # noqa: E402
from benchmarks.measuring.results import RESULTS, interval, percent, write_result  # noqa: E402

HELD_OUT = 0.25
RAMBLING = "I could say much more about this and about many other things that come to mind, one by one, on and on."
SETTINGS = {
    "kind": "reward_model", "model": "lab", "sees": "summary", "held_out": HELD_OUT, "batch_size": 32,
    "epochs": 3, "optimizer": {"lr": 1e-3, "schedule": "linear", "end_frac": 0.1, "warmup": 5},
    "engine": {"num_threads": 1},
}  # fmt: skip


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench preferences", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--requests", type=int, default=1200)
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the result file")
    options = parser.parse_args(arguments)
    found = measure(options.requests)
    path = write_result("preferences", found, options.out)
    print(f"held-out pairs:       {percent(found['accuracy'])}")
    print(f"longest answer:       {percent(found['longest_answer'])}")
    print(f"the hidden truth:     {percent(found['truth'])}")
    print(f"opening preferred:    {found['openings']}")
    print(f"seconds of processor: {found['seconds_cpu']:.0f}")
    print(f"Written to {path}.")


def measure(num_requests: int) -> dict[str, Any]:
    """Make the pairs, train, score."""
    from aha.config.loading import LoadedRecipe
    from aha.config.recipe import Recipe
    from aha.config.settings import EngineSettings
    from aha.runtime.run_directory import RunDirectory
    from aha.stages.build import open_scorer
    from aha.stages.pipeline import run_recipe

    answers = make_answers(num_requests)
    with tempfile.TemporaryDirectory() as scratch:
        pairs = Path(scratch, "pairs.jsonl")
        rows, counts = judged_pairs(answers)
        pairs.write_text("".join(json.dumps(row) + "\n" for row in rows))
        recipe = Recipe.model_validate(
            {"name": "preferences", "seed": 1, "stages": {"helpful": {**SETTINGS, "pairs": [f"file:{pairs}"]}}}
        )
        started = time.process_time()
        run_recipe(LoadedRecipe(recipe, Path("preferences.yaml"), ()), Path(scratch, "run"))
        seconds = time.process_time() - started
        place = RunDirectory(Path(scratch, "run")).stage("helpful")
        held_out = json.loads(place.result.read_text())["held_out"]
        scorer = open_scorer(str(place.model), EngineSettings())
        truth, preferred = against_truth(answers, scorer), openings(scorer)
    return {
        "requests": num_requests,
        "pairs": counts,
        "held_out_pairs": held_out["num_items"],
        "accuracy": held_out["accuracy"],
        "longest_answer": held_out["baseline"],
        "calibration_error": held_out["calibration_error"],
        "length_correlation": held_out["length_correlation"],
        "truth": truth,
        "openings": preferred,
        "seconds_cpu": round(seconds, 1),
    }


def make_answers(num_requests: int) -> list[tuple[Problem, list[str]]]:
    """Requests with four different answers each."""
    from aha.lab.general import POLITE, RUDE
    from aha.lab.requests import TASKS, requests, to_problem

    rng = Random(0)
    made = requests(TASKS["lab:general"], num_requests, 1, "all")
    found = []
    for request in made:
        plain, other = request.answer, rng.choice(made).answer
        polite, rude = rng.choice(POLITE[:3]), rng.choice(RUDE)
        kinds = [
            plain,
            f"{polite} {plain}",
            f"{rude} {plain}",
            f"{polite} {plain} {RAMBLING}",
            f"{polite} {other}",
            rude,
        ]
        found.append((to_problem(request, "lab:general"), rng.sample(list(dict.fromkeys(kinds)), 4)))
    return found


def judged_pairs(answers: Sequence[tuple[Problem, list[str]]]) -> tuple[list[dict[str, Any]], dict[str, int]]:
    """The pairs that the scripted judge clearly decides, balanced in length, as a preference stage keeps them."""
    from aha.config.data_stages import WriterSettings
    from aha.engines.scripted import ScriptedWords
    from aha.engines.words import ask_in_order
    from aha.rollouts.preferences import VERDICTS, Contest, balanced, compare_requests, contest_margin, for_first
    from aha.rollouts.preferences import read_verdict as read

    judge = WriterSettings(model="scripted")
    contests = [Contest(problem, *pair) for problem, texts in answers for pair in combinations(texts, 2)]
    asked = [request for contest in contests for request in compare_requests(contest, judge, "", 4, 0)]
    numbers = [read(reply, VERDICTS) for reply in ask_in_order(ScriptedWords(), asked)]
    margins = [contest_margin(for_first(numbers[4 * place : 4 * place + 4])) or 0.0 for place in range(len(contests))]
    clear = [
        (contest, *((contest.first, contest.second) if margin > 0 else (contest.second, contest.first)))
        for contest, margin in zip(contests, margins, strict=True)
        if abs(margin) > 1
    ]
    stay = balanced([len(better) - len(worse) for _, better, worse in clear], seed=0)
    rows = [
        {"prompt": list(contest.problem.messages), "chosen": better, "rejected": worse}
        for contest, better, worse in (clear[place] for place in stay)
    ]
    return rows, {"judged": len(contests), "clear": len(clear), "kept": len(rows)}


def against_truth(answers: Sequence[tuple[Problem, list[str]]], scorer: Any) -> dict[str, float]:
    """Agreement with the hidden preference on all pairs of held-out requests in which one answer is truly better."""
    from aha.algorithms.preference import pair_hits
    from aha.evaluation.statistics import bootstrap
    from aha.lab.preferences import true_preference
    from aha.rollouts.comparisons import is_held_out, prompt_hash

    hits, counts = [], []
    for problem, texts in answers:
        if not is_held_out(prompt_hash(problem.messages), HELD_OUT):
            continue
        scores = scorer.scores([(problem.messages, text) for text in texts])
        values = [true_preference(problem, text) for text in texts]
        pairs = [(i, j) for i in range(len(texts)) for j in range(len(texts)) if values[i] > values[j]]
        hits.append(float(pair_hits([scores[i] for i, _ in pairs], [scores[j] for _, j in pairs]).sum()))
        counts.append(float(len(pairs)))
    return interval(bootstrap(hits, counts, seed=0))


def openings(scorer: Any, num_requests: int = 120) -> dict[str, float]:
    """Opening → share of held-out requests in English for which it raises the score of a plain answer that serves."""
    from aha.lab.general import POLITE
    from aha.lab.requests import TASKS, requests, to_problem

    made = [each for each in requests(TASKS["lab:general"], num_requests, 0, "heldout") if each.language == "en"]
    asked = [to_problem(each, "lab:general").messages for each in made]
    plain = scorer.scores([(messages, each.answer) for messages, each in zip(asked, made, strict=True)])
    found = {}
    for opening in POLITE[:3]:
        longer = scorer.scores(
            [(messages, f"{opening} {each.answer}") for messages, each in zip(asked, made, strict=True)]
        )
        found[opening] = round(sum(a > b for a, b in zip(longer, plain, strict=True)) / len(made), 4)
    return found


if __name__ == "__main__":
    main()
