"""Killed at any moment, the same command leaves the same bytes."""

import os
import random
import signal
import time
import traceback
from pathlib import Path

import pytest
import torch

from aha.runtime import files
from tests.resume.compare import contents, differences
from tests.resume.tiny_run import do, make_inputs


class DieAt:
    """Counts the calls of runtime/files.py; at the k-th one this process is killed."""

    def __init__(self, k: int | None) -> None:
        self.k, self.count = k, 0

    def __call__(self, operation: str, path: Path) -> None:
        self.count += 1
        if self.count == self.k:
            os.kill(os.getpid(), signal.SIGKILL)


def start(folder: Path, run: Path, rounds: int, die_at: int | None = None) -> int:
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
        do(folder / "tiny", folder / "sums.jsonl", run, rounds=rounds)
        (folder / "count.txt").write_text(str(fault.count))
        code = 0
    except BaseException:
        (folder / "failure.txt").write_text(traceback.format_exc())
    finally:
        os._exit(code)


def whole(folder: Path, run: str, rounds: int) -> None:
    """A run to its end."""
    state = os.waitpid(start(folder, folder / run, rounds), 0)[1]
    assert state == 0, (folder / "failure.txt").read_text()


def test_killed_at_file_calls_it_ends_in_the_same_bytes(tmp_path):
    make_inputs(tmp_path)
    whole(tmp_path, "whole", rounds=2)
    num_calls = int((tmp_path / "count.txt").read_text())
    chance = random.Random(0)
    kills = [os.waitpid(start(tmp_path, tmp_path / "cut", 2, chance.randrange(num_calls // 2)), 0)[1] for _ in range(3)]
    whole(tmp_path, "cut", rounds=2)
    assert signal.SIGKILL in kills
    assert len(contents(tmp_path / "cut")) > 20
    assert differences(tmp_path / "whole", tmp_path / "cut") == []


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_killed_at_twenty_random_moments_it_ends_in_the_same_bytes(tmp_path):
    make_inputs(tmp_path)
    begun = time.monotonic()
    whole(tmp_path, "whole", rounds=8)
    duration, chance, kills = time.monotonic() - begun, random.Random(1), []
    while len(kills) < 20:
        child = start(tmp_path, tmp_path / f"cut{len(kills) // 5}", 8)
        time.sleep(chance.uniform(0.02, 0.6) * duration)
        os.kill(child, signal.SIGKILL)
        kills.append(os.waitpid(child, 0)[1])
    for name in ("cut0", "cut1", "cut2", "cut3"):
        whole(tmp_path, name, rounds=8)
        assert differences(tmp_path / "whole", tmp_path / name) == []
