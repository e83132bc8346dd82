"""What a review leaves is training data that says what people changed."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aha.config.data_stages import FilterSettings
from aha.errors import UsageError
from aha.review.command import write_exports
from aha.review.decisions import Review, open_review
from aha.review.records import read_records
from aha.rollouts.reviewed import read_reviewed
from tests.review.conftest import ROWS


@pytest.fixture
def reviewed(rows_file: Path) -> Review:
    """One accepted, one edited, one rejected, two open; three ranked."""
    review = open_review(rows_file)
    review.accept("one")
    review.edit("a1", "2+3 = 5.", "It is 5.")
    review.reject("a2")
    for name, rank in (("a1", 1), ("a2", 3), ("a3", 2)):
        review.rank(name, rank)
    return review


def _lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def test_accepted_and_edited_records_are_written_with_what_changed(reviewed: Review, tmp_path: Path) -> None:
    told: list[str] = []
    found = write_exports(reviewed.path, tmp_path / "out.jsonl", None, told.append)
    one, edited = _lines(tmp_path / "out.jsonl")
    assert one == ROWS[0] | {
        "origin": "reviewed", "origin_before": "rewrite", "decision": "accepted", "rank": None,
        "edited": False, "changed": {},
    }  # fmt: skip
    assert edited["messages"][-1]["content"] == "<think>\n2+3 = 5.\n</think>\n\nIt is 5."
    assert edited["changed"] == {"thought": {"before": "2 and 3 is 5.", "after": "2+3 = 5."}}
    assert (edited["decision"], edited["rank"], edited["edited"]) == ("edited", 1, True)
    assert not {"tokens", "checks"} & set(edited)
    assert (found["exported"], found["rejected"], found["undecided"]) == (2, 1, 2)
    assert "2 records (1 accepted, 1 edited); left out: 1 rejected, 2 not decided" in told[0]
    assert any("2 rows could not be read; they are in" in line for line in told)
    assert [record.response.thought for record in read_records(tmp_path / "out.jsonl").records] == [
        "1 and 1 is 2.",
        "2+3 = 5.",
    ]


def test_the_stage_collect_reads_what_was_exported(reviewed: Review, tmp_path: Path) -> None:
    write_exports(reviewed.path, tmp_path / "out.jsonl", None, lambda text: None)
    found = read_reviewed(tmp_path / "out.jsonl", FilterSettings())
    assert found.counts == {"accepted": 1, "edited": 1, "rejected": 0, "undecided": 0, "broken": 0}
    assert [row["messages"][-1]["content"].splitlines()[1] for row in found.rows] == ["1 and 1 is 2.", "2+3 = 5."]
    assert [row["checks"]["correct"] for row in found.rows] == [True, None]
    assert found.rows[1]["changed"] == {"thought": {"before": "2 and 3 is 5.", "after": "2+3 = 5."}}


def test_ranks_become_pairs_and_a_rejected_answer_is_never_chosen(reviewed: Review, tmp_path: Path) -> None:
    found = write_exports(reviewed.path, None, tmp_path / "pairs.jsonl", lambda text: None)
    pairs = _lines(tmp_path / "pairs.jsonl")
    assert [(pair["chosen_id"], pair["rejected_id"], pair["margin"]) for pair in pairs] == [
        ("a1", "a2", 2.0),
        ("a1", "a3", 1.0),
        ("a3", "a2", 1.0),
    ]
    assert pairs[0]["prompt"] == [{"role": "user", "content": "What is 2+3?"}]
    assert pairs[0]["chosen"].startswith("<think>\n2+3 = 5.")
    assert pairs[2]["chosen"] == "5"
    assert len({pair["id"] for pair in pairs}) == 3
    assert found["pairs"] == 3
    reviewed.rank("a1", 9)
    reviewed.rank("a2", 1)
    reviewed.rank("a3", 9)
    told: list[str] = []
    with pytest.raises(UsageError, match="so there are no pairs"):
        write_exports(reviewed.path, None, tmp_path / "pairs.jsonl", told.append)
    reviewed.accept("a2")
    write_exports(reviewed.path, None, tmp_path / "pairs.jsonl", told.append)
    assert "2 pairs; left out: 1 of equal rank, 0 of equal texts, 0 whose better answer was rejected" in told[0]


def test_equal_texts_make_no_pair(rows_file: Path, tmp_path: Path) -> None:
    review = open_review(rows_file)
    review.edit("a3", "2 and 3 is 5.", "It is 5.")
    for name, rank in (("a1", 1), ("a3", 2), ("a2", 2)):
        review.rank(name, rank)
    found = write_exports(rows_file, None, tmp_path / "pairs.jsonl", lambda text: None)
    assert (found["pairs"], found["equal_texts"], found["equal_ranks"]) == (1, 1, 1)


def test_nothing_decided_nothing_written(rows_file: Path, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"Nothing in .* was accepted or edited yet"):
        write_exports(rows_file, tmp_path / "out.jsonl", None, lambda text: None)
    assert not (tmp_path / "out.jsonl").exists()
