"""The lab's problems behind a verifier that fails on a share of the answers: it raises, hangs or dies.

Which answers, is decided by a hash of answer and reference, as it is where a verifier has a bug: the same answer to the
same problem always meets it, right or wrong.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any

from aha.lab.tasks import lab_task
from aha.types import Problem, VerifierSpec
from aha.verifiers import VERIFIERS

FAULTS = ("raise", "spin", "sleep", "die")
PLACES = 1_000_000


def problems(fault_frac: float = 0.01, size: int = 4096) -> list[Problem]:
    """The problems of `lab:mixed`, each with `verdict` around its own verifier."""
    found = []
    for problem in lab_task("lab:mixed", size=size).problems():
        own = dict(problem.verifier.arguments)
        arguments = {"inner": problem.verifier.name, "fault_frac": fault_frac, "settings": own}
        if "extract" in own:
            arguments["extract"] = own.pop("extract")
        found.append(replace(problem, verifier=VerifierSpec(f"{Path(__file__).resolve()}:verdict", arguments)))
    return found


def verdict(answer: str, reference: Any, *, inner: str, fault_frac: float, settings: Mapping[str, Any]) -> bool:
    """What the verifier `inner` says, except for the answers that meet the fault."""
    fault = fault_of(answer, reference, fault_frac)
    if fault == "raise":
        raise RuntimeError("this answer meets the fault")
    while fault == "spin":
        pass
    while fault == "sleep":
        time.sleep(60)
    if fault == "die":
        os.abort()
    return VERIFIERS[inner](answer, reference, **settings).outcome == "correct"


def fault_of(answer: str, reference: Any, fault_frac: float) -> str | None:
    """One of FAULTS, or None for an answer that is graded as ever."""
    text = json.dumps([answer, reference], sort_keys=True)
    number = int.from_bytes(blake2b(text.encode("utf-8", "backslashreplace"), digest_size=8).digest(), "big")
    return FAULTS[number // PLACES % len(FAULTS)] if number % PLACES < fault_frac * PLACES else None


def reasons(rows: list[Mapping[str, Any]]) -> dict[str, int]:
    """How many rollouts are undecided, by reason."""
    return dict(Counter(str(row["reason"]) for row in rows if row["outcome"] == "undecided"))
