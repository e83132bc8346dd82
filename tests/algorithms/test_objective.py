"""The composed loss and its gradient against a plain loop over tokens, for every point of the settings' space."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace

import pytest
import torch

from aha.algorithms.objective import METRICS, Tokens, Totals, largest_gap, loss, measure, reads_zero_advantages
from aha.config.algorithm import AlgorithmSettings, KLSettings
from aha.errors import DataError

TOTALS = Totals(num_tokens=11.0, num_rollouts=5.0, constant_length=8)


@dataclass
class Row:
    """One rollout: a mask and per-token numbers."""

    mask: list[bool]
    policy: list[float]
    sampler: list[float]
    learner: list[float]
    reference: list[float]
    advantages: list[float]
    entropy: list[float]


def rows() -> list[Row]:
    """Three rollouts of different length; one has a hole in its mask, one has no trained token."""
    chance = torch.Generator().manual_seed(3)
    masks = [[False, True, True, False, True], [False, True, True], [False, False]]

    def numbers(mask: list[bool], spread: float, shift: float) -> list[float]:
        return (torch.randn(len(mask), generator=chance, dtype=torch.float64) * spread + shift).tolist()

    return [
        Row(mask, *(numbers(mask, 0.5, -2.0) for _ in range(4)), numbers(mask, 1.0, 0.0), numbers(mask, 0.1, 1.0))
        for mask in masks
    ]


def as_tokens(data: list[Row]) -> tuple[torch.Tensor, torch.Tensor, Tokens]:
    """Policy log-probs with gradient, entropy, and everything else."""

    def flat(name: str, dtype: torch.dtype = torch.float64) -> torch.Tensor:
        return torch.tensor([value for row in data for value in getattr(row, name)], dtype=dtype)

    mask_N = flat("mask", torch.bool)
    counts = [max(1, sum(row.mask)) for row in data]
    tokens = Tokens(
        mask_N=mask_N,
        sampled_N=mask_N,
        rows_N=torch.tensor([i for i, row in enumerate(data) for _ in row.mask]),
        num_rows=len(data),
        lengths_N=torch.tensor([float(counts[i]) for i, row in enumerate(data) for _ in row.mask]).double(),
        advantages_N=flat("advantages"),
        sampler_N=flat("sampler"),
        learner_N=flat("learner"),
        reference_N=flat("reference"),
    )
    return flat("policy").requires_grad_(), flat("entropy").requires_grad_(), tokens


def plain_kl(estimator: str, policy: float, reference: float) -> float:
    d = reference - policy
    return {"k1": -d, "k2": d * d / 2, "k3": math.exp(d) - d - 1}[estimator]


def plain_token(s: AlgorithmSettings, log_ratio: float, policy: float, a: float) -> float:
    """One token's loss for its value, written as the papers do."""
    ratio = math.exp(log_ratio)
    clipped = min(max(ratio, 1 - s.clip_low), 1 + s.clip_high)
    if s.objective == "log_prob":
        return -a * policy
    if s.objective == "clipped_weight":
        return -clipped * a * policy
    objective = min(ratio * a, clipped * a)
    if s.clip_dual is not None and a < 0:
        objective = max(objective, s.clip_dual * a)
    return -objective


def plain_loss(s: AlgorithmSettings, data: list[Row]) -> float:
    """Loops over rollouts and their trained tokens."""
    total = 0.0
    for row in data:
        trained = [t for t, counted in enumerate(row.mask) if counted]
        denominators = row.sampler if s.denominator == "sampler" else row.learner
        log_ratios = [row.policy[t] - denominators[t] for t in trained]
        if s.ratio == "sequence" and trained:
            log_ratios = [sum(log_ratios) / len(log_ratios)] * len(trained)
        for t, log_ratio in zip(trained, log_ratios, strict=True):
            value = plain_token(s, log_ratio, row.policy[t], row.advantages[t])
            if s.denominator == "learner":
                value *= min(math.exp(row.learner[t] - row.sampler[t]), s.importance_cap)
            value -= s.entropy_coef * row.entropy[t]
            if s.kl.place == "loss" and s.kl.level == "token":
                value += s.kl.coef * plain_kl(s.kl.estimator, row.policy[t], row.reference[t])
            total += (
                value
                / {
                    "sequence_mean": len(trained) * TOTALS.num_rollouts,
                    "token_mean": TOTALS.num_tokens,
                    "constant": TOTALS.constant_length * TOTALS.num_rollouts,
                }[s.aggregate]
            )
        if s.kl.place == "loss" and s.kl.level == "sequence":
            policy, reference = sum(row.policy[t] for t in trained), sum(row.reference[t] for t in trained)
            total += s.kl.coef * plain_kl(s.kl.estimator, policy, reference) / TOTALS.num_rollouts
    return total


