"""Data parallelism: the processes that torchrun started, and sums over them. One process: nothing to do."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import torch
import torch.distributed as dist

from aha.errors import MachineError
from aha.types import Json

BUCKET_BYTES = 1 << 28
TIMEOUT = timedelta(minutes=30)
"""How long a process waits for the others; torchrun ends all when one has died."""


@dataclass(slots=True, frozen=True)
class World:
    """This process among `size`. Every process must call the methods in the same order."""

    rank: int = 0
    size: int = 1

    def sum_tensors_(self, tensors: Sequence[torch.Tensor]) -> None:
        """Replace each tensor, in place, by its sum over all processes.

        Small ones travel together in a flat buffer of one dtype and device; the same on every process, bit for bit.
        """
        if self.size == 1:
            return
        bucket: list[torch.Tensor] = []
        for tensor in tensors:
            if bucket and not _fits(bucket, tensor):
                _sum_bucket_(bucket)
                bucket = []
            bucket.append(tensor)
        if bucket:
            _sum_bucket_(bucket)

    def sum_floats(self, values: Sequence[float]) -> list[float]:
        """The sum of each number over all processes, in float64."""
        if self.size == 1:
            return list(values)
        tensor = torch.tensor(list(values), dtype=torch.float64)
        dist.all_reduce(tensor)
        return [float(value) for value in tensor]

    def gather_json(self, value: Json) -> list[Json]:
        """The JSON values of all processes by rank."""
        if self.size == 1:
            return [value]
        data = torch.frombuffer(bytearray(json.dumps(value).encode()), dtype=torch.uint8)
        lengths = [int(length) for length in self.sum_floats([len(data) * (i == self.rank) for i in range(self.size)])]
        padded = torch.zeros(max(lengths), dtype=torch.uint8)
        padded[: len(data)] = data
        gathered = [torch.empty_like(padded) for _ in lengths]
        dist.all_gather(gathered, padded)
        return [json.loads(bytes(each[:n].numpy())) for each, n in zip(gathered, lengths, strict=True)]

    def barrier(self) -> None:
        """Wait for all processes."""
        if self.size > 1:
            self.sum_floats([0.0])

    def close(self) -> None:
        """Leave the group."""
        if self.size > 1:
            dist.destroy_process_group()


def init_world() -> World:
    """Join the processes that torchrun started (gloo on CPU, NCCL on CUDA); without torchrun a world of one.

    Raises MachineError when the environment names a world that cannot be joined.
    """
    size = int(os.environ.get("WORLD_SIZE", "1"))
    if size == 1:
        return World()
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() and dist.is_nccl_available() else "gloo"
    try:
        dist.init_process_group(backend, timeout=TIMEOUT)
    except (RuntimeError, ValueError) as error:
        raise MachineError(
            f"This process cannot join the {size} processes that WORLD_SIZE names: {error}.",
            cure="Start with `torchrun --nproc-per-node N -m aha.cli run …`, or unset WORLD_SIZE.",
        ) from error
    return World(dist.get_rank(), size)


def _fits(bucket: list[torch.Tensor], tensor: torch.Tensor) -> bool:
    first = bucket[0]
    num_bytes = sum(each.numel() for each in [*bucket, tensor]) * first.element_size()
    return first.dtype == tensor.dtype and first.device == tensor.device and num_bytes <= BUCKET_BYTES


def _sum_bucket_(bucket: list[torch.Tensor]) -> None:
    if len(bucket) == 1 and bucket[0].is_contiguous():
        dist.all_reduce(bucket[0])
        return
    flat = torch.cat([tensor.reshape(-1) for tensor in bucket])
    dist.all_reduce(flat)
    for tensor, part in zip(bucket, torch.split(flat, [tensor.numel() for tensor in bucket]), strict=True):
        tensor.copy_(part.view_as(tensor))
