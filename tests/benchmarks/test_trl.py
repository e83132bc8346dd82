from __future__ import annotations

import pytest

from benchmarks import trl
from benchmarks.measuring import settings


def _values():
    part = {
        "contenders": {
            "aha-bf16": {"tokens_per_second": 200.0, "seconds": 1.0, "flops_per_token": 10.0},
            "generate-fp32": {"tokens_per_second": 10.0, "seconds": 20.0},
            "generate-bf16": {"tokens_per_second": 100.0, "seconds": 2.0},
        },
        "speedup": {"generate-fp32": 20.0, "generate-bf16": 2.0, "aha-fp32": 1.5},
        "wanted": settings.WANTED["sampling"],
    }
    return {"sampling": part}


def test_share_of_the_matrix_rate_is_by_the_contenders_own_dtype():
    values = _values()
    trl.add_shares(values, {"bf16": 8000.0, "fp32": 1.0})
    assert values["sampling"]["contenders"]["aha-bf16"]["share_of_matrix_rate"] == 0.25
    assert "share_of_matrix_rate" not in values["sampling"]["contenders"]["generate-fp32"]


def test_lines_say_what_was_reached_and_what_was_missed():
    values = _values()
    trl.add_shares(values, {"bf16": 8000.0, "fp32": 1.0})
    text = "\n".join(trl.lines(values))
    assert "25.0 % of the matrix rate" in text
    assert "20.00 times as fast as generate-fp32, wanted 10: reached" in text
    assert "2.00 times as fast as generate-bf16, wanted 4: MISSED" in text
    assert text.endswith("1.50 times as fast as aha-fp32")


@pytest.mark.parametrize(("contains_0", "narrow", "word"), [(True, True, "the same"), (True, False, "NOT")])
def test_the_learning_line(contains_0, narrow, word):
    found = {"difference": {"value": 0.01, "low": -0.02, "high": 0.04}, "contains_0": contains_0, "narrow": narrow}
    line = trl.learning_line(found)
    assert "+0.010 [-0.020, +0.040]" in line
    assert word in line


def test_every_goal_names_a_contender():
    known = {**settings.GENERATE, **settings.PLAIN_UPDATE, **settings.TRL}
    assert {name for wanted in settings.WANTED.values() for name in wanted} <= known.keys()


def test_the_default_peers_are_those_of_the_goals():
    assert set(trl.parse([]).trl) == set(settings.WANTED["step"])


def test_settings_survive_json_so_that_kept_runs_are_found_again():
    import json

    assert json.loads(json.dumps(trl.all_settings())) == trl.all_settings()
