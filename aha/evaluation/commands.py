"""What `aha eval` and `aha compare` do: evaluate, compare, tell what could be shown; print it and hand it back."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.progress import Progress as Bar
from rich.text import Text

from aha.config.settings import EvaluateStage
from aha.errors import UsageError
from aha.evaluation.answerers import Drawing
from aha.evaluation.benchmarks import load_benchmark
from aha.evaluation.candidates import open_candidate
from aha.evaluation.compare import Comparison, compare
from aha.evaluation.files import read_evaluation, write_evaluation
from aha.evaluation.memorisation import Memorisation, memorisation
from aha.evaluation.power import PowerTable, power_table
from aha.evaluation.runner import Progress, evaluate, pool_grade
from aha.evaluation.tables import print_comparisons, print_evaluations, print_memorisation, print_power
from aha.evaluation.verifier_pool import verifier_pool
from aha.types import Evaluation


def evaluate_model(settings: EvaluateStage, *, seed: int, out: Path | None, console: Console) -> list[Evaluation]:
    """Score `settings.model` on each benchmark of `settings.on`, with a progress bar; prints a table.

    Each evaluation is written as soon as it is there, into `out` as evaluation-BENCHMARK.json; None writes nothing.
    Benchmarks are loaded before the model, so that a wrong name costs no time.
    """
    benchmarks = [load_benchmark(name, settings.num_problems) for name in settings.on]
    drawing = Drawing(settings.temperature, settings.top_p, settings.max_new_tokens, seed)
    evaluations: list[Evaluation] = []
    with verifier_pool(settings.engine) as pool, open_candidate(settings) as candidate:
        for benchmark in benchmarks:
            with progress_bar(benchmark.name, console) as on_progress:
                evaluation = evaluate(
                    benchmark.name,
                    benchmark.problems,
                    candidate.answerer,
                    pool_grade(pool),
                    k=settings.k,
                    drawing=drawing,
                    model_hash=candidate.model_hash,
                    template=candidate.template,
                    on_progress=on_progress,
                )
            evaluations.append(evaluation)
            if out is not None:
                path = write_evaluation(out, benchmark.file_name, evaluation)
                console.print(Text(f"Written: {path}", style="dim"))
    print_evaluations(evaluations, console)
    return evaluations


def compare_files(a: Path, b: Path, console: Console) -> list[Comparison]:
    """Compare two evaluation files, or all benchmarks that two folders of them share; prints the verdicts.

    Raises UsageError where a folder holds none or the two share none.
    """
    found_a, found_b = _evaluation_files(a), _evaluation_files(b)
    if a.is_file() and b.is_file():
        pairs = [(a, b)]
    else:
        pairs = [(found_a[name], found_b[name]) for name in sorted(found_a) if name in found_b]
    if not pairs:
        raise UsageError(
            f"{a} and {b} share no benchmark ({', '.join(found_a)} against {', '.join(found_b)}).",
            cure="Evaluate both models on the same one.",
        )
    comparisons = [compare(read_evaluation(first), read_evaluation(second)) for first, second in pairs]
    print_comparisons(comparisons, console)
    return comparisons


def memorised(trained: Path, perturbed: Path, console: Console) -> Memorisation:
    """Print what a model knows by heart, from its evaluations on puzzles and on the same ones changed."""
    found = memorisation(read_evaluation(trained), read_evaluation(perturbed))
    print_memorisation(found, console)
    return found


def show_power(paths: Sequence[Path], console: Console, *, rate: float = 0.5) -> PowerTable:
    """Print what n problems and k samples can show, by none, one or two evaluation files; see `power_table`."""
    power = power_table([read_evaluation(path) for path in paths], rate=rate)
    print_power(power, console)
    return power


def _evaluation_files(path: Path) -> dict[str, Path]:
    """evaluation-*.json by name; a file is itself."""
    if path.is_file():
        return {path.name: path}
    found = {each.name: each for each in sorted(path.glob("evaluation-*.json"))}
    if not found:
        raise UsageError(f"{path} is no evaluation and holds none.", cure="Name an evaluation-*.json or its folder.")
    return found


class _Rate(ProgressColumn):
    """Answers per second."""

    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:.1f}/s", style="dim")


@contextmanager
def progress_bar(name: str, console: Console) -> Iterator[Callable[[Progress], None]]:
    """A bar over sampled answers with rate, time left and pass@1 so far."""
    columns = (TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn(), _Rate())
    with Bar(*columns, TimeRemainingColumn(), TextColumn("{task.fields[score]}"), console=console) as bar:
        task = bar.add_task(name, total=None, score="")

        def advance(progress: Progress) -> None:
            score = f"pass@1 {100 * progress.num_correct / progress.num_graded:.1f} %" if progress.num_graded else ""
            bar.update(task, completed=progress.num_sampled, total=progress.num_total, score=score)

        yield advance
