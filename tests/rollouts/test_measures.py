from dataclasses import replace

import numpy as np
import pytest

from aha.rollouts.filters import filter_groups
from aha.rollouts.measures import round_metrics, text_measures
from aha.types import Group
from tests.rollouts.make import PROBLEM, UNRULED, make_group, make_rollout

GOOD = "<think> 1+1=3 Wait, 1+1=2 </think> <answer> 2 </answer>"


def test_measures_of_one_completion():
    measures = text_measures(GOOD)
    assert measures["format"] == 1.0
    assert measures["recheck"] + measures["backtrack"] + measures["another_approach"] >= 1
    assert measures["repaired"] == 1.0
    assert measures["broke"] == 0.0
    assert text_measures("2")["format"] == 0.0
    assert text_measures("a b c " * 200)["repetition"] > text_measures(GOOD)["repetition"]


def test_language_is_measured_where_the_question_has_one_and_the_text_has_words():
    assert text_measures("так что ответ is four", "ru")["language"] == pytest.approx(3 / 5)
    assert "language" not in text_measures(GOOD, "en")
    assert "language" not in text_measures("so the answer is four")


def metrics_of(groups, mode="keep_all"):
    return round_metrics(groups, filter_groups(groups, mode))


def test_metrics_of_a_round():
    groups = [
        make_group("a", [("correct", 2.0), ("wrong", 0.0)], text=GOOD, num=4),
        make_group("b", [("wrong", 1.0), ("wrong", 1.0)], text="no", finish="length", num=8),
    ]
    found = metrics_of(groups, "drop_uniform")
    assert found["reward/mean"] == 1.0
    assert found["reward/std"] == pytest.approx(np.mean([1.0, 0.0]))
    assert found["reward/accuracy"] == found["accuracy"] == 0.25
    assert found["format_rate"] == 0.5
    assert found["length/mean"] == 6.0
    assert found["length/p95"] == 8.0
    assert found["truncated_frac"] == 0.5
    assert found["reflection_rate"] == 0.5
    assert "language_consistency" not in found
    assert found["undecided_frac"] == 0.0
    assert (found["groups/kept_frac"], found["groups/all_wrong_frac"], found["groups/all_correct_frac"]) == (
        0.5,
        0.5,
        0,
    )


def test_language_consistency_is_the_mean_over_completions_with_words():
    groups = [
        make_group("a", [("correct", 1.0), ("wrong", 0.0)], text="so we get four"),
        make_group("b", [("correct", 1.0)], text="итак мы get this"),
        make_group("c", [("correct", 1.0)], text=GOOD),
    ]
    assert metrics_of(groups)["language_consistency"] == pytest.approx((1 + 1 + 0.5) / 3)


def test_undecided_rollouts_count_in_their_own_metric_alone():
    found = metrics_of([make_group("a", [("correct", 2.0), ("undecided", 9.0)])])
    assert found["undecided_frac"] == 0.5
    assert found["reward/mean"] == 2.0
    assert found["accuracy"] == 1.0


def test_a_round_without_a_verdict_has_only_what_can_be_said():
    found = metrics_of([make_group("a", [("undecided", 0.0)])])
    assert found["undecided_frac"] == 1.0
    assert "reward/mean" not in found


def test_rollouts_that_no_rule_decides_count_in_all_but_accuracy():
    ruled = make_group("a", [("correct", 2.0), ("wrong", 0.0)], text=GOOD)
    unruled = make_group("b", [("undecided", 1.0), ("undecided", 0.0)], text="no", problem=UNRULED)
    unruled.rollouts[0].measures["refusal"], unruled.rollouts[1].measures["refusal"] = 1.0, 0.0
    found = metrics_of([ruled, unruled])
    assert (found["accuracy"], found["undecided_frac"], found["format_rate"]) == (0.5, 0.0, 0.5)
    assert found["reward/mean"] == 0.75
    assert found["groups/kept_frac"] == 1.0
    assert found["refusal_rate/general"] == 0.5
    alone = metrics_of([unruled])
    assert "accuracy" not in alone
    assert "refusal_rate/general" not in metrics_of([ruled])


def test_the_form_of_an_opened_thought_is_measured():
    text = "<think>a</think>\n\nIt is 4."
    assert text_measures(text, opened=True)["format"] == 1.0
    assert text_measures(text, opened=True, cut_off=True)["format"] == text_measures(text)["format"] == 0.0


def test_lengths_are_measured_against_the_budgets_of_their_prompts():
    asked = replace(PROBLEM, metadata={"think_tokens": 8})
    limited = replace(PROBLEM, metadata={"max_think_tokens": 10})
    groups = [
        Group("a", [make_rollout("a", i, "wrong", 0.0, num=n, problem=asked) for i, n in enumerate((4, 8, 12, 8))]),
        Group("b", [make_rollout("b", i, "wrong", 0.0, num=n, problem=limited) for i, n in enumerate((2, 10, 11, 12))]),
    ]
    found = metrics_of(groups)
    assert (found["length/budget_error"], found["length/over_budget_frac"]) == (0.25, 0.25)
    assert "length/budget_error" not in metrics_of(groups[1:])
    assert "length/over_budget_frac" not in metrics_of(groups[:1])
