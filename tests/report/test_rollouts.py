"""Which rollouts reach the page, and what is counted over all of them."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from aha.report.read import StageRecord, read_run
from aha.report.rollouts import (
    browse,
    effects_row,
    first_reflections,
    read_columns,
    read_groups,
    recheck_effects,
    spread,
)


def _stage(folder: Path, steps: dict[int, list[dict[str, object]]]) -> StageRecord:
    stage = StageRecord("zero", "rl", {})
    for step, rows in steps.items():
        stage.rollouts[step] = folder / f"step-{step:06d}.parquet"
        pq.write_table(pa.Table.from_pylist(rows), stage.rollouts[step])
    return stage


def _row(
    step: int, name: str, recheck: float = 0, repaired: float = 0, broke: float = 0, reward: float = 0.0
) -> dict[str, object]:
    return {
        "step": step,
        "group_id": f"g{step}",
        "rollout_id": name,
        "completion": "x" * 50,
        "reward": reward,
        "measure/recheck": recheck,
        "measure/backtrack": 0.0,
        "measure/another_approach": 0.0,
        "measure/repaired": repaired,
        "measure/broke": broke,
        "measure/format": 0.0,
    }


def test_spread_visits_every_step_once_from_the_outside_in() -> None:
    assert spread(list(range(9))) == [0, 8, 4, 2, 6, 1, 3, 5, 7]
    assert sorted(spread(list(range(100)))) == list(range(100))
    assert [spread(list(range(n))) for n in (0, 1, 2)] == [[], [0], [0, 1]]


def test_the_budget_keeps_first_and_last_rounds(finished: Path) -> None:
    stage = read_run(finished).stages[1]
    groups, steps = browse(stage, 40_000, set(), [])
    assert steps[0] == 1
    assert steps[-1] == 20
    assert 2 < len(steps) < 20
    everything, all_steps = browse(stage, 10**8, set(), [])
    assert len(groups) < len(everything) == 60
    assert all_steps == list(range(1, 21))


def test_pinned_groups_are_kept_beyond_the_budget(finished: Path) -> None:
    groups, _ = browse(read_run(finished).stages[1], 100, {"7:1"}, [])
    assert [group["id"] for group in groups] == ["7:1"]


def test_rollouts_of_a_group_come_by_falling_reward(tmp_path: Path) -> None:
    stage = _stage(tmp_path, {1: [_row(1, "low", reward=-1), _row(1, "high", reward=2), _row(1, "mid", recheck=2)]})
    group = read_groups(stage, 1, [])[0]
    assert [rollout["id"] for rollout in group["rollouts"]] == ["high", "mid", "low"]
    assert group["rollouts"][1]["measures"] == {"recheck": 2.0}
    assert group["rollouts"][1]["broken"] is True


def test_first_reflection_is_the_earliest(tmp_path: Path) -> None:
    stage = _stage(
        tmp_path, {1: [_row(1, "a")], 2: [_row(2, "b"), _row(2, "c", recheck=1)], 3: [_row(3, "d", recheck=1)]}
    )
    assert first_reflections(stage, []) == {"recheck": {"step": 2, "group": "g2", "id": "c"}}


def test_recheck_effects_divide_by_rechecks(tmp_path: Path) -> None:
    stage = _stage(tmp_path, {1: [_row(1, "a", 2, 1, 0), _row(1, "b")], 2: [_row(2, "c", 4, 1, 3)]})
    first, last = recheck_effects(stage, [])
    assert (first["texts"], first["rechecks"], first["repaired"], first["broke"]) == (2, 2, 0.5, 0.0)
    assert (last["repaired"], last["broke"]) == (0.25, 0.75)
    assert first["rates"]["recheck"] == 1.0
    assert "round 2" in last["label"]
    assert recheck_effects(StageRecord("zero", "rl", {}), []) == []


def test_effects_row_needs_texts() -> None:
    assert effects_row("corpus", {}) is None
    row = effects_row("corpus", {"texts": 10, "recheck": 0})
    assert row is not None
    assert row["repaired"] is None


def test_a_broken_file_is_noted(tmp_path: Path) -> None:
    unread: list[str] = []
    (tmp_path / "step-000001.parquet").write_bytes(b"PAR1")
    assert read_columns(tmp_path / "step-000001.parquet", unread, ("step",)) == []
    assert len(unread) == 1
    assert "rollouts/step-000001.parquet could not be read" in unread[0]


@pytest.mark.parametrize("columns", [("rollout_id",), ("rollout_id", "missing")])
def test_only_columns_that_exist_are_read(tmp_path: Path, columns: tuple[str, ...]) -> None:
    stage = _stage(tmp_path, {1: [_row(1, "a")]})
    assert read_columns(stage.rollouts[1], [], columns) == [{"rollout_id": "a"}]
