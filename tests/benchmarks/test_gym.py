from __future__ import annotations

import pytest

from benchmarks import gym
from tests.benchmarks.make import evaluation

WORDS = ["Zoey", "Riley", "a saint", "a sinner"]


def test_a_pattern_keeps_who_is_what_and_forgets_the_names():
    found = gym.pattern("Zoey is a saint, and Riley is a sinner.", WORDS)
    assert found == "{0} is {2}, and {1} is {3}."
    assert gym.fill(found, ["Amy", "Bo", "a knight", "a knave"]) == "Amy is a knight, and Bo is a knave."


def test_an_answer_without_names_is_its_own_pattern():
    assert gym.pattern("42", []) == "42"
    assert gym.fill("42", []) == "42"


def _records(name: str, size: int) -> list[dict]:
    from aha.rollouts.problems import load_task

    problems = load_task({"name": f"gym:{name}", "split": "heldout", "size": size}).problems()
    return [{"id": problem.id, "reference": problem.reference, "outcomes": "cwcw"} for problem in problems]


def test_the_best_constant_of_knights_is_a_pattern_over_people():
    pytest.importorskip("reasoning_gym")
    answer, share = gym.best_constant(_records("knights_knaves", 24))
    assert answer.startswith("{0} is {")
    assert 0.25 <= share < 1


def test_the_best_constant_of_sums_is_the_most_frequent_gold_answer():
    pytest.importorskip("reasoning_gym")
    records = _records("chain_sum", 6)
    records.append(records[2])
    answer, share = gym.best_constant(records)
    assert gym.is_right(answer, records[2]["reference"])
    assert share == pytest.approx(2 / 7)


def test_collect_compares_what_both_were_scored_on(tmp_path):
    pytest.importorskip("reasoning_gym")
    records = _records("chain_sum", 6)
    before = evaluation("gym:chain_sum", 0.1, [{**each, "outcomes": "wwww"} for each in records])
    after = evaluation("gym:chain_sum", 0.9, [{**each, "outcomes": "cccw"} for each in records])
    found = gym.collect({"gym:chain_sum": before, "gym:other": before}, {"gym:chain_sum": after})
    assert set(found) == {"gym:chain_sum"}
    each = found["gym:chain_sum"]
    assert each["difference"]["value"] == 0.75
    assert each["num_shared_problems"] == 6
    assert each["reached"] == {"intervals apart": True, "over the constant": True}
    assert all(len(row) == len(gym.COLUMNS) for row in gym.rows(found))
