"""The machine under torch: device, threads, its matrix rate, and whether kernels can be compiled."""

from __future__ import annotations

import functools
import os
import shlex
import shutil
import subprocess
import sysconfig
import time

import torch

from aha.config.block import Device
from aha.errors import MachineError
from aha.runtime.cores import num_cores
from aha.types import Json

DTYPES = {"bfloat16": torch.bfloat16, "float32": torch.float32, "float64": torch.float64}
"""The names that settings use."""

MATRIX_SIZE = 2048
MEASURE_SECONDS = 0.3
PROBE = "#include <Python.h>\n#include <omp.h>\n#include <vector>\nint main() { return 0; }\n"


def pick_device(setting: Device) -> torch.device:
    """The device of this process; with several GPUs under torchrun, the one of its local rank.

    Raises MachineError when `cuda` is asked for and not there.
    """
    available = torch.cuda.is_available()
    if setting == "cpu" or (setting == "auto" and not available):
        return torch.device("cpu")
    if not available:
        raise MachineError(
            f"No CUDA device can be used by torch {torch.__version__}.",
            cure="Set engine.device to cpu or auto, or install a torch that fits the driver.",
        )
    local_rank = int(os.environ.get("LOCAL_RANK", "0"))
    if local_rank >= torch.cuda.device_count():
        raise MachineError(
            f"Process {local_rank} of this machine has no GPU of its own: there are {torch.cuda.device_count()}.",
            cure="Lower --nproc-per-node of torchrun.",
        )
    device = torch.device("cuda", local_rank)
    torch.cuda.set_device(device)
    return device


def set_threads(n: int) -> int:
    """Use `n` threads for tensor work on the CPU; 0: all cores, shared among the processes of this machine."""
    if n == 0:
        n = max(1, num_cores() // int(os.environ.get("LOCAL_WORLD_SIZE", "1")))
    torch.set_num_threads(n)
    return n


def measured_matrix_flops(dtype: torch.dtype, device: torch.device | None = None) -> float:
    """FLOP/s of a square matrix product (2048³; 8192³ on a GPU), the fastest of the repeats that fit in 0.3 s."""
    device = device or torch.device("cpu")
    cuda = device.type == "cuda"
    size = 4 * MATRIX_SIZE if cuda else MATRIX_SIZE
    a, b = (torch.randn(size, size, device=device).to(dtype) for _ in range(2))
    a @ b  # the first one sets things up
    best, end = float("inf"), time.perf_counter() + MEASURE_SECONDS
    while time.perf_counter() < end or best == float("inf"):
        if cuda:
            torch.cuda.synchronize(device)
        start = time.perf_counter()
        a @ b
        if cuda:
            torch.cuda.synchronize(device)
        best = min(best, time.perf_counter() - start)
    return 2 * size**3 / best


@functools.cache
def compiler_available() -> bool:
    """Whether torch.compile can build kernels: a C++ compiler with OpenMP and Python's headers, tried once."""
    command = shlex.split(os.environ.get("CXX", "g++"))
    if not command or shutil.which(command[0]) is None:
        return False
    include = sysconfig.get_path("include")
    result = subprocess.run(
        [*command, "-x", "c++", "-fopenmp", "-fsyntax-only", f"-I{include}", "-"],
        input=PROBE,
        text=True,
        capture_output=True,
        check=False,
    )
    return result.returncode == 0


def machine_facts() -> dict[str, Json]:
    """What the last bit of a result on the CPU depends on; a resume compares it."""
    return {
        "num_threads": torch.get_num_threads(),
        "torch": torch.__version__,
        "instruction_set": torch.backends.cpu.get_cpu_capability(),
        "compiler": compiler_available(),
    }
