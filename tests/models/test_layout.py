"""Positions, offsets and buckets of concatenated rows."""

import pytest
import torch

from aha.errors import DataError
from aha.models.layout import RowLayout


def test_positions_and_offsets() -> None:
    layout = RowLayout([3, 1, 2])
    assert layout.positions_N.tolist() == [0, 1, 2, 0, 0, 1]
    assert layout.cu_seqlens.tolist() == [0, 3, 4, 6]
    assert (layout.num_rows, layout.num_tokens, layout.max_length, layout.is_uniform) == (3, 6, 3, False)


def test_uniform_rows_need_no_buckets() -> None:
    layout = RowLayout([4, 4])
    assert layout.is_uniform
    assert layout.buckets is None


def test_buckets_hold_every_token_once_and_little_padding() -> None:
    lengths = [10, 100, 9, 95, 3, 90]
    layout = RowLayout(lengths)
    assert layout.buckets is not None
    assert layout.buckets.shapes == ((3, 100), (2, 10), (1, 3))
    slots = layout.buckets.token_of_slot_S
    assert sorted(slots[slots >= 0].tolist()) == list(range(sum(lengths)))
    assert slots[layout.buckets.slot_of_token_N].tolist() == list(range(sum(lengths)))


def test_predictors_stay_inside_their_row() -> None:
    predictors, targets = RowLayout([3, 1, 2]).predictors_and_targets()
    assert predictors.tolist() == [0, 1, 4]
    assert targets.tolist() == [1, 2, 5]


@pytest.mark.parametrize("lengths", [[], [2, 0]])
def test_empty_rows_are_refused(lengths: list[int]) -> None:
    with pytest.raises(DataError, match="at least one token"):
        RowLayout(lengths)


def test_layout_is_friendly_to_the_compiler() -> None:
    from tests.models.test_decoder import reference_and_decoder

    _, decoder = reference_and_decoder("qwen2", {})
    explained = torch._dynamo.explain(lambda ids, layout: decoder.head(decoder(ids, layout)))(
        torch.arange(12), RowLayout([6, 6])
    )
    torch._dynamo.reset()
    assert explained.graph_break_count == 0


def test_a_row_that_continues_another_goes_on_after_it() -> None:
    layout = RowLayout([3, 2, 1, 2], heads=[-1, 0, 0, -1])
    assert layout.positions_N.tolist() == [0, 1, 2, 3, 4, 3, 0, 1]
    assert layout.predictors_N.tolist() == [-1, 0, 1, 2, 3, 2, -1, 6]
    assert [(p.start, p.end, p.stop) for p in layout.prefixes] == [(0, 3, 6)]
    assert not layout.is_uniform
