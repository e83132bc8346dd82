"""A critic that is missing, idle, or cannot be meant is refused by the keys' names before anything runs."""

from __future__ import annotations

from pathlib import Path

import pytest

from aha.config.effective import effective
from aha.config.loading import load_recipe
from aha.config.settings import RLStage
from aha.config.yaml_files import dump
from aha.errors import ConfigError

STAGE = """\
name: small
stages:
  helpful: {kind: reward_model, model: base, pairs: [file:pairs.jsonl]}
  zero:
    kind: rl
    model: base
    rounds: 3
    preset: ppo
    data: {tasks: [lab:arithmetic]}
    sampling: {num_problems: 2, group_size: 2}
"""


def load(tmp_path: Path, more: str = "    critic: {}\n", *overrides: str) -> RLStage:
    path = tmp_path / "small.yaml"
    path.write_text(STAGE + more, encoding="utf-8")
    loaded = load_recipe(str(path), overrides)
    stage = loaded.recipe.stages["zero"]
    assert isinstance(stage, RLStage)
    assert not loaded.notices
    again = tmp_path / "again.yaml"
    again.write_text(dump(effective(loaded.recipe)), encoding="utf-8")
    assert load_recipe(str(again)).recipe == loaded.recipe
    return stage


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("", r"preset ppo: .* algorithm\.baseline = critic, but the stage has no critic\. Add it: zero\.critic=\{\}"),
        ("    critic: {}\n    algorithm: {scale: group_std}\n", r"algorithm\.scale = group_std divides by .* group"),
        ("    critic: {num_updates: 5}\n", r"critic\.num_updates = 5, but a round has only 4 rollouts"),
        ("    critic: {num_updates: 2, optimizer: {warmup: 6}}\n", r"critic\.optimizer\.warmup = 6 never ends in 6"),
        (
            "    critic: {optimizer: {end_frac: 0.2}}\n",
            r"'zero\.critic\.optimizer\.end_frac' has no effect: a constant",
        ),
        ("    critic: {model: stage/helpful, head_range: 1}\n", r"'zero\.critic\.head_range' has no effect: a reward"),
        (
            "    critic: {model: stage/helpfull}\n",
            r"model = 'stage/helpfull' is neither .* Did you mean 'stage/helpful",
        ),
        (
            "    critic: {}\n    algorithm: {baseline: none}\n",
            r"'zero\.critic' has no effect: algorithm\.baseline is not",
        ),
        (
            "    algorithm: {baseline: none, gae_lambda: 1}\n",
            r"'zero\.algorithm\.gae_lambda' has no effect: algorithm\.baseline is not critic",
        ),
        ("    critic: {lr: 1}\n", r"unknown key 'zero\.critic\.lr'"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, more: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        load(tmp_path, more)


def test_what_can_be_meant_loads_and_round_trips(tmp_path: Path) -> None:
    assert load(tmp_path).algorithm.gae_lambda == 0.95
    stage = load(tmp_path, "    critic: {model: stage/helpful, optimizer: {schedule: linear, end_frac: 0.2}}\n")
    assert stage.critic is not None
    assert stage.critic.model == "stage/helpful"
    alone = load(tmp_path, "    critic: {}\n", "zero.sampling.group_size=1", "zero.sampling.num_problems=4")
    assert alone.sampling.group_size == 1


def test_the_command_line_can_take_the_critic_away_with_a_notice(tmp_path: Path) -> None:
    path = tmp_path / "small.yaml"
    path.write_text(STAGE + "    critic: {}\n", encoding="utf-8")
    loaded = load_recipe(str(path), ["zero.algorithm.baseline=group_mean"])
    stage = loaded.recipe.stages["zero"]
    assert isinstance(stage, RLStage)
    assert stage.critic is None
    assert "zero.critic (small.yaml:11) has no effect here" in loaded.notices[0]
