from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from aha.errors import DataError
from aha.runtime.rollout_store import Mode, read_rollouts, write_rollouts
from aha.types import Completion, Group, Problem, Rollout, Segment, Verdict, VerifierSpec

PROBLEM = Problem(
    "p-1",
    "lab:arithmetic",
    [{"role": "user", "content": "1+1?"}],
    2,
    VerifierSpec("number", {"lenient": True}),
    difficulty=1,
)


def rollout(group: str, number: int, **changes: object) -> Rollout:
    completion = Completion(
        request_id=f"{group}/{number}",
        token_ids_N=np.array([7, 8, 9], np.int32),
        logprobs_N=np.array([-0.5, -0.25, 0.0], np.float32),
        finish="stop",
        segments=[Segment("model", 0, 2, 4), Segment("model", 2, 3, 3)],
        text=f"2 한 {number}",
    )
    made = Rollout(
        id=f"{group}/{number}",
        group_id=group,
        problem=PROBLEM,
        prompt_ids=(1, 2),
        completion=completion,
        verdict=Verdict("correct", "2", "match", 0.125),
        rewards={"accuracy": 1.0, "format": None},
        reward=1.0,
        measures={"repetition": 0.5, "language": "en"},
    )
    return replace(made, **changes)  # type: ignore[arg-type]


GROUPS = [Group(name, [rollout(name, i) for i in range(2)]) for name in ("a", "b")]
ROW = {
    "step": 12,
    "group_id": "a",
    "rollout_id": "a/0",
    "problem_id": "p-1",
    "source": "lab:arithmetic",
    "difficulty": 1.0,
    "prompt": "1+1?",
    "completion": "2 한 0",
    "reference": "2",
    "verification": '{"verifier": "number", "reference": 2, "arguments": {"lenient": true}}',
    "outcome": "correct",
    "extracted": "2",
    "reason": "match",
    "detail": "",
    "reward": 1.0,
    "reward/accuracy": 1.0,
    "reward/format": None,
    "advantage": -0.5,
    "num_tokens": 3,
    "finish": "stop",
    "policy_version": 3,
    "prompt_ids": [1, 2],
    "token_ids": [7, 8, 9],
    "logprobs": [-0.5, -0.25, 0.0],
    "measure/repetition": 0.5,
    "measure/language": "en",
    "seconds": 0.125,
}


def test_every_column(tmp_path: Path) -> None:
    path = tmp_path / "step-000012.parquet"
    write_rollouts(path, GROUPS, {"a/0": -0.5}, "all", 4)
    rows = read_rollouts(path)
    assert rows[0] == ROW
    assert list(rows[0]) == list(ROW)
    assert [row["rollout_id"] for row in rows] == ["a/0", "a/1", "b/0", "b/1"]
    assert rows[1]["advantage"] is None
    assert read_rollouts(path, ["reason", "not there", "step"])[0] == {"reason": "match", "step": 12}


@pytest.mark.parametrize(("mode", "num_rows", "tokens"), [("all", 4, True), ("groups", 2, True), ("text", 4, False)])
def test_modes(tmp_path: Path, mode: Mode, num_rows: int, tokens: bool) -> None:
    path = tmp_path / "step-000001.parquet"
    write_rollouts(path, GROUPS, {}, mode, 1)
    rows = read_rollouts(path)
    assert len(rows) == num_rows
    assert ({"token_ids", "logprobs", "prompt_ids"} <= rows[0].keys()) is tokens
    assert ("token_ids" in rows[0]) is tokens


def test_mode_none_writes_nothing(tmp_path: Path) -> None:
    write_rollouts(tmp_path / "step-000001.parquet", GROUPS, {}, "none", 1)
    assert not list(tmp_path.iterdir())


def test_types_do_not_depend_on_the_values(tmp_path: Path) -> None:
    first, second = tmp_path / "step-000001.parquet", tmp_path / "step-000002.parquet"
    bare = rollout("a", 0, verdict=Verdict("undecided", None, "crash"), rewards={"accuracy": None, "format": None})
    bare.completion.logprobs_N = None
    bare.completion.segments = []
    write_rollouts(first, GROUPS, {"a/0": 0.5}, "all", 1)
    write_rollouts(second, [Group("a", [bare])], {}, "all", 1)
    assert pq.read_schema(first).equals(pq.read_schema(second))
    (row,) = read_rollouts(second)
    assert (row["logprobs"], row["policy_version"], row["extracted"], row["reward/accuracy"]) == (None,) * 4


def test_rows_with_different_names_and_odd_text(tmp_path: Path) -> None:
    messages = [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}]
    odd = rollout("a", 1, rewards={"own": 2}, measures={"n": 1})
    odd.problem = replace(PROBLEM, messages=messages, reference={"답": [1]})
    odd.completion.text = "nul\x00 surrogate\ud800 bidi\u202e"
    write_rollouts(tmp_path / "step-000001.parquet", [Group("a", [rollout("a", 0), odd])], {}, "all", 1)
    first, second = read_rollouts(tmp_path / "step-000001.parquet")
    assert (first["reward/own"], first["measure/n"]) == (None, None)
    assert (second["reward/own"], second["measure/n"], second["measure/language"]) == (2.0, 1.0, None)
    assert second["prompt"] == "system: s\n\nuser: u"
    assert second["reference"] == '{"답": [1]}'
    assert second["completion"] == "nul\x00 surrogate\\ud800 bidi\u202e"


def test_no_rollouts(tmp_path: Path) -> None:
    write_rollouts(tmp_path / "step-000001.parquet", [], {}, "all", 1)
    assert read_rollouts(tmp_path / "step-000001.parquet") == []


def test_unreadable_files_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"no rollouts at .*step-000001.*logging\.rollouts"):
        read_rollouts(tmp_path / "step-000001.parquet")
    (tmp_path / "step-000001.parquet").write_bytes(b"PAR1 not")
    with pytest.raises(DataError, match=r"step-000001\.parquet is not a readable Parquet file"):
        read_rollouts(tmp_path / "step-000001.parquet")
