"""Before and after: pairs, table, difficulty, side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aha.report.evaluations import Pair, by_difficulty, pairs, problems, score, shorten, side_by_side, table
from aha.report.read import read_run


def _problem(name: str, outcomes: str, difficulty: float = 1, **more: Any) -> dict[str, Any]:
    return {
        "id": name,
        "source": "s",
        "difficulty": difficulty,
        "outcomes": outcomes,
        "tokens": [2, 4],
        "sample": f"text {name}",
    } | more


def _pair(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> Pair:
    return Pair("heldout", "base", "zero", {"problems": before}, {"problems": after})


def test_pairs_take_first_and_last_stage_and_put_heldout_first(finished: Path) -> None:
    found = pairs(read_run(finished))
    assert [(p.benchmark, p.before_stage, p.after_stage) for p in found] == [
        ("heldout", "base", "zero"),
        ("ood-numbers", "base", "zero"),
    ]


def test_table_has_a_row_for_each_evaluation_with_intervals(finished: Path) -> None:
    rows = table(read_run(finished))
    assert [(r["benchmark"], r["stage"]) for r in rows] == [
        ("heldout", "base"),
        ("heldout", "zero"),
        ("ood-numbers", "base"),
        ("ood-numbers", "zero"),
    ]
    assert rows[0]["pass@1"]["low"] < rows[0]["pass@1"]["value"] < rows[0]["pass@1"]["high"]
    assert rows[0]["num_problems"] == 200


def test_score_is_none_for_what_is_no_number() -> None:
    assert score({"pass@1": {"value": None}}, "pass@1") is None
    assert score({}, "cons@k") is None
    assert problems({"problems": [{"id": "a"}, 3, _problem("b", "c")]}) == [_problem("b", "c")]


def test_difficulty_compares_the_two_models_exactly() -> None:
    pair = _pair(
        [_problem("a", "cw"), _problem("b", "ww", 2)], [_problem("a", "cc"), _problem("b", "cw", 2, tokens=[10, 20])]
    )
    accuracy, tokens = by_difficulty(pair)
    assert accuracy["labels"] == ["1", "2"]
    assert [s["y"] for s in accuracy["series"]] == [[0.5, 0.0], [1.0, 0.5]]
    assert [s["y"] for s in tokens["series"]] == [[3, 3], [3, 15]]
    assert accuracy["caption"] == "Problems by difficulty: 1: 1, 2: 1."


def test_many_difficulties_share_bins_without_overlap() -> None:
    rows = [_problem(str(i), "cw", difficulty=i * i) for i in range(100)]
    chart = by_difficulty(_pair(rows, rows))[0]
    assert len(chart["labels"]) == 8
    assert chart["labels"][0] == "0–144"
    assert sum(int(part.rsplit(": ", 1)[1].rstrip(".")) for part in chart["caption"].split(", ")) == 100


def test_equal_difficulties_do_not_break_bins() -> None:
    rows = [_problem(str(i), "cw", difficulty=d) for i, d in enumerate([0] * 50 + list(range(1, 12)))]
    chart = by_difficulty(_pair(rows, rows))[0]
    assert chart["labels"][0] == "0"
    assert sum(int(part.rsplit(": ", 1)[1].rstrip(".")) for part in chart["caption"].split(", ")) == 61


def test_side_by_side_takes_each_kind_in_turn() -> None:
    before = [
        _problem("a", "wc"),
        _problem("b", "cc"),
        _problem("c", "cw"),
        _problem("d", "ww"),
        _problem("e", "ww"),
        _problem("x", "c"),
    ]
    after = [_problem("a", "cc"), _problem("b", "wc"), _problem("c", "cw"), _problem("d", "wu"), _problem("e", "cc")]
    found = side_by_side(_pair(before, after), 10, 100)
    assert [(row["id"], row["kind"]) for row in found] == [
        ("a", "fixed"),
        ("b", "broke"),
        ("c", "kept"),
        ("d", "missed"),
        ("e", "fixed"),
    ]
    assert found[0]["texts"] == ["text a", "text a"]
    assert len(side_by_side(_pair(before, after), 2, 100)) == 2


@pytest.mark.parametrize(("text", "out"), [("abc", "abc"), ("a" * 5 + "b" * 5, "aa\n[… 6 characters cut …]\nbb")])
def test_shorten(text: str, out: str) -> None:
    assert shorten(text, 5) == out
