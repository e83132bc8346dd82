"""evaluation-BENCHMARK.json: its keys, the way back, and files that are none."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from aha.errors import DataError
from aha.evaluation.files import from_json, read_evaluation, to_json, write_evaluation
from tests.evaluation.conftest import MakeEvaluation


def test_the_file_holds_what_the_format_says_in_order(make_evaluation: MakeEvaluation) -> None:
    record = to_json(make_evaluation(["cw", "cc"]))
    assert list(record) == [
        *["benchmark", "model_hash", "num_problems", "k", "seed", "pass@1", "pass@k", "cons@k"],
        *["format_rate", "mean_tokens", "repetition_rate", "undecided_frac", "sampling", "problems", "template"],
    ]
    assert record["pass@1"] == {"value": 0.5, "low": 0.4, "high": 0.6}


def test_write_and_read_are_inverse(tmp_path: Path, make_evaluation: MakeEvaluation) -> None:
    evaluation = make_evaluation(["cw", "cc"])
    path = write_evaluation(tmp_path / "new", "gym-chain_sum", evaluation)
    assert path == tmp_path / "new" / "evaluation-gym-chain_sum.json"
    assert read_evaluation(path) == evaluation


def test_the_same_evaluation_gives_the_same_bytes(tmp_path: Path, make_evaluation: MakeEvaluation) -> None:
    paths = [write_evaluation(tmp_path / name, "sums", make_evaluation(["cw"])) for name in "ab"]
    assert paths[0].read_bytes() == paths[1].read_bytes()


@pytest.mark.parametrize("key", ["benchmark", "k", "problems", "pass@1", "template"])
def test_a_missing_key_is_named_with_the_file(tmp_path: Path, make_evaluation: MakeEvaluation, key: str) -> None:
    record = to_json(make_evaluation(["cw"]))
    del record[key]
    path = tmp_path / "evaluation-sums.json"
    path.write_text(json.dumps(record))
    with pytest.raises(DataError, match=f"evaluation-sums.json has no '{key}'"):
        read_evaluation(path)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("pass@k", 0.5, "'pass@k' is no {value, low, high}"),
        ("pass@1", {"value": 0.5, "low": None, "high": 1.0}, "'pass@1' is no"),
        ("problems", {}, "`problems` is no list"),
        ("problems", [], "has no problems"),
        ("problems", [{"id": "a", "outcomes": ""}], "problem 0 has no id or outcomes"),
        ("problems", [{"id": "a", "outcomes": "c"}, {"id": "b"}], "problem 1 has no id or outcomes"),
        ("problems", [{"id": "a", "outcomes": "cx"}], "problem 0 has no id or outcomes"),
        ("problems", [7], "problem 0 has no id or outcomes"),
    ],
)
def test_a_wrong_value_is_named(make_evaluation: MakeEvaluation, key: str, value: object, message: str) -> None:
    with pytest.raises(DataError, match=message):
        from_json({**to_json(make_evaluation(["cw"])), key: value})


def test_a_file_that_is_none(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="cannot be read"):
        read_evaluation(tmp_path / "missing.json")
    path = tmp_path / "broken.json"
    path.write_text('{"benchmark": ')
    with pytest.raises(DataError, match=r"broken\.json is no JSON"):
        read_evaluation(path)
    path.write_text("[1]")
    with pytest.raises(DataError, match="holds no JSON object"):
        read_evaluation(path)


def test_rates_are_written_where_there_are_any(make_evaluation: MakeEvaluation) -> None:
    found = make_evaluation(["uu"], refusal_rate=0.25, language_consistency=0.75, scores={})
    found.problems[0]["reasons"] = ["no_rule", "no_rule"]
    record = to_json(found)
    assert (record["refusal_rate"], record["language_consistency"]) == (0.25, 0.75)
    assert from_json(record) == found
    assert not {"refusal_rate", "language_consistency"} & set(to_json(make_evaluation(["cw"])))


def test_scores_may_be_missing_only_where_no_rule_decides(make_evaluation: MakeEvaluation) -> None:
    with pytest.raises(DataError, match="has no 'pass@1'"):
        from_json(to_json(make_evaluation(["uu"], scores={})))
