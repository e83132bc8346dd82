"""Learning rates at the points that matter."""

from __future__ import annotations

import pytest

from aha.algorithms.schedules import SCHEDULES, cosine, first_update, learning_rate, linear


def rates(schedule: str, total: int, warmup: int, end_frac: float = 0.1) -> list[float]:
    return [
        learning_rate(u, lr=2.0, total_updates=total, warmup=warmup, schedule=schedule, end_frac=end_frac)
        for u in range(total)
    ]


@pytest.mark.parametrize("schedule", list(SCHEDULES))
def test_warm_up_is_linear_and_reaches_the_rate(schedule: str) -> None:
    assert rates(schedule, 12, 4)[:4] == [0.5, 1.0, 1.5, 2.0]
    assert rates(schedule, 12, 4)[4] == 2.0


def test_constant_stays() -> None:
    assert rates("constant", 5, 0) == [2.0] * 5


def test_linear_ends_at_its_share_with_the_last_update() -> None:
    assert rates("linear", 5, 0) == pytest.approx([2.0, 1.55, 1.1, 0.65, 0.2])
    assert linear(0.5, 0.0) == 0.5


def test_cosine_ends_at_its_share_with_the_last_update() -> None:
    assert rates("cosine", 5, 2, end_frac=0.5)[2:] == pytest.approx([2.0, 1.5, 1.0])
    assert cosine(0.25, 0.0) == pytest.approx(0.8535533905932737)


@pytest.mark.parametrize("schedule", ["linear", "cosine"])
def test_updates_beyond_the_plan_stay_at_the_end(schedule: str) -> None:
    late = learning_rate(99, lr=2.0, total_updates=5, warmup=0, schedule=schedule, end_frac=0.1)
    assert late == pytest.approx(0.2)
    single = learning_rate(0, lr=2.0, total_updates=1, warmup=0, schedule=schedule, end_frac=0.1)
    assert single == 2.0


@pytest.mark.parametrize(
    ("after", "total", "expected"),
    [(0.0, 7, 0), (1300 / 1700, 1700, 1300), (0.7647, 1700, 1300), (0.5, 7, 4), (0.1, 10, 1), (0.7, 10, 7)],
)
def test_what_begins_late_begins_at_a_whole_update(after: float, total: int, expected: int) -> None:
    assert first_update(after, total) == expected
