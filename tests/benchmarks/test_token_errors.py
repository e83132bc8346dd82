"""The bench of planted slips: where they stand, that the rest follows, and what a learner that knows would score."""

from __future__ import annotations

import json
from pathlib import Path
from random import Random

import numpy as np
import pytest

from aha.models.load import load_model
from benchmarks.measuring.planted_slips import pair, sample_of
from benchmarks.token_errors import main, marked_areas


def test_a_slip_is_one_wrong_number_and_the_rest_follows() -> None:
    rng = Random(0)
    for number in range(60):
        right, wrong = pair(rng, held_out=number % 2 == 0)
        assert right.puzzle is wrong.puzzle
        assert right.puzzle.held_out is (number % 2 == 0)
        assert (right.is_right, wrong.is_right) == (True, False)
        assert f"<answer>{right.puzzle.answer}</answer>" in right.text
        assert f"<answer>{wrong.puzzle.answer}</answer>" not in wrong.text
        for answer in (right, wrong):
            start, end = answer.marked
            assert answer.text[end] == "."
            assert answer.text[:start].rsplit("=", 1)[1] + answer.text[start:end] == answer.text[:end].rsplit("=", 1)[1]
            assert set(answer.text[start:end]) <= set("-0123456789")
            assert start < end


def test_the_marked_tokens_are_those_of_the_slip() -> None:
    tokenizer = load_model("lab").tokenizer
    right, wrong = pair(Random(3), held_out=True)
    sample, error_T = sample_of(wrong, "w", tokenizer)
    assert tokenizer.decode(sample.token_ids_T[error_T].tolist()).endswith(wrong.text[slice(*wrong.marked)])
    assert not (error_T & ~sample.action_mask_T).any()
    assert tokenizer.decode(sample.token_ids_T[sample.action_mask_T].tolist()) == wrong.text
    assert sample.token_ids_T[-1] == tokenizer.eos_token_id
    assert not sample.returns_T.any()  # type: ignore[union-attr]
    assert sample_of(right, "r", tokenizer)[0].returns_T.all()  # type: ignore[union-attr]
    assert sample_of(right, "r", tokenizer)[1].sum() == 1


def test_one_who_sees_the_error_and_nothing_else_ranks_it_first() -> None:
    tokenizer = load_model("lab").tokenizer
    marked = [sample_of(pair(Random(seed), held_out=True)[1], "w", tokenizer) for seed in range(4)]
    seen = [np.where(error_T, -5.0, 1.0).astype(np.float32) for _, error_T in marked]
    assert marked_areas(marked, seen, running=False, before=False) == [1.0] * 4
    assert min(marked_areas(marked, seen, running=True, before=True)) == 1.0
    known = [np.zeros(len(error_T), np.float32) for _, error_T in marked]
    assert marked_areas(marked, known, running=True, before=False) == [0.5] * 4


def test_it_trains_measures_and_writes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("benchmarks.token_errors.NUM_HELD_OUT", 4)
    main(["--updates", "2", "--pairs", "2", "--threads", "1", "--out", str(tmp_path)])
    found = json.loads((tmp_path / "token_errors.json").read_text())
    assert {"auc_error_raw_all", "auc_control_raw_before", "auc_error_running_mean_all"} <= found.keys()
    assert 0 <= found["auc_outcome"] <= 1
    assert found["last_loss"] == pytest.approx(np.log(2), abs=0.1)
