"""What the page says of verdicts: counts by reason, what failed verifiers said, and the second judge."""

from __future__ import annotations

import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aha.report.page import page_data, render_page
from aha.report.read import StageRecord, read_run
from aha.report.verdicts import MAX_EXAMPLES, audit_rows, counts

RATE = {"value": 0.1, "low": 0.02, "high": 0.3, "checked": 10, "found": 1}
EXAMPLE = {
    **{"stage": "zero", "step": 3, "rollout_id": "3/0/1", "problem_id": "p", "source": "sums", "reference": "4"},
    **{"extracted": None, "reason": "no_answer", "second": "</script><b>4", "judge": "numbers"},
    **{"prompt": "2+2", "completion": "x" * 9_000},
}
AUDIT = {
    "rates": {"false_wrong": RATE, "misplaced": None, "false_right": {**RATE, "found": 0}},
    "judges": {"numbers": 20},
    "num_without_opinion": 2,
    "examples": {"false_wrong": [EXAMPLE] * 9, "misplaced": [], "false_right": []},
}


def test_verdicts_are_counted_by_reason_and_failures_say_what_they_said(tmp_path: Path) -> None:
    stage = StageRecord("zero", "rl", {})
    for step, said in ((1, ["a", "b", "a"]), (2, ["a", "c", "d"])):
        rows = [{"outcome": "undecided", "reason": "crash", "detail": text} for text in said]
        rows += [{"outcome": "undecided", "reason": "timeout", "detail": "took more than 10 CPU seconds"}]
        rows += [{"outcome": "correct", "reason": "match", "detail": "level 1"}] * 2
        rows += [{"outcome": "wrong", "reason": "no_answer", "detail": ""}] * 4
        stage.rollouts[step] = tmp_path / f"step-{step:06d}.parquet"
        pq.write_table(pa.Table.from_pylist(rows), stage.rollouts[step])
    found = counts(stage, [])
    assert [(row["outcome"], row["reason"], row["count"]) for row in found] == [
        ("correct", "match", 4),
        ("wrong", "no_answer", 8),
        ("undecided", "crash", 6),
        ("undecided", "timeout", 2),
    ]
    assert found[1]["share"] == pytest.approx(8 / 20)
    assert found[2]["details"][0] == "3 × a"
    assert len(found[2]["details"]) == 3
    assert found[3]["details"] == ["2 × took more than 10 CPU seconds"]
    assert found[0]["details"] == []


def test_rollouts_without_details_are_counted_too(run: Path) -> None:
    found = counts(read_run(run).trained[0], [])
    assert {row["outcome"] for row in found} >= {"correct", "wrong"}


def test_the_audit_is_on_the_page(run: Path) -> None:
    (run / "audit.json").write_text(json.dumps(AUDIT))
    data = page_data(read_run(run))
    audit = data["audit"]
    assert [(rate["label"].partition(":")[0], rate["found"]) for rate in audit["rates"]] == [
        ("likely false wrong", 1),
        ("likely false right", 0),
    ]
    assert len(audit["examples"]) == MAX_EXAMPLES
    assert audit["examples"][0]["kind"] == "likely false wrong"
    assert audit["examples"][0]["extracted"] is None
    assert len(audit["examples"][0]["completion"]) < 2_100
    assert "</script><b>" not in render_page(data)


@pytest.mark.parametrize("record", [{}, {"rates": 3}])
def test_no_audit_is_empty(record: dict[str, object]) -> None:
    assert audit_rows(record) == {}


def test_a_broken_audit_is_said(run: Path) -> None:
    (run / "audit.json").write_text("{")
    data = page_data(read_run(run))
    assert data["audit"] == {}
    assert any("audit.json" in sentence for sentence in data["unread"])
