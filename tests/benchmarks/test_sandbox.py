from __future__ import annotations

import json
from pathlib import Path

import pytest

from aha.sandbox import probe
from benchmarks import sandbox


def test_figures_are_medians_and_tails():
    found = sandbox.figures([float(n) for n in range(1, 12)], [2.0, 1.0, 3.0])
    assert (found["median_seconds"], found["median_cpu_seconds"], found["num_runs"]) == (6.0, 2.0, 11)
    assert found["p10_seconds"] < 2 < 10 < found["p90_seconds"]


@pytest.mark.skipif(bool(probe()["bubblewrap"]), reason=f"sandbox level bubblewrap: {probe()['bubblewrap']}")
@pytest.mark.skipif(not Path("/usr/bin/python3").exists(), reason="no /usr/bin/python3")
def test_every_kind_is_measured_and_wrong_runs_are_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys):
    sandbox.main(["--starts", "2", "--runs", "3", "--threads", "2", "--out", str(tmp_path)])
    found = json.loads((tmp_path / "sandbox.json").read_text())
    assert {"bare", "bubblewrap"} <= set(found["latency"])
    assert all((each["num_wrong"], each["num_runs"]) == (0, 3) for each in found["throughput"])
    assert "bubblewrap, 2 threads: " in capsys.readouterr().out
    monkeypatch.setattr(sandbox, "bare", lambda: 0.0)
    monkeypatch.setattr(sandbox, "PROGRAM", b"print(7)")
    assert [row["num_wrong"] for row in sandbox.throughput(["bubblewrap"], 1, 2)] == [0, 2]
