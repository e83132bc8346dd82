"""The command line: parses, calls, prints. Everything heavy is imported by the command that needs it."""

from __future__ import annotations

import json
import os
import sys
import traceback
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from aha import __version__
from aha.errors import AhaError, Interrupted, UsageError

app = typer.Typer(
    help="Train reasoning models the way DeepSeek-R1 was trained.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
FILE_WIDTH = 168
"""Columns of a table that is printed into a file."""
LISTS = ("recipes", "tasks", "benchmarks", "algorithms", "rewards")

AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON on stdout.")]
Overrides = Annotated[list[str] | None, typer.Argument(help="stage.key=value …", show_default=False)]


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(f"aha {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[bool, typer.Option("--version", callback=_print_version, is_eager=True)] = False,
) -> None:
    pass


@app.command()
def run(
    recipe: Annotated[str, typer.Argument(help="A name from `aha list recipes`, or a YAML file.")],
    overrides: Overrides = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Print settings, what is done, what would run, estimates.")
    ] = False,
    directory: Annotated[Path | None, typer.Option("--dir", help="Run directory; default runs/NAME.")] = None,
    from_stage: Annotated[str | None, typer.Option("--from", help="Compute this stage and all after it again.")] = None,
    until: Annotated[str | None, typer.Option("--until", help="Stop after this stage.")] = None,
    accept_drift: Annotated[
        bool, typer.Option("--accept-drift", help="Resume although threads, torch, processor or compiler differ.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Run a recipe; the same command in the same directory resumes."""
    from aha.config.loading import load_recipe

    loaded = load_recipe(recipe, overrides or [])
    for notice in loaded.notices:
        typer.echo(f"note: {notice}", err=True)
    target = directory or Path("runs") / loaded.recipe.name
    if dry_run:
        from aha.config.preview import as_text, as_tree
        from aha.stages.outlook import outlook

        found, rate = outlook(loaded.recipe, target, until, from_stage), _machine_rate(loaded)
        typer.echo(_dump(as_tree(loaded, rate, found)) if as_json else as_text(loaded, rate, found))
        return
    from aha.stages.pipeline import run_recipe

    tell = partial(typer.echo, err=as_json)
    run_recipe(loaded, target, until=until, from_stage=from_stage, accept_drift=accept_drift, tell=tell)
    if os.environ.get("RANK", "0") == "0":
        _finish(target, as_json)


def _finish(run_directory: Path, as_json: bool) -> None:
    """Write the report; say where it is, and the headline numbers."""
    from aha.evaluation.files import read_evaluation, to_json
    from aha.evaluation.tables import print_evaluations
    from aha.report.page import write_report
    from aha.report.read import read_run

    page = write_report(run_directory)
    files = sorted(run_directory.glob("stages/*/evaluation-*.json"), key=lambda file: file.stat().st_mtime)
    evaluations = [(file.parent.name, read_evaluation(file)) for file in files]
    if as_json:
        scores = [{"stage": stage, **_without_problems(to_json(evaluation))} for stage, evaluation in evaluations]
        stages = [
            {"stage": s.name, "kind": s.kind, "done": bool(s.result)} | s.result for s in read_run(run_directory).stages
        ]
        found = {"run": str(run_directory), "report": str(page), "stages": stages, "evaluations": scores}
        typer.echo(_dump(found))
        return
    console = _console(as_json)
    for stage in dict.fromkeys(stage for stage, _ in evaluations):
        console.print(f"\n[bold]{stage}[/bold]")
        print_evaluations([evaluation for name, evaluation in evaluations if name == stage], console)
    console.print(f"\nReport: {page}", highlight=False, soft_wrap=True)


def _without_problems(record: dict[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key != "problems"}


def _machine_rate(loaded: Any) -> float | None:
    """FLOP/s of this machine for the first stage's dtype; None where no model's files are there to multiply with."""
    from aha.config.plan import find_model_config
    from aha.config.settings import PretrainStage

    stages = loaded.recipe.stages.values()
    known = any(find_model_config(model) is not None for model in loaded.recipe.models.values())
    if not known and not any(isinstance(stage, PretrainStage) for stage in stages):
        return None
    from aha.runtime.device import DTYPES, measured_matrix_flops

    return measured_matrix_flops(DTYPES[next(iter(stages)).engine.dtype])


@app.command("eval")
def evaluate(
    model: Annotated[str, typer.Argument(help="A folder, a Hub name, `lab`, or the address of an endpoint.")],
    overrides: Annotated[list[str] | None, typer.Argument(help="k=16 temperature=0.6 engine.device=cpu …")] = None,
    on: Annotated[list[str] | None, typer.Option("--on", help="A benchmark or task; may be repeated.")] = None,
    out: Annotated[Path | None, typer.Option("--out", help="Folder for evaluation-BENCHMARK.json.")] = None,
    seed: int = 0,
    power: Annotated[bool, typer.Option("--power", help="Print what these problems and samples can show.")] = False,
    as_json: AsJson = False,
) -> None:
    """Score a model: pass@1, pass@k, cons@k with 95 % intervals."""
    from aha.config.loading import evaluate_settings
    from aha.evaluation.commands import evaluate_model
    from aha.evaluation.files import to_json
    from aha.evaluation.power import power_table
    from aha.evaluation.tables import print_power

    names = [name for names in on or [] for name in names.split(",") if name]
    if not names:
        raise UsageError("aha eval needs a benchmark.", cure="Say --on heldout; `aha list benchmarks` shows them all.")
    settings = evaluate_settings(model, names, overrides or [])
    evaluations = evaluate_model(settings, seed=seed, out=out, console=_console(as_json))
    for evaluation in evaluations if power else ():
        table = power_table([evaluation], num_problems=[evaluation.num_problems], k=[evaluation.k])
        print_power(table, _console(as_json))
    if as_json:
        typer.echo(_dump([to_json(evaluation) for evaluation in evaluations]))


@app.command()
def compare(
    files: Annotated[list[Path] | None, typer.Argument(help="Two evaluation files, or two folders of them.")] = None,
    power: Annotated[bool, typer.Option("--power", help="What n problems and k samples can show.")] = False,
    rate: Annotated[float, typer.Option(help="With --power and no file: the pass@1 to assume.")] = 0.5,
    memory: Annotated[bool, typer.Option("--memorisation", help="LiMem; B: A's puzzles, changed.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say whether one model is better than another, from their evaluations."""
    from dataclasses import asdict

    from aha.evaluation.commands import compare_files, memorised, show_power

    paths, console = files or [], _console(as_json)
    if power and memory:
        raise UsageError("--power and --memorisation ask for two things.", cure="Give one of them.")
    if power:
        result: Any = asdict(show_power(paths, console, rate=rate))
    elif len(paths) != 2:
        raise UsageError(f"aha compare takes two evaluations, got {len(paths)}.", cure="aha compare A B")
    elif memory:
        result = asdict(memorised(paths[0], paths[1], console))
    else:
        result = [asdict(comparison) for comparison in compare_files(paths[0], paths[1], console)]
    if as_json:
        typer.echo(_dump(result))


@app.command()
def verify(
    file: Annotated[Path, typer.Argument(help="JSONL or Parquet with id, verifier, response, reference (arguments).")],
    against: Annotated[str | None, typer.Option("--against", help="A column of labels to compare with.")] = None,
    as_json: AsJson = False,
) -> None:
    """Print a file's rows with their verdicts as JSON lines; with --json the summary alone."""
    from aha.evaluation.verify_command import verify_rows

    write = None if as_json else partial(print, flush=True)
    verified = verify_rows(file, against=against, write=write, console=_console(as_json=True))
    if as_json:
        typer.echo(_dump(verified.to_json()))
    verified.check()


@app.command()
def audit(
    run_directory: Annotated[Path, typer.Argument(metavar="RUN")],
    samples: Annotated[int, typer.Option(min=2, help="Rollouts to judge again, half correct, half wrong.")] = 400,
    seed: int = 0,
    as_json: AsJson = False,
) -> None:
    """Let a second judge look at a sample of a run's verdicts; the report shows what it found."""
    from aha.evaluation import audit_command

    found = audit_command.audit(run_directory, num_samples=samples, seed=seed, console=_console(as_json))
    if as_json:
        typer.echo(_dump(found.to_json()))


@app.command()
def report(run_directory: Annotated[Path, typer.Argument(metavar="RUN")], as_json: AsJson = False) -> None:
    """Write report.html of a run again."""
    from aha.report.page import write_report

    page = write_report(run_directory)
    typer.echo(_dump({"report": str(page)}) if as_json else f"Report: {page}")


@app.command()
def doctor(run_directory: Annotated[Path, typer.Argument(metavar="RUN")], as_json: AsJson = False) -> None:
    """Say in one line each what is wrong with a run, and what to do."""
    from dataclasses import asdict

    from aha.report.doctor import diagnose, render

    findings = diagnose(run_directory)
    typer.echo(_dump([asdict(finding) for finding in findings]) if as_json else render(findings))


@app.command()
def review(
    file: Annotated[Path, typer.Argument(help="JSONL: messages, or prompt and completion, a row.")],
    export: Annotated[
        Path | None, typer.Option("--export", help="Write what was accepted and edited; serve none.")
    ] = None,
    pairs: Annotated[
        Path | None, typer.Option("--pairs", help="Write preference pairs from the ranks; serve none.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Let a person accept, edit, reject and rank examples, on a page that only this machine sees."""
    from aha.review.command import serve, write_exports

    tell = partial(typer.echo, err=as_json)
    if export is None and pairs is None:
        serve(file, tell)
        return
    found = write_exports(file, export, pairs, tell)
    if as_json:
        typer.echo(_dump(found))


@app.command("list")
def list_names(what: Annotated[str, typer.Argument(help=" | ".join(LISTS))], as_json: AsJson = False) -> None:
    """Name what there is: recipes, tasks, benchmarks, algorithms, rewards."""
    if what not in LISTS:
        raise UsageError(f"there is no list of '{what}'.", cure=f"Lists: {', '.join(LISTS)}.")
    from aha.evaluation.catalog import names

    entries = names(what)
    width = max(len(name) for name in entries)
    lines = [f"{name:{width}}  {text}".rstrip() for name, text in entries.items()]
    if what == "benchmarks" and not as_json:
        from aha.tasks.doors import files_note

        lines.append(files_note())
    typer.echo(_dump(entries) if as_json else "\n".join(lines))


def _console(as_json: bool) -> Any:
    """Where people read: stdout, or stderr when stdout carries JSON."""
    from rich.console import Console

    terminal = (sys.stderr if as_json else sys.stdout).isatty()
    return Console(stderr=as_json, width=None if terminal else FILE_WIDTH)


def _dump(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def main() -> None:
    """The entry point: an AhaError becomes one block on stderr and its own exit code."""
    try:
        app()
    except AhaError as error:
        if os.environ.get("AHA_DEBUG") == "1":
            traceback.print_exc()
        typer.echo(f"error: {error.problem}" + (f"\n  cure: {error.cure}" if error.cure else ""), err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        sys.exit(Interrupted.exit_code)


if __name__ == "__main__":
    main()
