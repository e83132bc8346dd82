"""All of `r1` on model folders, data and an endpoint in real formats: does everything come out, and as it shall?

scripts/bench real-format          makes models and data, runs r1 under runs/bench-real-format

A random Qwen2 is the base and a random Llama the student; both only have to train, save and load. A local server that
holds the gold answers and is right in 70 % of its calls, and busy, broken, late or half an answer in some, writes,
judges, and is the model that answers for the cold start and for rejection sampling, since random weights are hardly
ever right. GSM8K's training half asks. Then every model folder is loaded with plain transformers in a process without
aha, asked in its chat template, and its card is read.
"""

from __future__ import annotations

import argparse
import gzip
import json
import math
import os
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)

from aha.config.loading import load_recipe  # noqa: E402
from aha.runtime import files  # noqa: E402
from aha.runtime.metrics import read_lines  # noqa: E402
from benchmarks.measuring.labelled import data_folder  # noqa: E402
from benchmarks.measuring.plain_models import examine  # noqa: E402
from benchmarks.measuring.real_models import save_random_model  # noqa: E402
from benchmarks.measuring.results import RESULTS, RUNS, write_result  # noqa: E402
from benchmarks.measuring.runs import minutes, run  # noqa: E402
from tests.engines.words_server import gold_server  # noqa: E402

TRAIN = "gsm8k/train.jsonl.gz"
TROUBLE_FRAC = 0.05
MODELS = {"base": "qwen2", "student": "llama"}
TEMPLATES = {"zero": "\nAssistant:"} | dict.fromkeys(("dev1", "dev2", "dev3", "r1", "student"), "<think>\n")
"""How the prompt of each policy's chat template ends: R1-Zero writes `<think>` itself."""
CARD = ("with `aha`", "## Data", "## Settings", "| seed |", "(weights ")
POLICY_CARD = ("| gsm8k?limit=8 | 8 | 2 |", "95 %", "Ask zero-shot", "which form the answer", "temperature 0.6")
SCORER_CARD = ("| held out |", "accuracy", "AutoModelForSequenceClassification")
RL_STAGES = {"zero": 2, "dev2": 2, "r1": 6}
"""Rounds."""
SFT_STAGES = ("dev1", "dev3", "student")
CHECKED = "verifier: instructions, answer: checks, extract: whole, domain: instructions"
REWARD_STAGES = ("helpful", "safe")
PREFERENCE_REWARDS = REWARD_STAGES
"""What those stages' models give in the late phase of r1."""


def main(arguments: Sequence[str] | None = None) -> None:
    """Make, run, check, write, print."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench real-format", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--problems", type=int, default=48, help="questions of each kind")
    parser.add_argument("--runs", type=Path, default=RUNS / "bench-real-format", help="models, data and run in here")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the result file")
    options, extra = parser.parse_known_args(arguments)
    if not (data_folder() / TRAIN).is_file():
        sys.exit(f"There is no {data_folder() / TRAIN}; set AHA_DATA to the folder that holds gsm8k.")
    found = measure(options.runs.absolute(), options.problems, extra)
    path = write_result("real_format", found, options.out)
    print_result(found)
    print(f"Written to {path}.")
    sys.exit(bool(found["problems"]))


def measure(folder: Path, num_problems: int, extra: Sequence[str]) -> dict[str, Any]:
    """One run from nothing to its report, and what is found in it."""
    if folder.exists():
        files.remove_tree(folder)
    data, answers = write_data(folder / "data", num_problems)
    for name, family in MODELS.items():
        save_random_model(folder / name, family, list(answers))
    os.environ["AHA_DATA"] = str(data_folder())
    with gold_server(answers, trouble_frac=TROUBLE_FRAC) as (server, gold):
        changes = [*overrides(folder, data, f"{server.url}#gold", num_problems), *extra]
        run("r1", folder / "run", changes)
    stages = list(load_recipe("r1", changes).recipe.stages)
    models = examine({name: folder / "run" / "stages" / name / "model" for name in (*TEMPLATES, *REWARD_STAGES)})
    return {
        "problems": [*stage_problems(folder / "run", stages), *model_problems(folder / "run", models)],
        "minutes": round(minutes(folder / "run"), 1),
        "server": {"calls": gold.num_calls, "right": gold.num_right, "troubles": gold.num_troubles},
        "models": models,
        "questions": num_problems,
        "overrides": [each.replace(str(folder), "FOLDER") for each in changes],
    }


def stage_problems(run_folder: Path, stages: Sequence[str]) -> list[str]:
    """What is missing: a stage's result, the page, a stage on the page."""
    page = run_folder / "report.html"
    text = page.read_text(encoding="utf-8") if page.is_file() else ""
    found = [] if text else ["there is no report.html"]
    for name in stages:
        if not (run_folder / "stages" / name / "result.json").is_file():
            found.append(f"{name}: there is no result.json")
        if text and f'"{name}"' not in text:
            found.append(f"{name}: report.html does not name it")
    rounds = read_lines(run_folder / "stages" / "r1" / "metrics.jsonl")
    graded = {name for line in rounds for name in line}
    found += [f"r1: no {name} in its metrics" for name in PREFERENCE_REWARDS if f"reward/{name}" not in graded]
    return found


