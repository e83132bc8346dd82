"""What rollouts weigh: masks, advantages, truncated and undecided ones, KL in the reward, updates."""

from __future__ import annotations

import math

import numpy as np
import pytest

from aha.config.algorithm import AlgorithmSettings, KLSettings
from aha.errors import DataError
from aha.rollouts.pack import read_samples, set_advantages, split_updates, to_samples, weighs
from aha.types import Completion, Finish, Group, Outcome, Problem, Rollout, Sample, Segment, Verdict, VerifierSpec

PROBLEM = Problem("p", "test", [{"role": "user", "content": "?"}], "1", VerifierSpec("number"))
PROMPT = (7, 8, 9)


def rollout(
    name: str, points: float | None, num_tokens: int = 2, finish: Finish = "stop", outcome: Outcome | None = None
) -> Rollout:
    """A rollout of `num_tokens` new tokens, the last the end token 0 where it stopped."""
    tokens = np.arange(1, num_tokens + 1, dtype=np.int32)
    if finish == "stop" and num_tokens:
        tokens[-1] = 0
    logprobs = -np.arange(1, num_tokens + 1, dtype=np.float32)
    decided: Outcome = "undecided" if points is None else "correct" if points > 0 else "wrong"
    return Rollout(
        id=name,
        group_id="g",
        problem=PROBLEM,
        prompt_ids=PROMPT,
        completion=Completion(name, tokens, logprobs, finish, [Segment("model", 0, num_tokens, 3)], ""),
        verdict=Verdict(outcome or decided, None, "match"),
        rewards={"accuracy": points, "format": 0.0},
        reward=points or 0.0,
    )


def trained(groups: list[Group], settings: AlgorithmSettings) -> tuple[dict[str, list[float]], list[list[float]]]:
    """Advantages of the trained tokens by rollout, and the table."""
    samples, table = set_advantages(groups, to_samples(groups), settings)
    return {s.rollout_id: s.advantages_T[s.loss_mask_T].tolist() for s in samples}, table


def test_the_end_token_is_trained_and_the_prompt_is_not() -> None:
    (sample,) = to_samples([Group("g", [rollout("a", 1.0, 3)])])
    assert sample.token_ids_T.tolist() == [7, 8, 9, 1, 2, 0]
    assert sample.loss_mask_T.tolist() == sample.action_mask_T.tolist() == [False] * 3 + [True] * 3
    assert sample.sampler_logprobs_T.tolist() == [0, 0, 0, -1, -2, -3]
    assert not sample.advantages_T.any()
    assert [a.dtype for a in (sample.token_ids_T, sample.sampler_logprobs_T, sample.advantages_T)] == [
        np.int32,
        np.float32,
        np.float32,
    ]


def test_tool_output_is_not_trained() -> None:
    turn = rollout("a", 1.0, 4)
    turn.completion.segments = [Segment("model", 0, 1, 3), Segment("tool", 1, 3, 3), Segment("model", 3, 4, 3)]
    (sample,) = to_samples([Group("g", [turn])])
    assert sample.loss_mask_T.tolist() == [False] * 3 + [True, False, False, True]


def test_an_undecided_rollout_weighs_nothing() -> None:
    right, wrong, unknown = rollout("a", 1.0), rollout("b", 0.0), rollout("c", None)
    advantages, table = trained([Group("g", [right, unknown, wrong])], AlgorithmSettings(scale="none"))
    assert advantages == {"a": [0.5, 0.5], "b": [-0.5, -0.5]}
    assert table == [[0.5, 0.0, -0.5]]
    assert not weighs(unknown)
    assert not weighs(rollout("d", 0.0, outcome="undecided"))


def test_undecided_matters_only_where_accuracy_is_rewarded() -> None:
    liked = rollout("a", 1.0, outcome="undecided")
    liked.rewards = {"kindness": 1.0}
    assert weighs(liked)
    liked.rewards = {"kindness": None}
    assert not weighs(liked)
    assert not weighs(rollout("b", 1.0, num_tokens=0))


@pytest.mark.parametrize(("truncated", "names"), [("keep", "abc"), ("punish", "abc"), ("mask", "ac")])
def test_a_truncated_rollout_leaves_the_loss_only_with_mask_and_the_baseline_never(truncated: str, names: str) -> None:
    rollouts = [rollout("a", 1.0), rollout("b", 0.0, finish="length"), rollout("c", 0.0)]
    settings = AlgorithmSettings(scale="none", truncated=truncated)  # type: ignore[arg-type]
    advantages, table = trained([Group("g", rollouts)], settings)
    assert list(advantages) == list(names)
    assert table == [pytest.approx([2 / 3, -1 / 3, -1 / 3])]


def test_selection_takes_samples_out_after_the_baseline() -> None:
    rollouts = [rollout("a", 0.0), rollout("b", 1.0, 5), rollout("c", 1.0, 2), rollout("d", 0.0)]
    best, _ = trained([Group("g", rollouts)], AlgorithmSettings(select="best_of_n", scale="none"))
    assert best == {"c": [0.5, 0.5]}
    settings = AlgorithmSettings(select="one_correct_one_wrong", baseline="leave_one_out")
    pair, _ = trained([Group("g", rollouts)], settings)
    assert list(pair) == ["a", "b"]


