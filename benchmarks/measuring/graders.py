"""Both graders behind worker pools: what each says to a case, and in how many CPU seconds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from importlib.metadata import version
from itertools import islice
from pathlib import Path
from typing import Any

from aha.runtime.workers import CallResult, WorkerPool
from benchmarks.measuring.labelled import Case, draw

PEER = f"{Path(__file__).with_name('peer_math.py')}:math_verify"
CPU_SECONDS = {"aha": 10.0, "Math-Verify": 60.0}
"""Ours: the default of `engine.verifier_seconds`. The peer stops itself before."""
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

    def __init__(self, remembered: Path | None = None, num_workers: int = 1) -> None:
        """`remembered`: a file of the peer's answers, which depend on nothing but the question: what is in it is not
        asked again, and new answers are added. `num_workers` processes for each grader."""
        self.pools = {name: WorkerPool(num_workers, limit, MEMORY_BYTES) for name, limit in CPU_SECONDS.items()}
        self.remembered = remembered
        self.known: dict[str, str] = {}
        if remembered is not None and remembered.exists():
            self.known = dict(line.split() for line in remembered.read_text(encoding="utf-8").splitlines())

    def __enter__(self) -> Graders:
        return self

    def __exit__(self, *_: object) -> None:
        for pool in self.pools.values():
            pool.close()

    def ours(self, case: Case) -> Future[CallResult]:
        """Our verdict to come, as training asks for it."""
        arguments = {"verifier": case.verifier, "response": case.response, "reference": case.gold}
        return self.pools["aha"].submit("aha.verifiers:verify", {**arguments, "arguments": dict(case.arguments)})

    def peer(self, case: Case) -> Future[CallResult]:
        """The peer's verdict to come."""
        arguments = peer_arguments(case)
        if (answer := self.known.get(fingerprint(arguments))) is None:
            return self.pools["Math-Verify"].submit(PEER, arguments)
        known: Future[CallResult] = Future()
        known.set_result(CallResult(answer, None, "", 0.0))
        return known

    def judge(self, cases: Iterable[Case], peer_every: int = 1) -> Iterator[tuple[Case, dict[str, Said]]]:
        """Every case with what the graders said, in order; the peer is asked about one in `peer_every`, drawn by the
        case's id, and not for what only ours can do."""
        source = iter(cases)
        while window := list(islice(source, WINDOW)):
            asked = []
            for case in window:
                both = case.verifier == "math" and turn(case, peer_every) == 0
                asked.append((case, self.ours(case), self.peer(case) if both else None))
            for case, ours, peer in asked:
                answers = {"aha": said(ours.result())}
                if peer is not None:
                    answers["Math-Verify"] = said(peer.result())
                    self.remember(case, answers["Math-Verify"])
                yield case, answers

    def remember(self, case: Case, answer: Said) -> None:
        """Add an answer to the file; a call that failed is asked again."""
        key = fingerprint(peer_arguments(case))
        if self.remembered is not None and key not in self.known and not answer.reason:
            self.known[key] = answer.outcome
            with self.remembered.open("a", encoding="utf-8") as lines:
                lines.write(f"{key} {answer.outcome}\n")


def turn(case: Case, every: int) -> int:
    """Which of `every` equal parts a case falls into, by its id."""
    return draw(every, "peer", case.set_name, case.id)


def peer_arguments(case: Case) -> dict[str, Any]:
    """What Math-Verify is called with."""
    return {
        "gold": str(case.gold) if case.peer_gold is None else case.peer_gold,
        "response": case.response if case.peer_response is None else case.peer_response,
        "extraction": list(case.peer_extraction),
    }


def fingerprint(arguments: dict[str, Any]) -> str:
    """The same for the same question to the same version of the peer."""
    text = json.dumps([version("math-verify"), arguments], sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=12).hexdigest()


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