def model_problems(run_folder: Path, models: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """What is wrong with a model folder as others see it, or with its card."""
    found = []
    for name, seen in models.items():
        card = (run_folder / "stages" / name / "model" / "README.md").read_text(encoding="utf-8")
        said = (*CARD, *(SCORER_CARD if name in REWARD_STAGES else POLICY_CARD))
        found += [f"{name}: its card does not say {words!r}" for words in said if words not in card]
        if name in TEMPLATES:
            if not (seen["prompt"] or "").endswith(TEMPLATES[name]):
                found.append(f"{name}: its prompt ends in {(seen['prompt'] or '')[-40:]!r}, not in {TEMPLATES[name]!r}")
            if seen.get("temperature") != 0.6:
                found.append(f"{name}: its generation settings say T {seen.get('temperature')}")
        elif seen["outputs"] != 1 or not math.isfinite(seen["score"]):
            found.append(f"{name}: {seen['outputs']} outputs, the first {seen['score']}")
    return found


def write_data(folder: Path, num_problems: int) -> tuple[dict[str, str], dict[str, str]]:
    """Files with questions of GSM8K as a user would have them, by use; the gold answer of every question."""
    with gzip.open(data_folder() / TRAIN, "rt", encoding="utf-8") as lines:
        rows = [json.loads(line) for line in lines]
    uses = ("general", "safety", "judged", "worked")
    parts = {use: rows[place * num_problems :][:num_problems] for place, use in enumerate(uses, start=1)}
    prompts = {use: [{"prompt": row["question"]} for row in parts[use]] for use in ("general", "safety")}
    files.make_folder(folder)
    for use, found in {**parts, **prompts}.items():
        files.write_text(folder / f"{use}.jsonl", "".join(json.dumps(row) + "\n" for row in found))
    checked = [checked_row(row["question"]) for row in rows[(len(uses) + 1) * num_problems :][:num_problems]]
    files.write_text(folder / "checked.jsonl", "".join(json.dumps(row) + "\n" for row in checked))
    golds = {row["question"]: row["answer"].rpartition("####")[2].strip().replace(",", "") for row in rows}
    return {use: f"file:{folder / use}.jsonl" for use in (*uses, "checked")}, golds


def checked_row(question: str) -> dict[str, Any]:
    """An instruction that a program checks, and an answer that follows it."""
    checks = {"instruction_id_list": ["punctuation:no_comma"], "kwargs": [{}]}
    return {"prompt": f"{question}\nUse no commas.", "answer": "I shall say it without them.", "checks": checks}


def overrides(folder: Path, data: Mapping[str, str], server: str, num_problems: int) -> list[str]:
    """What somebody with these models, files and this server would say, at this size."""
    few = "{num_problems: 4, group_size: 4, max_new_tokens: 128}"
    small = ["optimizer.lr=5e-3", "batch_size=8", "max_tokens=512", "evaluate.final_k=2", "evaluate.max_new_tokens=128"]
    return [
        *(f"models.{name}={folder / name}" for name in MODELS),
        f"models.writer={server}",
        f"tasks.reasoning=[{{name: gsm8k-train, limit: {num_problems}}}]",
        f"tasks.general=[{{name: '{data['general']}', verifier: none, domain: general}}]",
        f"tasks.safety=[{{name: '{data['safety']}', verifier: none, domain: safety}}]",
        "tasks.benchmarks=['gsm8k?limit=8']",
        f"general.files=[{{name: '{data['worked']}', category: questions, limit: 8}}]",
        f"tasks.instructions=[{{name: '{data['checked']}', {CHECKED}}}]",
        f"instructions.files=[{{name: '{data['checked']}', category: instructions, limit: 8}}]",
        "rewrite.model=writer",
        "rejection.model=writer",
        f"rejection.data.tasks=[reasoning, {{name: '{data['judged']}', verifier: judge}}]",
        "rejection.num_samples=2",
        f"rewrite.num_problems={num_problems}",
        f"direct.num_problems={num_problems}",
        f"compare.num_problems={num_problems}",
        f"label.num_problems={num_problems}",
        "compare.num_samples=3",
        "compare.num_judgements=2",
        *(f"{stage}.{key}" for stage in ("compare", "label") for key in ("max_new_tokens=128", "temperature=0.6")),
        "rewrite.num_samples=2",
        "direct.num_samples=2",
        *(f"{stage}.{key}" for stage in SFT_STAGES for key in [*small, "epochs=10"]),
        *(f"{stage}.rounds={rounds}" for stage, rounds in RL_STAGES.items()),
        *(f"{stage}.sampling={few}" for stage in RL_STAGES),
        "r1.sampling.num_problems=10",
        *(f"{stage}.algorithm.num_updates=2" for stage in RL_STAGES),
        *(f"{stage}.evaluate.final_k=2" for stage in RL_STAGES),
        *(f"{stage}.batch_size=8" for stage in REWARD_STAGES),
    ]


def print_result(found: Mapping[str, Any]) -> None:
    """The figures in the terminal."""
    server = found["server"]
    for use, calls in sorted(server["calls"].items()):
        print(f"server, {use}: {server['right'].get(use, 0):,} of {calls:,} right")
    print(f"server, at the first asking: {server['troubles']}")
    for name, seen in found["models"].items():
        said = "one score"
        if "answers" in seen:
            said = f"{seen['with_summary']} of {seen['answers']} answers have a summary"
        print(f"{name}: {seen['architecture']}, {said}")
    print(f"{found['minutes']} minutes; {len(found['problems'])} things not as they shall be")
    for problem in found["problems"]:
        print(f"  {problem}")


if __name__ == "__main__":
    main()
