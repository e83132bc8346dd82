"""What the embedded base is before any reinforcement learning, and whether it is what a base has to be.

scripts/bench base                 writes results/base.json

Held-out problems in the R1-Zero template at T 1, at T 0.6 and greedily; and, with the format ignored, how often the
last number anywhere in the answer is right in three templates: a base that merely lacked the format would show its
skill there.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)

from aha.types import Problem, VerifierSpec  # noqa: E402
from benchmarks.measuring.results import RESULTS, percent, scores, write_result  # noqa: E402

DRAWS = {"T 1, top-p 1": (1.0, 1.0, 16), "T 0.6, top-p 0.95": (0.6, 0.95, 16), "greedy": (0.0, 1.0, 1)}
"""Name → temperature, top-p, answers a problem."""

FRAMES: dict[str, str | None] = {
    "r1-zero": None,
    "question": "Question: {}\nAnswer:",
    "chat": "<|im_start|>user\n{}<|im_end|>\n<|im_start|>assistant\n",
}
"""Name → prompt; None: the R1-Zero template."""

WANTED: dict[str, Callable[[Mapping[str, Any]], bool]] = {
    "pass@1 at T 1 is 12 to 25 %": lambda d: 0.12 <= d["T 1, top-p 1"]["pass@1"]["value"] <= 0.25,
    "pass@16 at T 1 is at least 60 %": lambda d: d["T 1, top-p 1"]["pass@k"]["value"] >= 0.60,
    "greedy is at most 35 %": lambda d: d["greedy"]["pass@1"]["value"] <= 0.35,
    "no template shows more than 35 % when the format is ignored": lambda d: (
        max(each["pass@1"]["value"] for each in d["last number anywhere"].values()) <= 0.35
    ),
}


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench base", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--model", default="lab")
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the result file")
    options = parser.parse_args(arguments)
    found = measure(options.model)
    found["reached"] = {what: holds(found) for what, holds in WANTED.items()}
    path = write_result("base", found, options.out)
    print("\n".join(lines(found)))
    print(f"Written to {path}.")


def measure(model: str) -> dict[str, Any]:
    """Scores by way of drawing, and with the format ignored by template and way of drawing."""
    from aha.config.settings import EvaluateStage
    from aha.evaluation.answerers import Drawing, SamplerAnswerer
    from aha.evaluation.benchmarks import load_benchmark
    from aha.evaluation.candidates import open_candidate
    from aha.evaluation.runner import evaluate, pool_grade
    from aha.evaluation.verifier_pool import verifier_pool

    settings = EvaluateStage(kind="evaluate", model=model, on=["heldout"], template="r1-zero")
    problems = load_benchmark("heldout").problems
    numeric = [ignoring_format(problem) for problem in problems if problem.verifier.name == "number"]
    found: dict[str, Any] = {"last number anywhere": {}}
    with verifier_pool(settings.engine) as pool, open_candidate(settings) as candidate:
        answerer = candidate.answerer
        assert isinstance(answerer, SamplerAnswerer)
        own_render = answerer.render

        def scored(asked: Sequence[Problem], frame: str, draw: str) -> dict[str, Any]:
            temperature, top_p, k = DRAWS[draw]
            answerer.render = framed(FRAMES[frame], own_render, answerer.tokenizer)
            drawing = Drawing(temperature, top_p, settings.max_new_tokens, 0)
            return scores(
                evaluate(
                    "heldout",
                    asked,
                    answerer,
                    pool_grade(pool),
                    k=k,
                    drawing=drawing,
                    model_hash=candidate.model_hash,
                )
            )

        for draw in DRAWS:
            found[draw] = scored(problems, "r1-zero", draw)
        for frame in FRAMES:
            for draw in ("T 1, top-p 1", "greedy"):
                found["last number anywhere"][f"{frame}, {draw}"] = scored(numeric, frame, draw)
    return found


def ignoring_format(problem: Problem) -> Problem:
    """The same problem, graded by the last number of the whole response."""
    arguments = {**problem.verifier.arguments, "extract": "last_number"}
    return replace(problem, verifier=VerifierSpec(problem.verifier.name, arguments))


def framed(
    frame: str | None, own: Callable[[Problem], tuple[int, ...]], tokenizer: Any
) -> Callable[[Problem], tuple[int, ...]]:
    """The prompt of a problem in a frame whose special tokens are special."""
    if frame is None:
        return own

    def render(problem: Problem) -> tuple[int, ...]:
        text = frame.format(problem.messages[-1]["content"])
        return tuple(tokenizer.inner(text, add_special_tokens=False)["input_ids"])

    return render


def lines(found: Mapping[str, Any]) -> list[str]:
    """What is printed."""
    rows = [
        f"{draw:20s} pass@1 {percent(found[draw]['pass@1'])}  pass@k {percent(found[draw].get('pass@k'))}  "
        f"format {100 * found[draw]['format_rate']:.1f} %  {found[draw]['mean_tokens']:.0f} tokens"
        for draw in DRAWS
    ]
    rows += [f"last number, {name}: {percent(each['pass@1'])}" for name, each in found["last number anywhere"].items()]
    return rows + [f"{'reached' if reached else 'MISSED'}: {what}" for what, reached in found["reached"].items()]


if __name__ == "__main__":
    main()
