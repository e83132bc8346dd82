"""Partial rollouts of a real model: the same tokens as uncut ones, and a killed run that resumes to the same bytes."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from aha.engines.native_sampler import NativeSampler
from aha.engines.sample import sample
from aha.rollouts.partial import is_cut, joined, next_segment
from aha.types import Completion, Request
from benchmarks.measuring.same_run import differences
from tests.engines.test_native_sampler import Digits, make, requests
from tests.resume.test_kill import Case, start, whole
from tests.resume.tiny_run import make_inputs


def in_segments(sampler: NativeSampler, asked: list[Request], segment_tokens: int) -> list[Completion]:
    """Each request cut after so many tokens again and again, one policy throughout."""
    drawn: dict[str, Completion] = {}
    waiting = list(asked)
    while waiting:
        pieces = sample(sampler, [next_segment(each, drawn.get(each.id), segment_tokens) for each in waiting])
        for request, piece in zip(waiting, pieces, strict=True):
            drawn[request.id] = joined(drawn.get(request.id), piece, Digits())
        waiting = [request for request in waiting if is_cut(request, drawn[request.id])]
    return [drawn[request.id] for request in asked]


@pytest.mark.parametrize("compile", ["auto", False])
def test_a_completion_cut_in_three_equals_the_uncut_one(compile: object) -> None:
    sampler = make(compile=compile)
    asked = requests(new=24)
    cut = in_segments(sampler, asked, 8)
    assert sum(len(completion.segments) == 3 for completion in cut) >= 3
    for one, other in zip(cut, sample(sampler, asked), strict=True):
        assert one.token_ids_N.tolist() == other.token_ids_N.tolist()
        assert one.logprobs_N == pytest.approx(other.logprobs_N, abs=1e-5)
        assert (one.request_id, one.finish, one.text) == (other.request_id, other.finish, other.text)


def test_killed_with_unfinished_rollouts_it_ends_in_the_same_bytes(tmp_path: Path) -> None:
    make_inputs(tmp_path)
    sampling = {"num_problems": 2, "group_size": 3, "max_new_tokens": 8, "segment_tokens": 3}
    case = Case("tiny", 5, {"sampling": sampling})
    whole(tmp_path, "whole", case)
    num_calls = int((tmp_path / "count.txt").read_text())
    kept = list((tmp_path / "whole").glob("stages/zero/checkpoints/*/partial-rollouts.json"))
    assert kept
    kills = [
        os.waitpid(start(tmp_path, tmp_path / "cut", case, moment), 0)[1]
        for moment in (num_calls // 4, num_calls // 5, num_calls // 3)
    ]
    whole(tmp_path, "cut", case)
    assert signal.SIGKILL in kills
    assert differences(tmp_path / "whole", tmp_path / "cut") == []
