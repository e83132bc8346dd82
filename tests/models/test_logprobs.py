"""Chunked log-probs and entropies against the plain formula, and their gradients."""

import pytest
import torch

from aha.models.layout import RowLayout
from aha.models.logprobs import selected_logprobs, token_logprobs
from tests.models.test_decoder import reference_and_decoder

LENGTHS = (5, 1, 7)


@pytest.mark.parametrize("temperature", [0.0, 0.7, 1.0])
@pytest.mark.parametrize("chunk", [3, 1024])
def test_equals_the_plain_formula(temperature: float, chunk: int) -> None:
    _, decoder = reference_and_decoder("qwen2", {})
    decoder.double()
    ids = torch.randint(0, 61, (13,))
    layout = RowLayout(LENGTHS)
    weights = torch.randn(2, 13, dtype=torch.float64)

    table = torch.log_softmax(decoder.head(decoder(ids, layout)) / (temperature or 1.0), -1)
    rows: list[torch.Tensor] = []
    for n in range(13):
        first = n in (0, 5, 6)
        entropy = -(table[n - 1].exp() * table[n - 1]).sum()
        rows.append(torch.zeros(2, dtype=torch.float64) if first else torch.stack((table[n - 1, ids[n]], entropy)))
    expected = torch.stack(rows, 1)
    parameters = list(decoder.parameters())
    expected_grads = torch.autograd.grad((expected * weights).sum(), parameters)

    both = torch.stack(token_logprobs(decoder, ids, layout, temperature, chunk))
    torch.testing.assert_close(both, expected)
    grads = torch.autograd.grad((both * weights).sum(), parameters)
    for grad, expected_grad in zip(grads, expected_grads, strict=True):
        torch.testing.assert_close(grad, expected_grad)


def test_bfloat16_logits_are_normalised_in_float32() -> None:
    _, decoder = reference_and_decoder("qwen2", {})
    decoder.bfloat16()
    hidden = torch.randn(4, 32).bfloat16()
    targets = torch.arange(4)
    with torch.no_grad():
        logprobs, entropy = selected_logprobs(decoder, hidden, targets, 1.0, chunk=2)
        table = torch.log_softmax(decoder.head(hidden).float(), -1)
    assert logprobs.dtype == entropy.dtype == torch.float32
    torch.testing.assert_close(logprobs, table[torch.arange(4), targets])


def test_logits_of_one_chunk_exist_at_a_time() -> None:
    _, decoder = reference_and_decoder("qwen2", {})
    sizes = []
    head = decoder.head
    decoder.head = lambda hidden: sizes.append(len(hidden)) or head(hidden)  # type: ignore[method-assign,func-returns-value]
    logprobs, _ = token_logprobs(decoder, torch.arange(20), RowLayout([20]), chunk=8)
    assert sizes == [8, 8, 3]
    logprobs.sum().backward()
    assert max(sizes) == 8


def test_rows_of_one_token_have_nothing_to_predict() -> None:
    _, decoder = reference_and_decoder("qwen2", {})
    logprobs, entropy = token_logprobs(decoder, torch.arange(2), RowLayout([1, 1]))
    assert logprobs.tolist() == entropy.tolist() == [0.0, 0.0]
