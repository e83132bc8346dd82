from aha.rollouts.example_rows import length_pair_row
from aha.rollouts.length_pairs import length_pairs
from aha.rollouts.quality import Candidate
from aha.text.response import Response
from aha.types import Problem, Verdict, VerifierSpec


def candidate(place, outcome, num_tokens, problem="p", response=True):
    asked = Problem(problem, "task", [{"role": "user", "content": "1+1"}], "2", VerifierSpec("number"))
    text = f"<think>{place}</think> 2"
    found = Response(f"{place}", "2") if response else None
    return Candidate(asked, text, found, Verdict(outcome, "2", "match"), num_tokens, place)


def pairs_of(candidates, kept, most=9):
    found = length_pairs(candidates, kept, most)
    return [(pair.chosen.sample_index, pair.rejected.sample_index, pair.reason) for pair in found]


def test_the_shortest_correct_answer_is_chosen_against_longer_wrong_and_much_longer_correct_ones():
    lengths = [("correct", 30), ("correct", 20), ("correct", 29), ("wrong", 20), ("wrong", 21), ("undecided", 90)]
    answers = [candidate(place, *each) for place, each in enumerate(lengths)]
    assert pairs_of(answers, answers[:3]) == [(1, 0, "correct_1.5x"), (1, 4, "wrong_longer")]
    assert pairs_of(answers, answers[:3], most=1) == [(1, 0, "correct_1.5x")]


def test_a_problem_without_a_kept_answer_and_an_answer_without_form_are_in_no_pair():
    alone = [candidate(0, "wrong", 50, "q"), candidate(1, "correct", 10, "q")]
    broken = [candidate(0, "correct", 10), candidate(1, "wrong", 50, response=False)]
    assert pairs_of([*alone, *broken], [broken[0]]) == []


def test_a_row_has_whole_answers_the_reason_and_both_lengths():
    (pair,) = length_pairs([candidate(1, "wrong", 50)], [candidate(0, "correct", 10)], 1)
    row = length_pair_row(pair)
    assert (row["id"], row["reason"], row["chosen_tokens"], row["rejected_tokens"]) == (
        "task/p/0-1",
        "wrong_longer",
        10,
        50,
    )
    assert row["prompt"] == [{"role": "user", "content": "1+1"}]
    assert "0" in row["chosen"]
    assert "1" in row["rejected"]
    assert row["chosen"].startswith("<think>")
