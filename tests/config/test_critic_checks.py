"""A second learner that is missing, idle, or cannot be meant is refused by the keys' names before anything runs."""

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


def load(tmp_path: Path, more: str = "    critic: {}\n", *overrides: str, preset: str = "ppo") -> RLStage:
    path = tmp_path / "small.yaml"
    path.write_text(STAGE.replace("ppo", preset) + more, encoding="utf-8")
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


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ("", r"weights\.tokens = learned, but the stage has no token_reward\. Add it: zero\.token_reward=\{\}"),
        ("    token_reward: {alone: 3}\n", r"token_reward\.alone = 3 leaves the policy none of 3 rounds"),
        ("    token_reward: {num_updates: 5}\n", r"token_reward\.num_updates = 5, but a round has only 4 rollouts"),
        ("    token_reward: {optimizer: {warmup: 3}}\n", r"token_reward\.optimizer\.warmup = 3 never ends in 3"),
        (
            "    token_reward: {optimizer: {end_frac: 0.2}}\n",
            r"'zero\.token_reward\.optimizer\.end_frac' has no effect: a constant",
        ),
        (
            "    token_reward: {alone: 2}\n    optimizer: {warmup: 1}\n",
            r"warmup = 1 never ends in 1 updates",
        ),
        (
            "    token_reward: {}\n    algorithm: {select: best_of_n}\n",
            r"algorithm\.select = best_of_n keeps right answers alone, from which no token_reward can learn",
        ),
        (
            "    token_reward: {}\n    algorithm: {weights: {tokens: same}}\n",
            r"'zero\.token_reward' has no effect: no weights of tokens are learned",
        ),
        (
            "    critic: {}\n    token_reward: {}\n    algorithm: {baseline: critic}\n",
            r"'zero\.token_reward' has no effect: no weights of tokens are learned",
        ),
        (
            "    critic: {}\n    algorithm: {baseline: critic, weights: {tokens: learned}}\n",
            r"'zero\.algorithm\.weights\.tokens' has no effect: a critic gives each token an advantage of its own",
        ),
        (
            "    algorithm: {select: best_of_n, weights: {tokens: same, wrong: 0.5}}\n",
            r"'zero\.algorithm\.weights\.wrong' has no effect: algorithm\.select keeps right answers alone",
        ),
        ("    critic: {}\n    token_reward: {}\n", r"'zero\.critic' has no effect: algorithm\.baseline is not"),
        ("    token_reward: {lr: 1}\n", r"unknown key 'zero\.token_reward\.lr'"),
    ],
)
def test_a_token_reward_model_that_cannot_be_meant_is_refused(tmp_path: Path, more: str, words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        load(tmp_path, more, preset="oreal")


def test_a_token_reward_model_loads_and_round_trips_and_its_rounds_are_none_of_the_policys(tmp_path: Path) -> None:
    stage = load(tmp_path, "    token_reward: {alone: 1}\n", preset="oreal")
    assert stage.second == stage.token_reward
    assert (stage.rounds_alone, stage.total_updates) == (1, 2)
    assert stage.algorithm.weights.model_dump() == {"wrong": 0.5, "balance": True, "tokens": "learned"}


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
