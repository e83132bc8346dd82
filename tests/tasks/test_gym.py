"""reasoning-gym datasets as tasks, and their scorers as a verifier."""

import json

import pytest

from aha.errors import ConfigError
from aha.tasks.base import validate
from aha.tasks.gym import gym_task
from aha.verifiers import verify
from tests.tasks.fakes import InlinePool

pytest.importorskip("reasoning_gym")


@pytest.mark.parametrize("name", ["chain_sum", "basic_arithmetic", "knights_knaves", "countdown", "rubiks_cube"])
def test_gold_answers_grade_correct(name: str) -> None:
    validate(gym_task(name, size=4), 4, InlinePool())


def test_problems_are_deterministic_different_and_json() -> None:
    first = gym_task("knights_knaves", size=5).problems()
    again = gym_task("knights_knaves", size=5).problems()
    assert list(first) == list(again)
    assert len({p.messages[0]["content"] for p in first}) == 5
    json.dumps([[p.reference, dict(p.metadata)] for p in first], allow_nan=False)
    assert first[0].domain == "logic"
    assert gym_task("chain_sum", size=1).problems()[0].domain == "math"


def test_held_out_questions_are_others() -> None:
    small = {"min_terms": 2, "max_terms": 2, "min_digits": 1, "max_digits": 1}
    train = {p.messages[0]["content"] for p in gym_task("chain_sum", size=300, **small).problems()}
    held = {p.messages[0]["content"] for p in gym_task("chain_sum?split=heldout", size=300, **small).problems()}
    assert train
    assert held
    assert not train & held


def test_only_questions_that_contain_a_text() -> None:
    some = gym_task("knights_knaves?split=heldout&containing=knave", size=30).problems()
    assert len(some) == 30
    assert all("knave" in p.messages[0]["content"] for p in some)
    assert not all("knave" in p.messages[0]["content"] for p in gym_task("knights_knaves", size=30).problems())


def test_arguments_reach_the_dataset() -> None:
    task = gym_task("chain_sum?max_terms=2", min_terms=2, size=3, instruction="Box it.")
    assert task.config == {"max_terms": 2, "min_terms": 2}
    question = task.problems()[0].messages[0]["content"]
    assert question.endswith("\nBox it.")
    assert sum(sign in question for sign in ("+", " - ")) == 1


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("chain_sun", {}, "Did you mean chain_sum"),
        ("chain_sum", {"terms": 3}, "unknown key 'terms'.*max_terms"),
        ("chain_sum", {"min_terms": 0}, "refuses its arguments"),
        ("chain_sum", {"size": 0}, "`size`"),
        ("chain_sum", {"seed": -1}, "`seed`"),
        ("chain_sum", {"split": "test"}, "no split"),
    ],
)
def test_bad_arguments(name: str, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        gym_task(name, **arguments)


def outcome(task: str, answer: str) -> str:
    problem = gym_task(task, size=1).problems()[0]
    verdict = verify("gym", f"<answer>{answer}</answer>", problem.reference, {})
    return f"{verdict['outcome']} {verdict['reason']}"


def test_less_than_a_full_score_is_wrong() -> None:
    gold = gym_task("chain_sum", size=1).problems()[0].metadata["answer"]
    assert outcome("chain_sum", gold) == "correct match"
    assert outcome("chain_sum", f"it is {gold}") == "wrong mismatch"


def test_a_scorer_that_fails_on_an_answer_makes_it_unparsable() -> None:
    assert outcome("prime_factorization", "a × b").startswith("wrong")
