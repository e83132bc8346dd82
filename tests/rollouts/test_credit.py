"""Advantages from a critic: where the reward falls, what a KL costs, what is passed over, how good the critic is."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from aha.algorithms.values import whiten
from aha.config.algorithm import AlgorithmSettings, KLSettings, WeightSettings
from aha.errors import DataError
from aha.rollouts import credit
from aha.rollouts.credit import value_metrics, weight_metrics
from aha.rollouts.pack import set_advantages, to_samples
from aha.types import Group, Rollout, Sample, Segment
from tests.algorithms.test_values import plain_gae
from tests.rollouts.test_pack import rollout

PLAIN = AlgorithmSettings(baseline="critic", scale="none", gae_lambda=0.9)


def valued(rollouts: list[Rollout], *rows: list[float]) -> list[Sample]:
    """Samples with values before each new token, something senseless before the prompt's, and reference log-probs."""
    samples = to_samples([Group("g", rollouts)])
    for sample, values in zip(samples, rows, strict=True):
        sample.values_T = np.array([99.0] * 3 + values, np.float32)
        sample.reference_logprobs_T = sample.sampler_logprobs_T - np.float32(0.5)
    return samples


def test_the_reward_falls_to_the_last_token_and_returns_are_advantages_and_values() -> None:
    rollouts = [rollout("a", 1.0, 3), rollout("b", 0.0, 2)]
    samples = valued(rollouts, [0.2, 0.4, 0.6], [0.5, 0.25])
    chosen, table = set_advantages([Group("g", rollouts)], samples, PLAIN)
    assert [sample.rollout_id for sample in chosen] == ["a", "b"]
    first, second = (sample.advantages_T[3:].tolist() for sample in chosen)
    assert first == pytest.approx(plain_gae([0, 0, 1], [0.2, 0.4, 0.6], 1, 0.9))
    assert second == pytest.approx(plain_gae([0, 0], [0.5, 0.25], 1, 0.9))
    assert not chosen[0].advantages_T[:3].any()
    assert chosen[0].returns_T is not None
    assert chosen[0].returns_T[3:].tolist() == pytest.approx(
        [a + v for a, v in zip(first, (0.2, 0.4, 0.6), strict=True)]
    )
    assert table[0] == pytest.approx([sum(first) / 3, sum(second) / 2])


def test_at_lambda_one_the_return_is_the_reward_at_every_token() -> None:
    rollouts = [rollout("a", 1.0, 3)]
    algorithm = PLAIN.model_copy(update={"gae_lambda": 1.0})
    (sample,), _ = set_advantages([Group("g", rollouts)], valued(rollouts, [0.2, 0.4, 0.7]), algorithm)
    assert sample.advantages_T[3:].tolist() == pytest.approx([0.8, 0.6, 0.3])
    assert sample.returns_T is not None
    assert sample.returns_T[3:].tolist() == pytest.approx([1, 1, 1])


def test_a_kl_in_the_reward_costs_each_token_its_own_and_the_last_also_gets_the_reward() -> None:
    rollouts = [rollout("a", 1.0, 3)]
    for level, rewards in (("token", [-0.05, -0.05, 0.95]), ("sequence", [0, 0, 1 - 0.15])):
        kl = KLSettings(place="reward", estimator="k1", level=level, coef=0.1)
        algorithm = PLAIN.model_copy(update={"kl": kl})
        (sample,), _ = set_advantages([Group("g", rollouts)], valued(rollouts, [0.2, 0.4, 0.6]), algorithm)
        assert sample.advantages_T[3:].tolist() == pytest.approx(plain_gae(rewards, [0.2, 0.4, 0.6], 1, 0.9)), level


def test_states_are_those_before_the_models_own_tokens_and_untrained_tokens_get_nothing() -> None:
    turn = rollout("a", 1.0, 4)
    turn.completion.segments = [Segment("model", 0, 1, 3), Segment("tool", 1, 3, 3), Segment("model", 3, 4, 3)]
    (sample,), _ = set_advantages([Group("g", [turn])], valued([turn], [0.2, 50.0, 60.0, 0.6]), PLAIN)
    expected = plain_gae([0, 1], [0.2, 0.6], 1, 0.9)
    assert sample.advantages_T[3:].tolist() == pytest.approx([expected[0], 0, 0, expected[1]])
    stale = rollout("b", 1.0, 3)
    samples = valued([stale], [0.2, 0.4, 0.6])
    samples[0].loss_mask_T[3] = False
    ((sample,), table) = set_advantages([Group("g", [stale])], samples, PLAIN)
    expected = plain_gae([0, 0, 1], [0.2, 0.4, 0.6], 1, 0.9)
    assert sample.advantages_T[3:].tolist() == pytest.approx([0, *expected[1:]])
    assert table[0][0] == pytest.approx(sum(expected[1:]) / 2)


