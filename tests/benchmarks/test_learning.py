from __future__ import annotations

import json

import pytest

from benchmarks.measuring.intervals import student_quantile, welch
from benchmarks.measuring.learning import compare, run_once


@pytest.mark.parametrize(("freedom", "quantile"), [(2, 4.3027), (4, 2.7764), (10, 2.2281), (1e6, 1.9600)])
def test_students_quantile(freedom, quantile):
    assert student_quantile(0.975, freedom) == pytest.approx(quantile, abs=1e-4)


def test_welch_by_hand():
    found = welch([1.0, 2.0, 3.0], [1.0, 2.0, 6.0])
    error = (1 / 3 + 7 / 3) ** 0.5
    freedom = (8 / 3) ** 2 / ((1 / 3) ** 2 / 2 + (7 / 3) ** 2 / 2)
    reach = student_quantile(0.975, freedom) * error
    assert (found.value, found.low, found.high) == pytest.approx((-1.0, -1.0 - reach, -1.0 + reach))


def test_welch_without_spread_is_a_point():
    found = welch([1.0, 1.0], [0.5, 0.5])
    assert (found.value, found.low, found.high) == (0.5, 0.5, 0.5)


def test_a_run_is_made_once_for_the_same_settings(tmp_path):
    made = []

    def make():
        made.append(1)
        return [[1.0, 2.0]]

    path = tmp_path / "runs" / "aha-seed-0.json"
    assert run_once(path, {"lr": 1}, make) == [[1.0, 2.0]]
    assert run_once(path, {"lr": 1}, make) == [[1.0, 2.0]]
    assert len(made) == 1
    assert run_once(path, {"lr": 2}, make) == [[1.0, 2.0]]
    assert len(made) == 2
    assert json.loads(path.read_text())["key"] == {"lr": 2}


def _run(end: float) -> list[list[float]]:
    return [[0.0, 0.0]] * 5 + [[end, end + 0.2]] * 10


def test_only_the_last_ten_rounds_count():
    found = compare([_run(1.0), _run(1.01), _run(1.02)], [_run(1.01), _run(1.01), _run(1.01)])
    assert found["reward_of_last_rounds"]["aha"] == pytest.approx([1.1, 1.11, 1.12])
    assert found["reward_of_first_round"] == {"aha": 0.0, "trl": 0.0}
    assert found["difference"]["value"] == pytest.approx(0.0)
    assert found["contains_0"]
    assert found["narrow"]
    assert len(found["curves"]["trl"][0]) == 15


def test_a_difference_is_found_and_a_wide_interval_is_called_wide():
    assert not compare([_run(1.0), _run(1.01)], [_run(0.5), _run(0.51)])["contains_0"]
    assert not compare([_run(0.2), _run(1.0)], [_run(0.2), _run(1.0)])["narrow"]
