"""Contradictions in stages of preferences and reward models, and which of their keys have no effect."""

from __future__ import annotations

from collections.abc import Iterator

from aha.config.data_checks import Idle
from aha.config.data_stages import PreferenceStage
from aha.config.model_stages import RewardModelStage
from aha.config.yaml_files import KeyPath

Found = tuple[KeyPath, str, str]
"""Keys below the stage, the problem, the cure."""

_SAMPLING = ("cache_tokens", "max_rows", "compile", "verifier_workers", "verifier_seconds", "max_logprob_gap")

PREFERENCE_RULES: tuple[Idle, ...] = (
    (
        "preference",
        ("min_margin", "balance_length"),
        lambda s: s.question == "safe",
        ("question",),
        "labels are no pairs",
    ),
    (
        "reward_model",
        (*(f"engine.{key}" for key in _SAMPLING), "logging.rollouts", "logging.rollout_groups"),
        lambda s: True,
        (),
        "a reward model samples nothing",
    ),
    (
        "reward_model",
        ("optimizer.end_frac",),
        lambda s: s.optimizer.schedule == "constant",
        ("optimizer.schedule",),
        "a constant schedule has no end",
    ),
    ("reward_model", ("min_accuracy",), lambda s: s.held_out == 0, ("held_out",), "held_out is 0"),
)


def preference_contradictions(stage: PreferenceStage | RewardModelStage) -> Iterator[Found]:
    """What cannot be meant together."""
    return _reward_model(stage) if isinstance(stage, RewardModelStage) else _preference(stage)


def _preference(stage: PreferenceStage) -> Iterator[Found]:
    """Answers that cannot differ, and judgements that cannot be fair."""
    if stage.question == "helpful":
        if stage.num_samples < 2:
            yield ("num_samples",), "one answer cannot be compared with another", "Set num_samples to 2 or more."
        if stage.num_judgements < 2:
            problem = "one judgement sees the answers in one order only, and judges prefer places"
            yield ("num_judgements",), problem, "Set num_judgements to 2 or more."
        if stage.min_margin >= 2:
            yield ("min_margin",), "no judgement lies beyond 2, so nothing is kept", "Set min_margin below 2."
    if stage.temperature == 0 and stage.num_samples > 1:
        problem = "temperature = 0 samples one and the same answer again"
        yield ("temperature",), problem, "Set it above 0, for example to 1.0."


def _reward_model(stage: RewardModelStage) -> Iterator[Found]:
    """Pairs or labels, one of them."""
    if (stage.pairs is None) == (stage.labels is None):
        problem = (
            "give pairs or labels, not both" if stage.pairs else "there are neither pairs nor labels to learn from"
        )
        yield ("pairs",), problem, "For example pairs: [file:pairs.jsonl]."
    if stage.held_out == 1:
        yield ("held_out",), "held_out = 1 leaves nothing to train on", "The default is 0.1."
