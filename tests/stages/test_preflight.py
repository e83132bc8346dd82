import shutil
from collections import namedtuple

import pytest

from aha.errors import ConfigError, DataError, MachineError
from aha.stages.preflight import check_disk, check_lengths, check_stage, length_points, max_positions, spread
from tests.stages.world import InlinePool, Sums, settings


def rows(tmp_path, answer="2"):
    path = tmp_path / "p.jsonl"
    path.write_text(f'{{"prompt": "1+1", "answer": "{answer}"}}\n')
    return {"tasks": [f"file:{path}"]}


def test_a_good_stage_passes(tmp_path):
    check_stage(settings(data=rows(tmp_path)), InlinePool())


def test_a_reward_that_is_not_there_is_refused(tmp_path):
    for name in ("speling", "nothing.py:f"):
        with pytest.raises(ConfigError, match="neither built in nor a function") as caught:
            check_stage(settings(data=rows(tmp_path), rewards=[{"name": name}]), InlinePool())
        assert "accuracy" in caught.value.cure


def test_gold_answers_are_verified(tmp_path):
    pool = InlinePool()
    check_stage(settings(data=rows(tmp_path)), pool)
    assert pool.calls
    with pytest.raises(MachineError):
        check_stage(settings(data=rows(tmp_path)), InlinePool({0: "exception"}))


def test_a_task_without_hard_problems_is_refused_before_the_run(tmp_path):
    with pytest.raises(DataError, match="are all of them"):
        check_stage(settings(data=rows(tmp_path) | {"hard_after": 0.5}), InlinePool())


def test_a_prompt_that_does_not_fit_is_named():
    problem = Sums(1).problems()[0]
    check_lengths([problem], lambda p: (1,) * 4, 6, 10)
    with pytest.raises(DataError, match="'sums-0' of sums needs 5 prompt tokens and up to 6 new ones"):
        check_lengths([problem], lambda p: (1,) * 5, 6, 10)


def test_positions_by_config():
    assert max_positions({"max_position_embeddings": 7}) == 7
    assert max_positions({}) is None


def test_prompts_are_checked_from_first_to_last():
    assert len(list(spread(Sums(7).problems()))) == 7
    assert 500 < len(list(spread(Sums(1500).problems()))) < 1024


def test_the_overlong_buffer_must_fit_every_length_stage():
    assert length_points(settings()) is None
    fits = settings(algorithm={"truncated": "punish", "overlong_buffer": 20})
    assert length_points(fits)(80, 80) == -1.0
    with pytest.raises(ConfigError, match="does not fit into the length limit"):
        length_points(settings(algorithm={"truncated": "punish", "overlong_buffer": 81}))


def test_a_disk_that_will_be_full_is_refused(tmp_path, monkeypatch):
    check_disk(tmp_path / "run", 10, 3)
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda place: usage(0, 0, 479))
    with pytest.raises(MachineError, match="479 bytes free; 3 checkpoints need about 480"):
        check_disk(tmp_path / "run", 10, 3)
