"""Rows of all column layouts, what is left out and why, and the order of weighted data sets over epochs."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aha.errors import DataError
from aha.rollouts.examples import (
    Dataset,
    Example,
    check_columns,
    messages_of,
    read_dataset,
)
from aha.rollouts.mixture import Mixture, imitation_sample, rows_of_epoch
from aha.text.tokenizer import HFTokenizer, load_tokenizer
from tests.models.tiny import save_tokenizer

Q, A = {"role": "user", "content": "2+2?"}, {"role": "assistant", "content": "4"}


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> HFTokenizer:
    folder = tmp_path_factory.mktemp("tokenizer")
    save_tokenizer(folder)
    return load_tokenizer(folder)


def read(path: Path, tokenizer: HFTokenizer, max_tokens: int = 200, pairs: bool = False) -> Dataset:
    return read_dataset(
        path, "file:rows", 1.0, template="plain", tokenizer=tokenizer, max_tokens=max_tokens, pairs=pairs
    )


def write(folder: Path, *rows: Any) -> Path:
    path = folder / "rows.jsonl"
    path.write_text("".join((row if isinstance(row, str) else json.dumps(row)) + "\n" for row in rows))
    return path


LAYOUTS: list[dict[str, Any]] = [
    {"messages": [Q, A]},
    {"prompt": "2+2?", "completion": "4"},
    {"prompt": [Q], "completion": [A]},
    {"prompt": "2+2?", "chosen": "4", "rejected": "5"},
    {"prompt": [Q], "chosen": [A], "rejected": [{**A, "content": "5"}]},
    {"prompt": [Q], "chosen": "4", "rejected": "5", "margin": 1.5},
    {"chosen": [Q, A], "rejected": [Q, {**A, "content": "5"}]},
    {"prompt": "2+2?", "chosen": [Q, A], "rejected": [Q, {**A, "content": "5"}]},
]


@pytest.mark.parametrize("row", LAYOUTS)
def test_every_layout_is_the_same_conversation(row: dict[str, Any]) -> None:
    assert messages_of(row) == [Q, A]


@pytest.mark.parametrize("suffix", ["jsonl", "parquet"])
def test_rows_become_samples_of_which_the_answer_is_trained(
    suffix: str, tmp_path: Path, tokenizer: HFTokenizer
) -> None:
    path = write(tmp_path, {"messages": [Q, A]})
    if suffix == "parquet":
        path = tmp_path / "rows.parquet"
        pq.write_table(pa.Table.from_pylist([{"messages": [Q, A]}]), path)
    mixture = Mixture([read(path, tokenizer)], epochs=1, batch_size=4, seed=0)
    (sample,) = mixture.samples(0)
    assert tokenizer.inner.decode(sample.token_ids_T) == "2+2?4<|endoftext|>"
    assert sample.loss_mask_T.tolist() == [False] * 4 + [True] * 2
    assert sample.advantages_T.tolist() == [0.0] * 4 + [1.0] * 2
    assert not sample.action_mask_T.any()
    assert sample.terms == ("imitation",)


def test_pairs_become_samples_whose_sign_says_which_answer_is_better(tmp_path: Path, tokenizer: HFTokenizer) -> None:
    row = {"prompt": "2+2?", "chosen": "4", "rejected": "50"}
    path = write(tmp_path, row, {"prompt": "q", "chosen": "x"}, {"messages": [Q, A]})
    found = read(path, tokenizer, pairs=True)
    assert found.counts == {"kept": 1, "no_pair": 2}
    assert found.examples[0].num_tokens == 13
    better, worse = Mixture([found], epochs=1, batch_size=4, seed=0, beta=0.25).samples(0)
    assert [tokenizer.inner.decode(each.token_ids_T) for each in (better, worse)] == [
        "2+2?4<|endoftext|>",
        "2+2?50<|endoftext|>",
    ]
    assert better.advantages_T.tolist() == [0.0] * 4 + [0.25] * 2
    assert worse.advantages_T.tolist() == [0.0] * 4 + [-0.25] * 3
    assert better.terms == worse.terms == ("preference",)
    assert better.pair_id == worse.pair_id
    twice = Mixture([found], epochs=2, batch_size=4, seed=0, beta=0.25).samples(0)
    assert len({each.pair_id for each in twice}) == 2


def test_bad_rows_are_left_out_named_and_counted(tmp_path: Path, tokenizer: HFTokenizer) -> None:
    path = write(
        tmp_path,
        {"messages": [Q, A]},
        "{no json",
        [1],
        {"text": "2+2=4"},
        {"messages": [{"role": "robot", "content": "x"}]},
        {"messages": []},
        {"messages": [Q]},
        {"prompt": "q", "completion": "<think> never ends"},
        {"prompt": "q", "completion": " "},
        {"prompt": "q", "completion": "x" * 300},
        {"completion": "x"},
        *({"prompt": "q", "completion": "<think>"} for _ in range(6)),
    )
    found = read(path, tokenizer)
    assert found.counts == {
        "kept": 1, "no_assistant_turn": 1, "no_json": 1, "no_messages": 2, "no_object": 1, "no_question": 1,
        "no_summary": 1, "thought_without_end": 7, "too_long": 1, "unknown_columns": 1,
    }  # fmt: skip
    assert {each.reason: each.row for each in found.rejected if each.row < 12} == {
        "no_json": 2,
        "no_object": 3,
        "unknown_columns": 4,
        "no_messages": 6,
        "no_assistant_turn": 7,
        "thought_without_end": 8,
        "no_summary": 9,
        "too_long": 10,
        "no_question": 11,
    }
    assert "thought without end 7 (row 8, 12, 13, 14, 15, …)" in found.describe()
    assert "file:rows: 1 rows; left out:" in found.describe()
    assert "there are ['text']" in next(each.detail for each in found.rejected if each.reason == "unknown_columns")


def test_nothing_left_stops(tmp_path: Path, tokenizer: HFTokenizer) -> None:
    with pytest.raises(DataError, match=r"Nothing can be learned from file:rows.*no summary 1 \(row 1\)"):
        read(write(tmp_path, {"prompt": "q", "completion": ""}), tokenizer)
    with pytest.raises(DataError, match="holds no rows"):
        read(write(tmp_path), tokenizer)


def test_columns_are_checked_before_anything_runs(tmp_path: Path) -> None:
    check_columns(write(tmp_path, "{no json", {"text": "x"}, {"messages": [Q, A]}), "file:rows")
    with pytest.raises(DataError, match=r"file:rows: no conversation in the first rows: expected .*\['text'\]"):
        check_columns(write(tmp_path, {"text": "x"}), "file:rows")
    with pytest.raises(DataError, match="it has no rows"):
        check_columns(write(tmp_path), "file:rows")
    with pytest.raises(DataError, match="no pair in the first rows: expected `prompt`, `chosen` and `rejected`"):
        check_columns(write(tmp_path, {"messages": [Q, A]}), "file:rows", pairs=True)
    check_columns(write(tmp_path, {"prompt": "q", "chosen": "x", "rejected": "y"}), "file:rows", pairs=True)


def datasets(*sizes_and_weights: tuple[int, float]) -> list[Dataset]:
    """Data sets whose every row is one token with the row's number."""
    return [
        Dataset(
            f"d{number}",
            weight,
            [Example(row, ((np.array([0, row], dtype=np.int32), ((1, 2),)),)) for row in range(size)],
        )
        for number, (size, weight) in enumerate(sizes_and_weights)
    ]


