"""`aha audit`: a second judge over a sample of a run's rollouts, and how often it thinks the verdict was false.

A verdict of `wrong` is likely false where the second judge calls the answer right. Where the first judge compared two
values and found them different, that is a `false_wrong`; where it found no answer at its place, or several, the answer
may be right but is not where the task wants it: `misplaced`. A `correct` that the second judge calls wrong is a
`false_right`.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import Future
from dataclasses import asdict, dataclass, field
from pathlib import Path
from random import Random

from aha.errors import DataError
from aha.evaluation.statistics import wilson
from aha.runtime import files
from aha.runtime.rollout_store import read_rollouts
from aha.runtime.run_directory import RunDirectory
from aha.runtime.seeds import seed_of
from aha.runtime.workers import CallResult
from aha.tasks.base import Pool
from aha.types import Json, VerifierSpec
from aha.verifiers import call_seconds

FILE = "audit.json"
KINDS = ("false_wrong", "misplaced", "false_right")
NOT_COMPARED = ("no_answer", "several_answers", "truncated")
"""Reasons of a `wrong` that was given without comparing values."""
MAX_EXAMPLES = 20
"""Kept of each kind."""
MAX_TEXT_CHARS = 4_000
COLUMNS = (
    *("step", "rollout_id", "problem_id", "source", "prompt", "completion", "reference"),
    *("outcome", "extracted", "reason", "verification", "measure/opened"),
)
Row = dict[str, Json]


@dataclass(slots=True)
class Audit:
    """What the second judge found; written as audit.json."""

    seed: int
    num_rollouts: Counter[str] = field(default_factory=Counter)
    """All kept rollouts of the run by outcome."""
    undecided: Counter[str] = field(default_factory=Counter)
    """Reasons of those that are undecided."""
    checked: Counter[str] = field(default_factory=Counter)
    """Sampled rollouts by the kind of error that each could show."""
    found: Counter[str] = field(default_factory=Counter)
    """Those in which the second judge contradicts, by the same kind."""
    reasons: dict[str, list[int]] = field(default_factory=dict)
    """`outcome: reason` of the first judge → [checked, contradicted]."""
    judges: Counter[str] = field(default_factory=Counter)
    """Opinions by the second judge's name."""
    num_without_opinion: int = 0
    """Sampled rollouts that the second judge could not judge."""
    examples: dict[str, list[Row]] = field(default_factory=lambda: {kind: [] for kind in KINDS})

    def rates(self) -> dict[str, dict[str, float] | None]:
        """Share of each kind among the rollouts that could show it, with a 95 % Wilson interval that takes the sampled
        rollouts as independent; None where none was checked."""
        return {
            kind: asdict(wilson(self.found[kind], self.checked[kind])) if self.checked[kind] else None for kind in KINDS
        }

    def to_json(self) -> Row:
        """The record that audit.json holds."""
        return {
            "seed": self.seed,
            "num_rollouts": {outcome: self.num_rollouts[outcome] for outcome in ("correct", "wrong", "undecided")},
            "undecided_reasons": dict(self.undecided.most_common()),
            "judges": dict(self.judges.most_common()),
            "num_without_opinion": self.num_without_opinion,
            "rates": {
                kind: None if rate is None else {**rate, "checked": self.checked[kind], "found": self.found[kind]}
                for kind, rate in self.rates().items()
            },
            "reasons": {reason: {"checked": n, "contradicted": k} for reason, (n, k) in sorted(self.reasons.items())},
            "examples": self.examples,
        }


def audit_run(
    run: Path, pool: Pool, *, num_samples: int, seed: int, on_progress: Callable[[int], None] = lambda done: None
) -> Audit:
    """Judge up to `num_samples` rollouts again, half of them called correct and half wrong, and write `run/audit.json`.

    The same seed draws the same rollouts. Raises DataError where the run kept no rollouts, or kept them without how
    they were checked.
    """
    audit = Audit(seed)
    places: dict[str, list[tuple[Path, int]]] = {"correct": [], "wrong": [], "undecided": []}
    for path in _rollout_files(run):
        for place, row in enumerate(read_rollouts(path, ["outcome", "reason"])):
            places[row["outcome"]].append((path, place))
            audit.num_rollouts[row["outcome"]] += 1
            if row["outcome"] == "undecided":
                audit.undecided[row["reason"]] += 1
    chosen: set[tuple[Path, int]] = set()
    for outcome in ("correct", "wrong"):
        draw = Random(seed_of(seed, "audit", outcome))
        chosen |= set(draw.sample(places[outcome], min(num_samples // 2, len(places[outcome]))))
    for done, (row, result) in enumerate(_opinions(sorted(chosen), pool), start=1):
        _count(audit, row, result)
        on_progress(done)
    files.write_json(run / FILE, audit.to_json())
    return audit


def _rollout_files(run: Path) -> list[Path]:
    """The rollout files of all stages. Raises DataError where there are none."""
    directory = RunDirectory(run)
    found = [
        path for name in directory.stages() for path in sorted(directory.stage(name).rollouts.glob("step-*.parquet"))
    ]
    if not found:
        raise DataError(f"There are no rollouts in {run}.", cure="Name a run's folder; logging.rollouts keeps them.")
    return found


def _opinions(chosen: Sequence[tuple[Path, int]], pool: Pool) -> Iterable[tuple[Row, CallResult]]:
    """Rows and what the second judge says of them, in their order."""
    pending: list[tuple[Row, Future[CallResult]]] = []
    by_file: dict[Path, list[int]] = {}
    for path, place in chosen:
        by_file.setdefault(path, []).append(place)
    for path, numbers in by_file.items():
        rows = read_rollouts(path, COLUMNS)
        for number in numbers:
            row = {"stage": path.parent.parent.name, **rows[number]}
            if not row.get("verification"):
                raise DataError(
                    f"{path} does not say how its answers were checked.", cure="Run it again with this aha."
                )
            call = json.loads(row["verification"])
            response = ("<think>" if row.get("measure/opened") else "") + row["completion"]
            seconds = call_seconds(VerifierSpec(call["verifier"], call["arguments"]), call["reference"])
            pending.append(
                (row, pool.submit("aha.evaluation.second_judge:judge", {**call, "response": response}, seconds))
            )
    for row, future in pending:
        yield row, future.result()


def _count(audit: Audit, row: Row, result: CallResult) -> None:
    kind = "false_right" if row["outcome"] == "correct" else "false_wrong"
    if row["outcome"] == "wrong" and row["reason"] in NOT_COMPARED:
        kind = "misplaced"
    if result.failure is not None or result.value["outcome"] == "undecided":
        audit.num_without_opinion += 1
        return
    contradicts = result.value["outcome"] != row["outcome"]
    audit.judges[result.value["judge"]] += 1
    audit.checked[kind] += 1
    audit.found[kind] += contradicts
    counts = audit.reasons.setdefault(f"{row['outcome']}: {row['reason']}", [0, 0])
    counts[0] += 1
    counts[1] += contradicts
    if contradicts and len(audit.examples[kind]) < MAX_EXAMPLES:
        audit.examples[kind].append(_example(row, result.value))


def _example(row: Row, opinion: Row) -> Row:
    names = ("stage", "step", "rollout_id", "problem_id", "source", "reference", "extracted", "reason")
    texts = {name: row[name][-MAX_TEXT_CHARS:] for name in ("prompt", "completion")}
    return {**{name: row[name] for name in names}, "second": opinion["answer"], "judge": opinion["judge"], **texts}
