"""Each symptom is named for the run that has it, and a healthy run has none."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aha.errors import DataError
from aha.report.doctor import Finding, diagnose, diagnose_record, render
from aha.report.findings import THRESHOLDS, early, graded, late, share
from aha.report.read import RunRecord, StageRecord

HEALTHY = {
    "reward/mean": 1.0,
    "reward/std": 0.3,
    "accuracy": 0.5,
    "format_rate": 0.95,
    "length/mean": 40.0,
    "truncated_frac": 0.01,
    "entropy": 0.5,
    "logprob_gap/mean": 0.004,
    "logprob_gap/max": 0.05,
    "grad_norm": 0.5,
    "loss": 0.01,
    "undecided_frac": 0.0,
    "kl/reference": 0.01,
    "clip_frac/low": 0.01,
    "clip_frac/high": 0.01,
    "update_skipped": 0.0,
    "groups/kept_frac": 0.7,
    "groups/all_correct_frac": 0.2,
    "groups/all_wrong_frac": 0.1,
}


def _run(change: Callable[[int], dict[str, Any]] = lambda step: {}, rounds: int = 20, name: str = "zero") -> RunRecord:
    stage = StageRecord(name, "rl", {})
    stage.metrics = [{"step": 0, "eval/heldout/pass@1": 0.2}]
    for step in range(1, rounds + 1):
        line = (
            {"step": step}
            | HEALTHY
            | {"reward/mean": 0.5 + step / 20, "eval/heldout/pass@1": 0.2 + step / 50}
            | change(step)
        )
        stage.metrics.append({key: value for key, value in line.items() if value != "absent"})
    stage.timing = [{"step": step, "seconds/sample": 2.0, "seconds/update": 1.5} for step in range(1, rounds + 1)]
    return RunRecord(Path("run"), {}, {}, {}, [], [stage], [])


def _names(run: RunRecord, level: str = "") -> list[str]:
    return [
        finding.name
        for finding in diagnose_record(run)
        if finding.level == level or (not level and finding.level != "ok")
    ]


def _one(run: RunRecord, name: str) -> Finding:
    return next(finding for finding in diagnose_record(run) if finding.name == name)


def test_a_healthy_run_is_all_ok() -> None:
    findings = diagnose_record(_run())
    assert {finding.level for finding in findings} == {"ok"}
    assert {
        "undecided",
        "format",
        "truncation",
        "logprob_gap",
        "entropy",
        "length",
        "kl",
        "clipping",
        "evaluation",
        "time",
    } == {f.name for f in findings}


@pytest.mark.parametrize(
    ("change", "name", "level", "part"),
    [
        ({"accuracy": 0.0}, "accuracy_zero", "bad", "too hard for this model"),
        ({"accuracy": 0.0, "undecided_frac": 0.9}, "accuracy_zero", "bad", "most verdicts are undecided"),
        ({"accuracy": 0.0, "truncated_frac": 0.9}, "accuracy_zero", "bad", "cut off before they answer"),
        ({"accuracy": 0.0, "format_rate": 0.0}, "accuracy_zero", "bad", "do not follow the template"),
        ({"reward/std": 0.0, "groups/all_wrong_frac": 1.0}, "no_variance", "bad", "100 % all wrong"),
        (
            {"reward/std": 0.01, "groups/all_correct_frac": 0.9},
            "no_variance",
            "warn",
            "90 % of the groups are all right",
        ),
        ({"groups/kept_frac": 0.1}, "no_variance", "warn", "hardly differ"),
        ({"grad_norm": 0.0}, "gradient_zero", "bad", "no token carries an advantage"),
        ({"loss": 1e-9}, "loss_zero", "ok", "that is normal"),
        ({"undecided_frac": 0.02}, "undecided", "warn", "2.0 % of the verdicts"),
        ({"undecided_frac": 0.2}, "undecided", "bad", "20 %"),
        ({"format_rate": 0.3}, "format", "warn", "Only 30 %"),
        ({"format_rate": 0.01}, "format", "bad", "Only 1.0 %"),
        ({"truncated_frac": 0.2}, "truncation", "warn", "20 % of the responses are cut off"),
        ({"truncated_frac": 0.6}, "truncation", "bad", "60 %"),
        ({"truncated_frac": 0.6, "repeats_frac": 0.2}, "truncation", "bad", "at the length limit"),
        ({"truncated_frac": 0.2, "repeats_frac": 0.15}, "truncation", "warn", "most of them in a loop (15 % of all)"),
        ({"logprob_gap/mean": 0.05}, "logprob_gap", "warn", "mean gap 0.05 nats"),
        ({"logprob_gap/mean": 0.5}, "logprob_gap", "bad", "disagree"),
        ({"entropy": 0.001}, "entropy_collapse", "bad", "explores no more"),
        ({"kl/reference": 0.5}, "kl_growth", "warn", "0.5 nats"),
        ({"clip_frac/high": 0.3}, "clipping", "warn", "31 % of the tokens are clipped"),
        ({"loss": "absent", "entropy": "absent"}, "not_logged", "warn", "entropy, loss"),
    ],
)
def test_constant_symptoms(change: dict[str, Any], name: str, level: str, part: str) -> None:
    finding = _one(_run(lambda step: change), name)
    assert finding.level == level
    assert part in finding.sentence
    assert finding.cure or level == "ok"


@pytest.mark.parametrize(
    ("change", "name"),
    [
        (lambda step: {"entropy": 0.1 + step * 0.1}, "entropy_growth"),
        (lambda step: {"length/mean": 10.0 * step}, "length_runaway"),
        (lambda step: {"length/mean": 400.0 / step}, "length_collapse"),
        (lambda step: {"update_skipped": float(step == 9)}, "skipped_updates"),
        (lambda step: {"grad_norm": 50.0 if step == 9 else 0.5}, "gradient_spike"),
        (lambda step: {"eval/heldout/pass@1": 0.2}, "reward_hacking"),
        (lambda step: {"eval/heldout/pass@1": "absent" if step > 8 else 0.3}, "evaluation"),
    ],
)
def test_symptoms_over_time(change: Callable[[int], dict[str, Any]], name: str) -> None:
    assert _names(_run(change)) == [name]


def test_growing_length_with_growing_accuracy_is_fine() -> None:
    assert _names(_run(lambda step: {"length/mean": 10.0 * step, "accuracy": step / 20})) == []


def test_a_falling_heldout_accuracy_under_rising_reward_is_bad() -> None:
    assert _one(_run(lambda step: {"eval/heldout/pass@1": 0.2 - step / 200}), "reward_hacking").level == "bad"


def test_missing_evaluations_are_said() -> None:
    run = _run(lambda step: {"eval/heldout/pass@1": "absent"})
    run.stages[0].metrics.pop(0)
    assert "No held-out evaluation was made" in _one(run, "evaluation").sentence
    run = _run()
    run.stages[0].metrics.pop(0)
    assert "there is no “before”" in _one(run, "evaluation").sentence


def test_the_bottleneck_is_named_with_its_cure() -> None:
    run = _run()
    run.stages[0].timing = [{"step": 1, "seconds/verify": 9.0, "seconds/update": 1.0}]
    finding = _one(run, "time")
    assert finding.level == "warn"
    assert "verify: 90 % of 10 seconds" in finding.sentence
    assert "verifier_workers" in finding.cure
    run.stages[0].timing = []
    assert "time" not in [f.name for f in diagnose_record(run)]


def test_undecided_names_the_commonest_reason(tmp_path: Path) -> None:
    run = _run(lambda step: {"undecided_frac": 0.5})
    path = tmp_path / "step-000001.parquet"
    pq.write_table(
        pa.table(
            {
                "outcome": ["undecided"] * 6 + ["wrong"],
                "reason": ["timeout", "timeout", "crash", *["no_rule"] * 3, "mismatch"],
            }
        ),
        path,
    )
    run.stages[0].rollouts[1] = path
    assert "mostly “timeout”" in _one(run, "undecided").sentence


def test_bad_comes_first_and_several_stages_are_named() -> None:
    run = _run(lambda step: {"truncated_frac": 0.2, "accuracy": 0.0})
    run.stages.append(_run(name="again").stages[0])
    findings = diagnose_record(run)
    assert [f.level for f in findings] == sorted((f.level for f in findings), key=["bad", "warn", "ok"].index)
    assert findings[0].sentence.startswith("zero: ")
    assert any(f.sentence.startswith("again: ") for f in findings)


def test_unreadable_files_and_runs_without_training_are_findings() -> None:
    run = _run()
    run.unread.append("x could not be read.")
    run.stages.clear()
    assert [(f.level, f.name) for f in diagnose_record(run)] == [("bad", "unreadable"), ("warn", "no_training")]


def test_a_stopped_run_says_why() -> None:
    run = _run()
    run.status = {"state": "stopped", "error": "MachineError", "text": "Disk full."}
    assert diagnose_record(run)[0].sentence == "The run stopped: Disk full."


def test_a_run_directory_is_diagnosed_and_rendered(finished: Path, tmp_path: Path) -> None:
    text = render(diagnose(finished))
    assert "✓ Format:" in text
    with pytest.raises(DataError):
        diagnose(tmp_path)


def test_render_is_one_safe_line_a_finding() -> None:
    text = render([Finding("bad", "a", "evil \x1b[2J\nline", "cure\x9b"), Finding("ok", "b", "fine", "")])
    assert text == "✗ evil [2Jline → cure\n✓ fine"


def test_levels_and_windows() -> None:
    assert THRESHOLDS["truncated_frac"] == (0.1, 0.3)
    assert [graded(v, "truncated_frac") for v in (0.1, 0.2, 0.31)] == ["ok", "warn", "bad"]
    assert [graded(v, "format_rate", low_is_bad=True) for v in (0.5, 0.2, 0.01)] == ["ok", "warn", "bad"]
    stage = _run(lambda step: {"entropy": float(step), "kl/reference": float("nan")}, rounds=50).stages[0]
    assert (early(stage, "entropy"), late(stage, "entropy")) == (5.5, 45.5)
    assert late(stage, "kl/reference") is None
    assert [share(v) for v in (0, 0.034, 0.5)] == ["0 %", "3.4 %", "50 %"]