def test_groups_of_different_size_and_none_at_all() -> None:
    groups = [Group("g", [rollout("a", 1.0)]), Group("h", [rollout("b", 1.0), rollout("c", 0.0)])]
    _, table = trained(groups, AlgorithmSettings())
    assert table == [[0.0], [1.0, -1.0]]
    assert trained([], AlgorithmSettings()) == ({}, [])


def with_reference(groups: list[Group]) -> list[Sample]:
    """Samples whose reference is one nat below the policy."""
    samples = to_samples(groups)
    for sample in samples:
        sample.reference_logprobs_T = sample.sampler_logprobs_T - np.float32(1)
    return samples


def test_kl_in_the_reward_per_token_is_the_sum_from_here_on() -> None:
    groups = [Group("g", [rollout("a", 1.0, 3), rollout("b", 0.0, 1)])]
    kl = KLSettings(place="reward", estimator="k1", coef=0.1)
    samples, table = set_advantages(groups, with_reference(groups), AlgorithmSettings(scale="none", kl=kl))
    assert samples[0].advantages_T == pytest.approx([0, 0, 0, 0.5 - 0.3, 0.5 - 0.2, 0.5 - 0.1])
    assert samples[1].advantages_T == pytest.approx([0, 0, 0, -0.5 - 0.1])
    assert table == [[0.5, -0.5]]


def test_kl_in_the_reward_per_sequence_comes_before_the_baseline() -> None:
    groups = [Group("g", [rollout("a", 1.0, 3), rollout("b", 0.0, 1)])]
    kl = KLSettings(place="reward", estimator="k1", level="sequence", coef=0.1)
    samples, table = set_advantages(groups, with_reference(groups), AlgorithmSettings(scale="none", kl=kl))
    assert table == [pytest.approx([0.4, -0.4])]
    assert samples[0].advantages_T == pytest.approx([0, 0, 0, 0.4, 0.4, 0.4])
    k3 = kl.model_copy(update={"estimator": "k3"})
    _, table = set_advantages(groups, with_reference(groups), AlgorithmSettings(scale="none", kl=k3))
    first, second = 1 - 0.1 * (math.exp(-3) + 3 - 1), -0.1 * (math.exp(-1) + 1 - 1)
    assert table == [pytest.approx([(first - second) / 2, (second - first) / 2])]


def test_kl_in_the_reward_without_reference_is_refused() -> None:
    groups = [Group("g", [rollout("a", 1.0)])]
    with pytest.raises(DataError, match=r"kl.place: reward` needs the reference's log-probs, and sample a has none"):
        set_advantages(groups, to_samples(groups), AlgorithmSettings(kl=KLSettings(place="reward")))


def test_a_completion_without_logprobs_is_refused() -> None:
    silent = rollout("a", 1.0)
    silent.completion.logprobs_N = None
    with pytest.raises(DataError, match="Rollout a has no log-probs"):
        to_samples([Group("g", [silent])])


def test_updates_share_the_samples_evenly_and_depend_on_the_seed_alone() -> None:
    samples = to_samples([Group("g", [rollout(str(i), 1.0) for i in range(10)])])
    parts = split_updates(samples, 4, seed=5)
    assert sorted(len(part) for part in parts) == [2, 2, 3, 3]
    assert sorted(s.rollout_id for part in parts for s in part) == sorted(str(i) for i in range(10))
    assert parts == split_updates(samples, 4, seed=5)
    assert parts != split_updates(samples, 4, seed=6)
    assert split_updates(samples[:1], 2, seed=0) in ([samples[:1], []], [[], samples[:1]])


def test_a_pair_is_chosen_among_the_answers_that_can_be_trained() -> None:
    cut, whole = rollout("cut", 1.0, finish="length", outcome="correct"), rollout("whole", 1.0)
    group = Group("g", [cut, rollout("wrong", 0.0), whole])
    settings = AlgorithmSettings(
        baseline="leave_one_out", scale="none", select="one_correct_one_wrong", truncated="mask"
    )
    rows, table = trained([group], settings)
    assert set(rows) == {"wrong", "whole"}
    assert table == [pytest.approx([0.5, -1, 0.5])]


def test_only_what_will_be_trained_is_read_unless_baselines_read_a_kl() -> None:
    group = Group("g", [rollout("a", 1.0), rollout("b", 0.0), rollout("c", 1.0), rollout("d", 0.0)])
    settings = AlgorithmSettings(baseline="leave_one_out", scale="none", select="one_correct_one_wrong")
    samples = to_samples([group])
    assert [sample.rollout_id for sample in read_samples([group], samples, settings)] == ["a", "b"]
    chosen, _ = set_advantages([group], samples, settings)
    assert [sample.rollout_id for sample in chosen] == ["a", "b"]
    in_reward = settings.model_copy(update={"kl": KLSettings(place="reward", estimator="k1", level="sequence")})
    assert read_samples([group], samples, in_reward) == samples
