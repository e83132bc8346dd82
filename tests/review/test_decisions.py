"""Decisions are on disk at once, the last of each record counts, and each can be taken back."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aha.errors import DataError, UsageError
from aha.review.decisions import Decision, open_review, sole_reviewer
from aha.text.response import Response
from tests.review.conftest import ROWS

NAMES = [row["id"] for row in ROWS]
ACTIONS = st.one_of(
    st.tuples(st.just("accept"), st.sampled_from(NAMES)),
    st.tuples(st.just("reject"), st.sampled_from(NAMES)),
    st.tuples(st.just("rank"), st.sampled_from(NAMES), st.one_of(st.none(), st.integers(1, 9))),
    st.tuples(st.just("edit"), st.sampled_from(NAMES), st.sampled_from(["", "1 and 1 is 2."]), st.just("It is 2.")),
    st.just(("undo",)),
)  # fmt: skip


@given(st.lists(ACTIONS, max_size=12))
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_reopening_shows_what_is_decided_and_what_can_be_undone(rows_file: Path, actions: list[Any]) -> None:
    review = open_review(rows_file)
    review.journal.unlink(missing_ok=True)
    review = open_review(rows_file)
    states = [dict(review.decisions)]
    for name, *arguments in actions:
        before = {key: value for key, value in review.decisions.items() if value != Decision()}
        getattr(review, name)(*arguments)
        after = {key: value for key, value in review.decisions.items() if value != Decision()}
        if name == "undo":
            states = states[:-1] or states
            assert after == states[-1]
        elif after != before:
            states.append(after)
    again = open_review(rows_file)
    assert {name: again.decision(name) for name in NAMES} == {name: review.decision(name) for name in NAMES}
    while again.undo() is not None:
        pass
    assert again.counts()["undecided"] == len(ROWS)
    assert again.undo() is None


def test_each_decision_is_one_line_and_lines_are_only_added(rows_file: Path) -> None:
    review = open_review(rows_file)
    review.edit("one", " One and one is two. ", "It is two.\n")
    first = review.journal.read_bytes()
    review.rank("one", 2)
    review.rank("one", 2)
    review.undo()
    text = review.journal.read_bytes()
    assert text.startswith(first)
    lines = [json.loads(line) for line in text.splitlines()]
    assert [(line["decision"], line["rank"], line.get("undo")) for line in lines] == [
        ("edited", None, None),
        ("edited", 2, None),
        ("edited", None, True),
    ]
    assert (lines[0]["thought"], lines[0]["summary"]) == ("One and one is two.", "It is two.")


def test_an_edit_stays_through_accept_and_goes_with_reject(rows_file: Path) -> None:
    review = open_review(rows_file)
    review.edit("a1", "", "5")
    review.accept("a1")
    assert review.decision("a1") == Decision("edited", None, Response(None, "5"))
    review.edit("a1", "2 and 3 is 5.", "It is 5.")
    assert review.decision("a1") == Decision("accepted")
    review.edit("a1", "", "5")
    review.reject("a1")
    assert review.decision("a1") == Decision("rejected")
    assert review.counts() == {
        "records": 5, "accepted": 0, "edited": 0, "rejected": 1, "undecided": 4, "unread": 2, "stale": 0
    }  # fmt: skip


@pytest.mark.parametrize(("thought", "summary"), [("T", " "), ("T </think> x", "S"), ("T", "S <think> x")])
def test_texts_that_would_be_read_back_otherwise_are_refused(rows_file: Path, thought: str, summary: str) -> None:
    review = open_review(rows_file)
    with pytest.raises(UsageError, match="cannot hold <think>"):
        review.edit("one", thought, summary)
    assert not review.journal.exists()


def test_ranks_and_ids_have_bounds(rows_file: Path) -> None:
    review = open_review(rows_file)
    with pytest.raises(UsageError, match="from 1 to 9, got 10"):
        review.rank("one", 10)
    with pytest.raises(UsageError, match="no record 'nobody'"):
        review.accept("nobody")


def test_decisions_about_other_texts_do_not_count(rows_file: Path) -> None:
    review = open_review(rows_file)
    review.accept("one")
    review.accept("a1")
    rows_file.write_text(rows_file.read_text().replace("1 and 1 is 2.", "Another thought."))
    again = open_review(rows_file)
    assert (again.decision("one"), again.decision("a1")) == (Decision(), Decision("accepted"))
    assert again.counts()["stale"] == 1


def test_rows_that_did_not_parse_are_kept_aside(rows_file: Path) -> None:
    open_review(rows_file)
    aside = [json.loads(line) for line in (rows_file.parent / "cold.aside.jsonl").read_text().splitlines()]
    assert [(each["row"], each["why"]) for each in aside] == [(6, "no JSON"), (8, "the thought has no end (</think>)")]
    assert aside[0]["text"] == "{no"


@pytest.mark.parametrize(
    "line", ['{"id": "one", "decision": "perhaps"}', '{"id": "one", "rank": 12}', '{"decision": null}', "no"]
)
def test_a_journal_that_no_review_wrote_is_refused(rows_file: Path, line: str) -> None:
    (rows_file.parent / "cold.review.jsonl").write_text(line + "\n")
    with pytest.raises(DataError, match="line 1"):
        open_review(rows_file)


def test_one_reviewer_at_a_time(rows_file: Path) -> None:
    with (
        sole_reviewer(rows_file),
        pytest.raises(UsageError, match="being reviewed in another process"),
        sole_reviewer(rows_file),
    ):
        pass
    with sole_reviewer(rows_file):
        pass
