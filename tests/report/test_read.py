"""Reading a run directory, broken ones too."""

from __future__ import annotations

from pathlib import Path

import pytest

from aha.errors import DataError
from aha.report.read import num_rows, read_json, read_jsonl, read_run


def test_a_finished_run_is_read_in_recipe_order(finished: Path) -> None:
    run = read_run(finished)
    assert run.name == "lab-zero"
    assert [stage.name for stage in run.stages] == ["base", "zero"]
    assert [stage.name for stage in run.trained] == ["zero"]
    zero = run.stages[1]
    assert [line["step"] for line in zero.metrics] == list(range(21))
    assert len(zero.rounds) == 20
    assert list(zero.rollouts) == list(range(1, 21))
    assert sorted(zero.evaluations) == ["heldout", "ood-numbers"]
    assert run.unread == []


def test_a_folder_that_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"is not a run directory: it has neither recipe\.yaml nor stages/"):
        read_run(tmp_path)


def test_broken_files_are_named_and_the_rest_is_read(run: Path) -> None:
    (run / "recipe.yaml").write_text("a: [")
    (run / "status.json").write_text("[1]")
    (run / "environment.json").write_text("{")
    (run / "stages/base/evaluation-heldout.json").write_text('{"benchmark"')
    with (run / "stages/zero/metrics.jsonl").open("a") as file:
        file.write("oops\n")
    record = read_run(run)
    said = "\n".join(record.unread)
    for part in (
        "recipe.yaml could not be read",
        "status.json of small does not hold a JSON object",
        "environment.json of small",
        "evaluation-heldout.json of base",
        "metrics.jsonl, line 12",
    ):
        assert part in said, part
    assert record.name == "small"
    assert len(record.stages) == 2


def test_a_missing_recipe_is_said(run: Path) -> None:
    (run / "recipe.yaml").unlink()
    assert read_run(run).unread == ["recipe.yaml is missing, so settings are not shown."]


def test_torn_last_line_repeated_steps_and_old_stages(run: Path) -> None:
    path = run / "stages/zero/metrics.jsonl"
    path.write_text(path.read_text() + '{"step": 10, "accuracy": 0.125}\n{"note": 1}\n{"step": 11, "acc')
    (run / "stages/.old/zero-1").mkdir(parents=True)
    record = read_run(run)
    assert [stage.name for stage in record.stages] == ["base", "zero"]
    assert [line["step"] for line in record.stages[1].metrics] == list(range(11))
    assert record.stages[1].metrics[-1] == {"step": 10, "accuracy": 0.125}


def test_small_readers_on_what_is_not_there(tmp_path: Path) -> None:
    unread: list[str] = []
    assert read_json(tmp_path / "a.json", unread) == {}
    assert read_jsonl(tmp_path / "a.jsonl", unread) == []
    assert unread == []
    (tmp_path / "a.parquet").write_bytes(b"PAR1")
    assert num_rows(tmp_path / "a.parquet") == 0
