import pytest

from aha.config.settings import RewardSettings
from aha.rewards.routing import applies, graders
from aha.rollouts.measures import late_weights
from aha.types import Problem, VerifierSpec


def problem(domain: str) -> Problem:
    return Problem("p", "somewhere", [{"role": "user", "content": "?"}], None, VerifierSpec("none"), domain)


@pytest.mark.parametrize(
    ("on", "domain", "task", "expected"),
    [
        ([], "math", "lab:mixed", True),
        (["general"], "general", "lab:general", True),
        (["general"], "math", "lab:general", False),
        (["lab:general"], "math", "lab:general", True),
        (["lab:general"], "general", "lab:safety", False),
        (["math", "file:a.jsonl"], "qa", "file:a.jsonl", True),
        (["knights"], "logic", "knights?people=5", True),
        (["gym:chain_sum?max_terms=3"], "qa", "gym:chain_sum", True),
        (["mat"], "math", "lab:mathematics", False),
    ],
)
def test_a_reward_is_meant_for_domains_and_tasks(on: list[str], domain: str, task: str, expected: bool) -> None:
    assert applies(RewardSettings(name="x", on=on), problem(domain), task) is expected


REWARDS = [
    RewardSettings(name="accuracy", on=["math"]),
    RewardSettings(name="format"),
    RewardSettings(name="helpful", model="m", on=["general"], after=0.75, weight=0.5),
]


@pytest.mark.parametrize(
    ("domain", "update", "expected"),
    [
        ("math", 0, ("accuracy", "format")),
        ("math", 16, ("accuracy", "format")),
        ("general", 11, ("format",)),
        ("general", 12, ("format", "helpful")),
    ],
)
def test_who_grades_a_problem_follows_from_the_update(domain: str, update: int, expected: tuple[str, ...]) -> None:
    assert graders(REWARDS, problem(domain), "t", update, 16) == expected


def test_weights_of_late_rewards_are_told() -> None:
    assert late_weights(REWARDS, 11, 16) == {"reward_weight/helpful": 0.0}
    assert late_weights(REWARDS, 12, 16) == {"reward_weight/helpful": 0.5}
    assert late_weights(REWARDS[:2], 0, 16) == {}
