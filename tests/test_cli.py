"""The command line: parsing, printing, exit codes. The work behind it is tested where it lives."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aha import __version__, cli
from aha.errors import DataError, Interrupted
from aha.evaluation.memorisation import Memorisation
from aha.types import Interval

Call = Callable[..., tuple[int, str, str]]


@pytest.fixture
def aha(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Call:
    """Calls the command line in an empty folder; returns exit code, stdout, stderr."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("AHA_DEBUG", raising=False)

    def call(*arguments: str) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["aha", *arguments])
        code = 0
        try:
            cli.main()
        except SystemExit as done:
            code = int(done.code or 0)
        out, err = capsys.readouterr()
        return code, out, err

    return call


def test_version(aha: Call) -> None:
    assert aha("--version") == (0, f"aha {__version__}\n", "")


def test_help_names_every_command(aha: Call) -> None:
    code, out, _ = aha("--help")
    assert code == 0
    for command in ("run", "eval", "compare", "verify", "audit", "report", "doctor", "review", "list"):
        assert f" {command} " in out


def test_unknown_command_is_a_usage_error(aha: Call) -> None:
    code, _, err = aha("nonsense")
    assert code == 2
    assert "nonsense" in err


def test_an_error_is_one_block_with_its_cure(aha: Call) -> None:
    code, out, err = aha("run", "lab-zero", "zero.sampling.grup_size=3")
    assert (code, out) == (3, "")
    assert err == (
        "error: override 'zero.sampling.grup_size=3': unknown key 'zero.sampling.grup_size'.\n"
        "  cure: Did you mean 'group_size'?\n"
    )


