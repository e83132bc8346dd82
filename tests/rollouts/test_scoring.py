from dataclasses import replace

import pytest

from aha.config.settings import RewardSettings
from aha.engines.fake import LetterTokenizer
from aha.errors import ConfigError, DataError
from aha.rollouts.grading import Grader, PendingGroup
from aha.rollouts.scoring import check_sees, score_groups
from aha.runtime.distributed import World
from tests.rollouts.make import UNRULED, make_group
from tests.stages.world import InlinePool, Spy

HELPFUL = RewardSettings(name="helpful", model="m", sees="summary", weight=0.5, on=["general"])
SAFE = RewardSettings(name="safe", model="s", sees="response", on=["safety"])


def groups_of(*texts_by_domain, opened=0.0):
    made = []
    for place, (domain, texts) in enumerate(texts_by_domain):
        problem = replace(UNRULED, domain=domain)
        group = make_group(f"1/{place}", [("undecided", 0.0)] * len(texts), problem=problem)
        for rollout, text in zip(group.rollouts, texts, strict=True):
            rollout.completion.text = text
            rollout.measures["opened"] = opened
            rollout.rewards = {"format": 1.0, "helpful": None, "safe": None}
        made.append(group)
    return made


def score(groups, scorers, rewards=(RewardSettings(name="format"), HELPFUL, SAFE), world=None):
    grader = Grader(InlinePool(), list(rewards), LetterTokenizer())
    domains = [group.rollouts[0].problem.domain for group in groups]
    names = [tuple(reward.name for reward in rewards if not reward.on or domain in reward.on) for domain in domains]
    pending = [
        PendingGroup(group.id, group.rollouts[0].problem, [], graders=each)
        for group, each in zip(groups, names, strict=True)
    ]
    score_groups(groups, pending, grader, scorers, world or World())
    return [[rollout.rewards for rollout in group.rollouts] for group in groups]


def test_the_helpful_model_sees_the_summary_only_and_the_safety_model_everything():
    helpful, safe = Spy(), Spy()
    groups = groups_of(
        ("general", ["a plan\n</think>\n\nHere is tea.", "bad idea\n</think>\n\nNo."]),
        ("safety", ["secret plan\n</think>\n\nI cannot help with that."]),
        opened=1.0,
    )
    score(groups, {"helpful": helpful, "safe": safe})
    assert [text for _, text in helpful.given] == ["Here is tea.", "No."]
    assert [text for _, text in safe.given] == ["<think>secret plan\n</think>\n\nI cannot help with that."]
    assert all(messages == UNRULED.messages for messages, _ in helpful.given + safe.given)
    assert (helpful.num_calls, safe.num_calls) == (1, 1)


def test_points_are_raw_weighted_and_only_where_the_reward_applies():
    groups = groups_of(("general", ["four"]), ("safety", ["seven"]), ("math", ["x"]))
    found = score(groups, {"helpful": Spy(), "safe": Spy(points=lambda text: -3.25)})
    assert found[0] == [{"format": 1.0, "helpful": 4.0, "safe": None}]
    assert found[1] == [{"format": 1.0, "helpful": None, "safe": -3.25}]
    assert found[2] == [{"format": 1.0, "helpful": None, "safe": None}]
    assert [group.rollouts[0].reward for group in groups] == [1.0 + 0.5 * 4.0, 1.0 - 3.25, 1.0]


def test_an_unfinished_thought_has_the_lowest_points_of_the_batch():
    groups = groups_of(("general", ["<think>long thought", "<think>a</think> ok"]), ("general", ["<think>a</think> b"]))
    spy = Spy()
    first, second = score(groups, {"helpful": spy})
    assert [rewards["helpful"] for rewards in first + second] == [1.0, 2.0, 1.0]
    assert len(spy.given) == 2
    alone = groups_of(("general", ["<think>long thought"]))
    assert score(alone, {"helpful": Spy()})[0][0]["helpful"] == 0.0


def test_processes_share_the_texts_and_hold_the_same_points():
    class Second(World):
        def gather_json(self, value):
            return [[1.0, 3.0], value]

    spy = Spy(points=lambda text: 2.0)
    groups = groups_of(("general", ["a", "b", "c"]))
    found = score(groups, {"helpful": spy}, world=Second(rank=1, size=2))
    assert [text for _, text in spy.given] == ["b"]
    assert [rewards["helpful"] for rewards in found[0]] == [1.0, 2.0, 3.0]


def test_points_that_are_no_number_stop_the_run():
    with pytest.raises(DataError, match="reward model of helpful"):
        score(groups_of(("general", ["a"])), {"helpful": Spy(points=lambda text: float("nan"))})


def test_a_model_is_shown_what_it_was_trained_on():
    check_sees([HELPFUL, SAFE], {"helpful": Spy("summary"), "safe": Spy(None)})
    with pytest.raises(ConfigError, match="shows s the response, but it was trained on the summary"):
        check_sees([SAFE], {"safe": Spy("summary")})
