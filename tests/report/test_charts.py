"""Charts say what is there, in which unit, and what is not."""

from __future__ import annotations

from pathlib import Path

from aha.report.charts import SECTIONS, figure_charts, health_charts, time_chart, watched_charts
from aha.report.plots import draw
from aha.report.read import StageRecord, read_run
from aha.report.series import (
    MAX_POINTS,
    chart,
    column,
    eval_benchmarks,
    eval_points,
    number,
    points,
    score_names,
    series,
    short_name,
    trained_tokens,
)


def _stage(lines: list[dict[str, float]]) -> StageRecord:
    stage = StageRecord("zero", "rl", {"sampling": {"num_problems": 2, "group_size": 3}, "evaluate": {"k": 4}})
    stage.metrics = lines
    return stage


def test_the_two_figures_start_before_training_and_carry_bands() -> None:
    stage = _stage(
        [
            {
                "step": 0,
                "eval/lab:heldout/pass@1": 0.2,
                "eval/lab:heldout/pass@1/low": 0.1,
                "eval/lab:heldout/pass@1/high": 0.3,
                "eval/lab:heldout/cons@k": 0.4,
                "eval/ood/pass@1": 0.1,
            },
            {"step": 1, "length/mean": 30.0},
        ]
    )
    accuracy, length = figure_charts(stage)
    assert [s["label"] for s in accuracy["series"]] == ["heldout pass@1", "heldout cons@4", "ood pass@1"]
    assert accuracy["series"][0] == {"label": "heldout pass@1", "x": [0], "y": [0.2], "low": [0.1], "high": [0.3]}
    assert accuracy["unit"] == "percent"
    assert length["series"] == [{"label": "training, mean", "x": [1], "y": [30.0]}]


def test_every_chart_of_an_empty_stage_says_that_it_is_empty() -> None:
    for make in SECTIONS.values():
        for one in make(_stage([])):
            assert one["missing"]
            assert one["series"] == []


def test_health_has_the_issue_s_curves(finished: Path) -> None:
    stage = read_run(finished).stages[1]
    assert [c["name"] for c in health_charts(stage)] == [
        "entropy",
        "kl",
        "clip",
        "groups",
        "gap",
        "grad",
        "loss",
        "lr",
        "time",
    ]


def test_time_is_stacked_with_the_longest_phase_first() -> None:
    stage = _stage([])
    stage.timing = [{"step": 1, "seconds/a": 1.0, "seconds/b": 5.0}, {"step": 2, "seconds/b": 5.0}]
    one = time_chart(stage)
    assert one["stacked"]
    assert [(s["label"], s["y"]) for s in one["series"]] == [("b", [5.0, 5.0]), ("a", [1.0, 0.0])]


def test_long_curves_are_averaged() -> None:
    one = series("a", [(step, float(step)) for step in range(1, 3001)])
    assert len(one["x"]) == MAX_POINTS
    assert (one["x"][0], one["y"][0]) == (5, 3.0)
    assert series("a", []) == {"label": "a", "x": [], "y": []}


def test_points_skip_what_is_no_finite_number() -> None:
    lines = [
        {"step": 1, "a": 1},
        {"step": 2, "a": None},
        {"step": 3, "a": float("inf")},
        {"step": 4, "a": True},
        {"step": 5},
    ]
    assert points(lines, "a") == [(1, 1.0)]
    assert number("1") is None
    assert column(_stage(lines), "label", "a")["y"] == [1.0]
    assert chart("n", "T", "", [series("a", [])], "nothing", "")["missing"] == "nothing"


def test_benchmarks_put_heldout_first() -> None:
    stage = _stage(
        [
            {
                "step": 0,
                "eval/a/pass@1": 0.1,
                "eval/heldout/pass@1": 0.2,
                "eval/heldout/cons@8": 0.3,
                "eval/heldout/mean_tokens": 9.0,
            }
        ]
    )
    assert eval_benchmarks(stage) == ["heldout", "a"]
    assert score_names(stage, "heldout") == ["pass@1", "cons@8"]
    assert eval_points(stage, "mean_tokens") == [(0, 9.0)]
    assert eval_points(_stage([]), "mean_tokens") == []


def test_trained_tokens_add_up() -> None:
    lines = [{"step": 0.0}, {"step": 1, "num_trained_tokens": 10.0}, {"step": 2, "num_trained_tokens": 20.0}]
    assert trained_tokens(_stage(lines)) == {0: 0.0, 1: 10.0, 2: 30.0}


def test_names_of_files_lose_their_folders() -> None:
    names = ("lab:heldout", "file:/data/sums.jsonl", "/a/b/letters.py:letters", "accuracy")
    assert [short_name(name) for name in names] == ["heldout", "sums.jsonl", "letters.py:letters", "accuracy"]


def test_plots_draw_only_what_has_data() -> None:
    band = series("_$a$", [(0, 0.1), (1, 0.2)], ([(0, 0.0), (1, 0.1)], [(0, 0.2), (1, 0.3)]))
    drawn = draw([chart("x", "T $", "percent", [band], "", ""), chart("empty", "T", "", [], "none", "")])
    assert list(drawn) == ["x"]
    assert drawn["x"].startswith(b"\x89PNG")


def test_the_monitor_and_refusals_are_drawn_where_they_were_logged() -> None:
    stage = _stage([])
    assert watched_charts(stage) == []
    stage.settings["monitor"] = {"reward": "helpful", "truth": "lab:preference"}
    stage.metrics = [
        {"step": 1, "monitor/proxy": 0.5, "eval/preference/pass@1": 0.7, "eval/heldout/pass@1": 0.9},
        {"step": 2, "refusal_rate/safety": 0.4, "refusal_rate/general": 0.1},
    ]
    monitor, refusals = watched_charts(stage)
    assert [(one["label"], one["y"]) for one in monitor["series"]] == [
        ("the reward (mean points)", [0.5]),
        ("preference pass@1", [0.7]),
    ]
    assert [one["label"] for one in refusals["series"]] == ["general", "safety"]
    assert [one["name"] for one in SECTIONS["rewards"](stage)] == ["rewards", "shares", "monitor", "refusals"]
