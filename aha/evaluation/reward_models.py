"""What a reward model is worth on prompts that it was not trained on: accuracy, calibration, length bias."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from aha.algorithms.preference import (
    Bin,
    Numbers,
    calibration_error,
    confidences,
    correlation,
    difference_correlation,
    pair_hits,
    probabilities,
    reliability,
)
from aha.evaluation.statistics import bootstrap
from aha.rollouts.comparisons import Judged
from aha.types import Interval, Json


@dataclass(slots=True, frozen=True)
class HeldOut:
    """A reward model's scores of held-out pairs (or labels) against who judged them."""

    num_items: int
    num_prompts: int
    accuracy: Interval
    """Share on which it agrees, a tie half, with an interval over prompts. A label is right on its side of 0."""
    baseline_name: str
    """Pairs: `longest_answer`, always that one. Labels: `majority`, always the more frequent label."""
    baseline: Interval
    """Its accuracy."""
    calibration_error: float
    """Expected calibration error of σ(margin)."""
    length_correlation: float | None
    """Of a score with the length of what was shown, in characters; for pairs of their differences."""
    bins: list[Bin]
    """How often a predicted probability came true."""

    def to_json(self) -> dict[str, Json]:
        """As JSON."""
        return asdict(self)

    def scores(self) -> dict[str, list[float]]:
        """[value, low, high] by name."""
        found = {"accuracy": self.accuracy, self.baseline_name: self.baseline}
        return {name: [each.value, each.low, each.high] for name, each in found.items()}


def measure(items: Sequence[Judged], scores: Sequence[Sequence[float]]) -> HeldOut:
    """Held-out pairs, or held-out labels, and the scores of each one's answers, in order."""
    if len(items[0].answers) > 1:
        margins = [better - worse for better, worse in scores]
        lengths = [better - worse for better, worse in (item.lengths for item in items)]
        sure, right = confidences(margins)
        bins, slope = reliability(sure, right), difference_correlation(margins, lengths)
        baseline_hits, baseline_name = pair_hits(lengths, [0] * len(lengths)), "longest_answer"
    else:
        margins, labels = [score for (score,) in scores], [float(item.label) for item in items]
        frequent = float(2 * sum(labels) >= len(labels))
        signs = [2 * label - 1 for label in labels]
        right = pair_hits([margin * sign for margin, sign in zip(margins, signs, strict=True)], [0] * len(labels))
        bins, slope = reliability(probabilities(margins), labels), correlation(margins, [i.lengths[0] for i in items])
        baseline_hits, baseline_name = (
            pair_hits([label == frequent for label in labels], [0.5] * len(labels)),
            "majority",
        )
    return HeldOut(
        num_items=len(items),
        num_prompts=len({item.prompt for item in items}),
        accuracy=_over_prompts(items, right),
        baseline_name=baseline_name,
        baseline=_over_prompts(items, baseline_hits),
        calibration_error=calibration_error(bins),
        length_correlation=slope,
        bins=bins,
    )


def _over_prompts(items: Sequence[Judged], hits: Numbers) -> Interval:
    """Share of hits, with a bootstrap interval over prompts: the pairs of one prompt are not independent."""
    sums: dict[str, list[float]] = {}
    for item, hit in zip(items, hits, strict=True):
        held = sums.setdefault(item.prompt, [0.0, 0.0])
        held[0] += float(hit)
        held[1] += 1.0
    return bootstrap([hit for hit, _ in sums.values()], [count for _, count in sums.values()], seed=0)