def plain_gradient(s: AlgorithmSettings, data: list[Row], step: float = 1e-6) -> list[float]:
    """Central differences of the plain loss; a weight without gradient is held at its value."""
    gradient = []
    for i, row in enumerate(data):
        for t in range(len(row.mask)):
            sides = []
            for sign in (1, -1):
                moved = [replace(r, policy=list(r.policy)) for r in data]
                moved[i].policy[t] += sign * step
                sides.append(plain_loss(s, moved))
            gradient.append((sides[0] - sides[1]) / (2 * step))
    return gradient


POINTS = [
    AlgorithmSettings(objective=o, ratio=r, aggregate=g, denominator=d, clip_low=0.2, clip_high=0.28, clip_dual=c)
    for o, r, g, d, c in itertools.product(
        ("clipped_ratio", "clipped_weight", "log_prob"),
        ("token", "sequence"),
        ("sequence_mean", "token_mean", "constant"),
        ("sampler", "learner"),
        (None, 1.3),
    )
] + [
    AlgorithmSettings(entropy_coef=0.05, kl=KLSettings(place="loss", estimator=e, level=v, coef=0.3), aggregate=g)
    for e, v, g in itertools.product(("k1", "k2", "k3"), ("token", "sequence"), ("sequence_mean", "token_mean"))
]


def test_every_loss_equals_the_plain_loop() -> None:
    for s in POINTS:
        policy_N, entropy_N, tokens = as_tokens(rows())
        assert loss(policy_N, entropy_N, tokens, TOTALS, s).item() == pytest.approx(plain_loss(s, rows()), rel=1e-12), s


def test_every_gradient_equals_that_of_the_plain_loop() -> None:
    for s in POINTS:
        if s.objective == "clipped_weight":
            continue
        policy_N, entropy_N, tokens = as_tokens(rows())
        loss(policy_N, entropy_N, tokens, TOTALS, s).backward()
        assert policy_N.grad is not None
        assert policy_N.grad.tolist() == pytest.approx(plain_gradient(s, rows()), abs=1e-8), s


def test_a_clipped_weight_carries_no_gradient_and_still_trains_the_token() -> None:
    s = AlgorithmSettings(objective="clipped_weight", clip_low=0.2, clip_high=0.2, aggregate="token_mean")
    row = Row([False, True], [0.0, -1.0], [0.0, -3.0], [0.0, 0.0], [0.0, 0.0], [0.0, 2.0], [0.0, 0.0])
    policy_N, entropy_N, tokens = as_tokens([row])
    loss(policy_N, entropy_N, tokens, TOTALS, s).backward()
    assert policy_N.grad is not None
    assert policy_N.grad.tolist() == pytest.approx([0.0, -1.2 * 2.0 / 11])


def test_one_long_and_one_short_sample_by_token_mean() -> None:
    """DAPO: three tokens of A = 1 and one of A = -1, ratio 1: (−3 + 1) / 4; per sequence they would cancel."""
    data = [
        Row([True] * n, [-1.0] * n, [-1.0] * n, [0.0] * n, [0.0] * n, [a] * n, [0.0] * n)
        for n, a in ((3, 1.0), (1, -1.0))
    ]
    policy_N, entropy_N, tokens = as_tokens(data)
    totals = Totals(4.0, 2.0, 10)
    values = {
        aggregate: loss(policy_N, entropy_N, tokens, totals, AlgorithmSettings(aggregate=aggregate)).item()
        for aggregate in ("token_mean", "sequence_mean", "constant")
    }
    assert values == pytest.approx({"token_mean": -0.5, "sequence_mean": 0.0, "constant": -0.1})


