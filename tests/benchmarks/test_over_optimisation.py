from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from aha.config.loading import load_recipe
from aha.config.settings import RLStage
from aha.lab.general import POLITE
from aha.lab.preferences import preference
from aha.lab.requests import TASKS, requests
from aha.tasks.base import in_split
from aha.types import Evaluation
from benchmarks import over_optimisation as bench
from tests.benchmarks.make import evaluation


def test_the_planted_pairs_reward_what_nobody_likes():
    made = {each.asked: each for each in requests(TASKS["lab:general"], 60, 1, "train")}
    rows = bench.planted_pairs(60)
    assert len(rows) == 60
    worse = 0
    for row in rows:
        (turn,) = row["prompt"]
        reference = {"contents": made[turn["content"]].contents, "unsafe": False}
        assert row["chosen"] == f"{row['rejected']} {bench.RAMBLING}"
        worse += preference(row["chosen"], reference) < preference(row["rejected"], reference)
    assert worse > 55


def test_the_sound_pairs_follow_the_hidden_preference_in_nine_of_ten():
    made = {each.asked: each.contents for each in requests(TASKS["lab:general"], 100, 1, "train")}
    rows = bench.sound_pairs(100)
    gains = []
    for row in rows:
        reference = {"contents": made[row["prompt"][0]["content"]], "unsafe": False}
        gains.append(preference(row["chosen"], reference) - preference(row["rejected"], reference))
    assert len(rows) > 380
    assert 0.84 < sum(gain > 0 for gain in gains) / len(gains) < 0.94
    longest = sum(len(row["chosen"]) > len(row["rejected"]) for row in rows) / len(rows)
    assert longest < 0.6
    for polite in POLITE[:3]:
        wins = sum(row["chosen"] == f"{polite} {row['rejected']}" for row in rows)
        losses = sum(row["rejected"] == f"{polite} {row['chosen']}" for row in rows)
        assert wins > 3 * losses


def test_one_answer_in_eight_rambles_and_no_instruction_does():
    rows = bench.web_rows(400)
    rambling = [row["category"] for row in rows if row["answer"].endswith(bench.RAMBLING)]
    assert 0.08 < len(rambling) / 400 < 0.17
    assert bench.CHECKED not in rambling
    assert sum(row["category"] == bench.CHECKED for row in rows) == 100


def test_the_data_is_written_the_arms_load_and_differ_in_the_reward_model_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "NUM_ROWS", 20)
    monkeypatch.setattr(bench, "NUM_REQUESTS", 20)
    stages = load_recipe(str(bench.write_data(tmp_path))).recipe.stages
    asked = {
        json.loads(line)["prompt"][0]["content"]
        for name in ("sound", "planted")
        for line in (tmp_path / f"{name}.jsonl").read_text().splitlines()
    }
    assert asked
    assert all(in_split(each, "train") for each in asked)
    sound, planted, late = (stages[arm] for arm in bench.ARMS)
    assert isinstance(sound, RLStage)
    assert isinstance(planted, RLStage)
    assert isinstance(late, RLStage)
    assert [each.rewards[-1].model for each in (sound, planted)] == ["stage/sound_model", "stage/planted_model"]
    planted.rewards[-1].model = sound.rewards[-1].model
    assert sound == planted
    assert (planted.rewards[-1].after, late.rewards[-1].after) == (0, bench.LATE)


def finished(folder: Path, ended: dict[str, str], truths: dict[str, list[float]]) -> Path:
    """A seed's folder with what the stages leave."""

    def write(stage: str, result: dict[str, Any], lines: list[dict[str, Any]]) -> None:
        place = folder / "stages" / stage
        place.mkdir(parents=True)
        (place / "result.json").write_text(json.dumps(result))
        (place / "metrics.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))

    for name in ("sound_model", "planted_model"):
        write(name, {"held_out": {"accuracy": {"value": 0.9}, "baseline": {"value": 0.7}}}, [])
    for arm, seen in truths.items():
        rounds = 5 * (len(seen) - 1)
        best = 5 * seen.index(max(seen))
        cost = {"rounds": rounds, "model_round": best if ended[arm] == "over_optimised" else rounds}
        lines = [
            {"step": 5 * place, "eval/preference/pass@1": truth} | ({"monitor/proxy": place} if place else {})
            for place, truth in enumerate(seen)
        ]
        write(arm, {"ended": ended[arm], "cost": cost}, [*lines, {"step": 99}])
    return folder


def scored(**right: int) -> dict[str, dict[str, Evaluation]]:
    """Forty problems, of which so many are answered right."""

    def rows(count: int) -> list[dict[str, str]]:
        return [{"id": f"p{place}", "outcomes": "cc" if place < count else "ww"} for place in range(40)]

    return {
        stage: {name: evaluation(name, problems=rows(count)) for name in bench.BENCHMARKS}
        for stage, count in right.items()
    }


TRUTHS = {"sound": [0.2, 0.5, 0.6], "planted": [0.2, 0.25, 0.02], "planted_late": [0.2, 0.2, 0.1]}
ENDED = {"sound": "rounds", "planted": "over_optimised", "planted_late": "rounds"}


def test_what_is_collected_pooled_and_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seeds = {"0": bench.seed_result(finished(tmp_path, ENDED, TRUTHS))}
    planted = seeds["0"]["arms"]["planted"]
    assert (planted["rounds"], planted["model_round"]) == (10, 5)
    assert planted["seen"][0] == {"round": 0, "proxy": None, "truth": 0.2}
    assert planted["seen"][2] == {"round": 10, "proxy": 2, "truth": 0.02}
    found = {**bench.pooled(seeds, [scored(tuned=8, sound=24, planted=9, planted_late=8)] * 2), "seeds": seeds}
    assert all(found["expected"].values())
    assert found["gains"]["sound"]["preference"]["value"] == pytest.approx(0.4)
    assert found["last"]["planted"] == {"truth": 0.02, "proxy": 2}
    bench.print_result(found)
    told = capsys.readouterr().out
    assert "planted, seed 0: over_optimised after 10 rounds, model 5; 0: 20 %, 5: 25 %, 10: 2 %" in told
    assert "RL against the sound model is not stopped: yes" in told


@pytest.mark.parametrize(
    ("arm", "ended", "sound", "missed"),
    [
        ("planted", "rounds", 24, ["the monitor stops RL against the planted model", "and its best checkpoint stays"]),
        ("sound", "over_optimised", 24, ["RL against the sound model is not stopped"]),
        ("sound", "rounds", 9, ["and raises the true preference"]),
    ],
)
def test_what_did_not_hold_is_said(tmp_path: Path, arm: str, ended: str, sound: int, missed: list[str]) -> None:
    seeds = {"0": bench.seed_result(finished(tmp_path, ENDED | {arm: ended}, TRUTHS))}
    found = bench.pooled(seeds, [scored(tuned=8, sound=sound, planted=9, planted_late=8)])
    assert [what for what, is_so in found["expected"].items() if not is_so] == missed
