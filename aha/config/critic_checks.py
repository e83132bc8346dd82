"""Contradictions between an RL stage's critic and its objective, and the keys of a critic that have no effect."""

from __future__ import annotations

from collections.abc import Iterator

from aha.config.data_checks import Idle
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
)


def critic_contradictions(name: str, stage: RLStage) -> Iterator[Found]:
    """A critic that is missing, or cannot do what it is asked."""
    algorithm, critic = stage.algorithm, stage.critic
    if algorithm.baseline != "critic":
        return
    if critic is None:
        problem = "algorithm.baseline = critic, but the stage has no critic"
        cure = f"Add it: {name}.critic={{}}; or set algorithm.baseline to group_mean."
        yield ("algorithm", "baseline"), problem, cure
        return
    if algorithm.scale == "group_std":
        problem = "algorithm.scale = group_std divides by the rewards of a group, and baseline = critic has no groups"
        yield ("algorithm", "scale"), problem, "Set scale to batch_std or none."
    rollouts = stage.sampling.num_problems * stage.sampling.group_size
    if critic.num_updates > rollouts:
        problem = f"critic.num_updates = {critic.num_updates}, but a round has only {rollouts} rollouts"
        yield ("critic", "num_updates"), problem, "Lower it."
    updates = stage.rounds * critic.num_updates
    if critic.optimizer.warmup >= updates:
        problem = f"critic.optimizer.warmup = {critic.optimizer.warmup} never ends in {updates} updates"
        yield ("critic", "optimizer", "warmup"), problem, "Lower it or add rounds."
