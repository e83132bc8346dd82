"""A small world for the evaluation tests: sums, a grader in this process, and evaluations from outcomes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future

import pytest

from aha.rollouts.grading import known
from aha.types import Evaluation, Interval, Problem, Verdict, VerifierSpec

MakeEvaluation = Callable[..., Evaluation]


def make_problem(index: int) -> Problem:
    """`index` + `index`."""
    return Problem(
        id=f"sum-{index}",
        source="lab:sums",
        messages=[{"role": "user", "content": f"{index}+{index}"}],
        reference=str(2 * index),
        verifier=VerifierSpec("number"),
        difficulty=float(index),
    )


def grade(problem: Problem, text: str) -> Future[Verdict]:
    """The text after `<answer>` is compared as it stands; `crash` is undecided."""
    if "crash" in text:
        return known(Verdict("undecided", None, "crash"))
    _, _, rest = text.partition("<answer>")
    extracted = rest.partition("</answer>")[0].strip() or None
    if extracted is None:
        return known(Verdict("wrong", None, "no_answer"))
    right = extracted == problem.reference
    return known(Verdict("correct" if right else "wrong", extracted, "match" if right else "mismatch"))


@pytest.fixture
def make_evaluation() -> MakeEvaluation:
    """Outcome strings by problem → an evaluation."""

    def make(outcomes: Sequence[str], benchmark: str = "sums", first_id: int = 0, **changes: object) -> Evaluation:
        problems = [
            {"id": f"sum-{first_id + i}", "outcomes": row, "reasons": ["match"] * len(row)}
            for i, row in enumerate(outcomes)
        ]
        facts: dict[str, object] = {
            "benchmark": benchmark,
            "model_hash": "abc",
            "num_problems": len(outcomes),
            "k": len(outcomes[0]),
            "seed": 0,
            "scores": {name: Interval(0.5, 0.4, 0.6) for name in ("pass@1", "pass@k", "cons@k")},
            "format_rate": 0.9,
            "mean_tokens": 12.5,
            "repetition_rate": 0.0,
            "undecided_frac": 0.0,
            "sampling": {"temperature": 0.6, "top_p": 0.95, "max_new_tokens": 64.0},
            "problems": problems,
            "template": "r1-zero",
        }
        return Evaluation(**{**facts, **changes})  # type: ignore[arg-type]

    return make
