"""Killed at any moment, the same command leaves the same bytes."""

import os
import random
import signal
import time
import traceback
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import torch

from aha.engines.kernels import compiled_kernels
from aha.runtime import files
from benchmarks.measuring.same_run import contents, differences
from tests.resume.tiny_run import do, make_inputs


class DieAt:
    """Counts the calls of runtime/files.py; at the k-th one this process is killed."""

    def __init__(self, k: int | None) -> None:
        self.k, self.count = k, 0

    def __call__(self, operation: str, path: Path) -> None:
        self.count += 1
        if self.count == self.k:
            os.kill(os.getpid(), signal.SIGKILL)


class Case(NamedTuple):
    """What is run: a model, for so many rounds, with these settings."""

    model: str
    rounds: int
    settings: dict[str, Any]


TINY = Case("tiny", 8, {})
CRITIC = Case(
    "tiny",
    8,
    {
        "algorithm": {"baseline": "critic", "scale": "batch_std", "kl": {"place": "reward", "estimator": "k1"}},
        "critic": {"head_range": 0.5, "num_updates": 3, "optimizer": {"lr": 1e-2}},
    },
)
TOKENS = Case(
    "tiny",
    8,
    {
        "algorithm": {"scale": "none", "select": "one_correct_one_wrong", "weights": {"tokens": "learned"}},
        "token_reward": {"alone": 1, "num_updates": 2, "optimizer": {"lr": 1e-2}},
    },
)
LAB = Case("lab", 5, {"engine": {"dtype": "bfloat16", "compile": True}, "optimizer": {"lr": 2e-4}})


def start(folder: Path, run: Path, case: Case, die_at: int | None = None) -> int:
    """The run in a process of its own (a fork: torch is imported already); its id."""
    child = os.fork()
    if child:
        return child
    code = 1
    try:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        torch.set_num_threads(1)
        import aha.stages.session

        aha.stages.session.measured_matrix_flops = lambda dtype: 1e9
        fault = DieAt(die_at)
        files.set_fault(fault)
        model = Path("lab") if case.model == "lab" else folder / case.model
        do(model, folder / "sums.jsonl", run, rounds=case.rounds, **case.settings)
        (folder / "count.txt").write_text(str(fault.count))
        code = 0
    except BaseException:
        (folder / "failure.txt").write_text(traceback.format_exc())
    finally:
        os._exit(code)


def whole(folder: Path, run: str, case: Case) -> None:
    """A run to its end."""
    state = os.waitpid(start(folder, folder / run, case), 0)[1]
    assert state == 0, (folder / "failure.txt").read_text()


@pytest.mark.parametrize("case", [TINY, CRITIC, TOKENS], ids=["tiny", "critic", "tokens"])
def test_killed_at_file_calls_it_ends_in_the_same_bytes(tmp_path, case):
    make_inputs(tmp_path)
    short = case._replace(rounds=2)
    whole(tmp_path, "whole", short)
    num_calls = int((tmp_path / "count.txt").read_text())
    chance = random.Random(0)
    moments = [chance.randrange(num_calls // 2) for _ in range(3)]
    kills = [os.waitpid(start(tmp_path, tmp_path / "cut", short, moment), 0)[1] for moment in moments]
    whole(tmp_path, "cut", short)
    assert signal.SIGKILL in kills
    assert len(contents(tmp_path / "cut")) > 20
    assert differences(tmp_path / "whole", tmp_path / "cut") == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.parametrize("case", [TINY, CRITIC, TOKENS, LAB], ids=["tiny", "critic", "tokens", "lab-bf16-compiled"])
def test_killed_at_twenty_random_moments_it_ends_in_the_same_bytes(tmp_path, case):
    if case.settings and isinstance(compiled_kernels(), str):
        pytest.skip(compiled_kernels())
    make_inputs(tmp_path)
    begun = time.monotonic()
    whole(tmp_path, "whole", case)
    duration, chance, kills = time.monotonic() - begun, random.Random(1), []
    while len(kills) < 20:
        child = start(tmp_path, tmp_path / f"cut{len(kills) // 5}", case)
        time.sleep(chance.uniform(0.02, 0.6) * duration)
        os.kill(child, signal.SIGKILL)
        kills.append(os.waitpid(child, 0)[1])
    for name in ("cut0", "cut1", "cut2", "cut3"):
        whole(tmp_path, name, case)
        assert differences(tmp_path / "whole", tmp_path / name) == []
