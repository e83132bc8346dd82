"""The learner's step, its metrics, what it refuses and skips, and its checkpoints."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from aha.config.algorithm import AlgorithmSettings, KLSettings
from aha.config.learners import OptimizerSettings
from aha.engines.native_learner import NativeLearner
from aha.errors import ConfigError, DataError, DivergedError
from aha.types import Sample
from tests.parity.tiny import tiny_learner, tiny_model, tiny_samples

NAMES = {
    "loss",
    "grad_norm",
    "lr",
    "entropy",
    "kl/reference",
    "kl/sampler",
    "logprob_gap/mean",
    "logprob_gap/max",
    "clip_frac/low",
    "clip_frac/high",
    "update_skipped",
    "num_trained_tokens",
}


def weights_of(learner: NativeLearner) -> dict[str, torch.Tensor]:
    """A copy."""
    return {name: tensor.clone() for name, tensor in learner.weights()}


def unchanged(learner: NativeLearner, before: dict[str, torch.Tensor]) -> bool:
    return all(torch.equal(tensor, before[name]) for name, tensor in learner.weights())


def test_an_update_is_one_clipped_adamw_step_on_the_loss() -> None:
    samples = tiny_samples()
    optimizer = OptimizerSettings(lr=0.02, max_grad_norm=0.5, warmup=2)
    learner, twin = tiny_learner(tiny_model(), optimizer=optimizer), tiny_learner(tiny_model())
    values = learner.update(samples)
    twin.accumulate(samples)
    norm = twin.optimizer.gradient_norm().item()
    assert values["grad_norm"] == pytest.approx(norm)
    assert norm > 0.5
    assert values["lr"] == 0.01
    twin.optimizer.weight_decay = 0.0
    twin.optimizer.step(0.01, 0.5 / (norm + 1e-6))
    for name, tensor in twin.weights():
        assert torch.allclose(tensor, dict(learner.weights())[name], rtol=1e-12, atol=1e-14), name
    assert learner.update_count == 1
    assert learner.update(samples)["lr"] == 0.02
    assert not learner.optimizer.gradients.any()


def test_an_update_tells_of_its_micro_batches() -> None:
    told: list[tuple[int, int]] = []
    learner = tiny_learner(tiny_model(), micro_batch_tokens=1)
    learner.on_progress = lambda number, total: told.append((number, total))
    learner.update(tiny_samples())
    assert len(told) > 1
    assert told == [(number + 1, len(told)) for number in range(len(told))]


def test_small_gradients_are_not_scaled_up() -> None:
    samples = tiny_samples()
    for sample in samples:
        sample.advantages_T *= 1e-3
    clipped = tiny_learner(tiny_model(), optimizer=OptimizerSettings(lr=0.1, max_grad_norm=1.0))
    free = tiny_learner(tiny_model(), optimizer=OptimizerSettings(lr=0.1, max_grad_norm=1e9))
    assert clipped.update(samples)["grad_norm"] < 0.5
    free.update(samples)
    assert unchanged(clipped, weights_of(free))


def test_metrics_have_their_names_and_compare_with_the_sampler_before_the_step() -> None:
    samples = tiny_samples()
    learner = tiny_learner(tiny_model(), micro_batch_tokens=25)
    logprobs = learner.logprobs(samples)
    values = learner.update(samples)
    assert set(values) == NAMES
    gaps = np.concatenate([(p - s.sampler_logprobs_T)[s.loss_mask_T] for p, s in zip(logprobs, samples, strict=True)])
    references = np.concatenate(
        [(s.reference_logprobs_T - p)[s.loss_mask_T] for p, s in zip(logprobs, samples, strict=True)]  # type: ignore[operator]
    )
    assert values["num_trained_tokens"] == len(gaps)
    assert values["logprob_gap/mean"] == pytest.approx(np.abs(gaps).mean(), rel=1e-5)
    assert values["logprob_gap/max"] == pytest.approx(np.abs(gaps).max(), rel=1e-5)
    assert values["kl/sampler"] == pytest.approx((np.exp(gaps) - gaps - 1).mean(), rel=1e-4)
    assert values["kl/reference"] == pytest.approx((np.exp(references) - references - 1).mean(), rel=1e-4)
    assert 0 < values["entropy"] < math.log(23)
    assert values["clip_frac/low"] > 0
    assert values["clip_frac/high"] > 0


def test_learner_and_sampler_agree_where_the_sampler_was_the_learner() -> None:
    samples = tiny_samples()
    learner = tiny_learner(tiny_model())
    for sample, logprobs_T in zip(samples, learner.logprobs(samples), strict=True):
        sample.sampler_logprobs_T = logprobs_T * sample.loss_mask_T
    values = learner.update(samples)
    assert values["logprob_gap/max"] < 1e-6
    assert values["clip_frac/low"] == values["clip_frac/high"] == 0


def test_a_better_than_average_end_token_becomes_likelier() -> None:
    samples = tiny_samples(1)
    sample = samples[0]
    sample.advantages_T[:] = 0
    sample.advantages_T[-1] = 1.0
    learner = tiny_learner(tiny_model(), AlgorithmSettings(objective="log_prob"))
    before = learner.logprobs(samples)[0][-1]
    learner.update(samples)
    assert learner.logprobs(samples)[0][-1] > before + 1e-3


def test_samples_out_of_the_loss_change_nothing() -> None:
    samples = tiny_samples()
    masked = tiny_samples(12, seed=0)[9:]
    for sample in masked:
        sample.loss_mask_T[:] = False
    for aggregate in ("sequence_mean", "token_mean", "constant"):
        settings = AlgorithmSettings(aggregate=aggregate, constant_length=9, kl=KLSettings(place="loss"))
        alone, beside = tiny_learner(tiny_model(), settings), tiny_learner(tiny_model(), settings)
        alone.update(samples)
        beside.update([*samples, *masked])
        assert unchanged(alone, weights_of(beside))


def test_an_update_without_samples_takes_no_step() -> None:
    learner = tiny_learner(tiny_model())
    before = weights_of(learner)
    values = learner.update([])
    assert unchanged(learner, before)
    assert values == {"loss": 0.0, "num_trained_tokens": 0.0, "grad_norm": 0.0, "lr": 0.01, "update_skipped": 0.0}
    assert learner.update_count == 1


def poisoned(number: float = math.nan) -> list[Sample]:
    samples = tiny_samples()
    samples[3].advantages_T[-1] = number
    return samples


@pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
def test_a_non_finite_update_is_skipped_and_counted(number: float) -> None:
    learner = tiny_learner(tiny_model())
    learner.update(tiny_samples())
    before, means = weights_of(learner), learner.optimizer.means.clone()
    values = learner.update(poisoned(number))
    assert values["update_skipped"] == 1
    assert all(math.isfinite(value) for value in values.values())
    assert "grad_norm" not in values
    assert unchanged(learner, before)
    assert torch.equal(means, learner.optimizer.means)
    assert learner.update_count == 2
    assert learner.update(tiny_samples())["update_skipped"] == 0
    assert not unchanged(learner, before)


def test_too_many_skipped_in_a_row_stop_the_run() -> None:
    learner = tiny_learner(tiny_model(), optimizer=OptimizerSettings(skip_limit=2))
    learner.update(poisoned())
    learner.update(tiny_samples())
    learner.update(poisoned())
    with pytest.raises(DivergedError, match="2 updates in a row had a loss or gradient that is not finite"):
        learner.update(poisoned())


def test_a_constant_aggregate_without_length_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"algorithm\.aggregate: constant` has no length"):
        tiny_learner(tiny_model(), AlgorithmSettings(aggregate="constant"))


@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32, torch.float64])
def test_an_update_after_load_equals_the_undisturbed_one_bit_by_bit(dtype: torch.dtype, tmp_path: Path) -> None:
    settings = AlgorithmSettings(kl=KLSettings(place="loss"))
    undisturbed = tiny_learner(tiny_model(dtype), settings)
    undisturbed.update(tiny_samples(seed=1))
    undisturbed.update(poisoned())
    undisturbed.save(tmp_path / "learner")
    resumed = tiny_learner(tiny_model(dtype, seed=9), settings)
    resumed.load(tmp_path / "learner")
    assert unchanged(resumed, weights_of(undisturbed))
    assert (resumed.update_count, resumed.num_skipped_in_row) == (2, 1)
    for seed in (2, 3):
        assert resumed.update(tiny_samples(seed=seed)) == undisturbed.update(tiny_samples(seed=seed))
    assert unchanged(resumed, weights_of(undisturbed))
    for vector, tensors in undisturbed.optimizer.state().items():
        assert all(torch.equal(resumed.optimizer.state()[vector][name], t) for name, t in tensors.items())


def test_a_checkpoint_of_another_model_is_refused(tmp_path: Path) -> None:
    tiny_learner(tiny_model(hidden_size=32)).save(tmp_path)
    with pytest.raises(DataError, match=r"masters.safetensors belongs to another model: parameter model.embed_tokens"):
        tiny_learner(tiny_model()).load(tmp_path)


@pytest.mark.parametrize("name", ["masters.safetensors", "squares.safetensors", "learner.json"])
def test_a_missing_or_corrupt_file_is_refused(name: str, tmp_path: Path) -> None:
    tiny_learner(tiny_model()).save(tmp_path)
    (tmp_path / name).write_bytes(b"{torn")
    with pytest.raises(DataError, match=r"The learner's state in .* cannot be read"):
        tiny_learner(tiny_model()).load(tmp_path)
    (tmp_path / name).unlink()
    with pytest.raises(DataError, match=f"cannot be read: .*{name}"):
        tiny_learner(tiny_model()).load(tmp_path)
