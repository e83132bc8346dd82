"""Both graders behind worker pools: what each says to a case, and in how many CPU seconds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from aha.runtime.workers import CallResult, WorkerPool
from benchmarks.measuring.labelled import Case

PEER = f"{Path(__file__).with_name('peer_math.py')}:math_verify"
CPU_SECONDS = {"aha": 10.0, "Math-Verify": 60.0}
"""Ours: the default of `engine.verifier_seconds`. The peer stops itself after five seconds a parse or comparison."""
MEMORY_BYTES = 4 << 30
WINDOW = 2000
"""Cases in the queue at a time."""


@dataclass(slots=True, frozen=True)
class Said:
    """A grader's outcome (correct, wrong, undecided), the reason where it gives one, and CPU seconds."""

    outcome: str
    reason: str
    extracted: str | None
    seconds: float


class Graders:
    """Two pools. Use as a context."""

    def __init__(self, num_workers: int = 1) -> None:
        """`num_workers` processes for each grader."""
        self.pools = {name: WorkerPool(num_workers, limit, MEMORY_BYTES) for name, limit in CPU_SECONDS.items()}

    def __enter__(self) -> Graders:
        return self

    def __exit__(self, *_: object) -> None:
        for pool in self.pools.values():
            pool.close()

    def ask(self, case: Case) -> dict[str, Future[CallResult]]:
        """Both graders' answers to come; ours alone where the case is no work for the peer."""
        ours = {
            "verifier": case.verifier,
            "response": case.response,
            "reference": case.gold,
            "arguments": dict(case.arguments),
        }
        asked = {"aha": self.pools["aha"].submit("aha.verifiers:verify", ours)}
        if case.verifier == "math":
            peer = {
                "gold": case.gold if case.peer_gold is None else case.peer_gold,
                "response": case.response if case.peer_response is None else case.peer_response,
                "extraction": list(case.peer_extraction),
            }
            asked["Math-Verify"] = self.pools["Math-Verify"].submit(PEER, peer)
        return asked

    def judge(self, cases: Iterable[Case]) -> Iterator[tuple[Case, dict[str, Said]]]:
        """Every case with what the graders said, in order."""
        source = iter(cases)
        while window := list(islice(source, WINDOW)):
            for case, asked in [(case, self.ask(case)) for case in window]:
                yield case, {name: said(future.result()) for name, future in asked.items()}


def said(result: CallResult) -> Said:
    """A worker's answer; a failed call is undecided, as it is in training."""
    if result.failure is not None:
        return Said("undecided", f"{result.failure}: {result.message}"[:200], None, result.seconds)
    if isinstance(result.value, str):
        return Said(result.value, "", None, result.seconds)
    value = result.value
    return Said(value["outcome"], value["reason"], value["extracted"], result.seconds)


def quantile(values: Sequence[float], share: float) -> float:
    """The value below which `share` of the values lie: the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else 0.0
