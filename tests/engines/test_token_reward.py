"""The token reward model: scores and gradients against plain loops, any split, and what it starts from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from aha.algorithms.token_rewards import ranking_auc
from aha.config.learners import TokenRewardSettings
from aha.config.settings import EngineSettings
from aha.engines.native_critic import NativeCritic
from aha.models.heads import HEAD
from aha.models.layout import RowLayout
from aha.runtime.distributed import World
from aha.stages.build import build
from aha.types import Sample
from tests.engines.test_native_critic import gradients
from tests.engines.test_native_reward import CPU, reward_model
from tests.models.tiny import save_reference
from tests.parity.test_gradient_invariance import TOLERANCE, assert_equal
from tests.parity.tiny import tiny_samples

ERROR = 10
"""A token that only wrong answers hold."""


def token_reward(
    dtype: torch.dtype = torch.float64, budget: int = 10_000, world: World | None = None, **settings: object
) -> NativeCritic:
    given = TokenRewardSettings.model_validate({"optimizer": {"lr": 1e-2}} | settings)
    engine = EngineSettings(device="cpu", micro_batch_tokens=budget)
    return NativeCritic(reward_model(dtype), given, engine, 10, CPU, world or World())


def samples() -> list[Sample]:
    """Every other answer is right; a token in the middle of the first was written by a tool."""
    found = tiny_samples()
    for place, sample in enumerate(found):
        sample.values_T = np.zeros(len(sample.token_ids_T), np.float32)
        sample.returns_T = np.full(len(sample.token_ids_T), float(place % 2), np.float32)
    found[0].action_mask_T[-2] = found[0].loss_mask_T[-2] = False
    return found


def plain_scores(model: torch.nn.Module, sample: Sample) -> torch.Tensor:
    """Of one sample alone: the head on the hidden state of each token itself."""
    ids = torch.from_numpy(sample.token_ids_T).long()
    return (model(ids, RowLayout([len(ids)])) @ model.score.weight.T)[:, 0]  # type: ignore[operator, union-attr, no-any-return]


@pytest.mark.parametrize("budget", [1, 40, 10_000])
def test_the_score_of_a_token_knows_the_token(budget: int) -> None:
    found = token_reward(budget=budget).values(samples())
    for values_T, sample in zip(found, samples(), strict=True):
        assert values_T == pytest.approx(plain_scores(reward_model(), sample).detach().numpy(), abs=1e-5)


def test_loss_and_gradient_are_those_of_a_plain_loop() -> None:
    model, given = reward_model(), samples()
    total = torch.zeros((), dtype=torch.float64)
    for sample in given:
        own = [score for score, own in zip(plain_scores(model, sample), sample.action_mask_T, strict=True) if own]
        chance = torch.sigmoid(sum(own) / len(own))  # type: ignore[arg-type]
        total = total - (chance if sample.returns_T[-1] else 1 - chance).log()  # type: ignore[index]
    named = dict(model.named_parameters())
    expected = dict(zip(named, torch.autograd.grad(total / len(given), list(named.values())), strict=True))
    learner = token_reward()
    assert learner.accumulate(given) == pytest.approx((total.item() / len(given), len(given)))
    learner.optimizer.clear_gradients()
    assert_equal(gradients(learner, given), expected, 1e-10)


@pytest.mark.parametrize("dtype", list(TOLERANCE))
def test_micro_batches_and_order_do_not_change_the_gradient(dtype: torch.dtype) -> None:
    whole = gradients(token_reward(dtype), samples())
    for budget in (1, 19, 37):
        assert_equal(gradients(token_reward(dtype, budget), samples()), whole, TOLERANCE[dtype])
        assert_equal(gradients(token_reward(dtype, budget), samples()[::-1]), whole, TOLERANCE[dtype])


def test_processes_add_up_to_one() -> None:
    given = samples()

    @dataclass(slots=True, frozen=True)
    class Part(World):
        """One of two; the number of answers of both is known."""

        def sum_floats(self, values: Sequence[float]) -> list[float]:
            return [float(len(given)), values[1]] if len(values) == 2 else list(values)

    whole = gradients(token_reward(), given)
    first, second = (gradients(token_reward(world=Part()), part) for part in (given[:4], given[4:]))
    assert_equal({name: first[name] + second[name] for name in first}, whole, 1e-10)


def test_updates_learn_the_outcome_and_have_names_of_their_own() -> None:
    learner, given = token_reward(), samples()
    found = [learner.update(given) for _ in range(60)]
    assert set(found[0]) == {f"token_reward/{name}" for name in ("loss", "lr", "grad_norm", "update_skipped")}
    assert found[-1]["token_reward/loss"] < 0.2 * found[0]["token_reward/loss"]
    assert learner.num_trained_tokens == 60 * sum(int(sample.loss_mask_T.sum()) for sample in given)


def test_an_update_without_samples_takes_no_step() -> None:
    learner = token_reward()
    before = [tensor.clone() for _, tensor in learner.weights()]
    assert learner.update([])["token_reward/loss"] == 0
    assert all(torch.equal(a, b) for a, (_, b) in zip(before, learner.weights(), strict=True))


def test_save_and_load_go_on_bit_by_bit(tmp_path: Path) -> None:
    straight, again = token_reward(), token_reward()
    straight.update(samples())
    straight.save(tmp_path)
    again.load(tmp_path)
    assert straight.update(samples()) == again.update(samples())
    for (name, one), (_, other) in zip(straight.weights(), again.weights(), strict=True):
        assert torch.equal(one, other), name


def test_a_new_one_is_the_policys_body_with_a_head_of_zeros_and_gives_every_token_0(tmp_path: Path) -> None:
    save_reference(tmp_path / "base", "llama")
    engines = build(str(tmp_path / "base"), EngineSettings(device="cpu", dtype="float32"))
    made = engines.critic(TokenRewardSettings(), None, total_updates=5, world=World(), head_seed=3)
    weights, policy = dict(made.weights()), dict(engines.loaded.model.named_parameters())
    assert not weights.pop(HEAD).any()
    assert all(torch.equal(weights[name], policy[name]) for name in weights)
    assert not any(scores_T.any() for scores_T in made.values(samples()))


def planted(num_samples: int, seed: int) -> list[Sample]:
    """Answers of 12 random tokens after 4; every other one is wrong, and the wrong ones hold the token ERROR once."""
    chance = np.random.default_rng(seed)
    found = tiny_samples(num_samples, seed)
    for place, sample in enumerate(found):
        length = 16
        ids_T = chance.integers(0, ERROR, length).astype(np.int32)
        if place % 2:
            ids_T[chance.integers(4, length)] = ERROR
        answer_T = np.arange(length) >= 4
        sample.token_ids_T, sample.action_mask_T, sample.loss_mask_T = ids_T, answer_T, answer_T.copy()
        sample.values_T = np.zeros(length, np.float32)
        sample.returns_T = np.full(length, float(place % 2 == 0), np.float32)
    return found


def test_told_outcomes_alone_it_scores_the_planted_error_lowest() -> None:
    learner = token_reward(torch.float32)
    for seed in range(40):
        learner.update(planted(32, seed))
    wrong = planted(64, seed=1000)[1::2]
    scores_N = np.concatenate(
        [values_T[sample.action_mask_T] for values_T, sample in zip(learner.values(wrong), wrong, strict=True)]
    )
    errors_N = np.concatenate([(sample.token_ids_T == ERROR)[sample.action_mask_T] for sample in wrong])
    auc = ranking_auc(-scores_N, errors_N)
    assert auc is not None
    assert auc > 0.8
