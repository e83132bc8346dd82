import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch

from aha.errors import MachineError
from aha.runtime import cores, device
from aha.runtime.cores import num_cores
from aha.runtime.device import compiler_available, machine_facts, measured_matrix_flops, pick_device, set_threads


@pytest.fixture(autouse=True)
def restore_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


def test_pick_device_without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert pick_device("auto") == pick_device("cpu") == torch.device("cpu")
    with pytest.raises(MachineError, match=r"No CUDA device.*engine\.device"):
        pick_device("cuda")


def test_pick_device_by_local_rank(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    chosen: list[torch.device] = []
    monkeypatch.setattr(torch.cuda, "set_device", chosen.append)
    monkeypatch.setenv("LOCAL_RANK", "1")
    assert pick_device("auto") == torch.device("cuda", 1)
    assert chosen == [torch.device("cuda", 1)]
    assert pick_device("cpu") == torch.device("cpu")
    monkeypatch.setenv("LOCAL_RANK", "2")
    with pytest.raises(MachineError, match=r"no GPU of its own: there are 2\..*nproc"):
        pick_device("cuda")


def test_set_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "num_cores", lambda: 8)
    assert set_threads(3) == torch.get_num_threads() == 3
    monkeypatch.delenv("LOCAL_WORLD_SIZE", raising=False)
    assert set_threads(0) == 8
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "4")
    assert set_threads(0) == 2
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "16")
    assert set_threads(0) == 1


@pytest.mark.parametrize(("text", "expected"), [("max 100000", 4), ("150000 100000", 2), ("1000 100000", 1)])
def test_cores_follow_the_quota_of_a_container(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, expected: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 1, 2, 3})
    (tmp_path / "cpu.max").write_text(text + "\n")
    monkeypatch.setattr(cores, "Path", lambda path: tmp_path / "cpu.max")
    assert num_cores() == expected
    (tmp_path / "cpu.max").unlink()
    assert num_cores() == 4


def test_measured_matrix_flops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(device, "MATRIX_SIZE", 256)
    monkeypatch.setattr(device, "MEASURE_SECONDS", 0.02)
    assert 1e8 < measured_matrix_flops(torch.float32) < 1e14


def test_compiler_is_tried(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def compiler(exit_code: int) -> str:
        path = tmp_path / f"c{exit_code}"
        path.write_text(f"#!/bin/sh\ncat > /dev/null\nexit {exit_code}\n")
        path.chmod(0o755)
        return str(path)

    for command, expected in ((compiler(0), True), (compiler(1), False), ("no-such-compiler", False), ("", False)):
        compiler_available.cache_clear()
        monkeypatch.setenv("CXX", command)
        assert compiler_available() is expected
    compiler_available.cache_clear()


def test_machine_facts() -> None:
    facts = machine_facts()
    assert facts.keys() == {"num_threads", "torch", "instruction_set", "compiler"}
    assert facts["torch"] == torch.__version__
