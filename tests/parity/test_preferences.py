"""Direct preference optimization against a plain loop over pairs, whatever the micro-batches and processes."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from aha.engines.batches import micro_batches, pair_places
from aha.errors import DataError
from aha.models.decoder import Decoder
from aha.models.layout import RowLayout
from aha.models.logprobs import token_logprobs
from aha.runtime.distributed import World
from aha.stages.sft import IMITATION, own_share
from aha.types import Sample
from tests.parity.tiny import tiny_learner, tiny_model, tiny_samples

BETA = 0.3


def pairs() -> list[Sample]:
    """Three pairs, the chosen answer of each first; the second one's rejected answer has two pieces."""
    samples = tiny_samples(7)
    for sample, name, sign in zip(samples, ("a", "a", "b", "b", "b", "c", "c"), (1, -1, 1, -1, -1, 1, -1), strict=True):
        sample.terms, sample.pair_id = ("preference",), name
        sample.advantages_T = (BETA * sign * sample.loss_mask_T).astype("float32")
        sample.action_mask_T[:] = False
    for sample, logprobs_T in zip(samples, tiny_learner(tiny_model(seed=1)).logprobs(samples), strict=True):
        sample.reference_logprobs_T = logprobs_T
    return samples


def plain(model: Decoder, samples: list[Sample]) -> tuple[torch.Tensor, list[float]]:
    """Mean of -log sigmoid(beta (chosen - rejected)), one row at a time, and the margins."""
    margins = {"a": torch.zeros(()).double(), "b": torch.zeros(()).double(), "c": torch.zeros(()).double()}
    for sample in samples:
        ids_T, mask_T = torch.from_numpy(sample.token_ids_T).long(), torch.from_numpy(sample.loss_mask_T)
        logprobs_T, _ = token_logprobs(model, ids_T, RowLayout([len(ids_T)]), 0.7)
        ratio = (logprobs_T - torch.from_numpy(sample.reference_logprobs_T))[mask_T].sum()
        margins[sample.pair_id] = margins[sample.pair_id] + BETA * ratio * (1 if sample.advantages_T.max() > 0 else -1)
    return torch.stack([-F.logsigmoid(margin) for margin in margins.values()]).mean(), [
        m.item() for m in margins.values()
    ]


@pytest.mark.parametrize("budget", [1, 40, 10_000])
def test_loss_gradient_and_accuracy_are_those_of_the_plain_loop(budget: int) -> None:
    samples, twin = pairs(), tiny_model()
    expected, margins = plain(twin, samples)
    expected.backward()
    learner = tiny_learner(tiny_model(), IMITATION, micro_batch_tokens=budget)
    _, tally = learner.accumulate([samples[i] for i in (3, 0, 6, 2, 5, 1, 4)])
    measured = tally.means(World())
    assert measured["loss"] == pytest.approx(expected.item(), rel=1e-6)
    assert measured["pair_accuracy"] == pytest.approx(sum(margin > 0 for margin in margins) / 3)
    found = dict(zip(learner.optimizer.names, learner.optimizer.views(learner.optimizer.gradients), strict=True))
    for name, parameter in twin.named_parameters():
        assert parameter.grad is not None
        assert (found[name] - parameter.grad).norm() <= 1e-5 * parameter.grad.norm(), name


def test_the_answers_of_a_pair_stay_together() -> None:
    samples = pairs()
    for budget in (1, 30, 50):
        parts = micro_batches(samples, budget)
        assert sorted(i for part in parts for i in part) == list(range(7))
        assert all(
            len({samples[i].pair_id for i in part} & {s.pair_id for s in samples}) <= len(part) // 2 for part in parts
        )
    shares = [own_share(samples, World(rank, 2)) for rank in (0, 1)]
    assert [[sample.pair_id for sample in share] for share in shares] == [["a", "a", "c", "c"], ["b", "b", "b"]]
    plain_samples = tiny_samples(5)
    ranks = [[sample.rollout_id for sample in own_share(plain_samples, World(rank, 2))] for rank in (0, 1)]
    assert ranks == [["0", "2", "4"], ["1", "3"]]


def test_pairs_and_single_texts_do_not_mix() -> None:
    assert pair_places(pairs()) == [0, 0, 1, 1, 1, 2, 2]
    assert pair_places(tiny_samples(3)) == []
    with pytest.raises(DataError, match="Only 7 of 9 samples of a batch belong to pairs"):
        pair_places([*pairs(), *tiny_samples(2)])
