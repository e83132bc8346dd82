"""Verdicts a second beside Math-Verify, and what one bad answer in twenty costs a batch.

Both graders run in this process, on this thread, on the same answers, in turns; every turn has answers of its own, so
that neither lives on what it remembers of the turn before. CPU seconds count, so that neither pays for neighbours.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from itertools import islice
from statistics import median
from typing import Any

from aha.runtime.workers import WorkerPool
from aha.verifiers import verify
from benchmarks.measuring.generated import other_answers
from benchmarks.measuring.graders import CPU_SECONDS, MEMORY_BYTES, quantile
from benchmarks.measuring.hostile import GIANTS, NUMBERS, hostile_strings
from benchmarks.measuring.labelled import Case, boxed, math_test, qwen_math_samples
from benchmarks.measuring.peer_math import math_verify

NUM_TURNS = 6
"""The first warms up and does not count."""
TURN_CASES = {"short answers": 300, "whole responses": 80}
BATCH, BAD_FRAC, WANTED_SECONDS = 1000, 0.05, 3.0


def workloads() -> dict[str, list[Case]]:
    """MATH answers in a box, right and wrong ones by turns; Qwen2-Math's whole responses."""
    right = [Case("", case.id, case.gold, boxed(str(case.gold)), True) for case in math_test()]
    wrong = list(other_answers())
    step = len(right) // (NUM_TURNS * TURN_CASES["short answers"] // 2)
    short = [case for pair in zip(right[::step], wrong[:: 2 * step], strict=False) for case in pair]
    return {"short answers": short, "whole responses": list(qwen_math_samples())}


def ours(case: Case) -> None:
    """One verdict as training asks for it."""
    verify(case.verifier, case.response, case.gold, case.arguments)


def theirs(case: Case) -> None:
    """One verdict as its users ask for it."""
    math_verify(case.gold, case.response, ["latex", "expr"])


def speeds() -> dict[str, Any]:
    """By workload and grader: verdicts a second (median over turns), seconds of a verdict (median, 99 %), the ratio."""
    found: dict[str, Any] = {}
    graders: dict[str, Callable[[Case], None]] = {"aha": ours, "Math-Verify": theirs}
    for name, cases in workloads().items():
        size = TURN_CASES[name]
        rates: dict[str, list[float]] = {grader: [] for grader in graders}
        every: dict[str, list[float]] = {grader: [] for grader in graders}
        for turn in range(NUM_TURNS):
            part = cases[turn * size : (turn + 1) * size]
            order = list(graders) if turn % 2 else list(graders)[::-1]
            for grader in order:
                seconds = [timed(graders[grader], case) for case in part]
                if turn:
                    rates[grader].append(len(part) / sum(seconds))
                    every[grader] += seconds
        found[name] = {grader: summary(rates[grader], every[grader]) for grader in graders}
        found[name]["times as fast"] = median(rates["aha"]) / median(rates["Math-Verify"])
    return found


def timed(grade: Callable[[Case], None], case: Case) -> float:
    """CPU seconds of one verdict, so that a busy machine does not count."""
    start = time.process_time()
    grade(case)
    return time.process_time() - start


def summary(rates: Sequence[float], seconds: Sequence[float]) -> dict[str, Any]:
    """Figures of one grader on one workload."""
    return {
        "verdicts_per_second": median(rates),
        "verdicts_per_second_turns": list(rates),
        "num_verdicts": len(seconds),
        "p50_seconds": quantile(seconds, 0.5),
        "p99_seconds": quantile(seconds, 0.99),
        "max_seconds": max(seconds),
    }


def tell_speeds(found: dict[str, Any]) -> None:
    """One line a workload and grader."""
    for name, workload in found.items():
        for grader in ("aha", "Math-Verify"):
            one = workload[grader]
            print(
                f"{name}, {grader}: {one['verdicts_per_second']:,.0f} verdicts/s, p50"
                f" {1000 * one['p50_seconds']:.3f} ms, p99 {1000 * one['p99_seconds']:.2f} ms,"
                f" max {1000 * one['max_seconds']:.1f} ms"
            )
        print(f"{name}: {workload['times as fast']:.1f} times as fast")


def batch_beside_clean(repeats: int = 5, num_workers: int = 2) -> dict[str, Any]:
    """Seconds of 1 000 ordinary answers, and of the same with one in twenty made pathological, by turns."""
    clean = [(case.response, case.gold) for case in workloads()["short answers"][:BATCH]]
    count = int(BATCH * BAD_FRAC)
    bad = [boxed(text) for text in (*NUMBERS, *GIANTS)] + [boxed(text) for text, _ in hostile_strings(count)]
    step = len(bad) / count
    chosen = [bad[int(place * step)] for place in range(count)]
    every = BATCH // count
    dirty = [(chosen[n // every], gold) if n % every == 0 else (text, gold) for n, (text, gold) in enumerate(clean)]
    seconds: dict[str, list[float]] = {"clean": [], "pathological": []}
    undecided = 0
    with WorkerPool(num_workers, CPU_SECONDS["aha"], MEMORY_BYTES) as pool:
        graded(pool, clean)
        for turn in range(repeats):
            for name, answers in (("clean", clean), ("pathological", dirty))[:: 1 if turn % 2 else -1]:
                start = time.perf_counter()
                undecided += graded(pool, answers)
                seconds[name].append(time.perf_counter() - start)
    added = median(seconds["pathological"]) - median(seconds["clean"])
    return {
        "num_workers": num_workers,
        "seconds": seconds,
        "added_seconds": added,
        "reached": added <= WANTED_SECONDS,
        "undecided": undecided,
    }


def graded(pool: WorkerPool, answers: Sequence[tuple[str, Any]]) -> int:
    """Grade all; how many verdicts were not reached."""
    calls = [
        pool.submit(
            "aha.verifiers:verify",
            {"verifier": "math", "response": response, "reference": gold, "arguments": {"extract": "boxed"}},
        )
        for response, gold in islice(answers, BATCH)
    ]
    results = [call.result() for call in calls]
    return sum(result.failure is not None or result.value["outcome"] == "undecided" for result in results)
