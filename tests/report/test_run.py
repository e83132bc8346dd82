"""The report of a whole run: graph, stages beside each other, lineage, cost, data, reward models."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from aha.report.charts import sections
from aha.report.costs import costs
from aha.report.data_sets import data_sets
from aha.report.evaluations import pairs
from aha.report.lineage import flat_counts, lineage, short_hash
from aha.report.page import page_data, render_page, write_report
from aha.report.read import RunRecord, StageRecord, read_run
from aha.report.reads import planned, reads, root_of, scripted_in, short_place
from aha.report.run_graph import headline, run_graph
from aha.report.score_costs import AMOUNTS, score_costs, way_of
from aha.report.scorers import scorers
from aha.report.stage_table import stage_table
from aha.report.summary import sentences
from tests.report.fake_r1 import HOSTILE, STAGES, digest, write_fake_r1


@pytest.fixture(scope="module")
def r1(tmp_path_factory: pytest.TempPathFactory) -> RunRecord:
    return read_run(write_fake_r1(tmp_path_factory.mktemp("runs") / "lab-r1"))


def _plain(text: str) -> str:
    return text.replace("\u00a0", " ")


def test_every_stage_is_a_box_with_its_state_and_headline(r1: RunRecord) -> None:
    boxes = {box["id"]: box for box in run_graph(r1)["boxes"]}
    assert list(boxes) == ["model base", "model lab-small", *STAGES]
    lines = {name: [_plain(line) for line in box["lines"]] for name, box in boxes.items()}
    assert lines["zero"] == ["73 % heldout pass@1", "all rounds"]
    assert lines["dev1"] == ["31 % heldout pass@1", "30 updates"]
    assert lines["dev2"] == ["75 % heldout pass@1", "ended on a plateau"]
    assert lines["rejection"] == ["6,214 rows kept"]
    assert lines["helpful"] == ["93 % of held-out pairs"]
    assert (boxes["r1"]["state"], lines["r1"]) == ("running", ["running, round 30"])
    assert (boxes["last"]["state"], lines["last"]) == ("waiting", ["not begun"])
    assert boxes["fewshot"]["notes"] == ["model: writer (scripted)"]
    assert boxes["compare"]["notes"] == ["judge: judge (big-judge)"]
    assert boxes["reviewed"]["notes"] == ["mine.jsonl"]
    assert (boxes["model base"]["name"], boxes["model base"]["state"]) == ("base (lab)", "outside")


def test_arrows_say_what_flows(r1: RunRecord) -> None:
    arrows = {(arrow["from"], arrow["to"]): arrow["flow"] for arrow in run_graph(r1)["arrows"]}
    assert arrows[("model base", "dev3")] == "model"
    assert arrows[("zero", "rewrite")] == "model"
    assert arrows[("general", "dev3")] == "data"
    assert arrows[("compare", "helpful")] == "data"
    assert arrows[("helpful", "r1")] == "scorer"
    assert len(arrows) == 21


def test_what_is_not_finished_is_told_apart(r1: RunRecord) -> None:
    stopped = RunRecord(r1.path, r1.recipe, {}, {"state": "stopped"}, [], r1.stages, [])
    box = next(box for box in run_graph(stopped)["boxes"] if box["id"] == "r1")
    assert (box["state"], box["lines"]) == ("stopped", ["not finished, round 30"])


@pytest.mark.parametrize(
    ("result", "lines"),
    [
        ({"ended": "over_optimised"}, ["ended: over-optimised"]),
        ({"ended": "somehow", "num_rows": 5, "cost": {"rounds": 3}}, ["5 rows kept", "ended: somehow"]),
        ({"cost": {"rounds": 3}}, ["3 rounds"]),
        ({"cost": None}, []),
    ],
)
def test_headlines(result: dict[str, Any], lines: list[str]) -> None:
    assert headline(StageRecord("x", "rl", {}, result=result)) == lines


def test_a_fine_tuning_without_scores_shows_its_loss() -> None:
    stage = StageRecord("x", "sft", {}, metrics=[{"step": 1, "loss": 1.23456}, {"step": 2}], result={"key": "k"})
    assert headline(stage) == ["loss 1.23"]


def test_an_endpoint_is_a_writer_wherever_it_answers(r1: RunRecord) -> None:
    run = replace(r1, recipe={"models": {"teacher": "http://localhost:1/v1#m", "base": "lab"}})
    for kind in ("rejection", "preference"):
        assert [read.flow for read in reads(run, {"kind": kind, "model": "teacher"})] == ["writer"]
        assert [read.flow for read in reads(run, {"kind": kind, "model": "base"})] == ["model"]


def test_reads_of_settings(r1: RunRecord) -> None:
    found = [(read.key, read.name, read.flow) for read in reads(r1, planned(r1)["rewrite"])]
    assert found == [("model", "stage/zero", "model"), ("writer.model", "writer", "writer")]
    mixed = {
        "kind": "rl", "model": "base", "evaluate": {"on": ["file:no.jsonl"], "final_on": ["file:no.jsonl"]},
        "data": {"tasks": ["lab:mixed", {"name": "file:/a/b.jsonl"}]}, "filters": {"decontaminate": ["file:no"]},
        "rewards": [{"name": "helpful", "model": "stage/helpful"}],
    }  # fmt: skip
    assert [(read.key, read.shown, read.flow) for read in reads(r1, mixed)] == [
        ("model", "base (lab)", "model"),
        ("data.tasks.1", "b.jsonl", "data"),
        ("rewards.0.model", "helpful", "scorer"),
    ]
    assert [root_of(r1, name) for name in ("r1", "student", "last", "general")] == ["lab", "lab-small", "lab", None]
    assert scripted_in(r1) == {
        "fewshot": ["model"],
        "rewrite": ["writer"],
        "rejection": ["judge"],
        "general": ["writer"],
    }
    assert [short_place(place) for place in ("http://h:1/v1#m", "http://h:1/v1", "/a/b/", "owner/name")] == [
        "m", "h:1/v1", "b", "name"
    ]  # fmt: skip


def test_the_table_marks_the_best_and_those_that_reach_it(r1: RunRecord) -> None:
    table = stage_table(r1)
    assert [column["label"] for column in table["columns"]] == [
        "heldout", "format right", "language consistency", "repetition", "mean tokens"
    ]  # fmt: skip
    rows = {row["stage"]: row["cells"] for row in table["rows"]}
    assert list(rows) == ["base", "zero", "dev1", "dev2", "dev3", "r1", "student"]
    assert {name: ("best" in cells[0], "near" in cells[0]) for name, cells in rows.items() if len(cells[0]) > 3} == {
        "r1": (True, False), "dev2": (False, True)
    }  # fmt: skip
    assert [name for name, cells in rows.items() if cells[1].get("best")] == ["dev3", "r1"]
    assert not any(cell.get("best") for cells in rows.values() for cell in cells[3:])
    assert rows["base"][2] is None
    assert table["rows"][0]["of"] == "base (lab)"
    assert stage_table(RunRecord(Path(), {}, {}, {}, [], r1.stages[:1], []))["rows"] == []


def test_lineage_names_inputs_hashes_and_counts(r1: RunRecord) -> None:
    rows = {row["stage"]: row for row in lineage(r1)}
    assert list(rows) == [name for name in STAGES if name != "last"]
    assert rows["dev1"]["from"][1] == {
        "key": "data.0", "name": "fewshot", "flow": "data", "scripted": False, "hash": digest("d0")[:10]
    }  # fmt: skip
    assert rows["rewrite"]["from"][1]["scripted"]
    assert (rows["rejection"]["what"], rows["rejection"]["rows"]) == ("data", 6214)
    assert rows["rejection"]["hash"] == digest("data rejection")[:10]
    assert rows["rejection"]["counts"][2:] == [
        "answers lost 4",
        "answers dropped: wrong 311, mixed language 42, repetition 17, leaked 3, duplicate 29",
        "kept 6,214",
    ]
    assert (rows["base"]["what"], rows["dev3"]["what"], rows["r1"]["what"]) == ("scores", "model", "")
    assert rows["dev2"]["ended"] == "plateau"
    assert [short_hash(value) for value in ("scripted", "http://h:1/v1#m", None)] == ["scripted", "http://h:1/v1#m", ""]
    assert flat_counts({"a": {"b_c": {"d": 1}}, "e": True, "f": 0}) == [{"label": "a: b c: d", "count": 1}]


def test_files_have_the_hash_of_their_path(tmp_path: Path) -> None:
    stage = StageRecord("x", "rl", {"data": {"tasks": ["file:/a/b.jsonl"]}}, inputs={"file /a/b.jsonl": digest("b")})
    run = RunRecord(tmp_path, {}, {}, {}, [], [stage], [])
    assert lineage(run)[0]["from"][0]["hash"] == digest("b")[:10]


def test_costs_add_up(r1: RunRecord) -> None:
    found = costs(r1)
    rows = {row["stage"]: row for row in found["rows"]}
    assert (rows["zero"]["sampled"], rows["zero"]["asked"], rows["zero"]["trained"]) == (400_000, None, 350_000)
    assert (rows["rewrite"]["sampled"], rows["rewrite"]["asked"]) == (512_000, 90_000)
    assert rows["zero"]["total"] == 61 * 4 + 49
    assert rows["r1"]["seconds"] == {"update": 30.0}
    assert found["phases"][0] == "sample"
    assert found["sums"]["total"] == pytest.approx(sum(row["total"] for row in found["rows"]))
    assert found["sums"]["asked"] == 6 * 90_000


def test_a_score_stands_beside_the_tokens_of_all_stages_before_it(r1: RunRecord) -> None:
    found = score_costs(r1)
    assert found["benchmark"] == "heldout"
    assert {row["stage"]: tuple(row[name] for name in AMOUNTS) for row in found["rows"]} == {
        "base": (0, 0, 0),
        "zero": (350_000, 400_000, 0),
        "dev1": (350_000, 0, 3 * 602_000),
        "dev2": (700_000, 400_000, 3 * 602_000),
        "dev3": (350_000, 0, 2 * 602_000),
        "r1": (350_000, 0, 2 * 602_000),
        "student": (350_000, 0, 2 * 602_000),
    }
    rows = {row["stage"]: row for row in found["rows"]}
    assert rows["dev2"]["own"] == {"trained": 350_000, "generated": 400_000, "data": 0}
    assert rows["dev1"]["own"] is None
    assert rows["zero"]["score"] == {"value": 0.73, "low": 0.73 - 0.025, "high": 0.73 + 0.025}
    assert [way_of(r1, name) for name in ("last", "student", "base")] == [["r1", "dev3"], ["student"], []]


def test_data_that_came_of_other_data_counts_both_and_each_once() -> None:
    settings: dict[str, dict[str, Any]] = {
        "first": {"kind": "collect", "model": "w"},
        "second": {"kind": "collect", "model": "w", "examples": "stage/first"},
        "a": {"kind": "sft", "model": "m", "data": ["stage/second", "stage/first"]},
        "b": {"kind": "sft", "model": "stage/a", "data": ["stage/second"]},
    }
    costs_of = {"first": {"answers_tokens": 10}, "second": {"answers_tokens": 5}, "a": {"trained_tokens": 3}, "b": {}}
    scored = {"heldout": {"pass@1": {"value": 0.5}}}
    stages = [
        StageRecord(
            name, value["kind"], value, result={"cost": costs_of[name]}, evaluations=scored if name in "ab" else {}
        )
        for name, value in settings.items()
    ]
    run = RunRecord(Path(), {"stages": settings}, {}, {}, [], stages, [])
    assert [tuple(row[name] for name in AMOUNTS) for row in score_costs(run)["rows"]] == [(3, 0, 15), (3, 0, 15)]
    assert score_costs(replace(run, stages=stages[:3]))["rows"] == []
    assert score_costs(replace(run, stages=[]))["rows"] == []


def test_data_is_told_with_its_filters_and_texts_of_both_kinds(r1: RunRecord) -> None:
    found = {one["stage"]: one for one in data_sets(r1)}
    assert list(found) == ["fewshot", "rewrite", "reviewed", "rejection", "general", "compare"]
    one = found["rejection"]
    assert [bars["title"] for bars in one["bars"]] == ["answers dropped by"]
    assert one["bars"][0]["rows"][0] == {"label": "wrong", "count": 311}
    assert one["tables"] == [
        {"heads": ["by domain", "problems", "kept"], "rows": [["math", 9.0, 3.0], ["code", 2, None]]}
    ]
    assert {"label": "answers lost", "count": 4} in one["numbers"]
    assert [part["name"] for part in one["kept_texts"][0]["parts"]] == ["user", "assistant"]
    assert [part["name"] for part in found["compare"]["kept_texts"][0]["parts"]] == ["user", "chosen", "rejected"]
    assert found["compare"]["kept_texts"][0]["facts"] == {"id": "p", "margin": 2}
    assert one["dropped_texts"][0]["rule"] == "answers: wrong"
    assert one["dropped_texts"][0]["facts"] == {"problem": "lab-7", "why": "mismatch"}
    assert (one["scripted"], found["compare"]["scripted"]) == (["judge"], [])


def test_a_stage_that_was_left_with_nothing_is_told_from_its_event(tmp_path: Path) -> None:
    path = write_fake_r1(tmp_path / "run")
    (path / "stages/rejection/result.json").unlink()
    (path / "stages/rejection/data/examples.jsonl").write_bytes(b"{broken\n")
    event = {"kind": "nothing_left", "stage": "rejection", "counts": {"answers": 9, "answers_dropped": {"wrong": 9}}}
    (path / "events.jsonl").write_text(json.dumps(event | {"examples": {"wrong": "a text"}}) + "\n")
    run = read_run(path)
    found = next(one for one in data_sets(run) if one["stage"] == "rejection")
    assert found["empty"]
    assert found["bars"] == [{"title": "answers dropped by", "rows": [{"label": "wrong", "count": 9}]}]
    assert found["dropped_texts"] == [{"rule": "wrong", "text": "a text", "facts": {}}]
    assert run.unread == ["A row of examples.jsonl of rejection is no JSON."]


def test_reward_models_are_told_in_words_and_bins(r1: RunRecord) -> None:
    (one,) = scorers(r1)
    assert (one["stage"], one["sees"], one["what"]) == ("helpful", "summary", "pairs")
    facts = {fact["label"]: fact["text"] for fact in one["facts"]}
    assert facts["held-out accuracy"] == "93 % [90–95]"
    assert facts["always the longer answer"] == "52 % [47–57]"
    assert facts["length bias: correlation of scores with lengths, from -1 to 1"] == "0.08"
    assert facts["judgements"] == "210"
    assert one["calibration"]["labels"] == ["55 %", "75 %", "95 %"]
    assert one["calibration"]["series"][0]["y"] == pytest.approx([0.53, 0.73, 0.93])
    bare = StageRecord("x", "reward_model", {"labels": ["file:a"]}, result={"held_out": {"accuracy": {"value": None}}})
    assert scorers(RunRecord(Path(), {}, {}, {}, [], [bare], []))[0] == {
        "stage": "x", "sees": "response", "what": "labels", "facts": [], "calibration": None
    }  # fmt: skip


def test_a_student_of_another_family_does_not_end_the_comparison(r1: RunRecord) -> None:
    assert [(pair.before_stage, pair.after_stage) for pair in pairs(r1)] == [("base", "r1")]
    told = " ".join(sentences(r1))
    assert "Stage r1 trained for 30 rounds" in told
    assert "13 of 15 stages are done: dev2 ended on a plateau." in told


def test_a_model_of_another_descent_that_comes_first_does_not_prevent_a_comparison(r1: RunRecord) -> None:
    by_name = {stage.name: stage for stage in r1.stages}
    turned = replace(r1, stages=[by_name[name] for name in ("student", "dev3", "r1")])
    assert [(pair.before_stage, pair.after_stage) for pair in pairs(turned)] == [("dev3", "r1")]


def test_rounds_that_a_token_budget_made_superfluous_were_not_missed(r1: RunRecord) -> None:
    zero = next(stage for stage in r1.stages if stage.name == "zero")
    for ended, words in (("tokens", "trained for 30 rounds"), ("plateau", "trained for 30 of 200 rounds")):
        stage = replace(zero, settings=zero.settings | {"rounds": 200}, result=zero.result | {"ended": ended})
        assert words in " ".join(sentences(replace(r1, stages=[stage])))


def test_fine_tuning_shows_its_loss_and_no_empty_charts(r1: RunRecord) -> None:
    found = sections(next(stage for stage in r1.stages if stage.name == "dev1"))
    assert [chart["name"] for chart in found["figures"]] == ["loss"]
    assert "negative log-probability" in found["figures"][0]["caption"]
    assert [chart["name"] for chart in found["health"]] == ["grad", "lr", "time"]
    assert found["reflection"] == []
    charts = [chart for drawn in found.values() for chart in drawn]
    assert all(chart["step"] == "update" and not chart["missing"] for chart in charts)


def test_hostile_texts_of_data_stay_data(r1: RunRecord) -> None:
    data = page_data(r1)
    assert HOSTILE in data["data_sets"][0]["kept_texts"][0]["parts"][0]["text"]
    text = render_page(data)
    assert "<img" not in text
    assert text.count("<script") == 2


@pytest.mark.parametrize("odd", [None, 3, "x", [1], {"a": {"b": "c"}}, True], ids=str)
def test_results_and_settings_of_any_shape_have_a_page(r1: RunRecord, odd: Any) -> None:
    """A newer or a broken result may hold anything under any key."""
    keys = ("held_out", "counts", "cost", "timing", "ended", "dropped_examples", "by_domain", "num_rows", "data_hash")
    for name in ("zero", "rejection", "helpful", "dev1"):
        whole = next(stage for stage in r1.stages if stage.name == name)
        for key in keys:
            stage = replace(whole, result=whole.result | {key: odd})
            run = replace(r1, stages=[stage], events=[{"kind": "nothing_left", "stage": name, "counts": odd}])
            for make in (run_graph, stage_table, lineage, costs, score_costs, data_sets, scorers, sentences):
                make(run)
        stage = replace(whole, settings={"kind": odd, "model": odd, "data": odd, "writer": odd, "pairs": odd})
        stage.result = {"held_out": {"accuracy": odd, "bins": [odd], "baseline": odd, "baseline_name": odd}}
        run = replace(r1, stages=[stage], recipe={"models": odd, "stages": {name: odd}})
        for make in (run_graph, stage_table, lineage, costs, score_costs, data_sets, scorers, sentences):
            make(run)


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("chromium") is None, reason="needs chromium")
def test_a_browser_draws_the_whole_run_and_texts_add_no_element(tmp_path: Path) -> None:
    page = write_report(write_fake_r1(tmp_path / "run"))
    flags = (
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        f"--user-data-dir={tmp_path / 'profile'}",
        "--virtual-time-budget=2000",
        "--dump-dom",
    )
    done = subprocess.run(["chromium", *flags, page.as_uri()], capture_output=True, text=True, timeout=200, check=True)
    drawn = done.stdout
    assert len(re.findall(r'<g class="stage ', drawn)) == len(STAGES) + 2
    assert len(re.findall(r'<path [^>]*class="arrow flow-[a-z]+" marker-end', drawn)) == 21
    for name in ("run", "stages", "lineage", "costs", "data", "scorers", "figures"):
        assert f'<section id="{name}"' in drawn, name
    assert "tokens through the update" in drawn
    assert drawn.count("<script") == 2
    assert "<img" not in drawn
