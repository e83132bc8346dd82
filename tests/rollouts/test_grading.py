from concurrent.futures import Future
from dataclasses import replace

import numpy as np
import pytest

from aha.config.settings import RewardSettings
from aha.engines.fake import LetterTokenizer
from aha.rollouts.grading import Grader, PendingGroup, then, to_verdict
from aha.runtime.workers import CallResult
from aha.types import Completion, Request, Segment
from tests.rollouts.make import GOOD, PROBLEM, UNRULED, make_rollout
from tests.stages.world import InlinePool

TOKENIZER = LetterTokenizer()


def pending(num=2, prompt="1+1"):
    ids = tuple(TOKENIZER.encode(prompt))
    return PendingGroup("1/0", PROBLEM, [Request(f"1/0/{i}", ids, i, 50) for i in range(num)])


def completion(place, text=GOOD, finish="stop"):
    ids = np.array(TOKENIZER.encode(text), dtype=np.int32)
    return Completion(f"1/0/{place}", ids, -np.ones(len(ids), np.float32), finish, [Segment("model", 0, 1, 0)], text)


class Later:
    """A pool whose calls are answered by hand."""

    def __init__(self):
        self.calls, self.futures = [], []

    def submit(self, target, arguments, cpu_seconds=None):
        self.calls.append((target, arguments))
        self.futures.append(Future())
        return self.futures[-1]


def answered(outcome, seconds=0.5):
    return CallResult({"outcome": outcome, "extracted": "2", "reason": "match"}, None, "", seconds)


def test_rollouts_come_in_request_order_with_weighted_rewards():
    pool, group = Later(), pending()
    grader = Grader(pool, [RewardSettings(name="accuracy"), RewardSettings(name="format", weight=0.5)], TOKENIZER)
    grader.add(group, completion(1))
    grader.add(group, completion(0))
    pool.futures[1].set_result(answered("correct"))
    pool.futures[0].set_result(answered("wrong"))
    rollouts = grader.finish(group).rollouts
    assert [rollout.id for rollout in rollouts] == ["1/0/0", "1/0/1"]
    assert [rollout.reward for rollout in rollouts] == [1.5, 0.5]
    assert rollouts[0].verdict.seconds == 0.5


@pytest.mark.parametrize(
    ("failure", "reason"),
    [("exception", "crash"), ("memory", "crash"), ("timeout", "timeout"), ("lost_worker", "lost_worker")],
)
def test_a_failed_call_is_undecided(failure, reason):
    verdict = to_verdict(CallResult(None, failure, "why", 1.0))
    assert (verdict.outcome, verdict.reason, verdict.detail) == ("undecided", reason, "why")


def test_a_cancelled_call_cancels_its_verdict():
    source: Future[CallResult] = Future()
    target = then(source, to_verdict)
    source.cancel()
    assert target.cancelled()


def test_a_custom_reward_is_asked_once_a_group_and_none_is_left_out():
    pool, group = Later(), pending()
    grader = Grader(pool, [RewardSettings(name="accuracy"), RewardSettings(name="mine.py:f", weight=2.0)], TOKENIZER)
    grader.add(group, completion(0))
    assert len(pool.calls) == 1
    grader.add(group, completion(1, "other"))
    assert len(pool.calls) == 3
    columns = pool.calls[2][1]["columns"]
    assert columns["completions"] == [GOOD, "other"]
    assert columns["answer"] == ["2", "2"]
    for future in pool.futures[:2]:
        future.set_result(answered("correct"))
    pool.futures[2].set_result(CallResult({"points": [0.25, None]}, None, "", 0.1))
    first, second = grader.finish(group).rollouts
    assert (first.reward, second.reward) == (1.5, 1.0)
    assert second.rewards["mine.py:f"] is None


def test_a_custom_reward_that_fails_makes_its_group_undecided():
    pool, group = Later(), pending(1)
    grader = Grader(pool, [RewardSettings(name="mine.py:f")], TOKENIZER)
    grader.add(group, completion(0))
    pool.futures[0].set_result(answered("correct"))
    pool.futures[1].set_result(CallResult(None, "timeout", "too long", 9.0))
    verdict = grader.finish(group).rollouts[0].verdict
    assert (verdict.outcome, verdict.reason, verdict.detail) == ("undecided", "timeout", "mine.py:f: too long")


def test_points_for_length_are_added():
    group = pending(1)
    grader = Grader(InlinePool(), [RewardSettings(name="accuracy")], TOKENIZER, lambda num, limit: -num / limit)
    grader.add(group, completion(0))
    rollout = grader.finish(group).rollouts[0]
    assert rollout.rewards["overlong"] == -len(GOOD) / 50
    assert rollout.reward == 1 - len(GOOD) / 50


