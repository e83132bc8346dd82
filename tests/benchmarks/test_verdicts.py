"""What the benchmark of verdicts counts, on a data folder of a few rows."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import pytest

from benchmarks import verdicts
from benchmarks.measuring import generated, hostile, labelled, verdict_speed
from benchmarks.measuring.generated import NOTATIONS, plain
from benchmarks.measuring.graders import Graders, Said, quantile
from benchmarks.measuring.hostile import RECIPES, hostile_strings
from benchmarks.measuring.labelled import Case, boxed, plain_number
from benchmarks.measuring.pair_conventions import CONVENTIONS, LEFT_OUT, answer_in

ANSWERS = [
    *(("Real", "\\frac{7}{4}"), ("Real", "12345"), ("Real", "-3"), ("Real", "3\\sqrt{13}"), ("Real", "0.5")),
    *(
        ("Interval", "[2,5)"),
        ("Interval", "(-\\infty,3]"),
        ("Set", "1,2"),
        ("Vector", "(3,4)"),
        ("Others", "\\text{even}"),
    ),
]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder whose one file holds ANSWERS."""
    lines = [
        {"index": n + 1, "question": f"q{n}", "answer": answer, "human_type": kind}
        for n, (kind, answer) in enumerate(ANSWERS)
    ]
    folder = tmp_path / "math_answer_types"
    folder.mkdir()
    text = "".join(json.dumps(line) + "\n" for line in lines)
    (folder / "mario_math_test.jsonl").write_text(text, encoding="utf-8")
    monkeypatch.setenv("AHA_DATA", str(tmp_path))
    return tmp_path


def test_pairs_made_from_golds_are_what_their_label_says(data: Path) -> None:
    near = list(generated.near_misses())
    assert {case.id for case in near if case.id.endswith("bracket")} == {"6:bracket"}
    assert {case.id for case in near if case.id.endswith("sign")} == {"1:sign", "2:sign", "3:sign", "4:sign", "5:sign"}
    assert len([case for case in near if case.id.endswith("digit")]) == 9
    assert not any(case.label or plain(case.response[7:-1]) == plain(case.gold) for case in near)
    again = list(generated.rewritten())
    assert all(case.label and case.response != boxed(case.gold) for case in again)
    assert {case.id.split(":")[0] for case in again} == {str(n + 1) for n in range(len(ANSWERS))}
    assert all(plain(case.response[7:-1]) != plain(case.gold) for case in generated.other_answers())
    assert near == list(generated.near_misses())


def test_a_unit_is_left_out_of_an_answer_and_a_second_number_is_not() -> None:
    assert plain("12\\text{ cm}^2") == plain("12") == plain("12\\text{ square feet}")
    assert plain("12\\text{ and }13") != plain("12\\text{ and }17")


@pytest.mark.parametrize(
    ("name", "gold", "written"),
    [
        ("mixed number", "\\frac{7}{4}", "1\\frac{3}{4}"),
        ("mixed number", "-\\frac{7}{4}", "-1\\frac{3}{4}"),
        ("mixed number", "\\frac{3}{4}", None),
        ("decimal", "\\frac{7}{400}", "0.0175"),
        ("decimal", "\\frac{1}{3}", None),
        ("slash", "-\\frac{1}{3}", "-1/3"),
        ("thousands, LaTeX comma", "-12345", "-12{,}345"),
        ("root sign", "3\\sqrt{13}", "3√13"),
        ("root sign", "\\sqrt{2}x", None),
        ("infinity and union signs", "(1,\\infty)", None),
    ],
)
def test_notations_keep_the_value(name: str, gold: str, written: str | None) -> None:
    assert NOTATIONS[name](gold) == written


def test_labels_are_read_exactly() -> None:
    assert plain_number("1,234.50") == Fraction(2469, 2)
    assert plain_number("12 apples") == "12 apples"
    assert plain("\\dfrac34") == plain("\\frac{3}{4}") == Fraction(3, 4)


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("5,000", "5,000"),
        ("so $\\boxed{4}$ and $\\boxed{5}$.", "4, 5"),
        ("Thus $x < 4$ holds.", "x < 4"),
        ("$6$ percent", "$6$ percent"),
        ("First $a = 2$. Then, counting all of them one after the other, there are 12 ways to go.", "12"),
        ("We have $\\boxed{5}$ at first. The final answer is $7$.", "7"),
    ],
)
def test_the_answer_of_a_sentence(text: str, answer: str) -> None:
    assert answer_in(text) == answer


def test_few_pairs_are_left_out_and_each_says_why() -> None:
    assert len(LEFT_OUT) <= 27
    assert all(len(reason) > 5 for reason in LEFT_OUT.values())
    assert all(words and "extract" not in settings for words, settings in CONVENTIONS.values())


def test_what_counts_as_false() -> None:
    right, wrong = (Case("set", "1", "7", "\\boxed{7}", label) for label in (True, False))
    kinds = [verdicts.kind(case, Said(word, "", None, 0.0)) for case in (right, wrong) for word in ("correct", "wrong")]
    assert kinds == ["right", "false_wrong", "false_correct", "right"]
    assert verdicts.kind(right, Said("undecided", "crash", None, 0.0)) == "undecided"


