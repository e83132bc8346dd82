"""Preferences and the reward model of them, killed at any write: the same bytes, and no judgement paid twice."""

from __future__ import annotations

import json
import os
import random
import signal
from pathlib import Path
from typing import Any

import pytest

from benchmarks.measuring.same_run import contents, differences
from tests.models.tiny import save_reference
from tests.resume.test_kill_data import NUM_PARALLEL, SUMS, address, num_calls, start, whole
from tests.stages.data_run import ENGINE, write_rows

__all__ = ["address"]  # a fixture


def stages(folder: Path, address: str) -> dict[str, dict[str, Any]]:
    """Answers of an endpoint, judged by it; a tiny model learns from them."""
    save_reference(folder / "base", max_position_embeddings=1024)
    write_rows(folder / "sums.jsonl", *({"prompt": asked, "answer": said} for asked, said in SUMS.items()))
    asked = "file:sums.jsonl"  # by its name from the folder: seeds hold it, and the folder changes
    judge = {"model": address, "num_parallel": NUM_PARALLEL}
    return {
        "compare": {
            "kind": "preference",
            "model": address,
            "judge": judge,
            "data": {"tasks": [asked], "verify_gold": 0},
            "num_problems": 6,
            "num_samples": 3,
            "num_judgements": 2,
            "min_margin": 0.4,
            "engine": ENGINE,
        },
        "helpful": {
            "kind": "reward_model",
            "model": str(folder / "base"),
            "pairs": ["stage/compare"],
            "sees": "summary",
            "held_out": 0.0,
            "epochs": 3,
            "batch_size": 2,
            "optimizer": {"lr": 1e-3},
            "engine": ENGINE,
            "logging": {"checkpoint_every": 2},
        },
    }


@pytest.mark.parametrize("num_kills", [3, pytest.param(30, marks=pytest.mark.slow)])
@pytest.mark.timeout(1800)
def test_killed_at_file_calls_it_ends_in_the_same_bytes(
    tmp_path: Path, address: str, num_kills: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    made = stages(tmp_path, address)
    whole(tmp_path, "whole", made)
    total, paid = int((tmp_path / "count.txt").read_text()), num_calls(tmp_path)
    found = contents(tmp_path / "whole" / "run")
    assert {"stages/compare/data/pairs.jsonl", "stages/helpful/model/model.safetensors"} <= found.keys()
    rng = random.Random(0)
    for kill in range(num_kills):
        before = num_calls(tmp_path)
        status = os.waitpid(start(tmp_path, f"killed-{kill}", made, rng.randrange(1, total)), 0)[1]
        assert os.WTERMSIG(status) == signal.SIGKILL
        whole(tmp_path, f"killed-{kill}", made)
        assert differences(tmp_path / "whole" / "run", tmp_path / f"killed-{kill}" / "run") == []
        assert num_calls(tmp_path) - before <= paid + NUM_PARALLEL
    result = json.loads((tmp_path / "whole" / "run" / "stages" / "helpful" / "result.json").read_text())
    assert result["counts"]["0 (stage/compare)"]["kept"] > 1
