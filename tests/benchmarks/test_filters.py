"""What the bench of the filters plants and counts, on a data folder of a few rows."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path

import pytest

from aha.rollouts.quality import filter_candidates
from benchmarks import filters
from benchmarks.measuring import judge_replies, planted

WORDS = "we first count the apples in every basket and then add those that she bought in town so that the sum is known"
MGSM = {
    "de": "Sie hat drei Äpfel und kauft noch zwei dazu, wie viele Äpfel hat sie dann am Ende?",
    "es": "Ella tiene tres manzanas y compra dos más, entonces ¿cuántas manzanas tiene ella al final?",
    "fr": "Elle a trois pommes et elle en achète deux de plus, alors combien de pommes a-t-elle à la fin ?",
    "ru": "У неё есть три яблока, и она покупает ещё два, сколько всего яблок у неё будет?",
    "th": "เธอมีแอปเปิลสามผล และซื้อเพิ่มอีกสองผล เธอมีแอปเปิลกี่ผล",
    "zh": "她有三个苹果，又买了两个苹果，最后她一共有多少个苹果？她很高兴。",
    "en": "How many apples are there?",
}


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    rng = random.Random(0)
    solutions = [" ".join(rng.choices(WORDS.split(), k=80)) for _ in range(30)]
    train = [{"question": f"Question {n}?", "answer": f"{text}. #### {n}"} for n, text in enumerate(solutions)]
    (tmp_path / "gsm8k").mkdir()
    with gzip.open(tmp_path / "gsm8k" / "train.jsonl.gz", "wt") as file:
        file.write("".join(json.dumps(row) + "\n" for row in train))
    (tmp_path / "mgsm").mkdir()
    mgsm = [{"lang": lang, "index": 0, "question": text, "answer": "5"} for lang, text in MGSM.items()]
    lines = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in mgsm)
    (tmp_path / "mgsm" / "all_languages.jsonl").write_text(lines, encoding="utf-8")
    monkeypatch.setenv("AHA_DATA", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("kind", [kind for kind in planted.SIZES if kind != "leaked"])
def test_every_fault_is_found_by_its_own_rule(kind: str, data: Path) -> None:
    clean = planted.clean()
    assert len(clean) == 30 + len(MGSM) - 1
    faulty = planted.planted(kind, clean, 8, [], seed=0)
    found = filter_candidates([*clean, *faulty], filters.SETTINGS)
    rules = {id(each.candidate): each.rule for each in found.dropped}
    told = filters.outcome(kind, faulty, rules)
    assert (told["samples"], told["removed"], told["by_own_rule"], told["missed"]) == (8, 8, 8, [])
    assert not any(id(each) in rules for each in clean)


def test_a_leak_is_a_passage_of_ten_words_and_more(data: Path) -> None:
    secret = " ".join(f"secret{letter}" for letter in "abcdefghijklmnopqrstuvw").replace("secret", "mystery ")
    faulty = planted.planted("leaked", planted.clean(), 5, [secret], seed=0)
    runs = filters.plain_runs([secret])
    assert all(runs & filters.plain_runs([each.text]) for each in faulty)


def test_what_is_kept_is_told_as_missed(data: Path) -> None:
    (sample,) = planted.planted("code_block", planted.clean(), 1, [], seed=0)
    told = filters.outcome("code_block", [sample], {})
    assert (told["removed"], told["by_rule"]) == (0, {"kept": 1})
    assert told["missed"] == [sample.text[:500]]


def test_a_judges_replies_are_read_as_said_or_not_at_all() -> None:
    found = judge_replies.measure(300, seed=0)
    assert found["kept to the form"] == {"as said": 300}
    assert all("the opposite" not in counts for counts in found.values())
    assert sum(found["repeats a hostile answer"].values()) == 300
    assert judge_replies.said("correct", "incorrect") == "the opposite"