def test_pooled_totals_leave_out_the_peers_own_tests() -> None:
    counts = {"num_asked": 10, "false_correct": 1, "false_wrong": 2, "undecided": 0}
    own = {"generated": False, "num_cases": 10, "aha": counts, "Math-Verify": counts}
    totals = verdicts.pooled({"a": own, "b": own, verdicts.PEERS_OWN: own, "c": {**own, "generated": True}})
    assert totals["labelled sets, without the peer's own tests"]["aha"] == {key: 2 * n for key, n in counts.items()}
    assert totals["pairs made from golds"]["num_cases"] == 10


def test_both_graders_are_asked_and_label_errors_are_not_counted(
    data: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("math_verify")
    monkeypatch.setattr(verdicts, "REAL", ())
    monkeypatch.setattr(verdicts, "GENERATED", (generated.near_misses,))
    monkeypatch.setattr(verdicts, "PEER_EVERY", 3)
    monkeypatch.setattr(verdicts, "known_label_errors", lambda: {("near miss", "6:bracket"): "for the test"})
    sets, false_rows = verdicts.judge_sets("near")
    assert sets["near miss"]["label_errors"] == ["6:bracket"]
    assert sets["near miss"]["num_cases"] == len(list(generated.near_misses())) - 1
    assert sets["near miss"]["aha"] == {"num_asked": 14, "false_correct": 0, "false_wrong": 0, "undecided": 0}
    assert 0 < sets["near miss"]["Math-Verify"]["num_asked"] <= 14
    verdicts.print_sets(sets, verdicts.pooled(sets))
    assert "near miss" in capsys.readouterr().out
    assert all(row["Math-Verify"]["kind"] != "right" or row["aha"]["kind"] != "right" for row in false_rows)


def test_a_grader_that_fails_has_not_decided() -> None:
    pytest.importorskip("math_verify")
    with Graders() as graders:
        case = Case("set", "1", "7", "\\boxed{7}", True, {"extract": "no such rule"})
        (_, said), *_ = graders.judge([case])
    assert said["aha"].outcome == "undecided"
    assert "no extraction rule" in said["aha"].reason


def test_label_errors_are_named_with_a_reason() -> None:
    assert all(len(reason) > 10 for reason in verdicts.known_label_errors().values())


def test_without_a_data_folder_the_benchmark_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("AHA_DATA", str(tmp_path / "none"))
    with pytest.raises(SystemExit, match="AHA_DATA"):
        verdicts.main(["--skip", "hostile"])


def test_hostile_strings_are_the_same_for_a_seed() -> None:
    assert list(hostile_strings(50, seed=3)) == list(hostile_strings(50, seed=3))
    assert list(hostile_strings(50, seed=3)) != list(hostile_strings(50, seed=4))
    assert len({recipe.__name__ for recipe in RECIPES}) >= 9


def test_an_attack_reports_what_it_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hostile, "GIANTS", ("(" * 1000,))
    found = hostile.attack(24)
    assert found["num_strings"] == sum(found["outcomes"].values()) == 25
    assert 0 < found["seconds"]["mean"] <= found["seconds"]["p99"] <= found["seconds"]["max"] == found["slowest"][0][0]


def test_speed_counts_verdicts_of_turns_that_count(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("math_verify")
    cases = [Case("", str(n), str(n), boxed(str(n)), True) for n in range(12)]
    monkeypatch.setattr(verdict_speed, "workloads", lambda: {"few": cases})
    monkeypatch.setattr(verdict_speed, "TURN_CASES", {"few": 2})
    few = verdict_speed.speeds()["few"]
    assert few["aha"]["num_verdicts"] == few["Math-Verify"]["num_verdicts"] == 2 * (verdict_speed.NUM_TURNS - 1)
    assert few["times as fast"] == pytest.approx(
        few["aha"]["verdicts_per_second"] / few["Math-Verify"]["verdicts_per_second"]
    )


def test_a_bad_batch_is_the_clean_one_with_bad_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    cases = [Case("", str(n), str(n), boxed(str(n)), True) for n in range(40)]
    monkeypatch.setattr(verdict_speed, "workloads", lambda: {"short answers": cases})
    monkeypatch.setattr(verdict_speed, "BATCH", 40)
    found = verdict_speed.batch_beside_clean(repeats=2, num_workers=1)
    assert [len(seconds) for seconds in found["seconds"].values()] == [2, 2]
    assert found["undecided"] == 0


def test_quantiles_are_ranks() -> None:
    assert [quantile(range(1, 101), share) for share in (0.0, 0.5, 0.99, 1.0)] == [1, 51, 100, 100]


def test_the_data_folder_is_where_it_is_said() -> None:
    if not labelled.data_folder().is_dir():
        pytest.skip(f"no labelled sets in {labelled.data_folder()} (AHA_DATA)")
    labels = [case.label for case in labelled.tora_gsm8k_outputs()]
    assert sum(labels) / len(labels) == pytest.approx(0.843, abs=5e-4)  # the published share
