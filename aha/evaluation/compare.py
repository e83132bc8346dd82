"""Whether one model is better than another, from their evaluations on the same problems."""

from __future__ import annotations

from dataclasses import dataclass

from aha.errors import UsageError
from aha.evaluation.statistics import (
    bootstrap,
    minimal_difference,
    paired_bootstrap_p,
    paired_permutation_p,
    paired_spread,
)
from aha.runtime.seeds import seed_of
from aha.types import Evaluation, Interval, Json

ALPHA = 0.05


@dataclass(slots=True, frozen=True)
class Comparison:
    """pass@1 of b minus that of a, over the problems that both saw."""

    benchmark: str
    num_problems: int
    """Shared ones."""
    score_a: Interval
    score_b: Interval
    difference: Interval
    p_bootstrap: float
    p_permutation: float
    significant: bool
    """Both p below 0.05 and an interval without 0."""
    minimal_difference: float
    """What these problems and samples find in 80 % of repeats, by the spread that was measured."""
    verdict: str
    """All of it in plain sentences."""
    notes: list[str]
    """What else differs between the two evaluations."""


def compare(a: Evaluation, b: Evaluation) -> Comparison:
    """Paired bootstrap and paired permutation test on pass@1 over shared problem ids.

    Raises UsageError for different benchmarks, no common problem, or a problem that changed in between.
    """
    a_P, b_P = shared_rates(a, b)
    differences_P = [after - before for before, after in zip(a_P, b_P, strict=True)]
    seed = seed_of("compare", a.benchmark)
    difference = bootstrap(differences_P, seed=seed)
    p_bootstrap = paired_bootstrap_p(differences_P, seed=seed)
    p_permutation = paired_permutation_p(differences_P, seed=seed)
    significant = max(p_bootstrap, p_permutation) < ALPHA and not difference.low <= 0 <= difference.high
    visible = minimal_difference(len(a_P), 1, paired_spread(a_P, b_P, 1, 1))
    return Comparison(
        benchmark=a.benchmark,
        num_problems=len(a_P),
        score_a=bootstrap(a_P, seed=seed),
        score_b=bootstrap(b_P, seed=seed),
        difference=difference,
        p_bootstrap=p_bootstrap,
        p_permutation=p_permutation,
        significant=significant,
        minimal_difference=visible,
        verdict=_verdict(difference, p_permutation, significant, visible, len(a_P)),
        notes=_notes(a, b, len(a_P)),
    )


def shared_rates(a: Evaluation, b: Evaluation) -> tuple[list[float], list[float]]:
    """Success rates of both on the problems that both saw, in the order of a; errors as `compare`."""
    if a.benchmark != b.benchmark:
        raise UsageError(
            f"The evaluations are on different benchmarks: {a.benchmark!r} and {b.benchmark!r}.",
            cure="Evaluate both models on the same one.",
        )
    rows_b = {row["id"]: row for row in b.problems}
    shared = [(row, rows_b[row["id"]]) for row in a.problems if row["id"] in rows_b]
    if not shared:
        raise UsageError(
            f"The evaluations on {a.benchmark!r} have no problem in common.",
            cure="Evaluate both models on the same problems: same num_problems, same files.",
        )
    for first, second in shared:
        if first.get("reference") != second.get("reference"):
            raise UsageError(
                f"Problem {first['id']!r} has another reference in each evaluation on {a.benchmark!r}.",
                cure="The problems changed in between; evaluate both models again.",
            )
    return [rate(first) for first, _ in shared], [rate(second) for _, second in shared]


def rate(row: dict[str, Json]) -> float:
    """Share of a problem's answers that are correct."""
    outcomes: str = row["outcomes"]
    return outcomes.count("c") / len(outcomes)


def _verdict(difference: Interval, p: float, significant: bool, visible: float, num_problems: int) -> str:
    facts = (
        f"95 % interval {100 * difference.low:+.1f} to {100 * difference.high:+.1f}, permutation p = {p:.2g}, "
        f"{num_problems} problems"
    )
    if significant:
        better, worse = ("The second", "the first") if difference.value > 0 else ("The first", "the second")
        return f"{better} model is better than {worse} by {100 * abs(difference.value):.1f} points ({facts})."
    at_border = p < ALPHA or not difference.low <= 0 <= difference.high
    border = " The tests disagree: it is at the border." if at_border else ""
    return (
        f"No difference is shown: second minus first is {100 * difference.value:+.1f} points ({facts}). A true "
        f"difference of {100 * visible:.1f} points would be found in four of five such comparisons.{border}"
    )


def _notes(a: Evaluation, b: Evaluation, num_shared: int) -> list[str]:
    """One sentence for each thing besides the model that differs."""
    pairs = {"template": (a.template, b.template), "k": (a.k, b.k)}
    pairs |= {name: (a.sampling.get(name), b.sampling.get(name)) for name in sorted({*a.sampling, *b.sampling})}
    notes = [f"{name} differs: {first} and {second}." for name, (first, second) in pairs.items() if first != second]
    if not num_shared == a.num_problems == b.num_problems:
        notes.append(f"Only {num_shared} problems are in both, of {a.num_problems} and {b.num_problems}.")
    if a.model_hash == b.model_hash:
        notes.append("Both evaluations are of the same model.")
    undecided = [name for name, each in (("first", a), ("second", b)) if each.undecided_frac > 0]
    notes += [f"The {name} has undecided verdicts, counted as wrong." for name in undecided]
    return notes
