"""The commands behind `aha eval` and `aha compare`, with a scripted model and real verifier workers."""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

import pytest
from rich.console import Console

from aha.config.settings import EngineSettings, EvaluateStage
from aha.engines.fake import LetterTokenizer, ScriptedSampler
from aha.errors import UsageError
from aha.evaluation.answerers import SamplerAnswerer
from aha.evaluation.candidates import Candidate
from aha.evaluation.commands import compare_files, evaluate_model, memorised, show_power
from aha.evaluation.files import read_evaluation, write_evaluation
from aha.evaluation.tables import shown
from aha.types import Interval, Request
from tests.evaluation.conftest import MakeEvaluation, make_problem


@pytest.fixture
def console() -> Console:
    return Console(file=io.StringIO(), width=200, force_terminal=False)


def printed(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> list[EvaluateStage]:
    """A model that always answers 4, and two lab sets; returns the settings that it was opened with."""
    opened: list[EvaluateStage] = []
    module = ModuleType("aha.lab.tasks")
    module.benchmark = lambda name: [make_problem(index) for index in range(1, 4)]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "aha.lab.tasks", module)
    tokenizer = LetterTokenizer()

    def script(request: Request, version: int) -> str:
        return "<think> [bold] </think> <answer> 4 </answer>"

    @contextmanager
    def open_scripted(settings: EvaluateStage) -> Iterator[Candidate]:
        opened.append(settings)
        sampler = ScriptedSampler(script, tokenizer)
        yield Candidate(SamplerAnswerer(sampler, lambda problem: (65,), (0,), tokenizer), "hash", "plain")

    monkeypatch.setattr("aha.evaluation.commands.open_candidate", open_scripted)
    return opened


def settings(**changes: object) -> EvaluateStage:
    facts: dict[str, object] = {
        "kind": "evaluate",
        "model": "lab",
        "on": ["heldout", "lab:ood-steps"],
        "k": 2,
        "engine": EngineSettings(verifier_workers=1),
    }
    return EvaluateStage(**{**facts, **changes})  # type: ignore[arg-type]


def test_evaluate_model_writes_prints_and_returns(
    tmp_path: Path, console: Console, scripted: list[EvaluateStage]
) -> None:
    found = evaluate_model(settings(), seed=3, out=tmp_path, console=console)
    assert [evaluation.benchmark for evaluation in found] == ["heldout", "ood-steps"]
    assert [row["outcomes"] for row in found[0].problems] == ["ww", "cc", "ww"]
    assert (found[0].seed, found[0].model_hash, found[0].template) == (3, "hash", "plain")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["evaluation-heldout.json", "evaluation-ood-steps.json"]
    assert read_evaluation(tmp_path / "evaluation-heldout.json") == found[0]
    text = printed(console)
    assert "33.3 [0.0, 100.0]" in text
    assert "3 × 2" in text
    assert "undecided, counted" not in text


def test_without_a_folder_nothing_is_written(
    tmp_path: Path, console: Console, scripted: list[EvaluateStage], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    evaluate_model(settings(on=["heldout"], num_problems=1), seed=0, out=None, console=console)
    assert list(tmp_path.iterdir()) == []


def test_a_wrong_benchmark_costs_no_model(console: Console, scripted: list[EvaluateStage]) -> None:
    with pytest.raises(Exception, match="nonsense"):
        evaluate_model(settings(on=["heldout", "nonsense"]), seed=0, out=None, console=console)
    assert scripted == []


def test_undecided_is_told(tmp_path: Path, console: Console, make_evaluation: MakeEvaluation) -> None:
    from aha.evaluation.tables import print_evaluations

    print_evaluations([make_evaluation(["cu"], undecided_frac=0.5)], console)
    assert "sums: 50.0 % undecided, counted as wrong." in printed(console)


def test_a_row_printed_into_a_file_is_one_line(
    capsys: pytest.CaptureFixture[str], make_evaluation: MakeEvaluation
) -> None:
    from aha.cli import _console
    from aha.evaluation.tables import print_evaluations

    print_evaluations([make_evaluation(["cw"] * 50, benchmark="gsm8k?limit=8")], _console(False))
    (row,) = [line for line in capsys.readouterr().out.splitlines() if "gsm8k?limit=8" in line]
    assert row.count("]") == 3


def test_compare_two_files(tmp_path: Path, console: Console, make_evaluation: MakeEvaluation) -> None:
    a = write_evaluation(tmp_path / "a", "sums", make_evaluation(["ww"] * 30))
    b = write_evaluation(tmp_path / "b", "sums", make_evaluation(["cw"] * 30, model_hash="def"))
    (found,) = compare_files(a, b, console)
    assert found.difference.value == 0.5
    assert "The second model is better than the first by 50.0 points" in printed(console)


def test_compare_two_folders(tmp_path: Path, console: Console, make_evaluation: MakeEvaluation) -> None:
    for name in ("a", "b"):
        write_evaluation(tmp_path / name, "sums", make_evaluation(["cw"] * 5))
        write_evaluation(tmp_path / name, "knights", make_evaluation(["cw"] * 5, benchmark="knights"))
    write_evaluation(tmp_path / "a", "lists", make_evaluation(["cw"] * 5, benchmark="lists"))
    found = compare_files(tmp_path / "a", tmp_path / "b", console)
    assert [comparison.benchmark for comparison in found] == ["knights", "sums"]


def test_a_folder_without_evaluations_is_refused(
    tmp_path: Path, console: Console, make_evaluation: MakeEvaluation
) -> None:
    path = write_evaluation(tmp_path / "a", "sums", make_evaluation(["cw"]))
    (tmp_path / "empty").mkdir()
    with pytest.raises(UsageError, match="is no evaluation and holds none"):
        compare_files(path, tmp_path / "empty", console)
    write_evaluation(tmp_path / "b", "knights", make_evaluation(["cw"], benchmark="knights"))
    with pytest.raises(UsageError, match="share no benchmark"):
        compare_files(tmp_path / "a", tmp_path / "b", console)


def test_what_is_known_by_heart(tmp_path: Path, console: Console, make_evaluation: MakeEvaluation) -> None:
    trained = write_evaluation(tmp_path, "knights", make_evaluation(["cc", "cc", "ww", "ww"], "knights"))
    changed = make_evaluation(["cc", "ww", "ww", "cc"], "knights?perturb=statement")
    found = memorised(trained, write_evaluation(tmp_path, "changed", changed), console)
    assert found.score.value == 0.25
    (row,) = [line for line in printed(console).splitlines() if "[" in line]
    assert [cell.split()[0] for cell in row.strip("│ ").split("│")] == ["4", "50.0", "50.0", "25.0", "0.0"]
    assert "The last column is what of it is chance." in printed(console)


def test_show_power(tmp_path: Path, console: Console, make_evaluation: MakeEvaluation) -> None:
    assert show_power([], console, rate=0.3).basis.startswith("Assumed: both near 30 %")
    path = write_evaluation(tmp_path, "sums", make_evaluation(["cw", "cc"]))
    assert show_power([path], console).basis.startswith("Measured on 2 problems")
    assert "k = 64" in printed(console)
    assert "2000" in printed(console)


def test_shown() -> None:
    assert shown(Interval(0.6127, 0.58, 0.645)) == "61.3 [58.0, 64.5]"
    assert shown(None) == "–"
