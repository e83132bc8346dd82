import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from aha.errors import MachineError
from aha.runtime import distributed
from aha.runtime.distributed import World, init_world

CHILD = """
import torch
from aha.runtime import distributed
distributed.BUCKET_BYTES = 64
world = distributed.init_world()
mine = world.rank + 1
tensors = [torch.full((2, 3), float(mine), dtype=torch.float64), torch.arange(6.0).view(2, 3).T * mine,
           torch.tensor(mine), torch.full((100,), float(mine)), torch.zeros(0)]
world.sum_tensors_(tensors)
assert torch.equal(tensors[0], torch.full((2, 3), 3.0, dtype=torch.float64))
assert torch.equal(tensors[1], torch.arange(6.0).view(2, 3).T * 3)
assert tensors[2].item() == 3
assert torch.equal(tensors[3], torch.full((100,), 3.0))
assert world.sum_floats([0.1 * mine, 1e300]) == [0.1 * 1 + 0.1 * 2, 2e300]
assert world.gather_json({"rank": world.rank, "text": "한" * (1 + 9 * world.rank)}) == [
    {"rank": 0, "text": "한"}, {"rank": 1, "text": "한" * 10}]
world.barrier()
world.close()
print("rank", world.rank, "of", world.size)
"""


def torchrun_environment(rank: int, port: int) -> dict[str, str]:
    world = {"RANK": str(rank), "WORLD_SIZE": "2", "LOCAL_RANK": str(rank), "LOCAL_WORLD_SIZE": "2"}
    return {**os.environ, **world, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port), "CUDA_VISIBLE_DEVICES": ""}


def free_port() -> int:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        return int(server.getsockname()[1])


def test_two_processes_sum_and_gather(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-c", CHILD]
    children = [
        subprocess.Popen(command, env=torchrun_environment(rank, port), stdout=subprocess.PIPE, text=True)
        for rank in range(2)
    ]
    assert [child.communicate(timeout=120)[0] for child in children] == ["rank 0 of 2\n", "rank 1 of 2\n"]


def test_one_process_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("WORLD_SIZE", raising=False)
    world = init_world()
    assert world == World(0, 1)
    tensor = torch.ones(2)
    world.sum_tensors_([tensor])
    assert torch.equal(tensor, torch.ones(2))
    assert world.sum_floats([0.5]) == [0.5]
    assert world.gather_json({"a": 1}) == [{"a": 1}]
    world.barrier()
    world.close()


def test_a_world_that_cannot_be_joined(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    for name in ("RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(MachineError, match=r"cannot join the 2 processes.*torchrun"):
        init_world()


def test_buckets_hold_one_dtype_and_a_bounded_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed, "BUCKET_BYTES", 40)
    buckets: list[list[int]] = []
    monkeypatch.setattr(distributed, "_sum_bucket_", lambda bucket: buckets.append([len(each) for each in bucket]))
    World(0, 2).sum_tensors_(
        [torch.zeros(4), torch.zeros(6), torch.zeros(1), torch.zeros(1, dtype=torch.float64), torch.zeros(100)]
    )
    assert buckets == [[4, 6], [1], [1], [100]]
