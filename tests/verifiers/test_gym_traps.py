"""All datasets of reasoning-gym on themselves: gold passes; nothing, constants, garbage and other answers fail."""

from typing import Any

import pytest

from aha.tasks.gym import GymTask, gym_task
from aha.types import Problem
from aha.verifiers import verify
from aha.verifiers.gym_traps import TRAPS

pytest.importorskip("reasoning_gym")

from reasoning_gym.factory import DATASETS

NO_GOLD = {"boxnet", "graph_color", "rush_hour"}
"""Datasets that store no answer."""
NOT_ALONE = {"composite"}
"""Made of others that a user names."""
SHARED = {
    "propositional_logic": "any conclusion that follows counts, and one may follow from several sets of premises",
}
"""Datasets where an answer to another question may be right."""
QUICK = [*sorted(TRAPS), "chain_sum", "propositional_logic"]
GARBAGE = (
    "",
    " ",
    "\u200b",
    "qwerty",
    "{}",
    "[]",
    "()",
    "-",
    "None",
    "I do not know",
    "0 1 2 3",
    "the answer is the answer",
)
CONSTANTS = ("0", "1", "yes", "no", "True", "False", "A")


def outcome(problem: Problem, answer: str) -> str:
    response = f"<think>so</think> <answer>{answer}</answer>"
    return str(verify("gym", response, problem.reference, problem.verifier.arguments)["outcome"])


def golds(task: GymTask) -> list[tuple[Problem, str]]:
    found = []
    for problem in task.problems():
        response = task.gold_response(problem)
        assert response is not None, f"{task.name} stores no answer"
        gold = response.removeprefix("<think> </think> <answer> ").removesuffix(" </answer>")
        if "Integral(" not in gold:  # an integral that the dataset itself could not solve
            found.append((problem, gold))
    return found


def check(name: str) -> None:
    pairs = golds(gym_task(name, size=4, seed=7))
    for problem, gold in pairs:
        assert outcome(problem, gold) == "correct", gold
        assert outcome(problem, f"\n {gold} \n") == "correct", gold
        for answer in GARBAGE:
            assert answer == gold or outcome(problem, answer) == "wrong", (gold, answer)
        for answer in CONSTANTS:
            if outcome(problem, answer) == "correct":
                assert answer.casefold() in (gold.casefold(), gold.casefold() + ".0") or float(answer) == float(gold)
        for _, other in pairs:
            if other != gold and name not in SHARED:
                assert outcome(problem, other) == "wrong", (gold, other)
                assert outcome(problem, f"{gold} or {other}") == "wrong", (gold, other)


@pytest.mark.parametrize("name", QUICK)
def test_datasets_with_traps_and_a_few_others(name: str) -> None:
    check(name)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::ResourceWarning", "ignore::pytest.PytestUnraisableExceptionWarning")
@pytest.mark.parametrize("name", sorted(set(DATASETS) - NO_GOLD - NOT_ALONE - set(QUICK)))
def test_all_other_datasets(name: str) -> None:
    check(name)


@pytest.mark.parametrize("name", sorted(NO_GOLD))
def test_what_stores_no_answer_says_so(name: str) -> None:
    task = gym_task(name, size=1)
    assert task.gold_response(task.problems()[0]) is None
    assert outcome(task.problems()[0], "qwerty") == "wrong"


def entry(dataset: str, answer: str, **metadata: Any) -> dict[str, Any]:
    return {"dataset": dataset, "config": {}, "entry": {"question": "", "answer": answer, "metadata": metadata}}


@pytest.mark.parametrize(
    ("reference", "answer", "right"),
    [
        (entry("game_of_life_halting", "True"), "False", False), (entry("game_of_life_halting", "True"), "true", True),
        (entry("spell_backward", "gnisucxe"), "gnisucxe!", False), (entry("gsm_symbolic", "5"), "-5", False),
        (entry("gsm_symbolic", "5"), "5 or 6", False), (entry("gsm_symbolic", "1000"), "1,000", False),
        (entry("coin_flip", "0.109375"), "0", False), (entry("coin_flip", "0.109375"), "7/64", True),
        (entry("coin_flip", "0.000001"), "0", False), (entry("polynomial_equations", "-1.5, 0.0"), "-1.5, x, 0", False),
        (entry("polynomial_equations", "-1.5, 0.0"), "-1.5, 0", True),
        (entry("puzzle24", "8*3", numbers=[8, 3, 1, 1]), "4*6*1*1", False),
        (entry("puzzle24", "8*3", numbers=[8, 3, 1, 1]), "8*3*1*1", True),
        (entry("time_intervals", "67 days", task_type="date"), "67 days or 68 days", False),
        (entry("time_intervals", "67 days", task_type="date"), "67", True),
        (entry("fraction_simplification", "1/2", simplified_numerator=1, simplified_denominator=2, numerator=2,
               denominator=4), "1/2 2/4", False),
    ],
)  # fmt: skip
def test_traps(reference: dict[str, Any], answer: str, right: bool) -> None:
    verdict = verify("gym", f"<answer>{answer}</answer>", reference, {})
    assert (verdict["outcome"] == "correct") == right, verdict
