from __future__ import annotations

import pytest

from benchmarks.measuring.turns import Measured, in_turns, speedups, summary


def test_contenders_alternate_take_turns_in_going_first_and_warm_ups_do_not_count():
    calls = []

    def contender(name):
        def turn(number):
            calls.append((name, number))
            return Measured(1.0 + number, 10)

        return turn

    found = in_turns({"a": contender("a"), "b": contender("b")}, repeats=2, warmups=1)
    assert calls == [("a", 0), ("b", 0), ("b", 1), ("a", 1), ("a", 2), ("b", 2)]
    assert [measured.seconds for measured in found["a"]] == [2.0, 3.0]


def test_each_turn_is_told():
    told = []
    in_turns({"a": lambda turn: Measured(2.0, 10)}, repeats=1, warmups=1, tell=told.append)
    assert "warm-up 1" in told[0]
    assert "turn 2" in told[1]
    assert "5 tokens/s" in told[1]


def test_summary_is_of_medians():
    found = summary([Measured(1.0, 10), Measured(2.0, 10), Measured(10.0, 10)])
    assert found["seconds"] == 2.0
    assert found["tokens_per_second"] == 5.0
    assert found["tokens_per_second_range"] == [1.0, 10.0]
    assert found["turns"][2] == [10.0, 10]


@pytest.mark.parametrize(("by", "wanted"), [("seconds", 4.0), ("tokens_per_second", 8.0)])
def test_speedup_says_how_many_times_faster_ours_is(by, wanted):
    ours, peer = {"seconds": 2.0, "tokens_per_second": 80.0}, {"seconds": 8.0, "tokens_per_second": 10.0}
    summaries = {"ours": ours, "peer": peer}
    assert speedups(summaries, "ours", by) == {"peer": wanted}
