"""The critic: values and gradients against plain loops, any split, save and load, and what it starts from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch

from aha.config.learners import CriticSettings
from aha.config.settings import EngineSettings
from aha.engines.native_critic import NativeCritic
from aha.errors import DataError, DivergedError
from aha.models.heads import HEAD, load_reward_model, reward_config, value_head
from aha.models.layout import RowLayout
from aha.models.load import num_parameters
from aha.models.save import named_weights, save_model
from aha.runtime.distributed import World
from aha.stages.build import Engines, build
from aha.types import Sample
from tests.engines.test_native_reward import CPU, reward_model
from tests.models.tiny import save_reference
from tests.parity.test_gradient_invariance import TOLERANCE, assert_equal
from tests.parity.tiny import tiny_samples


def critic(
    dtype: torch.dtype = torch.float64, budget: int = 10_000, world: World | None = None, **settings: object
) -> NativeCritic:
    given = CriticSettings.model_validate({"optimizer": {"lr": 1e-2}} | settings)
    engine = EngineSettings(device="cpu", micro_batch_tokens=budget)
    return NativeCritic(reward_model(dtype), given, engine, 10, CPU, world or World())


def samples() -> list[Sample]:
    chance = np.random.default_rng(7)
    found = tiny_samples()
    for sample in found:
        sample.values_T = chance.normal(size=len(sample.token_ids_T)).astype(np.float32)
        sample.returns_T = chance.normal(size=len(sample.token_ids_T)).astype(np.float32)
    return found


def gradients(learner: NativeCritic, given: Sequence[Sample]) -> dict[str, torch.Tensor]:
    learner.accumulate(given)
    copies = learner.optimizer.views(learner.optimizer.gradients.clone())
    return dict(zip(learner.optimizer.names, copies, strict=True))


def plain_values(model: torch.nn.Module, sample: Sample) -> torch.Tensor:
    """Of one sample alone: the head on the hidden state of the token before."""
    ids = torch.from_numpy(sample.token_ids_T).long()
    hidden = model(ids, RowLayout([len(ids)]))
    return torch.cat([torch.zeros(1).double(), (hidden @ model.score.weight.T)[:-1, 0]])  # type: ignore[operator, union-attr]


@pytest.mark.parametrize("budget", [1, 40, 10_000])
def test_the_value_of_a_token_is_that_of_what_stands_before_it(budget: int) -> None:
    found = critic(budget=budget).values(samples())
    for values_T, sample in zip(found, samples(), strict=True):
        expected = plain_values(reward_model(), sample).detach().numpy()
        assert values_T.dtype == np.float32
        assert values_T == pytest.approx(expected, abs=1e-5)


@pytest.mark.parametrize("clip", [None, 0.3])
def test_loss_and_gradient_are_those_of_a_plain_loop(clip: float | None) -> None:
    model, given = reward_model(), samples()
    total, count = torch.zeros((), dtype=torch.float64), 0
    for sample in given:
        values = plain_values(model, sample)
        for t in np.flatnonzero(sample.loss_mask_T):
            before, wanted = float(sample.values_T[t]), float(sample.returns_T[t])  # type: ignore[index]
            term = 0.5 * (values[t] - wanted) ** 2
            if clip is not None:
                held = before + torch.clamp(values[t] - before, -clip, clip)
                term = torch.maximum(term, 0.5 * (held - wanted) ** 2)
            total, count = total + term, count + 1
    named = dict(model.named_parameters())
    expected = dict(zip(named, torch.autograd.grad(total / count, list(named.values())), strict=True))
    learner = critic(value_clip=clip)
    assert learner.accumulate(given) == pytest.approx((total.item() / count, count))
    learner.optimizer.clear_gradients()
    assert_equal(gradients(learner, given), expected, 1e-10)


@pytest.mark.parametrize("dtype", list(TOLERANCE))
def test_micro_batches_and_order_do_not_change_the_gradient(dtype: torch.dtype) -> None:
    whole = gradients(critic(dtype), samples())
    for budget in (1, 19, 37):
        assert_equal(gradients(critic(dtype, budget), samples()), whole, TOLERANCE[dtype])
        assert_equal(gradients(critic(dtype, budget), samples()[::-1]), whole, TOLERANCE[dtype])


def test_processes_add_up_to_one() -> None:
    given = samples()
    num_tokens = float(sum(sample.loss_mask_T.sum() for sample in given))

    @dataclass(slots=True, frozen=True)
    class Half(World):
        """One of two; the number of tokens of both is known."""

        def sum_floats(self, values: Sequence[float]) -> list[float]:
            return [num_tokens] * 2 if len(values) == 2 else list(values)

    whole = gradients(critic(), given)
    first, second = (gradients(critic(world=Half()), part) for part in (given[:4], given[4:]))
    assert_equal({name: first[name] + second[name] for name in first}, whole, 1e-10)


def test_updates_learn_the_returns_and_have_names_of_their_own() -> None:
    learner, given = critic(), samples()
    for sample in given:
        sample.returns_T = np.full(len(sample.token_ids_T), 0.7, np.float32)
    told: list[tuple[int, int]] = []
    learner.on_progress = lambda number, total: told.append((number, total))
    found = [learner.update(given) for _ in range(30)]
    assert set(found[0]) == {"value/loss", "value/lr", "value/grad_norm", "value/update_skipped"}
    assert found[-1]["value/loss"] < 0.02 * found[0]["value/loss"]
    assert (learner.update_count, told[0]) == (30, (1, 1))


def test_a_falling_rate_reaches_its_end_with_the_token_budget() -> None:
    given = samples()
    num_tokens = sum(int(sample.loss_mask_T.sum()) for sample in given)
    falling = {"lr": 1e-2, "schedule": "linear", "end_frac": 0.1}
    settings = CriticSettings.model_validate({"optimizer": falling})
    learner = NativeCritic(reward_model(), settings, EngineSettings(device="cpu"), 100, CPU, World(), 2 * num_tokens)
    rates = [learner.update(given)["value/lr"] for _ in range(2)]
    assert rates == pytest.approx([0.55e-2, 0.1e-2])


def test_an_update_without_samples_takes_no_step() -> None:
    learner = critic()
    before = [tensor.clone() for _, tensor in learner.weights()]
    assert learner.update([])["value/loss"] == 0
    assert all(torch.equal(a, b) for a, (_, b) in zip(before, learner.weights(), strict=True))


def test_returns_that_are_no_numbers_skip_the_update_and_end_it() -> None:
    learner, given = critic(optimizer={"lr": 1e-2, "skip_limit": 2}), samples()
    given[0].returns_T[-1] = np.nan  # type: ignore[index]
    values = learner.update(given)
    assert values["value/update_skipped"] == 1
    assert "value/loss" not in values
    with pytest.raises(DivergedError, match="2 updates in a row"):
        learner.update(given)


def test_samples_without_returns_are_refused() -> None:
    given = samples()
    given[2].returns_T = None
    with pytest.raises(DataError, match="Sample 2 has no values or no returns"):
        critic().update(given)


def test_save_and_load_go_on_bit_by_bit(tmp_path: Path) -> None:
    straight = critic()
    straight.update(samples())
    straight.save(tmp_path)
    again = critic()
    again.load(tmp_path)
    assert straight.update(samples()) == again.update(samples())
    for (name, one), (_, other) in zip(straight.weights(), again.weights(), strict=True):
        assert torch.equal(one, other), name


@pytest.fixture
def engines(tmp_path: Path) -> Engines:
    save_reference(tmp_path / "base", "llama")
    return build(str(tmp_path / "base"), EngineSettings(device="cpu", dtype="float32"))


def made(engines: Engines, place: Path | None = None, **settings: object) -> NativeCritic:
    given = CriticSettings.model_validate(settings)
    return engines.critic(given, None if place is None else str(place), total_updates=5, world=World(), head_seed=3)


def test_a_new_critic_is_the_policys_body_with_a_head_of_zeros_or_of_a_range(engines: Engines) -> None:
    weights, policy = dict(made(engines).weights()), dict(engines.loaded.model.named_parameters())
    head = weights.pop(HEAD)
    assert not head.any()
    assert weights.keys() == policy.keys() - {"lm_head.weight"}
    assert all(torch.equal(weights[name], policy[name]) for name in weights)
    assert all(weights[name].data_ptr() != policy[name].data_ptr() for name in weights)
    drawn = dict(made(engines, head_range=2.0).weights())[HEAD]
    assert torch.equal(drawn, value_head(32, 2.0, 3))
    assert 1 < drawn.abs().max() <= 2
    assert drawn.min() < 0


def test_a_critic_of_a_reward_model_keeps_its_head_and_reads_the_same_tokens(engines: Engines, tmp_path: Path) -> None:
    folder = tmp_path / "reward"
    base = load_reward_model(tmp_path / "base", "float32", head_seed=7)
    save_model(folder, named_weights(base.model), reward_config(base.config, base.tokenizer, "summary"), base.tokenizer)
    learner = made(engines, folder)
    assert torch.equal(dict(learner.weights())[HEAD], dict(base.model.named_parameters())[HEAD])
    assert num_parameters(learner.model) == num_parameters(base.model)
    base.tokenizer.inner.add_tokens(["<new>"])
    config = reward_config(base.config, base.tokenizer, "summary")
    save_model(folder, named_weights(base.model), config, base.tokenizer)
    with pytest.raises(DataError, match="has another vocabulary than the policy"):
        made(engines, folder)
