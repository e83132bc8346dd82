"""How well the embedded base writes and judges, against the rules; and what a cold start by each wording yields.

scripts/bench writing              writes results/writing.json

Cold start: few-shot and direct prompts in words that the base's corpus knows; which share of the answers is right, for
how many problems one is kept. Writing: a messy trace to a clean thought and a summary; it agrees where thought and
summary are there and the answer is that of the trace. Judging: question, reference and answer to a JSON verdict. Where
the base agrees with the rules on fewer than 90 % of cases, the recipes take the stand-in `scripted`, which is measured
on the same cases.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)

from aha.types import Json, Problem  # noqa: E402
from benchmarks.measuring.results import RESULTS, interval, percent, write_result  # noqa: E402

ENOUGH = 0.90
"""Agreement from which the base itself writes or judges."""
SUMMARY = {"en": "The answer is \\boxed{{answer}}.", "ko": "답은 \\boxed{{answer}}.", "ru": "Ответ \\boxed{{answer}}."}
CHECK = {"en": "Check every step.", "ko": "단계마다 확인하라.", "ru": "Проверяй каждый шаг."}
WORK = {"en": "Work step by step.", "ko": "풀이를 보여라.", "ru": "Покажи решение."}
COLLECT: dict[str, Any] = {
    "kind": "collect", "model": "lab", "summary": SUMMARY, "num_samples": 4, "max_new_tokens": 256, "temperature": 0.8,
    "data": {"tasks": ["lab:mixed"], "template": "plain", "verify_gold": 0},
}  # fmt: skip


def direct(how: dict[str, str]) -> dict[str, Any]:
    """A direct prompt with a word on how to work."""
    return {**COLLECT, "way": "direct", "prompt": {code: f"User: {{question}} {how[code]}\nAssistant:" for code in how}}


def fewshot(num_examples: int) -> dict[str, Any]:
    """A few-shot prompt with examples that a direct one gave."""
    return {
        **COLLECT,
        "way": "fewshot",
        "examples": "stage/direct-check",
        "num_examples": num_examples,
        "example": "Question: {question}\nAnswer: {thought} {summary}",
        "prompt": "{examples}\n\nQuestion: {question}\nAnswer:",
        "end": "\n\nQuestion:",
    }


WAYS = {"direct-check": direct(CHECK), "direct-work": direct(WORK), "fewshot-1": fewshot(1), "fewshot-2": fewshot(2)}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench writing", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--problems", type=int, default=96)
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the result file")
    options = parser.parse_args(arguments)
    found = measure(options.problems)
    path = write_result("writing", found, options.out)
    for name, facts in found["cold start"].items():
        kept = f"kept for {facts['kept']} of {facts['problems']} problems"
        print(f"{name:14s} right {percent(facts['right'])}  {kept}, {facts['tokens']:.0f} tokens an answer")
    for name in ("writing", "judging"):
        for model, facts in found[name].items():
            print(f"{name:9s} {model:9s} agrees {percent(facts)}")
    print(f"Written to {path}.")


def measure(num_problems: int) -> dict[str, Any]:
    """Both, with the base and with the stand-in."""
    from aha.config.loading import LoadedRecipe
    from aha.config.recipe import Recipe
    from aha.stages.pipeline import run_recipe

    with tempfile.TemporaryDirectory() as scratch:
        stages = {name: {**settings, "num_problems": num_problems} for name, settings in WAYS.items()}
        recipe = Recipe.model_validate({"name": "writing", "seed": 1, "stages": stages})
        run_recipe(LoadedRecipe(recipe, Path("writing.yaml"), ()), Path(scratch))
        places = {name: Path(scratch, "stages", name) for name in WAYS}
        cold = {name: yields(json.loads((place / "result.json").read_text())) for name, place in places.items()}
        rows = [json.loads(line) for line in (places["direct-check"] / "data" / "examples.jsonl").open()]
        return {
            "cold start": cold,
            "writing": {model: writes(model, rows, Path(scratch)) for model in ("lab", "scripted")},
            "judging": {model: judges(model, 200, Path(scratch)) for model in ("lab", "scripted")},
        }


def yields(result: dict[str, Json]) -> dict[str, Json]:
    """What a way gave: the share of right answers, problems for which one was kept."""
    counts = result["counts"]
    dropped = counts["answers_dropped"]
    num_right = counts["answers"] - dropped["wrong"] - dropped["undecided"]
    return {
        "problems": counts["problems"],
        "answers": counts["answers"],
        "right": share([1.0] * num_right + [0.0] * (counts["answers"] - num_right)),
        "kept": counts["kept"],
        "tokens": result["cost"]["answers_tokens"] / counts["answers"],
        "dropped": {rule: count for rule, count in dropped.items() if count},
    }


def share(hits: Sequence[float]) -> dict[str, float]:
    """With its interval."""
    from aha.evaluation.statistics import bootstrap

    return interval(bootstrap(list(hits), seed=0))


def writes(model: str, rows: Sequence[dict[str, Json]], folder: Path) -> dict[str, float]:
    """How often a clean thought and a summary with the trace's answer come back."""
    from aha.rollouts.cold_start import answer_of
    from aha.text.response import split_response

    task = puzzle_problems()
    prompts, facts, answers = [], [], []
    for row in rows:
        response = split_response(row["messages"][-1]["content"])
        assert response is not None
        prompts.append(f"Messy: uh {response.thought} hmm ok\nClean:")
        facts.append(task[row["messages"][0]["content"]])
        answers.append(answer_of(response.summary))

    def agrees(text: str, answer: str | None) -> float:
        found = split_response(text)
        return float(found is not None and found.thought is not None and answer_of(found.summary) == answer)

    return share(asked(model, "rewrite", prompts, facts, answers, agrees, folder))


