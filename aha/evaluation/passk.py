"""pass@1, unbiased pass@k and cons@k of one problem's k sampled answers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from fractions import Fraction
from math import comb

from aha.errors import UsageError
from aha.types import Outcome

_NUMBER = re.compile(r"[-+]?[0-9]{1,40}(?:\.[0-9]{1,40})?(?:\s*/\s*[0-9]{1,40})?")
_THOUSANDS = re.compile(r"(?<=[0-9]),(?=[0-9]{3}(?![0-9]))")


def pass_at_1(outcomes: Sequence[Outcome]) -> float:
    """Share of the k answers that are correct; undecided ones count as wrong."""
    return outcomes.count("correct") / len(outcomes)


def pass_at_k(num_samples: int, num_correct: int, k: int) -> float:
    """Chance that at least one of k answers, drawn without replacement from n of which c are correct, is correct.

    1 − C(n − c, k) / C(n, k): Chen et al. 2021 (arXiv 2107.03374), equation 1, exact in integers.
    n = 10, c = 3, k = 5 → 0.916667.
    """
    if not 1 <= k <= num_samples:
        raise UsageError(f"pass@{k} needs at least {k} samples and k ≥ 1, but there are {num_samples}.")
    if not 0 <= num_correct <= num_samples:
        raise UsageError(f"{num_correct} correct of {num_samples} samples is impossible.")
    return float(1 - Fraction(comb(num_samples - num_correct, k), comb(num_samples, k)))


def canonical(answer: str | None) -> str | None:
    """The form in which answers vote: white space, `$`, a closing full stop, thousands commas and the spelling of a
    number do not matter, letter case does. None where nothing is left: such an answer does not vote.

    `canonical(" 1,200.0 ") == canonical("1200") == "1200"`, `canonical("2/4") == canonical("0.5") == "1/2"`.
    """
    if answer is None:
        return None
    text = " ".join(answer.replace("$", " ").split()).removesuffix(".").rstrip()
    number = _THOUSANDS.sub("", text)
    if _NUMBER.fullmatch(number):
        return _canonical_number(number)
    return text or None


def _canonical_number(text: str) -> str:
    over, _, under = text.partition("/")
    denominator = Fraction(under) if under else Fraction(1)
    return str(Fraction(over) / denominator) if denominator else text


def cons_at_k(answers: Sequence[str | None], outcomes: Sequence[Outcome]) -> float:
    """1.0 when the majority answer is correct, else 0.0 (DeepSeek-R1, section 2.2.2, cons@64).

    The vote is over canonical answers; empty ones do not vote; of equal counts the answer seen first wins. The
    majority's verdict is that of its first sample that was decided.
    """
    votes = [canonical(answer) for answer in answers]
    counts = Counter(vote for vote in votes if vote is not None)
    if not counts:
        return 0.0
    majority = max(counts, key=lambda vote: counts[vote])  # insertion order: of equals, the first
    decided = (
        outcome for vote, outcome in zip(votes, outcomes, strict=True) if vote == majority and outcome != "undecided"
    )
    return float(next(decided, "wrong") == "correct")
