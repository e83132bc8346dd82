"""Contradictions between an RL stage's second learner and its objective, and which of its keys have no effect."""

from __future__ import annotations

from collections.abc import Iterator

from aha.config.data_checks import Idle
from aha.config.learners import CriticSettings, TokenRewardSettings
from aha.config.reward_checks import Found
from aha.config.settings import RLStage

CRITIC_RULES: tuple[Idle, ...] = (
    (
        "rl",
        ("critic", "algorithm.gamma", "algorithm.gae_lambda"),
        lambda s: s.algorithm.baseline != "critic",
        ("algorithm.baseline",),
        "algorithm.baseline is not critic",
    ),
    (
        "rl",
        ("critic.head_range",),
        lambda s: s.critic is not None and s.critic.model is not None,
        ("critic.model",),
        "a reward model brings its head",
    ),
    (
        "rl",
        ("critic.optimizer.end_frac",),
        lambda s: s.critic is not None and s.critic.optimizer.schedule == "constant",
        ("critic.optimizer.schedule",),
        "a constant schedule has no end",
    ),
    (
        "rl",
        ("algorithm.weights.wrong", "algorithm.weights.balance", "algorithm.weights.tokens"),
        lambda s: s.algorithm.baseline == "critic",
        ("algorithm.baseline",),
        "a critic gives each token an advantage of its own",
    ),
    (
        "rl",
        ("algorithm.weights.wrong", "algorithm.weights.balance"),
        lambda s: s.algorithm.select == "best_of_n",
        ("algorithm.select",),
        "algorithm.select keeps right answers alone",
    ),
    (
        "rl",
        ("token_reward",),
        lambda s: s.algorithm.weights.tokens != "learned" or s.algorithm.baseline == "critic",
        ("algorithm.weights.tokens", "algorithm.baseline"),
        "no weights of tokens are learned",
    ),
    (
        "rl",
        ("token_reward.optimizer.end_frac",),
        lambda s: s.token_reward is not None and s.token_reward.optimizer.schedule == "constant",
        ("token_reward.optimizer.schedule",),
        "a constant schedule has no end",
    ),
)


def critic_contradictions(name: str, stage: RLStage) -> Iterator[Found]:
    """A second learner that is missing, or cannot do what it is asked."""
    if stage.algorithm.baseline == "critic":
        yield from _critic(name, stage)
    elif stage.algorithm.weights.tokens == "learned":
        yield from _token_reward(name, stage)


def _critic(name: str, stage: RLStage) -> Iterator[Found]:
    if stage.critic is None:
        problem = "algorithm.baseline = critic, but the stage has no critic"
        cure = f"Add it: {name}.critic={{}}; or set algorithm.baseline to group_mean."
        yield ("algorithm", "baseline"), problem, cure
        return
    if stage.algorithm.scale == "group_std":
        problem = "algorithm.scale = group_std divides by the rewards of a group, and baseline = critic has no groups"
        yield ("algorithm", "scale"), problem, "Set scale to batch_std or none."
    yield from _updates("critic", stage.critic, stage)


def _token_reward(name: str, stage: RLStage) -> Iterator[Found]:
    if stage.token_reward is None:
        problem = "algorithm.weights.tokens = learned, but the stage has no token_reward"
        cure = f"Add it: {name}.token_reward={{}}; or set algorithm.weights.tokens to same."
        yield ("algorithm", "weights", "tokens"), problem, cure
        return
    if stage.algorithm.select == "best_of_n":
        problem = "algorithm.select = best_of_n keeps right answers alone, from which no token_reward can learn"
        yield ("algorithm", "select"), problem, "Set select to one_correct_one_wrong or all."
    if stage.token_reward.alone >= stage.rounds:
        problem = f"token_reward.alone = {stage.token_reward.alone} leaves the policy none of {stage.rounds} rounds"
        yield ("token_reward", "alone"), problem, "Lower it or add rounds."
    yield from _updates("token_reward", stage.token_reward, stage)


def _updates(key: str, settings: CriticSettings | TokenRewardSettings, stage: RLStage) -> Iterator[Found]:
    rollouts = stage.sampling.num_problems * stage.sampling.group_size
    if settings.num_updates > rollouts:
        problem = f"{key}.num_updates = {settings.num_updates}, but a round has only {rollouts} rollouts"
        yield (key, "num_updates"), problem, "Lower it."
    updates = stage.rounds * settings.num_updates
    if settings.optimizer.warmup >= updates:
        problem = f"{key}.optimizer.warmup = {settings.optimizer.warmup} never ends in {updates} updates"
        yield (key, "optimizer", "warmup"), problem, "Lower it or add rounds."