def judges(model: str, num_cases: int, folder: Path) -> dict[str, float]:
    """How often the verdict on an answer that is right in half of the cases is the rule's."""
    from aha.lab.families import seen
    from aha.lab.tasks import to_problem

    rng = Random(3)
    prompts, facts, truths = [], [], []
    for _ in range(num_cases):
        puzzle = seen(rng)
        is_right = rng.random() < 0.5
        answer = puzzle.answer if is_right else puzzle.haste(rng)
        prompts.append(f"Question: {puzzle.question}\nReference: {puzzle.answer}\nResponse: {answer}\nJudge:")
        facts.append((to_problem(puzzle, "lab:mixed"), f"<answer>{answer}</answer>"))
        truths.append("correct" if is_right else "wrong")

    def agrees(text: str, truth: str | None) -> float:
        try:
            return float(json.loads(text.strip().split("\n")[0])["verdict"] == truth)
        except (ValueError, KeyError, TypeError):
            return 0.0

    return share(asked(model, "judge", prompts, facts, truths, agrees, folder))


def puzzle_problems() -> dict[str, tuple[Problem, str]]:
    """The training puzzles by their question."""
    from aha.lab.tasks import lab_task

    return {problem.messages[0]["content"]: (problem, "") for problem in lab_task("lab:mixed").problems()}


def asked(
    model: str,
    use: str,
    prompts: Sequence[str],
    cases: Sequence[tuple[Problem, str]],
    truths: Sequence[str | None],
    agrees: Callable[[str, str | None], float],
    folder: Path,
) -> list[float]:
    """1 for each reply that agrees with the truth, else 0."""
    from aha.config.settings import EngineSettings
    from aha.engines.words import WordsRequest, ask_in_order, problem_facts
    from aha.stages.build import open_words

    replies = {word: json.dumps({"verdict": word}) for word in ("correct", "wrong")}
    requests = [
        WordsRequest(
            messages=[{"role": "user", "content": prompt}],
            prompt=None,
            seed=seed,
            max_new_tokens=256,
            temperature=0.6,
            top_p=0.95,
            use=use,
            facts={**problem_facts(problem), "response": response, "replies": replies},
        )
        for seed, (prompt, (problem, response)) in enumerate(zip(prompts, cases, strict=True))
    ]
    with open_words(model, EngineSettings(), folder / f"{use}-{model}.jsonl", template="plain") as words:
        found = ask_in_order(words, requests)
    return [agrees(reply.text, truth) for reply, truth in zip(found, truths, strict=True)]


if __name__ == "__main__":
    main()