def test_batch_std_whitens_all_trained_tokens_together_and_leaves_the_returns(monkeypatch: pytest.MonkeyPatch) -> None:
    rollouts = [rollout("a", 1.0, 3), rollout("b", 0.0, 2), rollout("c", 0.0, 4, finish="length")]
    rows = ([0.2, 0.4, 0.6], [0.5, 0.25], [0.1, 0.1, 0.1, 0.1])
    raw, _ = set_advantages([Group("g", rollouts)], valued(rollouts, *rows), PLAIN)
    algorithm = PLAIN.model_copy(update={"scale": "batch_std", "truncated": "mask"})
    monkeypatch.setattr(credit, "ROWS", 1)
    white, table = set_advantages([Group("g", rollouts)], valued(rollouts, *rows), algorithm)
    assert [sample.rollout_id for sample in white] == ["a", "b"]
    trained = torch.from_numpy(np.concatenate([sample.advantages_T[3:] for sample in raw[:2]])).double()
    found = np.concatenate([sample.advantages_T[3:] for sample in white])
    assert found.tolist() == pytest.approx(whiten(trained).tolist(), abs=1e-6)
    assert table[0][2] == 0
    for one, other in zip(raw[:2], white, strict=True):
        assert np.array_equal(one.returns_T, other.returns_T)  # type: ignore[arg-type]


def test_explained_variance_is_of_what_was_really_earned_whatever_lambda_is() -> None:
    rollouts = [rollout("a", 1.0, 3), rollout("b", 0.0, 2)]
    groups = [Group("g", rollouts)]
    for algorithm in (PLAIN, PLAIN.model_copy(update={"gae_lambda": 0.0, "scale": "batch_std"})):
        for rows, expected in (
            (([1.0, 1, 1], [0.0, 0]), 1.0),
            (([0.0, 0, 0], [0.0, 0]), 0.0),
            (([0.5, 0.5, 0.5], [0.0, 0]), 0.75),
        ):
            chosen, _ = set_advantages(groups, valued(rollouts, *rows), algorithm)
            assert value_metrics(groups, chosen, algorithm) == {"value/explained_variance": pytest.approx(expected)}


def test_there_is_none_without_a_critic_without_samples_and_where_all_earned_the_same() -> None:
    rollouts = [rollout("a", 1.0), rollout("b", 1.0)]
    groups, samples = [Group("g", rollouts)], valued(rollouts, [0.1, 0.2], [0.3, 0.4])
    assert value_metrics(groups, samples, AlgorithmSettings()) == {}
    assert value_metrics(groups, [], PLAIN) == {}
    assert value_metrics(groups, samples, PLAIN) == {}
    assert set_advantages([], [], PLAIN.model_copy(update={"scale": "batch_std"})) == ([], [])


def test_samples_without_values_are_refused() -> None:
    groups = [Group("g", [rollout("a", 1.0)])]
    with pytest.raises(DataError, match=r"Sample a has no values, which .algorithm\.baseline: critic. and"):
        set_advantages(groups, to_samples(groups), PLAIN)


def outcomes() -> tuple[list[Group], list[Sample]]:
    """One group, right answers of 3 and 1 tokens, wrong ones of 2 and 4, with scores; the baseline is none."""
    rollouts = [rollout("a", 1.0, 3), rollout("b", 0.0, 2), rollout("c", 0.0, 4), rollout("d", 1.0, 1)]
    rows = [[1.0, -3.0, 5.0], [-1.0, 0.5], [0.2, -0.6, 4.0, -9.0], [0.4]]
    return [Group("g", rollouts)], valued(rollouts, *rows)


WEIGHED = AlgorithmSettings(
    baseline="leave_one_out", scale="none", weights=WeightSettings(wrong=0.5, balance=True, tokens="learned")
)


