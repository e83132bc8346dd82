"""The gradient of an update does not depend on micro-batches, packing, order, accumulation or process count."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from aha.algorithms.objective import Tokens, Totals, loss
from aha.config.algorithm import AlgorithmSettings, KLSettings
from aha.engines.native_learner import NativeLearner
from aha.models.layout import RowLayout
from aha.types import Sample
from tests.parity.tiny import tiny_learner, tiny_model, tiny_samples

POINTS = {
    "grpo": AlgorithmSettings(kl=KLSettings(place="loss", coef=0.1)),
    "token-mean": AlgorithmSettings(aggregate="token_mean", clip_high=0.28, entropy_coef=0.01),
    "constant": AlgorithmSettings(aggregate="constant", constant_length=12, denominator="learner"),
    "sequence": AlgorithmSettings(ratio="sequence", kl=KLSettings(place="loss", level="sequence", estimator="k2")),
    "weight": AlgorithmSettings(objective="clipped_weight"),
}
TOLERANCE = {torch.float64: 1e-10, torch.float32: 1e-5}


def gradients(learner: NativeLearner, samples: list[Sample]) -> dict[str, torch.Tensor]:
    """Gradients by parameter name, without a step."""
    learner.accumulate(samples)
    copies = learner.optimizer.views(learner.optimizer.gradients.clone())
    found = dict(zip(learner.optimizer.names, copies, strict=True))
    learner.optimizer.clear_gradients()
    return found


def assert_equal(got: dict[str, torch.Tensor], expected: dict[str, torch.Tensor], tolerance: float) -> None:
    """The norm of the difference against the norm, parameter by parameter."""
    assert got.keys() == expected.keys()
    for name, gradient in expected.items():
        assert gradient.norm() > 0, name
        assert (got[name] - gradient).norm() <= tolerance * gradient.norm(), name


@pytest.mark.parametrize("dtype", list(TOLERANCE))
@pytest.mark.parametrize("point", list(POINTS))
def test_micro_batches_order_and_checkpointing_do_not_change_the_gradient(point: str, dtype: torch.dtype) -> None:
    samples, algorithm = tiny_samples(), POINTS[point]
    whole = gradients(tiny_learner(tiny_model(dtype), algorithm, micro_batch_tokens=10_000), samples)
    for budget in (1, 19, 37):
        learner = tiny_learner(tiny_model(dtype), algorithm, micro_batch_tokens=budget)
        assert_equal(gradients(learner, samples), whole, TOLERANCE[dtype])
        assert_equal(gradients(learner, samples[::-1]), whole, TOLERANCE[dtype])
    recomputed = tiny_learner(tiny_model(dtype), algorithm, micro_batch_tokens=50, gradient_checkpointing=True)
    assert_equal(gradients(recomputed, samples), whole, TOLERANCE[dtype])


@pytest.mark.parametrize("side", ["left", "right"])
def test_rows_padded_on_either_side_by_a_plain_loop_give_the_same_gradient(side: str) -> None:
    """Each sample alone, padded by 5 tokens, positions and mask by hand, full logits, one loss over all."""
    samples, algorithm = tiny_samples(), POINTS["grpo"]
    model = tiny_model()
    totals = Totals(sum(float(s.loss_mask_T.sum()) for s in samples), float(len(samples)), 1)
    total = torch.zeros((), dtype=torch.float64)
    for sample in samples:
        logprobs_N, entropy_N = padded_logprobs(model, sample, side)
        total = total + loss(logprobs_N, entropy_N, one_row(sample), totals, algorithm)
    named = dict(model.named_parameters())
    expected = dict(zip(named, torch.autograd.grad(total, list(named.values())), strict=True))
    assert_equal(gradients(tiny_learner(tiny_model(), algorithm, micro_batch_tokens=40), samples), expected, 1e-10)


def padded_logprobs(model: torch.nn.Module, sample: Sample, side: str) -> tuple[torch.Tensor, torch.Tensor]:
    """Log-probs and entropies of one sample from full logits; on the left the padding is a row of its own."""
    token_ids = torch.from_numpy(sample.token_ids_T).long()
    padding = torch.full((5,), 3)
    if side == "right":
        ids, lengths, start = torch.cat([token_ids, padding]), [len(token_ids) + 5], 0
    else:
        ids, lengths, start = torch.cat([padding, token_ids]), [5, len(token_ids)], 5
    logits = model.head(model(ids, RowLayout(lengths)))[start : start + len(token_ids)]  # type: ignore[operator]
    log_softmax = F.log_softmax(logits / 0.7, -1)
    picked = log_softmax[:-1].gather(1, token_ids[1:, None]).squeeze(1)
    entropy = -(log_softmax.exp() * log_softmax).sum(-1)[:-1]
    return F.pad(picked, (1, 0)), F.pad(entropy, (1, 0))


def one_row(sample: Sample) -> Tokens:
    """The sample as a batch of one."""
    mask_N = torch.from_numpy(sample.loss_mask_T)
    assert sample.learner_logprobs_T is not None
    assert sample.reference_logprobs_T is not None
    floats = (sample.advantages_T, sample.sampler_logprobs_T, sample.learner_logprobs_T, sample.reference_logprobs_T)
    advantages, sampler, learner, reference = (torch.from_numpy(values).double() for values in floats)
    lengths_N = mask_N.sum().double().expand(len(mask_N))
    rows_N = torch.zeros(len(mask_N), dtype=torch.int64)
    return Tokens(mask_N, mask_N, rows_N, 1, lengths_N, advantages, sampler, learner, reference)


def test_samples_without_a_gradient_are_not_computed_and_still_divide() -> None:
    samples = tiny_samples()
    for sample in samples[::2]:
        sample.advantages_T[:] = 0
    skipping = tiny_learner(tiny_model(), AlgorithmSettings())
    computing = tiny_learner(tiny_model(), AlgorithmSettings(entropy_coef=1e-300))
    assert_equal(gradients(skipping, samples), gradients(computing, samples), 1e-10)
    _, tally = skipping.accumulate(samples)
    trained = tally.means(skipping.world)["num_trained_tokens"]
    assert trained == sum(int(s.loss_mask_T.sum()) for s in samples[1::2])


PROCESS = """
import json, sys
import torch
from aha.config.settings import AlgorithmSettings
from aha.runtime.distributed import init_world
from aha.stages.learning import score
from tests.engines.test_native_critic import critic as tiny_critic, samples as with_values
from tests.parity.test_gradient_invariance import POINTS, gradients
from tests.parity.tiny import tiny_learner, tiny_model, tiny_samples

