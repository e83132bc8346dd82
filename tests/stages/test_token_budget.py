"""A budget of tokens through the update: RL and fine-tuning end with the update that reaches it, and resume to it."""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from aha.config.amounts import amounts
from aha.config.learners import OptimizerSettings
from aha.config.loading import load_recipe
from aha.config.settings import RLStage
from aha.engines.native_learner import NativeLearner
from aha.errors import ConfigError, Interrupted
from aha.report.read import StageRecord
from aha.report.run_graph import headline
from aha.rollouts.examples import Dataset, Example
from aha.rollouts.mixture import Mixture
from aha.rollouts.pack import num_trained_tokens
from aha.runtime import files
from aha.runtime.metrics import read_lines
from aha.stages.finish import in_words
from aha.stages.interrupt import StopRequest
from aha.stages.progress import Progress
from aha.stages.rl import train
from aha.stages.sft import SFTProgress
from aha.stages.sft import train as fine_tune
from benchmarks.measuring.same_run import differences
from tests.parity.tiny import tiny_learner, tiny_model, tiny_samples
from tests.resume.test_kill import Case, start, whole
from tests.resume.tiny_run import make_inputs
from tests.stages.test_sft import parts as sft_parts
from tests.stages.world import make_parts, scores_of, settings


def seen(parts: Any) -> list[int]:
    """Tokens that each update was given."""
    return [num_trained_tokens(update) for update in parts.learner.seen]


@pytest.fixture
def unbounded(tmp_path: Path) -> list[int]:
    """Tokens of each update of a stage without a budget: three rounds of three updates."""
    parts = make_parts(tmp_path / "unbounded", settings(rounds=3, algorithm={"num_updates": 3}))
    assert train(parts).num_trained_tokens == sum(seen(parts))
    return seen(parts)


