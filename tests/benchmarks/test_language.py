from __future__ import annotations

from random import Random
from typing import Any

import pytest

from aha.config.loading import load_recipe
from aha.lab.tasks import to_problem
from aha.text.answers import well_formed
from aha.text.language import language_share
from aha.text.response import split_response
from aha.types import Evaluation
from aha.verifiers import verify
from benchmarks import language
from benchmarks.measuring import bilingual
from tests.benchmarks.make import evaluation


def test_the_rows_mix_languages_as_asked_for_and_have_the_form():
    rows = bilingual.rows(120, 0.35)
    assert rows == bilingual.rows(120, 0.35)
    shares = {True: [], False: []}
    for row in rows:
        thought = split_response(row["completion"]).thought
        assert well_formed(row["completion"], opened=True)
        share = language_share(thought, row["language"])
        if share is not None:
            shares[row["mixed"]].append(share)
    assert 0.2 < len(shares[True]) / (len(shares[True]) + len(shares[False])) < 0.5
    assert sum(shares[False]) / len(shares[False]) > 0.97
    assert sum(shares[True]) / len(shares[True]) < 0.25


def test_training_and_benchmark_share_no_puzzle_and_ask_in_both_languages():
    train, held = bilingual.problems(150), bilingual.heldout(150)
    assert not {problem.id for problem in train} & {problem.id for problem in held}
    assert 50 < sum(problem.language == "ko" for problem in held) < 100


def test_the_worked_answers_are_mostly_right():
    rng, outcomes = Random(0), []
    for _ in range(60):
        puzzle = bilingual.draw(rng, False)
        problem, row = to_problem(puzzle, "x"), bilingual.row_of(puzzle, rng, 0.5)
        arguments = dict(problem.verifier.arguments)
        outcomes.append(verify(problem.verifier.name, row["completion"], problem.reference, arguments)["outcome"])
    assert outcomes.count("correct") >= 45
    assert "undecided" not in outcomes


def test_the_arms_differ_in_the_language_reward_alone(tmp_path):
    data = language.write_rows(tmp_path / "mixed.jsonl", 5, 0.5)
    stages = load_recipe("lab-language", language.overrides(0, data)).recipe.stages
    without, with_ = stages["without"], stages["with"]
    assert [reward.name for reward in with_.rewards[len(without.rewards) :]] == ["language"]
    with_.rewards = with_.rewards[: len(without.rewards)]
    assert without == with_
    assert len(data.read_text().splitlines()) == 5


@pytest.fixture
def arms() -> dict[str, Evaluation]:
    """Half of the thoughts in another language without the reward, none with it."""
    other = {"en": "그래서 두 수의 합은 넷이다", "ko": "so the sum of the two is four"}
    right = {"ko": other["en"], "en": other["ko"]}

    def rows(all_right: bool) -> list[dict[str, Any]]:
        return [
            {
                "id": problem.id,
                "outcomes": "cw",
                "sample": f"<think>{(right if all_right or place % 2 else other)[problem.language]}</think> 4",
            }
            for place, problem in enumerate(bilingual.heldout())
        ]

    return {arm: evaluation(language.HELDOUT, 0.5, rows(arm == "with"), num_problems=200, k=2) for arm in language.ARMS}


def test_what_is_collected(arms, capsys):
    found = language.collect({"0": arms, "1": arms})
    assert found["consistency"]["with"]["all"]["value"] == found["consistency"]["with"]["ko"]["value"] == 1.0
    assert found["consistency"]["without"]["all"]["value"] == pytest.approx(0.5, abs=0.05)
    assert all(all(checks.values()) for checks in found["wanted"].values())
    assert found["pass@1 with - without"]["0"]["value"] == 0
    language.print_result(found)
    told = capsys.readouterr().out
    assert "with: words of the thought in the question's language, %: all 100.0" in told
    assert "ko: intervals apart: yes" in told
    same = language.collect({"0": arms | {"with": arms["without"]}})
    assert not same["wanted"]["all"]["difference at least 0.10"]
    assert not same["wanted"]["all"]["intervals apart"]


def test_thoughts_without_words_have_no_share():
    problem = bilingual.heldout()[0]
    rows = [{"id": problem.id, "outcomes": "c", "sample": "<think>2+2=4</think> 4"}]
    assert language.shares_of(evaluation(problems=rows), {problem.id: problem.language}) == []
