"""The power table: assumed, measured on one evaluation, measured on two."""

from __future__ import annotations

import pytest

from aha.errors import UsageError
from aha.evaluation.power import power_table
from aha.evaluation.statistics import Spread, minimal_difference
from tests.evaluation.conftest import MakeEvaluation

ROWS = ["cccc", "wwww", "cwcw", "ccww", "cwww"] * 8


def test_assumed_spread() -> None:
    table = power_table(num_problems=[100, 400], k=[1, 16])
    assert table.spread == Spread(between=0.125, within=0.25)
    assert table.differences[0][0] == minimal_difference(100, 1, table.spread)
    assert table.differences[0][0] > table.differences[0][1] > table.differences[1][1]
    assert table.basis.startswith("Assumed: both near 50 %")


def test_problems_help_more_than_samples() -> None:
    table = power_table(num_problems=[100, 400], k=[4, 16])
    assert table.differences[1][0] < table.differences[0][1]


def test_measured_on_one_and_on_two(make_evaluation: MakeEvaluation) -> None:
    one = power_table([make_evaluation(ROWS)])
    assert one.basis.startswith("Measured on 40 problems of sums")
    assert one.spread.within == pytest.approx(2 * (0.25 + 0.25 + 0.1875) / 5 * 4 / 3)
    two = power_table([make_evaluation(ROWS), make_evaluation(ROWS)])
    assert two.spread.between == 0.0
    assert two.basis == "Measured on 40 shared problems of sums."


@pytest.mark.parametrize("changes", [{"rate": 0.0}, {"rate": 1.0}, {"k": [0]}, {"num_problems": []}])
def test_senseless_questions_are_refused(changes: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="must lie between 0 and 1"):
        power_table(**changes)  # type: ignore[arg-type]


def test_three_evaluations_are_refused(make_evaluation: MakeEvaluation) -> None:
    with pytest.raises(UsageError, match="3 evaluations"):
        power_table([make_evaluation(ROWS)] * 3)
