"""The frozen reference: its numbers, its order, and new weights."""

from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F

from aha.config.settings import EngineSettings
from aha.engines.native_scorer import NativeScorer
from aha.errors import DataError
from aha.models.layout import RowLayout
from tests.parity.tiny import tiny_model, tiny_samples


def scorer(seed: int = 0) -> NativeScorer:
    return NativeScorer(tiny_model(seed=seed), EngineSettings(micro_batch_tokens=30), 0.7, torch.device("cpu"))


def test_log_probs_are_those_of_the_full_softmax_at_the_temperature_in_the_given_order() -> None:
    samples, model = tiny_samples(), tiny_model()
    for sample, logprobs_T in zip(samples, scorer().logprobs(samples), strict=True):
        token_ids = torch.from_numpy(sample.token_ids_T).long()
        logits = model.head(model(token_ids, RowLayout([len(token_ids)])))
        expected = F.log_softmax(logits / 0.7, -1)[:-1].gather(1, token_ids[1:, None]).squeeze(1)
        assert logprobs_T[0] == 0
        assert logprobs_T[1:] == pytest.approx(expected.detach().numpy(), rel=1e-5)


def test_sync_makes_it_another_model_and_weights_gives_copies_of_names() -> None:
    reference, other = scorer(), scorer(seed=1)
    samples = tiny_samples(2)
    assert abs(reference.logprobs(samples)[0] - other.logprobs(samples)[0]).max() > 0.1
    reference.sync(other.weights())
    assert (reference.logprobs(samples)[0] == other.logprobs(samples)[0]).all()
    assert [name for name, _ in reference.weights()] == [name for name, _ in tiny_model().named_parameters()]
    assert not any(parameter.requires_grad for parameter in reference.model.parameters())


def test_weights_of_another_model_are_refused() -> None:
    with pytest.raises(DataError, match=r"The reference cannot take parameter model.norm.weight of shape \(5,\)"):
        scorer().sync([("model.norm.weight", torch.zeros(5))])
    with pytest.raises(DataError, match=r"parameter lm_head.weight of shape \(23, 16\)"):
        scorer().sync([("lm_head.weight", torch.zeros(23, 16))])