world = init_world()
samples = tiny_samples()
share = samples[:7] if world.rank == 0 else samples[7:]
out = {}
for point in POINTS:
    for name, dtype in (("float64", torch.float64), ("float32", torch.float32)):
        learner = tiny_learner(tiny_model(dtype), POINTS[point], world=world, micro_batch_tokens=30)
        out[f"{point}/{name}"] = {n: g.double().tolist() for n, g in gradients(learner, share).items()}
learner = tiny_learner(tiny_model(), POINTS["grpo"], world=world, micro_batch_tokens=30)
values = [learner.update(share), learner.update(samples if world.rank else [])]
weights = {name: tensor.tolist() for name, tensor in learner.weights()}
valued = with_values()
critic = tiny_critic(world=world, budget=30)
before = [row.tolist() for row in score(critic.values, valued, world)]
losses = [critic.update(valued[world.rank :: 2]), critic.update(valued if world.rank else [])]
critic = {"before": before, "losses": losses, "weights": {n: t.tolist() for n, t in critic.weights()}}
with open(sys.argv[1] + str(world.rank), "w") as file:
    json.dump({"gradients": out, "values": values, "weights": weights, "critic": critic}, file)
"""


def run_two_processes(tmp_path: Path) -> list[dict[str, dict[str, object]]]:
    """What each of two gloo processes found."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    processes = []
    for rank in range(2):
        environment = os.environ | {
            "RANK": str(rank),
            "LOCAL_RANK": str(rank),
            "WORLD_SIZE": "2",
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(port),
            "OMP_NUM_THREADS": "1",
        }
        command = [sys.executable, "-c", PROCESS, str(tmp_path / "rank")]
        processes.append(subprocess.Popen(command, env=environment, cwd=Path(__file__).parents[2]))
    assert [process.wait(timeout=240) for process in processes] == [0, 0]
    return [json.loads((tmp_path / f"rank{rank}").read_text()) for rank in range(2)]


def test_two_processes_give_the_gradient_and_the_step_of_one(tmp_path: Path) -> None:
    first, second = run_two_processes(tmp_path)
    assert first == second
    samples = tiny_samples()
    for key, found in first["gradients"].items():
        point, name = key.split("/")
        dtype = getattr(torch, name)
        alone = gradients(tiny_learner(tiny_model(dtype), POINTS[point]), samples)
        got = {n: torch.tensor(values, dtype=torch.float64) for n, values in found.items()}  # type: ignore[attr-defined]
        assert_equal(got, {n: g.double() for n, g in alone.items()}, TOLERANCE[dtype])
    learner = tiny_learner(tiny_model(), POINTS["grpo"])
    values = [learner.update(samples), learner.update(samples)]
    assert first["values"][0] == pytest.approx(values[0])  # type: ignore[index]
    assert first["values"][1] == pytest.approx(values[1])  # type: ignore[index]
    for name, tensor in learner.weights():
        assert torch.allclose(torch.tensor(first["weights"][name], dtype=torch.float64), tensor, rtol=1e-9, atol=1e-12)
    check_critic(first["critic"])


def check_critic(found: dict[str, Any]) -> None:
    """Values, losses and weights of a critic in two processes are those of one."""
    from tests.engines.test_native_critic import critic, samples

    alone = critic()
    for row, expected in zip(found["before"], alone.values(samples()), strict=True):
        assert row == pytest.approx(expected.tolist(), abs=1e-6)
    losses = [alone.update(samples()), alone.update(samples())]
    assert [pytest.approx(each) for each in losses] == found["losses"]
    for name, tensor in alone.weights():
        assert torch.allclose(torch.tensor(found["weights"][name], dtype=torch.float64), tensor, rtol=1e-9, atol=1e-12)