def test_numbers_outside_the_mask_change_nothing_even_when_infinite() -> None:
    s = AlgorithmSettings(entropy_coef=0.1, kl=KLSettings(place="loss"), ratio="sequence")
    clean, dirty = rows(), rows()
    for row in dirty:
        for t, counted in enumerate(row.mask):
            if not counted:
                row.sampler[t] = row.reference[t] = row.policy[t] = -math.inf
                row.advantages[t] = math.inf
    values = []
    for data in (clean, dirty):
        policy_N, entropy_N, tokens = as_tokens(data)
        values.append(loss(policy_N, entropy_N, tokens, TOTALS, s).item())
        assert torch.isfinite(measure(policy_N, entropy_N, tokens, s)["logprob_gap/mean"][0])
    assert values[0] == values[1]


def test_metrics_are_sums_over_trained_tokens() -> None:
    s = AlgorithmSettings(clip_low=0.2, clip_high=0.28)
    policy_N, entropy_N, tokens = as_tokens(rows())
    measured = measure(policy_N.detach(), entropy_N.detach(), tokens, s)
    assert set(measured) == set(METRICS) - {"pair_accuracy"}
    trained = [(row, t) for row in rows() for t, counted in enumerate(row.mask) if counted]
    gaps = [row.policy[t] - row.sampler[t] for row, t in trained]
    ratios = [(row.advantages[t], math.exp(gap)) for (row, t), gap in zip(trained, gaps, strict=True)]
    expected = {
        "entropy": sum(row.entropy[t] for row, t in trained),
        "kl/reference": sum(plain_kl("k3", row.policy[t], row.reference[t]) for row, t in trained),
        "kl/sampler": sum(math.exp(gap) - gap - 1 for gap in gaps),
        "logprob_gap/mean": sum(abs(gap) for gap in gaps),
        "clip_frac/low": sum(a < 0 and ratio < 0.8 for a, ratio in ratios),
        "clip_frac/high": sum(a > 0 and ratio > 1.28 for a, ratio in ratios),
    }
    assert {name: total.item() for name, (total, _) in measured.items()} == pytest.approx(expected)
    assert {count.item() for _, count in measured.values()} == {len(trained)}
    assert expected["clip_frac/low"] + expected["clip_frac/high"] > 0
    assert largest_gap(policy_N, tokens).item() == pytest.approx(max(abs(gap) for gap in gaps))


def test_metrics_without_a_meaning_are_absent() -> None:
    policy_N, entropy_N, tokens = as_tokens(rows())
    tokens = replace(tokens, reference_N=None)
    assert set(METRICS) - set(measure(policy_N, entropy_N, tokens, AlgorithmSettings(objective="log_prob"))) == {
        "kl/reference",
        "clip_frac/low",
        "clip_frac/high",
        "pair_accuracy",
    }


@pytest.mark.parametrize(
    ("field", "settings", "message"),
    [
        ("reference_N", AlgorithmSettings(kl=KLSettings(place="loss")), "kl.place: loss` needs the reference's"),
        ("learner_N", AlgorithmSettings(denominator="learner"), "denominator: learner` needs the learner's"),
    ],
)
def test_log_probs_that_are_missing_are_refused(field: str, settings: AlgorithmSettings, message: str) -> None:
    policy_N, entropy_N, tokens = as_tokens(rows())
    with pytest.raises(DataError, match=message):
        loss(policy_N, entropy_N, replace(tokens, **{field: None}), TOTALS, settings)


def test_compared_answers_need_the_reference() -> None:
    policy_N, entropy_N, tokens = as_tokens(rows())
    pairs = replace(tokens, pairs_N=torch.zeros_like(tokens.rows_N), num_pairs=1, reference_N=None)
    with pytest.raises(DataError, match="term: preference` needs the reference's"):
        loss(policy_N, entropy_N, pairs, TOTALS, AlgorithmSettings())


def test_zero_advantages_matter_to_kl_in_the_loss_and_entropy_alone() -> None:
    assert not reads_zero_advantages(AlgorithmSettings(kl=KLSettings(place="reward")))
    assert not reads_zero_advantages(AlgorithmSettings(kl=KLSettings(place="loss", coef=0.0)))
    assert reads_zero_advantages(AlgorithmSettings(kl=KLSettings(place="loss")))
    assert reads_zero_advantages(AlgorithmSettings(entropy_coef=-0.1))