def test_a_built_in_reward_sees_the_whole_group_and_takes_arguments():
    group = pending(3)
    rewards = [RewardSettings(name="relative_length"), RewardSettings(name="outcome", arguments={"wrong": -0.5})]
    grader = Grader(InlinePool(), rewards, TOKENIZER)
    for place, text in enumerate([GOOD, GOOD.replace("x", "x" * 10), GOOD.replace("2", "3").replace("x", "x" * 5)]):
        grader.add(group, completion(place, text))
    rollouts = grader.finish(group).rollouts
    assert [rollout.rewards["relative_length"] for rollout in rollouts] == [0.5, -0.5, 0.0]
    assert [rollout.rewards["outcome"] for rollout in rollouts] == [1.0, 1.0, -0.5]
    assert [rollout.reward for rollout in rollouts] == [1.5, 0.5, -0.5]


def test_a_built_in_reward_that_is_not_for_the_problem_has_no_points():
    group = pending(1)
    group.graders = ("accuracy",)
    grader = Grader(InlinePool(), [RewardSettings(name="accuracy"), RewardSettings(name="cosine")], TOKENIZER)
    grader.add(group, completion(0))
    assert grader.finish(group).rollouts[0].rewards == {"accuracy": 1.0, "cosine": None}


def test_rewards_of_length_read_the_completion_and_its_limit():
    group = pending(1)
    grader = Grader(InlinePool(), [RewardSettings(name="cosine", arguments={"correct": [1.0, 0.0]})], TOKENIZER)
    grader.add(group, completion(0))
    expected = 0.5 * (1 + np.cos(np.pi * len(GOOD) / 50))
    assert grader.finish(group).rollouts[0].reward == pytest.approx(expected)


def test_a_thought_that_the_prompt_opened_belongs_to_the_response():
    group = pending(1, "1+1 <think>")
    grader = Grader(InlinePool(), [RewardSettings(name="format")], TOKENIZER)
    grader.add(group, completion(0, "x </think> <answer> 2 </answer>"))
    rollout = grader.finish(group).rollouts[0]
    assert rollout.reward == 1.0
    assert rollout.verdict.outcome == "correct"
    assert rollout.measures["opened"] == 1.0


def test_language_is_measured_against_the_question_s_and_rewarded_where_asked_for():
    text = "<think> so the sum 합은 is </think> <answer> 2 </answer>"
    group = pending(1)
    grader = Grader(InlinePool(), [RewardSettings(name="language", weight=0.5)], TOKENIZER)
    grader.add(group, completion(0, text))
    rollout = grader.finish(group).rollouts[0]
    assert rollout.measures["language"] == rollout.rewards["language"] == 4 / 5
    assert rollout.reward == pytest.approx(0.4)
    assert rollout.measures["opened"] == 0.0


@pytest.mark.parametrize("finish", ["stop", "length"])
def test_a_problem_without_a_rule_asks_no_verifier_and_earns_by_form(finish):
    pool, group = Later(), pending(1, "hello <think>\n")
    group.problem = UNRULED
    grader = Grader(pool, [RewardSettings(name="accuracy"), RewardSettings(name="format")], TOKENIZER)
    grader.add(group, completion(0, "polite\n</think>\n\nI cannot help with that.", finish))
    rollout = grader.finish(group).rollouts[0]
    assert not pool.calls
    assert (rollout.verdict.outcome, rollout.verdict.reason, rollout.verdict.failed) == ("undecided", "no_rule", False)
    assert rollout.rewards == {"accuracy": None, "format": float(finish == "stop")}
    assert rollout.measures["refusal"] == 1.0
    assert rollout.measures["format"] == float(finish == "stop")


def test_of_a_group_with_unfinished_answers_those_that_are_there_are_graded():
    pool, group = Later(), pending(3)
    grader = Grader(pool, [RewardSettings(name="accuracy"), RewardSettings(name="own.py:points")], TOKENIZER)
    grader.add(group, completion(2))
    pool.futures[0].set_result(answered("correct"))
    pool.submit = lambda target, arguments, cpu_seconds=None: known_points([0.5], arguments)
    (rollout,) = grader.finish(group).rollouts
    assert (rollout.id, rollout.rewards) == ("1/0/2", {"accuracy": 1.0, "own.py:points": 0.5})
    assert grader.finish(pending(2)).rollouts == []


def test_the_whole_group_is_what_it_has_finished_by_now():
    """20 tokens in an earlier round, 40 and 30 in this one: the longest is not compared with this round's alone."""
    group = pending(3)
    grader = Grader(InlinePool(), [RewardSettings(name="relative_length")], TOKENIZER)
    group.earlier = [make_rollout("1/0", 0, "correct", 1.0, num=20)]
    group.requests = group.requests[1:]
    for place, num in ((1, 40), (2, 30)):
        grader.add(group, replace(completion(place), token_ids_N=np.zeros(num, np.int32)))
    rollouts = grader.finish(group).rollouts
    assert [rollout.rewards["relative_length"] for rollout in rollouts] == [-0.5, 0.0]


def known_points(points, arguments):
    assert len(arguments["columns"]["completions"]) == len(points)
    future = Future()
    future.set_result(CallResult({"points": points}, None, "", 0.1))
    return future