def test_weights_and_epochs() -> None:
    mixture = Mixture(datasets((6, 2.0), (8, 0.5)), epochs=2, batch_size=5, seed=3)
    assert mixture.num_updates == 7
    per_epoch = 12 + 4
    for epoch in range(2):
        places = mixture.order[epoch * per_epoch : (epoch + 1) * per_epoch]
        counts = Counter((place.dataset, place.example) for place in places)
        assert [counts[0, row] for row in range(6)] == [2] * 6
        assert sum(counts[1, row] for row in range(8)) == 4
    halves = Counter(place.example for place in mixture.order if place.dataset == 1)
    assert halves == Counter(range(8))
    assert mixture.order != Mixture(mixture.datasets, epochs=2, batch_size=5, seed=4).order
    names = [sample.rollout_id for update in range(7) for sample in mixture.samples(update)]
    assert len(names) == 32
    assert mixture.epochs_done(0) == 0
    assert mixture.epochs_done(7) == 2
    assert mixture.epochs_done(3) == pytest.approx(2 * 15 / 32)


def test_max_updates_ends_before_the_epochs() -> None:
    assert Mixture(datasets((6, 1.0)), epochs=9, batch_size=2, seed=0, max_updates=4).num_updates == 4
    assert Mixture(datasets((6, 1.0)), epochs=1, batch_size=2, seed=0, max_updates=4).num_updates == 3


def test_weights_that_leave_nothing_stop() -> None:
    with pytest.raises(DataError, match="leave no row"):
        Mixture(datasets((3, 0.01)), epochs=1, batch_size=2, seed=0)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 30), st.floats(0.05, 3), st.integers(0, 99))
def test_over_many_epochs_every_row_is_seen_as_often_as_its_weight_says(n: int, weight: float, seed: int) -> None:
    num_epochs = 40
    counts = Counter(row for epoch in range(num_epochs) for row in rows_of_epoch(n, weight, epoch, seed))
    assert all(abs(counts[row] - num_epochs * weight) <= 1.01 for row in range(n))


def test_an_imitated_text_claims_no_sampler() -> None:
    sample = imitation_sample("a", np.array([5, 6, 7, 8], dtype=np.int32), [(1, 2), (3, 4)])
    assert sample.loss_mask_T.tolist() == [False, True, False, True]
    assert not sample.sampler_logprobs_T.any()
