"""A failure at any call of runtime/files.py during a checkpoint leaves the old state or the new one, never a mix."""

import errno

import pytest
import torch

from aha.engines.fake import ConstantScorer, RecordingCritic
from aha.errors import MachineError
from aha.runtime import checkpoints, files
from aha.stages.resume import save_checkpoint
from aha.stages.rl import before_training, one_round
from tests.stages.world import make_parts, settings

ALGORITHM = {"kl": {"place": "loss", "reference_every": 1}, "baseline": "critic", "scale": "none"}


class FailAt:
    """Counts calls; the k-th one fails as a full disk does."""

    def __init__(self, k=None):
        self.k, self.count = k, 0

    def __call__(self, operation, path):
        self.count += 1
        if self.count == self.k:
            raise OSError(errno.ENOSPC, "no space", str(path))


def at_round_two(folder):
    stage = settings(algorithm=ALGORITHM, critic={}, keep={"last": 1})
    parts = make_parts(folder, stage, reference=ConstantScorer(), critic=RecordingCritic())
    first = one_round(parts, before_training(parts))
    save_checkpoint(parts, first)
    old = parts.learner.weight.clone()
    return parts, one_round(parts, first), old


def save_with(fault, parts, progress):
    files.set_fault(fault)
    try:
        save_checkpoint(parts, progress)
    finally:
        files.set_fault(None)


def num_calls(tmp_path, num_shards=1):
    parts, progress, _ = at_round_two(tmp_path)
    export = parts.export

    def several(target, weights):
        found = list(weights)
        for shard in range(num_shards):
            export(target / str(shard), found)

    parts.export = several
    counter = FailAt()
    save_with(counter, parts, progress)
    return counter.count


def test_the_number_of_calls_grows_with_files(tmp_path):
    assert num_calls(tmp_path / "a", 1) < num_calls(tmp_path / "b", 2) < num_calls(tmp_path / "c", 4)


def test_a_full_disk_at_any_call_leaves_a_whole_checkpoint_and_the_next_save_works(tmp_path):
    parts, progress, old = at_round_two(tmp_path)
    counter = FailAt()
    save_with(counter, parts, progress)
    seen = set()
    for k in range(1, counter.count + 1):
        files.remove_tree(tmp_path / "stages" / "zero" / "checkpoints")
        new, parts.learner.weight, round_two = parts.learner.weight, old, progress
        save_checkpoint(parts, first_of(progress))
        parts.learner.weight = new
        with pytest.raises(MachineError, match="disk is full"):
            save_with(FailAt(k), parts, round_two)
        found = checkpoints.latest(parts.directory.checkpoints)
        assert found is not None
        assert found.step in (1, 2)
        seen.add(found.step)
        held = make_parts(tmp_path / "again").learner
        held.load(found.path / "learner")
        assert torch.equal(held.weight, new if found.step == 2 else old)
        assert found.state["progress"]["round"] == found.step
        save_checkpoint(parts, round_two)
        assert checkpoints.latest(parts.directory.checkpoints).step == 2
    assert seen == {1, 2}


def first_of(progress):
    from dataclasses import replace

    return replace(progress, round=1)