def test_weights_of_sides_and_tokens_are_those_of_a_plain_loop() -> None:
    groups, samples = outcomes()
    scores = {sample.rollout_id: sample.values_T[3:].tolist() for sample in samples}  # type: ignore[index]
    chosen, table = set_advantages(groups, samples, WEIGHED)
    rewards = {"a": 1.0, "b": 0.0, "c": 0.0, "d": 1.0}
    num_right, num_wrong = 3 + 1, 2 + 4
    for sample in chosen:
        own, right = scores[sample.rollout_id], rewards[sample.rollout_id] == 1
        others = [reward for name, reward in rewards.items() if name != sample.rollout_id]
        a = rewards[sample.rollout_id] - sum(others) / 3
        expected = []
        for t in range(len(own)):
            chance = 1 / (1 + np.exp(-sum(own[: t + 1]) / (t + 1)))
            weight = max(2 * chance - 1, 0) if right else max(1 - 2 * chance, 0)
            side = 10 / num_right if right else 0.5 * 10 / num_wrong
            expected.append(a * side * weight)
        assert sample.advantages_T[3:].tolist() == pytest.approx(expected)
        assert not sample.advantages_T[:3].any()
        assert sample.returns_T is not None
        assert set(sample.returns_T.tolist()) == {float(right)}
    assert table == [pytest.approx([2 / 3, -2 / 3, -2 / 3, 2 / 3])]


@pytest.mark.parametrize(
    ("weights", "factors"),
    [
        ({}, (1, 1)),
        ({"wrong": 0.25}, (1, 0.25)),
        ({"balance": True}, (10 / 4, 10 / 6)),
        ({"wrong": 0.0, "balance": True}, (10 / 4, 0)),
    ],
)
def test_each_weight_alone(weights: dict[str, object], factors: tuple[float, float]) -> None:
    groups, samples = outcomes()
    algorithm = WEIGHED.model_copy(update={"weights": WeightSettings.model_validate(weights)})
    chosen, _ = set_advantages(groups, samples, algorithm)
    right, wrong = factors
    for sample, sign in zip(chosen, (right, -wrong, -wrong, right), strict=True):
        assert sample.advantages_T[3:].tolist() == pytest.approx([sign * 2 / 3] * (len(sample.token_ids_T) - 3))
        assert sample.returns_T is None


def test_a_token_reward_model_that_knows_nothing_trains_no_token() -> None:
    groups, samples = outcomes()
    for sample in samples:
        sample.values_T = np.zeros(len(sample.token_ids_T), np.float32)
    chosen, _ = set_advantages(groups, samples, WEIGHED)
    assert not any(sample.advantages_T.any() for sample in chosen)


def test_what_a_tool_wrote_is_no_part_of_the_running_mean() -> None:
    turn = rollout("a", 1.0, 4)
    turn.completion.segments = [Segment("model", 0, 1, 3), Segment("tool", 1, 3, 3), Segment("model", 3, 4, 3)]
    groups = [Group("g", [turn, rollout("b", 0.0, 1)])]
    algorithm = WEIGHED.model_copy(update={"weights": WeightSettings(tokens="learned")})
    samples = valued(groups[0].rollouts, [1.0, 50.0, -60.0, 2.0], [0.0])
    chosen, _ = set_advantages(groups, samples, algorithm)
    expected = [2 / (1 + np.exp(-1.0)) - 1, 0, 0, 2 / (1 + np.exp(-1.5)) - 1]
    assert chosen[0].advantages_T[3:].tolist() == pytest.approx(expected)


def test_weight_metrics_say_how_well_answers_are_judged_and_how_much_is_trained() -> None:
    groups, samples = outcomes()
    chosen, _ = set_advantages(groups, samples, WEIGHED)
    found = weight_metrics(chosen, WEIGHED)
    assert found["token_reward/accuracy"] == 1.0
    right = [2 / (1 + np.exp(-mean)) - 1 for mean in (1.0, 1.0, 0.4)]
    assert found["token_reward/weight_right"] == pytest.approx(sum([*right[:1], 0, *right[1:]]) / 4)
    samples[0].values_T = np.zeros(len(samples[0].token_ids_T), np.float32)
    samples[1].values_T = -samples[1].values_T  # type: ignore[operator]
    assert weight_metrics(chosen, WEIGHED)["token_reward/accuracy"] == pytest.approx((0.5 + 0 + 1 + 1) / 4)
    assert not weight_metrics(chosen, AlgorithmSettings())
    assert not weight_metrics([], WEIGHED)
