"""Audits of a run: what is drawn, how contradictions are counted, and what is written and printed."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from aha.errors import DataError
from aha.evaluation.audit import audit_run
from aha.evaluation.audit_command import audit
from aha.runtime.rollout_store import write_rollouts
from aha.runtime.workers import WorkerPool
from aha.types import Completion, Group, Outcome, Problem, Rollout, Segment, Verdict, VerifierSpec

RIGHT, OTHER = "x </think> <answer>4</answer>", "x </think> <answer>5</answer>"
ROLLOUTS: list[tuple[Outcome, str, str]] = [
    *[("correct", "match", RIGHT)] * 6,
    ("correct", "match", OTHER),
    *[("wrong", "mismatch", OTHER)] * 5,
    *[("wrong", "mismatch", RIGHT)] * 2,
    ("wrong", "no_answer", "x </think> the answer is 4."),
    ("wrong", "truncated", "x and 4"),
    ("undecided", "crash", RIGHT),
    ("undecided", "timeout", RIGHT),
]
"""Verdict, its reason, completion. The prompt opened the thought; the reference is 4."""


def rollout(number: int, outcome: Outcome, reason: str, text: str, spec: VerifierSpec) -> Rollout:
    problem = Problem(f"p{number}", "sums", [{"role": "user", "content": "2+2"}], 4, spec)
    completion = Completion(
        f"r{number}", np.array([1], np.int32), np.array([0.0], np.float32), "stop", [Segment("model", 0, 1, 0)], text
    )
    verdict = Verdict(outcome, "4", reason, 0.0, "the grader broke" if outcome == "undecided" else "")
    measures: dict[str, float | str] = {"opened": 1.0}
    return Rollout(f"r{number}", f"g{number}", problem, (1,), completion, verdict, {}, 0.0, measures=measures)


def write_run(folder: Path, spec: VerifierSpec | None = None) -> Path:
    """A run of two rounds."""
    place = folder / "run" / "stages" / "zero" / "rollouts"
    place.mkdir(parents=True)
    made = [rollout(i, *each, spec or VerifierSpec("number")) for i, each in enumerate(ROLLOUTS)]
    for step, part in ((1, made[:7]), (2, made[7:])):
        write_rollouts(
            place / f"step-{step:06d}.parquet", [Group(each.group_id, [each]) for each in part], {}, "text", 0
        )
    return folder / "run"


@pytest.fixture(scope="module")
def pool() -> Iterator[WorkerPool]:
    with WorkerPool(2, cpu_seconds=10.0, memory_bytes=4 << 30) as pool:
        yield pool


def test_contradictions_are_counted_by_kind_and_reason(tmp_path: Path, pool: WorkerPool) -> None:
    run = write_run(tmp_path)
    done: list[int] = []
    found = audit_run(run, pool, num_samples=100, seed=0, on_progress=done.append)
    assert done[-1] == 16
    written = json.loads((run / "audit.json").read_text())
    assert written == json.loads(json.dumps(found.to_json()))
    assert written["num_rollouts"] == {"correct": 7, "wrong": 9, "undecided": 2}
    assert written["undecided_reasons"] == {"crash": 1, "timeout": 1}
    rates = written["rates"]
    assert {kind: (rate["found"], rate["checked"]) for kind, rate in rates.items()} == {
        "false_wrong": (2, 7),
        "misplaced": (1, 2),
        "false_right": (1, 7),
    }
    assert rates["false_wrong"]["value"] == pytest.approx(2 / 7)
    assert 0 < rates["false_wrong"]["low"] < 2 / 7 < rates["false_wrong"]["high"] < 1
    assert written["reasons"]["wrong: mismatch"] == {"checked": 7, "contradicted": 2}
    assert written["reasons"]["wrong: truncated"] == {"checked": 1, "contradicted": 0}
    assert sum(written["judges"].values()) == 16
    assert written["num_without_opinion"] == 0
    (example,) = written["examples"]["false_right"]
    assert (example["rollout_id"], example["stage"], example["step"], example["second"]) == ("r6", "zero", 1, "5")
    assert (example["completion"], example["prompt"], example["reason"]) == (OTHER, "2+2", "match")


def test_the_sample_is_half_and_half_and_the_same_for_the_same_seed(tmp_path: Path, pool: WorkerPool) -> None:
    run = write_run(tmp_path)
    found = [audit_run(run, pool, num_samples=6, seed=seed).to_json() for seed in (1, 1, 2, 3, 4)]
    assert found[0] == found[1]
    assert len({json.dumps(each["reasons"]) for each in found}) > 1
    checked = [each["rates"]["false_right"]["checked"] for each in found]
    assert checked == [3] * 5


def test_a_judge_that_fails_has_no_opinion(tmp_path: Path, pool: WorkerPool) -> None:
    run = write_run(tmp_path, VerifierSpec(f"{tmp_path / 'none.py'}:f"))
    written = audit_run(run, pool, num_samples=4, seed=0).to_json()
    assert written["num_without_opinion"] == 4
    assert written["rates"] == {"false_wrong": None, "misplaced": None, "false_right": None}


def test_a_run_that_kept_no_rollouts_or_old_ones(tmp_path: Path, pool: WorkerPool) -> None:
    with pytest.raises(DataError, match="There are no rollouts in"):
        audit_run(tmp_path, pool, num_samples=4, seed=0)
    run = write_run(tmp_path)
    for path in run.glob("stages/zero/rollouts/*"):
        pq.write_table(pq.read_table(path).drop_columns(["verification"]), path)
    with pytest.raises(DataError, match="does not say how its answers were checked"):
        audit_run(run, pool, num_samples=4, seed=0)
    assert not (run / "audit.json").exists()


def test_what_is_printed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run, console = write_run(tmp_path), Console(file=io.StringIO(), width=120)
    found = audit(run, num_samples=100, seed=0, console=console)
    assert found.num_rollouts["wrong"] == 9
    assert isinstance(console.file, io.StringIO)
    printed = " ".join(console.file.getvalue().split())
    for text in (
        "false wrong │ 7 │ 2 │ 28.6 [",
        "misplaced │ 2 │ 1 │ 50.0 [",
        "wrong: mismatch │ 7 │ 2",
        "undecided, 1 of 18 rollouts: crash",
        "false right: rollout r6 of zero (match): extracted '4', second judge '5', reference '4'",
        f"Written: {run / 'audit.json'}",
    ):
        assert text in printed


def test_surrogates_in_examples_are_written(tmp_path: Path, pool: WorkerPool, monkeypatch: pytest.MonkeyPatch) -> None:
    rows: list[Any] = [("wrong", "mismatch", "\ud800 </think> <answer>4</answer>")]
    monkeypatch.setattr("tests.evaluation.test_audit.ROLLOUTS", rows * 8)
    run = write_run(tmp_path)
    audit_run(run, pool, num_samples=2, seed=0)
    assert "d800" in json.loads((run / "audit.json").read_text())["examples"]["false_wrong"][0]["completion"]
