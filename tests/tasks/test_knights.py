"""Generated puzzles: one solution each, by trying everything; the text says what the statements mean."""

import re
from collections import Counter

import pytest

from aha.errors import ConfigError, DataError
from aha.rollouts.problems import load_task
from aha.tasks.base import validate
from aha.tasks.knights import KnightsTask, knights_task, sentence
from aha.types import Json
from aha.verifiers import verify
from aha.verifiers.knights import solutions
from tests.tasks.fakes import InlinePool


def test_each_puzzle_has_one_solution_and_it_is_the_gold_answer() -> None:
    for people in range(2, 9):
        task = knights_task(f"knights?people={people}", size=12)
        validate(task, 12, InlinePool())
        for problem in task.problems():
            names, statements = problem.reference["names"], problem.reference["statements"]
            (found,) = solutions(statements)
            assert dict(zip(names, found, strict=True)) == {
                name: role == "knight" for name, role in problem.metadata["solution"].items()
            }
            assert (len(names), problem.difficulty, problem.domain) == (people, float(people), "logic")
            assert all(name in problem.messages[0]["content"] for name in names)


def test_sizes_are_mixed_in_equal_parts_and_puzzles_differ() -> None:
    task = load_task("knights?size=50")
    problems = task.problems()
    assert Counter(problem.difficulty for problem in problems) == {float(n): 10 for n in (3, 4, 5, 6, 7)}
    assert len({str(problem.reference["statements"]) for problem in problems}) == 50
    assert len({problem.id for problem in problems}) == 50
    assert [p.messages for p in load_task("knights?size=50").problems()] == [p.messages for p in problems]
    assert [p.messages for p in load_task({"name": "knights", "size": 50, "seed": 1}).problems()] != [
        p.messages for p in problems
    ]


def test_constant_answers_are_seldom_right() -> None:
    problems = knights_task("knights?people=4&size=200").problems()
    for role in ("knight", "knave"):
        answers = [", ".join(f"{name} is a {role}" for name in problem.reference["names"]) for problem in problems]
        right = [
            verify("knights", f"<answer>{answer}</answer>", problem.reference, {})["outcome"] == "correct"
            for answer, problem in zip(answers, problems, strict=True)
        ]
        assert sum(right) < 40


def test_splits_never_share_a_puzzle() -> None:
    train, held = (knights_task(f"knights?people=2&size=100&split={split}") for split in ("train", "heldout"))
    statements = [{str(problem.reference["statements"]) for problem in task.problems()} for task in (train, held)]
    assert not statements[0] & statements[1]
    assert (train.name, held.name) == ("knights?people=[2]", "knights?people=[2]&split=heldout")


def test_the_instruction_stands_on_a_line_of_its_own() -> None:
    (problem,) = knights_task("knights", size=1, instruction="Be brief.").problems()
    assert problem.messages[0]["content"].endswith("\nBe brief.")


@pytest.mark.parametrize("people", [2, 3, 5])
def test_a_reordered_puzzle_says_the_same_in_another_order(people: int) -> None:
    plain, other = (load_task(f"knights?people={people}&size=20{more}") for more in ("", "&perturb=reorder"))
    for before, after in zip(plain.problems(), other.problems(), strict=True):
        assert (before.id, before.reference, before.metadata) == (after.id, after.reference, after.metadata)
        first, second = (each.messages[0]["content"] for each in (before, after))
        assert first != second
        assert sorted(first) == sorted(second)


@pytest.mark.parametrize("people", [2, 4])
def test_a_puzzle_with_a_changed_statement_has_another_solution(people: int) -> None:
    plain, other = (load_task(f"knights?people={people}&size=20{more}") for more in ("", "&perturb=statement"))
    assert other.name.endswith("&perturb=statement")
    validate(other, 20, InlinePool())
    num_changed: list[int] = []
    for before, after in zip(plain.problems(), other.problems(), strict=True):
        assert (before.id, before.reference["names"]) == (after.id, after.reference["names"])
        pairs = zip(before.reference["statements"], after.reference["statements"], strict=True)
        num_changed.append(sum(first != second for first, second in pairs))
        assert len(solutions(after.reference["statements"])) == 1
        assert before.metadata["solution"] != after.metadata["solution"]
    assert min(num_changed) == 1
    assert sum(num_changed) < 30


@pytest.mark.parametrize(
    ("statement", "text"),
    [
        (["telling-truth", 0], "Ada is a knight"), (["not", ["lying", 1]], "Bo is not a knave"),
        (["and", ["lying", 0], ["not", ["telling-truth", 1]]], "Ada is a knave and Bo is not a knight"),
        (["->", ["or", ["lying", 0], ["lying", 1]], ["lying", 1]],
         "if (Ada is a knave or Bo is a knave) then Bo is a knave"),
        (["not", ["<=>", ["lying", 0], ["lying", 1]]], "it is false that (Ada is a knave exactly when Bo is a knave)"),
    ],
)  # fmt: skip
def test_sentences(statement: Json, text: str) -> None:
    assert sentence(statement, ["Ada", "Bo"]) == text


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("knights?people=1", "`people` must be in 2 to 8"), ("knights?people=[3,9]", "`people` must be in 2 to 8"),
        ("knights?people=[]", "`people` must be in 2 to 8"), ("knights?people=four", "`people` must be in 2 to 8"),
        ("knights?size=0", "`size` must be a whole number"), ("knights?seed=0.5", "`seed` a whole number"),
        ("knights?persons=3", "unknown key 'persons'. Known: people"), ("knights?split=test", "no split 'test'"),
        ("knights?perturb=names", "no perturbation 'names'"),
    ],
)  # fmt: skip
def test_arguments_are_checked(name: str, message: str) -> None:
    with pytest.raises(ConfigError, match=re.escape(message)):
        load_task(name)


def test_puzzles_that_cannot_be_found_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("aha.tasks.knights.MAX_TRIES", 1)
    with pytest.raises(DataError, match=r"made only \d different puzzles"):
        KnightsTask([2], 20, 0, "heldout").problems()
