"""Scoring models on benchmarks: the stage `evaluate`, and what every training stage calls on the way."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from aha.config.settings import EvaluateStage
from aha.evaluation.answerers import Drawing, SamplerAnswerer
from aha.evaluation.benchmarks import Benchmark, load_benchmark
from aha.evaluation.files import read_evaluation, write_evaluation
from aha.evaluation.runner import Progress, evaluate
from aha.rollouts.collect import Render
from aha.rollouts.grading import Grader
from aha.runtime.run_directory import StageDirectory
from aha.types import Evaluation, Sampler


@dataclass(slots=True)
class Examiner:
    """Scores whatever weights its sampler holds. Benchmarks are loaded once."""

    sampler: Sampler
    grader: Grader
    render: Render
    stop_token_ids: tuple[int, ...]
    template: str
    on_progress: Callable[[Progress], None] = lambda progress: None
    benchmarks: dict[tuple[str, int | None], Benchmark] = field(default_factory=dict)

    def benchmark(self, name: str, num_problems: int | None) -> Benchmark:
        """Its problems, the same ones at every call."""
        if (name, num_problems) not in self.benchmarks:
            self.benchmarks[name, num_problems] = load_benchmark(name, num_problems)
        return self.benchmarks[name, num_problems]

    def score(self, name: str, num_problems: int | None, k: int, drawing: Drawing, model_hash: str) -> Evaluation:
        """k answers to each problem of the benchmark, graded and scored."""
        chosen = self.benchmark(name, num_problems)
        return evaluate(
            chosen.name,
            chosen.problems,
            SamplerAnswerer(
                self.sampler, render=self.render, stop_token_ids=self.stop_token_ids, tokenizer=self.grader.tokenizer
            ),
            self.grader.verdict,
            k=k,
            drawing=drawing,
            model_hash=model_hash,
            template=self.template,
            on_progress=self.on_progress,
        )


def score_all(
    names: Sequence[str],
    directory: StageDirectory,
    examiner: Examiner,
    *,
    num_problems: int | None,
    k: int,
    drawing: Drawing,
    model_hash: str,
) -> dict[str, Evaluation]:
    """Score each benchmark into evaluation-NAME.json; one that is there for this model is not sampled again."""
    found = {}
    for name in names:
        chosen = examiner.benchmark(name, num_problems)
        path = directory.path / f"evaluation-{chosen.file_name}.json"
        evaluation = read_evaluation(path) if path.exists() else None
        if evaluation is None or evaluation.model_hash != model_hash:
            evaluation = examiner.score(name, num_problems, k, drawing, model_hash)
            write_evaluation(directory.path, chosen.file_name, evaluation)
        found[chosen.name] = evaluation
    return found


def evaluate_stage(
    stage: EvaluateStage, seed: int, directory: StageDirectory, examiner: Examiner, model_hash: str
) -> dict[str, Evaluation]:
    """The stage `evaluate`: every benchmark of `on`."""
    drawing = Drawing(stage.temperature, stage.top_p, stage.max_new_tokens, seed)
    return score_all(
        stage.on,
        directory,
        examiner,
        num_problems=stage.num_problems,
        k=stage.k,
        drawing=drawing,
        model_hash=model_hash,
    )


def score_table(evaluations: Mapping[str, Evaluation]) -> dict[str, dict[str, list[float]]]:
    """Benchmark → score → [value, low, high], for result.json and the model card."""
    return {
        name: {score: [i.value, i.low, i.high] for score, i in evaluation.scores.items()}
        for name, evaluation in evaluations.items()
    }
