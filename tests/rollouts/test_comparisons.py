"""Rows of judged answers: what is read, what is rejected and why, who is held out, and what an update sees."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aha.errors import DataError
from aha.rollouts.comparisons import (
    Judged,
    JudgedData,
    JudgedMixture,
    Kind,
    is_held_out,
    judged_answers,
    prompt_hash,
    read_judged,
)
from aha.rollouts.examples import BadRowError
from aha.text.judged import TURNS_TEMPLATE
from aha.text.tokenizer import HFTokenizer, load_tokenizer
from tests.text.test_tokenizer import make

ASKED = [{"role": "user", "content": "Hi?"}]


def said(text: str) -> list[dict[str, str]]:
    return [{"role": "assistant", "content": text}]


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory: pytest.TempPathFactory) -> HFTokenizer:
    found = load_tokenizer(make(tmp_path_factory.mktemp("tok")))
    found.give_chat_template(TURNS_TEMPLATE)
    return found


def read(tokenizer: HFTokenizer, path: Path, rows: list[Any], kind: Kind = "pairs", **changes: Any) -> JudgedData:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    path.write_text("".join(f"{line}\n" for line in lines))
    given: dict[str, Any] = {"sees": "summary", "tokenizer": tokenizer, "padding": 0, "max_tokens": 200}
    return read_judged(path, "file:x.jsonl", 1.0, kind, **(given | changes))


@pytest.mark.parametrize(
    "row",
    [
        {"prompt": "Hi?", "chosen": "good", "rejected": "bad"},
        {"prompt": ASKED, "chosen": said("good"), "rejected": said("bad")},
        {"prompt": ASKED, "chosen": "good", "rejected": "bad"},
        {"chosen": ASKED + said("good"), "rejected": ASKED + said("bad")},
        {"prompt": "Hi?", "chosen": ASKED + said("good"), "rejected": ASKED + said("bad")},
        {"prompt": "Hi?", "ranking": ["good", said("bad")]},
    ],
)
def test_every_layout_of_a_pair_is_the_same_pair(row: dict[str, Any]) -> None:
    assert judged_answers(row, "pairs") == [([(ASKED, "good"), (ASKED, "bad")], True)]


def test_a_ranking_gives_all_pairs_and_a_label_is_kept() -> None:
    pairs = judged_answers({"prompt": "Hi?", "ranking": ["a", "b", "c"]}, "pairs")
    assert [[text for _, text in answers] for answers, _ in pairs] == [["a", "b"], ["a", "c"], ["b", "c"]]
    labelled = judged_answers({"prompt": "Hi?", "completion": "no", "label": False}, "labels")
    assert labelled == [([(ASKED, "no")], False)]


@pytest.mark.parametrize(
    ("row", "kind", "reason"),
    [
        ([1], "pairs", "no_object"),
        ({"prompt": "Hi?", "chosen": "a"}, "pairs", "unknown_columns"),
        ({"prompt": "Hi?", "ranking": ["a"]}, "pairs", "unknown_columns"),
        ({"prompt": "Hi?", "chosen": "a", "rejected": "b"}, "labels", "unknown_columns"),
        ({"prompt": "Hi?", "completion": "a", "label": "yes"}, "labels", "no_label"),
        ({"prompt": "Hi?", "chosen": 3, "rejected": "b"}, "pairs", "no_messages"),
        ({"chosen": "a", "rejected": "b"}, "pairs", "no_question"),
        ({"prompt": ASKED, "chosen": ASKED, "rejected": ASKED}, "pairs", "no_answer"),
    ],
)
def test_a_row_that_is_no_judgement_is_named(row: Any, kind: Kind, reason: str) -> None:
    with pytest.raises(BadRowError) as caught:
        judged_answers(row, kind)
    assert caught.value.reason == reason


def test_rejected_rows_are_counted_and_named(tokenizer: HFTokenizer, tmp_path: Path) -> None:
    good = {"prompt": "Hi?", "chosen": "good", "rejected": "bad"}
    thoughts = {"chosen": "<think>\na\n</think>\n\nsame", "rejected": "<think>\nb\n</think>\n\nsame"}
    rows = [
        good,
        "{torn",
        good | {"rejected": "good"},
        good | thoughts,
        good | {"chosen": "<think>no end"},
        good | {"chosen": "x" * 300},
        {"chosen": [{"role": "user", "content": "Other?"}, *said("a")], "rejected": ASKED + said("b")},
        {"prompt": "Hi?", "ranking": ["a", "b", "a"]},
    ]
    found = read(tokenizer, tmp_path / "pairs.jsonl", rows)
    assert found.counts == {
        "kept": 3, "different_prompts": 1, "equal": 3, "no_json": 1, "nothing_to_see": 1, "too_long": 1,
    }  # fmt: skip
    text = found.describe()
    assert text.startswith("file:x.jsonl: 3 judged; left out: different prompts 1 (row 7); equal 3 (row 3, 4, 8);")
    assert "both answers are the same" in {each.detail for each in found.rejected}
    assert "too long 1 (row 6)" in text


def test_summaries_only_are_seen_or_everything(tokenizer: HFTokenizer, tmp_path: Path) -> None:
    row = {"prompt": "Hi?", "chosen": "<think>\nsecret\n</think>\n\ngood", "rejected": "bad"}
    (summary,) = read(tokenizer, tmp_path / "a.jsonl", [row]).items
    assert "secret" not in "".join(tokenizer.decode(ids.tolist()) for ids in summary.token_rows)
    assert summary.answers == ("good", "bad")
    assert summary.lengths == (4, 3)
    (whole,) = read(tokenizer, tmp_path / "a.jsonl", [row], sees="response").items
    assert tokenizer.decode(whole.token_rows[0].tolist()) == f"User: Hi?\nAssistant: {row['chosen']}"


def test_a_file_of_which_nothing_is_left_is_refused_with_the_first_reason(
    tokenizer: HFTokenizer, tmp_path: Path
) -> None:
    with pytest.raises(DataError, match=r"Nothing can be learned from file:x\.jsonl.*unknown columns 1.*First of them"):
        read(tokenizer, tmp_path / "a.jsonl", [{"text": "x"}])
    with pytest.raises(DataError, match="The file holds no rows"):
        read(tokenizer, tmp_path / "a.jsonl", [])


def test_white_space_does_not_part_equal_prompts_and_roles_do() -> None:
    hashed = prompt_hash(ASKED)
    assert hashed == prompt_hash([{"role": "user", "content": " Hi?\n"}])
    assert hashed != prompt_hash([{"role": "system", "content": "Hi?"}])
    shares = [is_held_out(prompt_hash([{"role": "user", "content": f"{n}"}]), 0.25) for n in range(400)]
    assert sum(shares) == pytest.approx(100, abs=30)
    assert not is_held_out(hashed, 0.0)
    assert is_held_out(hashed, 1.0)


def data(num_prompts: int = 40, pairs: int = 3, weight: float = 1.0) -> JudgedData:
    items = [
        Judged(n, prompt_hash([{"role": "user", "content": f"{n}"}]), ("a", f"b{k}"), ())
        for n in range(num_prompts)
        for k in range(pairs)
    ]
    return JudgedData("x", weight, items)


def seen(mixture: JudgedMixture) -> Iterator[tuple[str, float]]:
    """Prompt and weight of all that is trained on, in order."""
    for update, places in enumerate(mixture.batches):
        for (data, item), comparison in zip(places, mixture.comparisons(update), strict=True):
            yield mixture.training[data][item].prompt, comparison.weight


def test_a_prompt_is_trained_on_or_tested_on_and_counts_once() -> None:
    mixture = JudgedMixture([data()], held_out=0.2, epochs=2, batch_size=7, seed=3)
    held_out = {item.prompt for item in mixture.held_out}
    trained = {prompt for prompt, _ in seen(mixture)}
    assert held_out
    assert not held_out & trained
    assert len(held_out | trained) == 40
    total = sum(weight for _, weight in seen(mixture))
    assert total == pytest.approx(2 * len(trained))
    again = JudgedMixture([data()], held_out=0.2, epochs=2, batch_size=7, seed=4)
    assert {item.prompt for item in again.held_out} == held_out
    assert again.batches != mixture.batches


def test_all_pairs_of_a_prompt_are_in_one_update() -> None:
    mixture = JudgedMixture([data()], held_out=0.0, epochs=1, batch_size=7, seed=0)
    assert [len(batch) for batch in mixture.batches] == [6] * 20
    whole = JudgedMixture([data()], held_out=0.0, epochs=1, batch_size=2, seed=0)
    assert [len(batch) for batch in whole.batches] == [3] * 40


def test_a_weight_is_how_often_an_epoch_sees_an_item() -> None:
    mixture = JudgedMixture([data(weight=2.0), data(5, 1, 0.4)], held_out=0.0, epochs=1, batch_size=10, seed=0)
    drawn = [place for batch in mixture.batches for place in batch]
    assert sum(which == 0 for which, _ in drawn) == 240
    assert sum(which == 1 for which, _ in drawn) == 2
    labels = [Judged(n, "0" * 32, (f"{n}",), (), n % 2 == 0) for n in range(4)]
    assert JudgedMixture([JudgedData("x", 1, labels)], held_out=0, epochs=1, batch_size=9, seed=0).shares == [[1.0] * 4]


def test_a_split_without_prompts_on_one_side_is_refused() -> None:
    with pytest.raises(DataError, match=r"No prompt is held out with held_out = 0\.0001"):
        JudgedMixture([data(3)], held_out=0.0001, epochs=1, batch_size=7, seed=0)
    with pytest.raises(DataError, match=r"No prompt is left to train on with held_out = 1"):
        JudgedMixture([data(3)], held_out=1, epochs=1, batch_size=7, seed=0)
    with pytest.raises(DataError, match="The weights leave nothing"):
        JudgedMixture([data(3, 1, 0.01)], held_out=0, epochs=1, batch_size=7, seed=0)
