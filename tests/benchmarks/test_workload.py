from __future__ import annotations

import pytest

from aha.types import Problem, VerifierSpec
from benchmarks.measuring.workload import RewardFunction, group_means, points, useful_ids

STOPS = (0,)
RIGHT = " <think> 2 + 2 = 4 </think> <answer> 4 </answer>"


def problem() -> Problem:
    return Problem("p", "s", [{"role": "user", "content": "2 + 2?"}], 4, VerifierSpec("number"))


@pytest.mark.parametrize(
    ("row", "useful"),
    [([5, 6, 0, 0, 0], [5, 6, 0]), ([5, 6, 7], [5, 6, 7]), ([0, 5], [0]), ([], [])],
)
def test_tokens_are_useful_up_to_and_with_the_first_end_token(row, useful):
    assert useful_ids(row, STOPS) == useful


@pytest.mark.parametrize(
    ("text", "token_ids", "wanted"),
    [
        (RIGHT, [5, 0], 2.0),
        (RIGHT.replace("> 4 <", "> 5 <"), [5, 0], 1.0),
        ("<answer> 4 </answer>", [5, 0], 1.0),
        ("no", [5, 0], 0.0),
        (RIGHT, [5, 6], 1.0),
    ],
    ids=["right", "wrong", "no thought", "nothing", "cut off"],
)
def test_points_are_accuracy_and_format(text, token_ids, wanted):
    assert points(problem(), text, token_ids, STOPS) == wanted


def test_the_reward_that_trl_calls_keeps_tokens_and_group_means():
    reward = RewardFunction([problem(), problem()], STOPS, group_size=2)
    found = reward(
        completions=[RIGHT, "no", RIGHT, RIGHT],
        completion_ids=[[5, 0], [5, 6, 0], [5, 0], [5, 0]],
        place=[0, 0, 1, 1],
        prompts=["", "", "", ""],
    )
    assert found == [2.0, 0.0, 2.0, 2.0]
    assert reward.num_tokens == 9
    assert reward.rounds == [[1.0, 2.0]]


def test_group_means():
    assert group_means([1.0, 3.0, 5.0, 5.0], 2) == [2.0, 5.0]
