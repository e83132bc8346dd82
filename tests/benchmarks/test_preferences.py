"""The benchmark of reward models makes honest pairs."""

from __future__ import annotations

from benchmarks import preferences


class Longest:
    def scores(self, texts):
        return [float(len(text)) for _, text in texts]


def test_answers_differ_and_pairs_are_clear_and_balanced():
    answers = preferences.make_answers(30)
    assert len(answers) == 30
    assert all(len(set(texts)) == 4 for _, texts in answers)
    rows, counts = preferences.judged_pairs(answers)
    assert counts["judged"] == 180
    assert len(rows) == counts["kept"] <= counts["clear"] <= 180
    lengths = [sum(len(row[which]) for row in rows) / len(rows) for which in ("chosen", "rejected")]
    assert abs(lengths[0] - lengths[1]) < 1


def test_truth_is_measured_on_held_out_requests():
    found = preferences.against_truth(preferences.make_answers(60), Longest())
    assert 0.2 < found["value"] < 0.8


def test_an_opening_is_preferred_by_whom_likes_length():
    assert set(preferences.openings(Longest(), 10).values()) == {1.0}


def test_an_opening_is_not_preferred_by_whom_likes_brevity():
    class Shortest:
        def scores(self, texts):
            return [-score for score in Longest().scores(texts)]

    assert set(preferences.openings(Shortest(), 10).values()) == {0.0}
