"""What isolation costs: one isolated Python run beside a bare start, and a thousand runs in a pool of threads.

scripts/bench sandbox              a few minutes; writes results/sandbox.json
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[1]
if __name__ == "__main__":
    sys.path[0] = str(ROOT)

from aha.sandbox import Execution, Sandbox, probe  # noqa: E402
from benchmarks.measuring.results import RESULTS, write_result  # noqa: E402

PROGRAM = b"print(sum(int(word) for word in input().split()))\n"
STDIN = b"1 2 3\n"
STDOUT = b"6\n"
TURN_RUNS = 100
COMMAND = ("python3", "-I", "-S", "main.py")


def main(arguments: Sequence[str] | None = None) -> None:
    """Measure, write, print."""
    parser = argparse.ArgumentParser(
        prog="scripts/bench sandbox", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--starts", type=int, default=200, help="runs of each kind, one after another")
    parser.add_argument("--runs", type=int, default=1000, help="runs in each pool")
    parser.add_argument("--threads", type=int, nargs="+", default=[2, 4])
    parser.add_argument("--out", type=Path, default=RESULTS, help="folder of the result file")
    options = parser.parse_args(arguments)
    levels = [level for level, reason in probe().items() if not reason]
    found = {
        "levels": {level: reason or "works" for level, reason in probe().items()},
        "root": os.geteuid() == 0,
        "program": PROGRAM.decode(),
        "command": list(COMMAND),
        "latency": latency(levels, options.starts),
        "throughput": [row for threads in options.threads for row in throughput(levels, threads, options.runs)],
    }
    path = write_result("sandbox", found, options.out)
    for line in table(found):
        print(line)
    print(f"Written to {path}.")


def latency(levels: Sequence[str], num_starts: int) -> dict[str, dict[str, float]]:
    """Seconds of one run by kind: `bare` without any sandbox, then each level. Kinds take turns, so that a noisy
    machine is noisy for all of them."""
    kinds: dict[str, Callable[[], float]] = {"bare": bare}
    for level in levels:
        kinds[level] = lambda sandbox=Sandbox(level): isolated(sandbox).cpu_seconds  # type: ignore[arg-type,misc]
    wall: dict[str, list[float]] = {kind: [] for kind in kinds}
    cpu: dict[str, list[float]] = {kind: [] for kind in kinds}
    for turn in range(num_starts + 5):
        for kind, start in kinds.items():
            began = time.perf_counter()
            cpu_seconds = start()
            if turn >= 5:  # the first ones warm up
                wall[kind].append(time.perf_counter() - began)
                cpu[kind].append(cpu_seconds)
    return {kind: figures(wall[kind], cpu[kind]) for kind in kinds}


def figures(wall_seconds: Sequence[float], cpu_seconds: Sequence[float]) -> dict[str, float]:
    """Median, tenth and ninetieth percentile of the wall time, median of the CPU time."""
    tenths = statistics.quantiles(wall_seconds, n=10)
    return {
        "num_runs": len(wall_seconds),
        "median_seconds": round(statistics.median(wall_seconds), 5),
        "p10_seconds": round(tenths[0], 5),
        "p90_seconds": round(tenths[-1], 5),
        "median_cpu_seconds": round(statistics.median(cpu_seconds), 5),
    }


def bare() -> float:
    """The same program as a plain process; its CPU seconds."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    line = [*COMMAND[:-1], "-c", PROGRAM.decode()]
    result = subprocess.run(line, input=STDIN, capture_output=True, check=True, start_new_session=True)
    assert result.stdout == STDOUT
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def isolated(sandbox: Sandbox) -> Execution:
    """One run in the sandbox."""
    return sandbox.run(COMMAND, {"main.py": PROGRAM}, STDIN)


def throughput(levels: Sequence[str], num_threads: int, num_runs: int) -> list[dict[str, Any]]:
    """Runs a second of each kind in a pool of threads, and how many came out wrong. Kinds take turns of TURN_RUNS."""
    kinds: dict[str, Callable[[int], bool]] = {"bare": lambda _: bare() >= 0}
    for level in levels:
        kinds[level] = lambda _, sandbox=Sandbox(level): is_right(isolated(sandbox))  # type: ignore[arg-type,misc]
    seconds, num_right = dict.fromkeys(kinds, 0.0), dict.fromkeys(kinds, 0)
    with ThreadPoolExecutor(num_threads) as pool:
        for first in range(0, num_runs, TURN_RUNS):
            turn = range(first, min(first + TURN_RUNS, num_runs))
            for kind, run in kinds.items():
                began = time.perf_counter()
                num_right[kind] += sum(pool.map(run, turn))
                seconds[kind] += time.perf_counter() - began
    return [
        {
            "kind": kind,
            "num_threads": num_threads,
            "num_runs": num_runs,
            "num_wrong": num_runs - num_right[kind],
            "seconds": round(seconds[kind], 2),
            "runs_per_second": round(num_runs / seconds[kind], 1),
            "load_average": round(os.getloadavg()[0], 2),
        }
        for kind in kinds
    ]


def is_right(execution: Execution) -> bool:
    """Whether the program came to its end and said what it should."""
    return execution.exit_code == 0 and execution.stdout == STDOUT


def table(found: dict[str, Any]) -> list[str]:
    """The figures as lines."""
    lines = [
        f"{kind}: median {1000 * each['median_seconds']:.1f} ms, p90 {1000 * each['p90_seconds']:.1f} ms, "
        f"CPU {1000 * each['median_cpu_seconds']:.1f} ms"
        for kind, each in found["latency"].items()
    ]
    lines += [
        f"{each['kind']}, {each['num_threads']} threads: {each['runs_per_second']} runs a second, "
        f"{each['num_wrong']} of {each['num_runs']} wrong"
        for each in found["throughput"]
    ]
    return lines


if __name__ == "__main__":
    main()
