"""Rejection sampling from a local model, killed at any write, ends in the same bytes and asks for nothing twice."""

from __future__ import annotations

import json
import os
import random
import signal
from pathlib import Path

import torch

from aha.config.loading import LoadedRecipe
from aha.config.recipe import Recipe
from aha.runtime import files
from aha.runtime.run_directory import RunDirectory
from tests.resume.test_kill import DieAt
from tests.resume.tiny_run import make_inputs

NUM_PROBLEMS, NUM_SAMPLES = 12, 3


def rejecting(folder: Path, run: Path, die_at: int | None) -> int:
    """The run in a fork of this process; how it ended."""
    child = os.fork()
    if child:
        return os.waitpid(child, 0)[1]
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        torch.set_num_threads(1)
        import aha.stages.session
        from aha.stages.pipeline import run_recipe

        aha.stages.session.measured_matrix_flops = lambda dtype: 1e9
        fault = DieAt(die_at)
        files.set_fault(fault)
        engine = {"device": "cpu", "dtype": "float32", "compile": False, "num_threads": 1, "verifier_workers": 1}
        stage = {
            "kind": "rejection",
            "model": str(folder / "tiny"),
            "data": {"tasks": [f"file:{folder / 'sums.jsonl'}"], "template": "plain", "verify_gold": 0},
            "num_samples": NUM_SAMPLES,
            "max_new_tokens": 8,
            "filters": {"correct": False},
            "engine": engine | {"max_rows": 8},
        }
        recipe = Recipe.model_validate({"name": "tiny", "seed": 3, "stages": {"data": stage}})
        run_recipe(LoadedRecipe(recipe, Path("tiny.yaml"), ()), run)
        (folder / "count.txt").write_text(str(fault.count))
        os._exit(0)
    finally:
        os._exit(1)


def test_killed_at_file_calls_it_ends_in_the_same_bytes(tmp_path: Path) -> None:
    make_inputs(tmp_path)
    assert rejecting(tmp_path, tmp_path / "whole", None) == 0
    num_calls, chance = int((tmp_path / "count.txt").read_text()), random.Random(0)
    moments = [num_calls // 3, chance.randrange(num_calls // 2)]
    ends = [rejecting(tmp_path, tmp_path / "cut", moment) for moment in moments]
    assert signal.SIGKILL in ends
    assert rejecting(tmp_path, tmp_path / "cut", None) == 0
    whole, cut = (RunDirectory(tmp_path / name) for name in ("whole", "cut"))
    data = [place.stage("data").data_file("examples").read_bytes() for place in (whole, cut)]
    assert data[0] == data[1]
    assert len(data[0].splitlines()) > NUM_PROBLEMS
    results = [json.loads(place.stage("data").result.read_bytes()) | {"timing": None} for place in (whole, cut)]
    assert results[0] == results[1]
    kept = cut.answers("data").read_text().splitlines()
    assert len(kept) == len({json.loads(line)["key"] for line in kept}) == NUM_PROBLEMS * NUM_SAMPLES