@pytest.mark.parametrize("last", [2, 4, 5])
def test_rl_ends_with_the_update_that_reaches_the_budget_within_a_round_too(
    tmp_path: Path, unbounded: list[int], last: int
) -> None:
    for name, budget in (("reached", sum(unbounded[: last + 1])), ("one less", sum(unbounded[:last]) + 1)):
        stage = settings(rounds=3, algorithm={"num_updates": 3}, max_trained_tokens=budget)
        parts = make_parts(tmp_path / name, stage)
        progress = train(parts)
        assert seen(parts) == unbounded[: last + 1]
        assert progress.num_trained_tokens == sum(unbounded[: last + 1])
        assert (progress.update, progress.round, progress.ended(stage)) == (last + 1, last // 3 + 1, "tokens")


def test_a_budget_that_the_rounds_do_not_reach_does_not_end_the_stage(tmp_path: Path, unbounded: list[int]) -> None:
    stage = settings(rounds=3, algorithm={"num_updates": 3}, max_trained_tokens=sum(unbounded) + 1)
    parts = make_parts(tmp_path, stage)
    assert train(parts).ended(stage) == "rounds"
    assert seen(parts) == unbounded


def test_the_model_is_scored_and_saved_where_the_budget_ends_it(tmp_path: Path, unbounded: list[int]) -> None:
    stage = settings(
        rounds=9, algorithm={"num_updates": 3}, max_trained_tokens=sum(unbounded[:4]), evaluate={"on": ["heldout"]}
    )
    parts = make_parts(tmp_path, stage, evaluate=lambda name: scores_of(0.5))
    assert [step for step, _ in train(parts).scores] == [0, 2]
    assert sorted(path.name for path in parts.directory.checkpoints.iterdir()) == ["step-000002"]
    timing = read_lines(parts.directory.timing)
    assert timing[-1]["eta_seconds"] == 0
    one_round = sum(unbounded[:3])
    assert Progress(round=1, num_trained_tokens=one_round).rounds_left(stage) == pytest.approx(unbounded[3] / one_round)
    assert Progress(round=1).rounds_left(stage) == 8


def test_a_stopped_rl_stage_goes_on_to_the_same_budget(tmp_path: Path, unbounded: list[int]) -> None:
    stage = settings(rounds=9, algorithm={"num_updates": 3}, max_trained_tokens=sum(unbounded[:7]))

    class StopAtFour(StopRequest):
        def check(self) -> None:
            if cut.learner.update_count == 3:
                raise Interrupted("stopped")

    undisturbed, cut = make_parts(tmp_path / "whole", stage), make_parts(tmp_path / "cut", stage)
    cut.stop = StopAtFour()
    with pytest.raises(Interrupted):
        train(cut)
    again = make_parts(tmp_path / "cut", stage)
    assert train(again) == train(undisturbed)
    assert torch.equal(again.learner.weight, undisturbed.learner.weight)  # type: ignore[attr-defined]
    assert again.directory.metrics.read_bytes() == undisturbed.directory.metrics.read_bytes()
    assert seen(again) == unbounded[3:7]


def test_a_killed_run_with_a_budget_ends_in_the_same_bytes(tmp_path: Path) -> None:
    make_inputs(tmp_path)
    case = Case("tiny", 9, {"max_trained_tokens": 70, "optimizer": {"lr": 1e-2, "schedule": "linear"}})
    whole(tmp_path, "whole", case)
    num_calls, chance = int((tmp_path / "count.txt").read_text()), random.Random(0)
    for _ in range(2):
        os.waitpid(start(tmp_path, tmp_path / "cut", case, chance.randrange(num_calls // 4, num_calls // 2)), 0)
    whole(tmp_path, "cut", case)
    assert differences(tmp_path / "whole", tmp_path / "cut") == []
    result = files.read_json(tmp_path / "whole" / "stages" / "zero" / "result.json")
    assert result is not None
    assert result["ended"] == "tokens"
    assert result["cost"]["rounds"] < 9
    assert 70 <= result["cost"]["trained_tokens"] <= 70 + 3 * 8
    learner = files.read_json(
        next((tmp_path / "whole" / "stages" / "zero" / "checkpoints").glob("step-*")) / "learner" / "learner.json"
    )
    assert learner is not None
    assert learner["num_trained_tokens"] > 0
    lines = read_lines(tmp_path / "whole" / "stages" / "zero" / "metrics.jsonl")
    assert lines[-1]["lr"] == pytest.approx(1e-3)


def budgeted(budget: int | None) -> NativeLearner:
    """A learner at a falling rate, made as a stage with this budget makes it."""
    like = tiny_learner(tiny_model())
    optimizer = OptimizerSettings(lr=1e-2, schedule="linear", end_frac=0.1, warmup=1)
    return NativeLearner(tiny_model(), like.algorithm, optimizer, like.engine, 10, 0.7, like.device, like.world, budget)


def test_a_falling_rate_has_its_end_with_the_update_that_spends_the_budget(tmp_path: Path) -> None:
    samples = [tiny_samples(seed=seed) for seed in range(4)]
    sizes = [num_trained_tokens(part) for part in samples]
    learner = budgeted(sum(sizes[:4]))
    rates = [learner.update(part)["lr"] for part in samples[:2]]
    learner.save(tmp_path)
    resumed = budgeted(sum(sizes))
    resumed.load(tmp_path)
    assert resumed.num_trained_tokens == sum(sizes[:2])
    older = tmp_path / "older"
    budgeted(None).save(older)
    counters = files.read_json(older / "learner.json") or {}
    files.write_json(older / "learner.json", {name: value for name, value in counters.items() if "trained" not in name})
    budgeted(None).load(older)
    rates += [resumed.update(part)["lr"] for part in samples[2:]]
    shares = [sum(sizes[: place + 1]) / sum(sizes) for place in range(4)]
    assert rates == pytest.approx([1e-2, *(1e-2 * (1 - 0.9 * share) for share in shares[1:])])
    assert rates[-1] == pytest.approx(1e-3)


def test_without_a_budget_or_where_the_updates_end_first_the_rate_follows_the_updates() -> None:
    samples = [tiny_samples(seed=seed) for seed in range(3)]
    plain, far = budgeted(None), budgeted(10**12)
    rates = [plain.update(part)["lr"] for part in samples]
    assert rates == pytest.approx([1e-2, 1e-2, 1e-2 * (1 - 0.9 / 8)])
    assert [far.update(part)["lr"] for part in samples] == pytest.approx(rates)


def examples(*sizes: int) -> Dataset:
    """Rows of a prompt of two tokens and an answer of so many."""
    return Dataset(
        "d",
        1.0,
        [Example(row, ((np.zeros(2 + size, dtype=np.int32), ((2, 2 + size),)),)) for row, size in enumerate(sizes)],
    )


def test_fine_tuning_ends_with_the_update_that_reaches_the_budget(tmp_path: Path) -> None:
    free = Mixture([examples(*range(1, 8))], epochs=2, batch_size=2, seed=1)
    sizes = [num_trained_tokens(free.samples(update)) for update in range(free.num_updates)]
    assert sum(sizes) == 2 * 28
    for budget, updates in ((sum(sizes[:3]), 3), (sum(sizes[:3]) + 1, 4), (1, 1), (57, 7)):
        data = Mixture([examples(*range(1, 8))], epochs=2, batch_size=2, seed=1, max_trained_tokens=budget)
        assert data.num_updates == updates
    assert Mixture([examples(5)], epochs=9, batch_size=1, seed=1, max_updates=2, max_trained_tokens=20).num_updates == 2
    data = Mixture([examples(*range(1, 8))], epochs=2, batch_size=2, seed=1, max_trained_tokens=sum(sizes[:3]))
    made = sft_parts(tmp_path, data=data, settings={"max_trained_tokens": sum(sizes[:3])})
    progress = fine_tune(made)
    assert (progress.update, progress.num_trained_tokens, progress.ended(made.stage)) == (3, sum(sizes[:3]), "tokens")


def test_why_fine_tuning_ended(tmp_path: Path) -> None:
    stage = sft_parts(tmp_path, settings={"max_trained_tokens": 100, "max_updates": 7}).stage
    assert SFTProgress(update=7, num_trained_tokens=100).ended(stage) == "tokens"
    assert SFTProgress(update=7, num_trained_tokens=99).ended(stage) == "updates"
    assert SFTProgress(update=6, num_trained_tokens=99).ended(stage) == "epochs"


def test_the_end_is_told_in_words() -> None:
    assert "the tokens are spent (max_trained_tokens)" in in_words("tokens", 12, 12)
    for ended, words in (("tokens", "token budget spent"), ("epochs", "all epochs"), ("updates", "all updates")):
        assert headline(StageRecord("x", "sft", {}, result={"ended": ended})) == [words]


def test_what_begins_late_needs_a_known_number_of_updates() -> None:
    load_recipe("lab-zero", ["zero.max_trained_tokens=1000"])
    for late in (
        "zero.data.tasks=[lab:mixed, {name: lab:arithmetic, after: 0.5}]",
        "zero.rewards=[{name: accuracy}, {name: format, after: 0.5}]",
    ):
        with pytest.raises(ConfigError, match="max_trained_tokens leaves open how many there are"):
            load_recipe("lab-zero", ["zero.max_trained_tokens=1000", late])


def test_the_dry_run_trains_on_the_budget_and_the_update_that_reaches_it() -> None:
    stage = load_recipe("lab-zero", ["zero.max_trained_tokens=1000"]).recipe.stages["zero"]
    assert isinstance(stage, RLStage)
    free = stage.model_copy(update={"max_trained_tokens": None})
    saved = 60 * 256 * 256 - (1000 + 256 * 256)
    assert amounts(free, {}).trained - amounts(stage, {}).trained == saved  # type: ignore[operator]
