import os
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from aha.errors import DataError
from aha.runtime import files
from aha.runtime.metrics import MetricsLog, read_lines
from aha.runtime.run_directory import StageDirectory
from aha.types import StepMetrics
from tests.runtime.faults import KILLED, in_child, kill_at


@pytest.fixture
def stage(tmp_path: Path) -> StageDirectory:
    return StageDirectory(tmp_path / "zero")


def round_(step: int) -> StepMetrics:
    return StepMetrics(step, {"loss": step / 4}, {"seconds/sample": 1.5})


def test_one_line_a_round_without_a_clock(stage: StageDirectory) -> None:
    log = MetricsLog(stage)
    log.write(round_(1))
    log.write(StepMetrics(2, {"loss": float("nan"), "kl/sampler": float("inf")}, {}))
    assert read_lines(stage.metrics) == [{"step": 1, "loss": 0.25}, {"step": 2, "loss": None, "kl/sampler": None}]
    assert read_lines(stage.timing) == [{"step": 1, "seconds/sample": 1.5}, {"step": 2}]


def test_rewind_moves_later_lines_aside(stage: StageDirectory) -> None:
    log = MetricsLog(stage)
    log.write(round_(1))
    offsets = log.offsets()
    undisturbed = stage.metrics.read_bytes()
    log.write(round_(2))
    undisturbed += stage.metrics.read_bytes()[len(undisturbed) :]
    with stage.metrics.open("ab") as file:
        file.write(b'{"step": 3, "lo')
    again = MetricsLog(stage)
    again.rewind(offsets)
    again.write(round_(2))
    assert stage.metrics.read_bytes() == undisturbed
    assert (stage.path / "metrics.jsonl.torn").read_bytes() == b'{"step": 3, "lo\n'
    assert read_lines(stage.path / "metrics.jsonl.superseded") == [{"step": 2, "loss": 0.5}]
    assert len(read_lines(stage.path / "timing.jsonl.superseded")) == 1


def test_rewind_to_the_start(stage: StageDirectory) -> None:
    log = MetricsLog(stage)
    log.rewind({})
    assert log.offsets() == {"metrics.jsonl": 0, "timing.jsonl": 0}
    log.write(round_(1))
    log.rewind({})
    assert read_lines(stage.metrics) == []
    assert stage.metrics.read_bytes() == b""


def test_killed_at_every_call_of_a_rewind(stage: StageDirectory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda descriptor: None)  # a kill does not lose what the system holds
    log = MetricsLog(stage)
    log.write(round_(1))
    offsets = log.offsets()
    start = stage.metrics.read_bytes()
    log.write(round_(2))
    disturbed = stage.metrics.read_bytes() + b'{"step": 3'
    cut = {name: len(start) for name in offsets}
    for call in count():
        for path in stage.path.iterdir():
            path.unlink()
        stage.metrics.write_bytes(disturbed)
        stage.timing.write_bytes(disturbed)
        files.set_fault(kill_at(call))
        code = in_child(partial(log.rewind, cut))
        files.set_fault(None)
        log.rewind(cut)
        assert stage.metrics.read_bytes() == stage.timing.read_bytes() == start
        assert {"step": 2, "loss": 0.5} in read_lines(stage.path / "metrics.jsonl.superseded")
        assert b'{"step": 3\n' in (stage.path / "metrics.jsonl.torn").read_bytes()
        if code != KILLED:
            break
    assert call > 20


def test_a_log_shorter_than_its_checkpoint_is_refused(stage: StageDirectory) -> None:
    log = MetricsLog(stage)
    log.write(round_(1))
    offsets = log.offsets()
    stage.metrics.write_bytes(b"")
    with pytest.raises(DataError, match=r"metrics\.jsonl has 0 bytes, its checkpoint was made at .*--from"):
        log.rewind(offsets)


def test_read_lines(tmp_path: Path) -> None:
    path = tmp_path / "log.jsonl"
    assert read_lines(path) == []
    path.write_text('{"a": 1}\n{"a": ')
    assert read_lines(path) == [{"a": 1}]
    path.write_text('{"a": 1}\n{"a": \n{"a": 2}\n')
    with pytest.raises(DataError, match=r"log\.jsonl, line 2 \(byte 9\) is not JSON"):
        read_lines(path)
    path.write_text("[1]\n")
    with pytest.raises(DataError, match=r"log\.jsonl, line 1 \(byte 0\) is not a JSON object"):
        read_lines(path)
