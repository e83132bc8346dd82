"""Micro-batches by token budget and what a batch holds."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from aha.engines.batches import can_share, make_batch, micro_batches, prompt_length, rows_of, trained_mask
from aha.engines.scoring import score
from aha.errors import DataError
from aha.models.attention import PRODUCT_LENGTH
from tests.parity.tiny import tiny_model, tiny_samples


def test_micro_batches_hold_every_sample_once_longest_first_within_the_budget() -> None:
    samples = tiny_samples(30)
    lengths = [len(sample.token_ids_T) for sample in samples]
    parts = micro_batches(samples, 40)
    assert sorted(i for part in parts for i in part) == list(range(30))
    flat = [lengths[i] for part in parts for i in part]
    assert flat == sorted(flat, reverse=True)
    assert all(sum(lengths[i] for i in part) <= 40 for part in parts)
    assert all(
        sum(lengths[i] for i in part) + lengths[following[0]] > 40 for part, following in itertools.pairwise(parts)
    )


def test_a_sample_beyond_the_budget_is_a_micro_batch_of_its_own() -> None:
    assert [len(part) for part in micro_batches(tiny_samples(4), 1)] == [1] * 4
    assert micro_batches([], 1) == []


def test_a_batch_is_the_rows_one_after_the_other() -> None:
    samples = tiny_samples(3)
    samples[1].loss_mask_T = np.ones_like(samples[1].loss_mask_T)
    batch = make_batch(samples, torch.device("cpu"), torch.float64)
    lengths = [len(sample.token_ids_T) for sample in samples]
    assert batch.layout.lengths == tuple(lengths)
    assert batch.token_ids_N.tolist() == [token for sample in samples for token in sample.token_ids_T]
    assert batch.tokens.rows_N.tolist() == [i for i, length in enumerate(lengths) for _ in range(length)]
    first_of_second = lengths[0]
    assert not batch.tokens.mask_N[first_of_second]
    assert batch.tokens.mask_N[first_of_second + 1]
    num_prompt = lengths[1] - int(samples[1].action_mask_T.sum())
    assert not batch.tokens.sampled_N[first_of_second : first_of_second + num_prompt].any()
    assert batch.tokens.lengths_N[first_of_second] == lengths[1] - 1
    assert batch.tokens.advantages_N.dtype == torch.float64


def test_the_first_token_is_never_trained_and_the_sample_is_left_as_it_is() -> None:
    (sample,) = tiny_samples(1)
    sample.loss_mask_T[:] = True
    assert trained_mask(sample).tolist() == [False] + [True] * (len(sample.token_ids_T) - 1)
    assert sample.loss_mask_T.all()


def test_half_scored_samples_are_refused() -> None:
    samples = tiny_samples(3)
    samples[2].reference_logprobs_T = None
    with pytest.raises(DataError, match="Only 2 of 3 samples"):
        make_batch(samples, torch.device("cpu"), torch.float32)
    for sample in samples:
        sample.reference_logprobs_T = None
    assert make_batch(samples, torch.device("cpu"), torch.float32).tokens.reference_N is None


def test_a_common_prompt_is_a_row_that_the_others_continue() -> None:
    samples = tiny_samples(6)
    rows = rows_of(samples, share=True)
    prompts = [prompt_length(sample) for sample in samples]
    assert rows.heads == [-1, 0, 0, 0, -1, 4, 4, 4]
    assert rows.pieces[0] == (0, 0, prompts[0])
    assert rows.pieces[1:4] == [(i, prompts[0], len(samples[i].token_ids_T)) for i in range(3)]
    assert rows_of(samples, share=False).heads == [-1] * 6


def test_shared_prompts_change_no_log_prob() -> None:
    model, samples = tiny_model(), tiny_samples(7)
    shared = score(model, samples, 0.7, 10_000, torch.device("cpu"))
    for sample, logprobs_T in zip(samples, shared, strict=True):
        alone = score(model, [sample], 0.7, 10_000, torch.device("cpu"))[0]
        assert np.allclose(alone, logprobs_T, atol=1e-6)
        assert len(logprobs_T) == len(sample.token_ids_T)


def test_prompts_are_shared_by_our_decoder_on_cpu_while_rows_are_short() -> None:
    model, samples = tiny_model(), tiny_samples(3)
    assert can_share(model, samples, torch.device("cpu"))
    assert not can_share(model, samples, torch.device("cuda"))
    assert not can_share(torch.nn.Linear(1, 1), samples, torch.device("cpu"))
    samples[0].token_ids_T = np.zeros(PRODUCT_LENGTH + 1, np.int32)
    assert not can_share(model, samples, torch.device("cpu"))