def test_debug_shows_the_traceback(aha: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AHA_DEBUG", "1")
    assert "Traceback" in aha("run", "nowhere")[2]


def test_exit_codes_come_from_the_error(aha: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> None:
        raise DataError("row 3 is empty.")

    monkeypatch.setattr("aha.report.doctor.diagnose", lambda run: refuse())
    assert aha("doctor", ".") == (4, "", "error: row 3 is empty.\n")
    assert aha("run", "lab-zero", "zero")[0] == 2


def test_dry_run_prints_and_leaves_nothing(aha: Call, tmp_path: Path) -> None:
    code, out, _ = aha("run", "lab-zero", "models.base=someone/nothere", "zero.rounds=7", "--dry-run")
    assert code == 0
    assert "rounds: 7" in out
    assert "base (someone/nothere) → zero [rl] → model" in out
    assert "unknown" in out
    assert not list(tmp_path.iterdir())
    assert (
        "comes after base" in aha("run", "lab-zero", "models.base=someone/nothere", "--dry-run", "--until", "base")[1]
    )
    assert aha("run", "lab-zero", "models.base=someone/nothere", "--dry-run", "--from", "nothing")[0] == 2


def test_dry_run_as_json_is_json_alone(aha: Call) -> None:
    arguments = ("run", "lab-zero", "models.base=someone/nothere", "zero.algorithm.objective=log_prob", "--dry-run")
    code, out, err = aha(*arguments, "--json")
    assert code == 0
    assert json.loads(out)["recipe"]["stages"]["zero"]["algorithm"]["objective"] == "log_prob"
    assert "note: zero.algorithm.ratio (preset grpo) has no effect" in err


def test_run_passes_what_was_said_and_ends_with_the_report(
    aha: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    said: dict[str, Any] = {}

    def run_recipe(loaded: Any, path: Path, **rest: Any) -> None:
        said.update(rest, seed=loaded.recipe.seed, path=path)
        (path / "stages").mkdir(parents=True)
        rest["tell"]("zero: rl.")

    monkeypatch.setattr("aha.stages.pipeline.run_recipe", run_recipe)
    monkeypatch.setattr("aha.report.page.write_report", lambda run: run / "report.html")
    code, out, _ = aha("run", "lab-zero", "seed=5", "--from", "zero", "--until", "zero", "--accept-drift")
    assert code == 0
    assert (said["seed"], said["from_stage"], said["until"], said["accept_drift"]) == (5, "zero", "zero", True)
    assert said["path"] == Path("runs/lab-zero")
    assert "zero: rl.\n" in out
    assert out.endswith("Report: runs/lab-zero/report.html\n")
    code, out, err = aha("run", "lab-zero", "--dir", "elsewhere", "--json")
    shown = {"run": "elsewhere", "report": "elsewhere/report.html", "stages": [], "evaluations": []}
    assert json.loads(out) == shown
    assert "zero: rl." in err


def test_a_run_as_json_lists_its_stages_with_their_results(
    aha: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def run_recipe(loaded: Any, path: Path, **_: Any) -> None:
        for name, result in (("base", {"kind": "evaluate", "scores": {"x": {}}}), ("zero", None)):
            (path / "stages" / name).mkdir(parents=True)
            if result:
                (path / "stages" / name / "result.json").write_text(json.dumps(result))
        (path / "recipe.yaml").write_text("stages: {base: {kind: evaluate}, zero: {kind: rl}}")

    monkeypatch.setattr("aha.stages.pipeline.run_recipe", run_recipe)
    assert json.loads(aha("run", "lab-zero", "--json")[1])["stages"] == [
        {"stage": "base", "kind": "evaluate", "done": True, "scores": {"x": {}}},
        {"stage": "zero", "kind": "rl", "done": False},
    ]


def test_other_processes_of_torchrun_print_nothing(aha: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RANK", "1")
    monkeypatch.setattr("aha.stages.pipeline.run_recipe", lambda *_, **__: None)
    assert aha("run", "lab-zero") == (0, "", "")


def test_a_stopped_run_exits_with_130(aha: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    def stop(*_: Any, **__: Any) -> None:
        raise Interrupted("Stopped after round 3.", cure="The same command goes on.")

    monkeypatch.setattr("aha.stages.pipeline.run_recipe", stop)
    assert aha("run", "lab-zero")[0] == 130


def test_eval_needs_a_benchmark(aha: Call) -> None:
    code, _, err = aha("eval", "lab")
    assert code == 2
    assert "--on heldout" in err


def test_eval_takes_keys_and_several_benchmarks(aha: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    said: dict[str, Any] = {}
    monkeypatch.setattr(
        "aha.evaluation.commands.evaluate_model", lambda settings, **rest: said.update(rest, settings=settings) or []
    )
    code, out, _ = aha("eval", "/models/mine", "k=2", "--on", "heldout,ood-steps", "--on", "x", "--seed", "3", "--json")
    assert (code, json.loads(out)) == (0, [])
    assert (said["settings"].model, said["settings"].k, said["seed"]) == ("/models/mine", 2, 3)
    assert said["settings"].on == ["heldout", "ood-steps", "x"]


def test_compare_needs_two(aha: Call) -> None:
    code, _, err = aha("compare", "one.json")
    assert code == 2
    assert "takes two evaluations, got 1" in err


def test_compare_says_what_is_known_by_heart(aha: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    quarter = Interval(0.25, 0.1, 0.4)
    found, asked = (
        Memorisation(num_puzzles=8, accuracy=quarter, consistency=quarter, score=quarter, asked_again=None),
        [],
    )
    monkeypatch.setattr("aha.evaluation.commands.memorised", lambda a, b, console: asked.append((a, b)) or found)
    code, out, _ = aha("compare", "a.json", "b.json", "--memorisation", "--json")
    assert (code, asked) == (0, [(Path("a.json"), Path("b.json"))])
    assert (json.loads(out)["score"]["value"], json.loads(out)["num_puzzles"]) == (0.25, 8)
    code, _, err = aha("compare", "a.json", "b.json", "--memorisation", "--power")
    assert code == 2
    assert "--power and --memorisation ask for two things" in err
    assert "takes two evaluations, got 1" in aha("compare", "a.json", "--memorisation")[2]


def test_verify_prints_rows_and_refuses_bad_ones_at_the_end(aha: Call, tmp_path: Path) -> None:
    row = {"id": 1, "verifier": "number", "response": "<answer>4</answer>", "reference": "4", "label": False}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\nno\n")
    code, out, err = aha("verify", "rows.jsonl")
    assert code == 4
    assert {**json.loads(out), "seconds": 0} == {
        **row, "outcome": "correct", "extracted": "4", "reason": "match", "seconds": 0
    }  # fmt: skip
    assert "1 of 2 rows of rows.jsonl were rejected, the first: rows.jsonl, row 2: no JSON" in err
    code, out, err = aha("verify", "rows.jsonl", "--against", "label", "--json")
    summary = json.loads(out)
    assert (code, summary["correct"], summary["rejected"][0]["row"]) == (4, 1, 2)
    assert summary["against"]["disagreements"][0]["id"] == 1
    assert aha("verify", "nowhere.jsonl")[0] == 4


def test_audit_passes_what_was_said(aha: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    from aha.evaluation.audit import Audit

    said: dict[str, Any] = {}
    monkeypatch.setattr(
        "aha.evaluation.audit_command.audit", lambda run, **rest: said.update(rest, run=run) or Audit(rest["seed"])
    )
    code, out, _ = aha("audit", "runs/zero", "--samples", "50", "--seed", "7", "--json")
    assert (code, said["run"], said["num_samples"], said["seed"]) == (0, Path("runs/zero"), 50, 7)
    assert json.loads(out)["rates"] == {"false_wrong": None, "misplaced": None, "false_right": None}


def test_audit_of_no_run(aha: Call) -> None:
    code, _, err = aha("audit", "nowhere")
    assert code == 4
    assert "There are no rollouts in nowhere." in err
    assert aha("audit", "nowhere", "--samples", "1")[0] == 2


def test_review_exports_or_serves(aha: Call, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    row = {"id": "one", "prompt": "1+1?", "completion": "2"}
    (tmp_path / "rows.jsonl").write_text(json.dumps(row) + "\n")
    assert "was accepted or edited yet" in aha("review", "rows.jsonl", "--export", "out.jsonl")[2]

    def serve_forever(server: Any) -> None:
        server.desk.review.accept("one")
        server.desk.review.rank("one", 1)
        raise KeyboardInterrupt

    monkeypatch.setattr("aha.review.server.ReviewServer.serve_forever", serve_forever)
    code, out, _ = aha("review", "rows.jsonl")
    assert code == 0
    assert re.search(r"Open http://127\.0\.0\.1:\d+/#\S{43}\n", out)
    assert "Stopped; decisions are in rows.review.jsonl" in out
    code, out, err = aha("review", "rows.jsonl", "--export", "out.jsonl", "--json")
    assert (code, json.loads(out)["exported"]) == (0, 1)
    assert "1 records (1 accepted" in err
    assert "so there are no pairs" in aha("review", "rows.jsonl", "--pairs", "pairs.jsonl")[2]


def test_the_list_of_benchmarks_ends_with_the_files(aha: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AHA_DATA", raising=False)
    assert "set AHA_DATA" in aha("list", "benchmarks")[1].splitlines()[-1]
    assert "aime24" in json.loads(aha("list", "benchmarks", "--json")[1])


def test_power_without_files(aha: Call) -> None:
    code, out, _ = aha("compare", "--power", "--json")
    assert code == 0
    assert json.loads(out)["num_problems"]


def test_report_and_doctor_of_no_run(aha: Call) -> None:
    for command in ("report", "doctor"):
        code, _, err = aha(command, "nowhere")
        assert code == 4
        assert "nowhere" in err


@pytest.mark.parametrize(
    ("what", "name"),
    [
        ("recipes", "lab-zero"),
        ("tasks", "lab:arithmetic"),
        ("tasks", "gym:chain_sum"),
        ("benchmarks", "heldout"),
        ("algorithms", "dr-grpo"),
        ("rewards", "accuracy"),
    ],
)
def test_lists(aha: Call, what: str, name: str) -> None:
    code, out, _ = aha("list", what)
    assert code == 0
    assert name in [line.split()[0] for line in out.splitlines()]
    assert name in json.loads(aha("list", what, "--json")[1])


def test_each_recipe_has_a_line_that_fits_into_100_columns(aha: Call) -> None:
    names = list(json.loads(aha("list", "recipes", "--json")[1]))
    lines = aha("list", "recipes")[1].splitlines()
    assert [line.split()[0] for line in lines] == names
    assert not [line for line in lines if len(line) > 100 or len(line.split()) < 4]


def test_tasks_without_reasoning_gym_say_how_to_get_it(aha: Call, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "reasoning_gym.factory", None)
    assert "pip install 'aha[gym]'" in aha("list", "tasks")[1]


def test_unknown_list(aha: Call) -> None:
    code, _, err = aha("list", "models")
    assert code == 2
    assert "Lists: recipes, tasks, benchmarks, algorithms, rewards." in err


def test_the_machine_rate_is_measured_in_the_stage_s_dtype_and_unknown_without_a_model() -> None:
    from aha.cli import _machine_rate
    from aha.config.loading import load_recipe

    rate = _machine_rate(load_recipe("lab-zero", []))
    assert rate is not None
    assert rate > 1e6
    assert _machine_rate(load_recipe("lab-zero", ["models.base=./no-such-folder"])) is None
