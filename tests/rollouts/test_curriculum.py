import json
from dataclasses import replace

import numpy as np
import pytest

from aha.config.settings import DataSettings
from aha.errors import DataError
from aha.rollouts.curriculum import Curriculum, chances, counted, curriculum_of, draw_place, hardest, key_of
from aha.rollouts.problems import ProblemStream
from aha.runtime.seeds import seed_of
from aha.stages.progress import Progress
from aha.stages.rl import train
from aha.types import Group
from tests.rollouts.make import make_rollout
from tests.stages.world import Sums, make_parts, settings

SUMS = Sums(3).problems()
RATES = {key_of(problem): rate for problem, rate in zip(SUMS, [(9, 10), (1, 2), (1, 10)], strict=True)}


def stream(success=None, tasks=None, **curriculum):
    source = ProblemStream(tasks or [Sums(3)], [1.0], 0, "zero", True, None, Curriculum(**curriculum))
    source.success = success or {}
    return source


def graded(problem, outcomes):
    return Group("g", [make_rollout("g", i, outcome, 0.0, problem=problem) for i, outcome in enumerate(outcomes)])


def test_problems_are_drawn_in_proportion_to_their_failures():
    assert chances(SUMS, RATES) == pytest.approx([0.0667, 0.3333, 0.6], abs=5e-5)
    drawn = [problem.id for problem in stream(RATES, prioritised=True).next(9000)]
    shares = [drawn.count(problem.id) / 9000 for problem in SUMS]
    assert shares == pytest.approx([1 / 15, 1 / 3, 0.6], abs=0.02)


def test_what_was_never_tried_counts_as_unsolved_and_what_is_always_solved_is_not_drawn():
    success = {key_of(SUMS[0]): (4, 4)}
    assert chances(SUMS, success).tolist() == [0.0, 0.5, 0.5]
    assert chances(SUMS[:1], success).tolist() == [1.0]
    drawn = {draw_place(chances(SUMS, success), seed_of(i)) for i in range(200)} | {
        draw_place(chances(SUMS, success), seed) for seed in (0, 2**64 - 1)
    }
    assert drawn == {1, 2}
    assert draw_place(np.array([0.5, 0.5, 0.0]), 2**64 - 1) == 1


def test_answers_are_counted_where_something_was_decided():
    table = counted(RATES, [graded(SUMS[1], ["correct", "wrong", "undecided"]), graded(SUMS[1], ["correct"])])
    assert table == RATES | {key_of(SUMS[1]): (3, 5)}
    assert RATES[key_of(SUMS[1])] == (1, 2)


def test_only_a_prioritised_stream_keeps_a_table():
    plain, prioritised = stream(), stream(prioritised=True)
    for source in (plain, prioritised):
        source.record([graded(SUMS[0], ["correct"])])
    assert (dict(plain.success), dict(prioritised.success)) == ({}, {key_of(SUMS[0]): (1, 1)})
    assert SUMS[0].id not in {problem.id for problem in prioritised.next(50)}


def levels(name="levels"):
    task = Sums(6, name)
    task._problems = [replace(problem, difficulty=float(i // 2)) for i, problem in enumerate(task.problems())]
    return task


def test_after_the_warm_up_the_hard_problems_alone_are_drawn():
    assert hardest("levels", levels().problems(), 0.3) == [4, 5]
    assert hardest("levels", levels().problems(), 0.5) == [2, 3, 4, 5]
    for prioritised in (False, True):
        source = stream(tasks=[levels()], hard_start=2, hard_frac=0.3, prioritised=prioritised)
        before = {problem.difficulty for update in (0, 1) for problem in source.next(12, update)}
        after = {problem.id for update in (2, 3) for problem in source.next(12, update)}
        assert (before, after) == ({0.0, 1.0, 2.0}, {"levels-4", "levels-5"})


def test_a_task_without_easy_problems_has_no_hard_ones():
    with pytest.raises(DataError, match=r"sums: the hardest 0\.5 of its problems \(difficulty 0 and more\) are all"):
        hardest("sums", SUMS, 0.5)


def test_the_settings_count_updates():
    assert curriculum_of(DataSettings(tasks=["a"]), 100) == Curriculum()
    found = curriculum_of(DataSettings(tasks=["a"], curriculum="prioritised", hard_after=0.24, hard_frac=0.2), 100)
    assert found == Curriculum(True, 24, 0.2)


def prioritised_parts(folder, rounds=6):
    stage = settings(rounds=rounds, data={"tasks": ["lab:arithmetic"], "curriculum": "prioritised"})
    return make_parts(folder, stage, stream=stream(tasks=[Sums(7)], prioritised=True))


def test_a_run_goes_on_from_the_table_in_its_checkpoint(tmp_path):
    whole, cut = prioritised_parts(tmp_path / "whole"), prioritised_parts(tmp_path / "cut", rounds=2)
    train(whole), train(cut)
    state = json.loads((cut.directory.checkpoints / "step-000002" / "state.json").read_text())
    table = Progress.from_json(state["progress"]).success
    assert sum(decided for _, decided in table.values()) == 24
    again = prioritised_parts(tmp_path / "cut")
    train(again)
    assert again.directory.metrics.read_bytes() == whole.directory.metrics.read_bytes()
    assert again.stream.success == whole.stream.success
    asked = [request.token_ids for request in again.sampler.requests]
    assert asked == [request.token_ids for request in whole.sampler.requests][24:]
