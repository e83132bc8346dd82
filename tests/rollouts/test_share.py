import json

import numpy as np

from aha.rollouts.grading import PendingGroup
from aha.rollouts.share import from_record, gather_groups, to_record
from aha.runtime.distributed import World
from tests.rollouts.make import PROBLEM, make_group, make_rollout


def test_a_rollout_survives_json_exactly():
    rollout = make_rollout("1/0", 2, "correct", 1.1)
    again = from_record(json.loads(json.dumps(to_record(rollout))), PROBLEM)
    assert to_record(again) == to_record(rollout)
    assert np.array_equal(again.completion.logprobs_N, rollout.completion.logprobs_N)
    assert again.completion.logprobs_N.dtype == np.float32
    assert again.verdict == rollout.verdict


class Two(World):
    """The second of two processes; what the first one sends is given."""

    def gather_json(self, value):
        first = [[to_record(r) for r in make_group(name, [("wrong", 0.0)]).rollouts] for name in ("1/0", "1/2")]
        return json.loads(json.dumps([first, value]))


def test_groups_of_all_processes_come_in_the_order_of_the_problems():
    pending = [PendingGroup(f"1/{i}", PROBLEM, []) for i in range(3)]
    own = [make_group("1/1", [("correct", 1.0)])]
    found = gather_groups(own, pending, Two(1, 2))
    assert [group.id for group in found] == ["1/0", "1/1", "1/2"]
    assert [group.rollouts[0].id for group in found] == ["1/0/0", "1/1/0", "1/2/0"]


def test_one_process_keeps_what_it_has():
    own = [make_group("1/0", [("correct", 1.0)])]
    assert gather_groups(own, [], World()) == own
