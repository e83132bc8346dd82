"""Which keys of a recipe have an effect, and a stage's key: the hash of what its result depends on."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from aha.config.block import Block
from aha.config.critic_checks import CRITIC_RULES
from aha.config.data_checks import DATA_RULES
from aha.config.preference_checks import PREFERENCE_RULES
from aha.config.recipe import Recipe, Stage
from aha.config.schema import is_execution
from aha.config.settings import EngineSettings
from aha.config.yaml_files import KeyPath

Leaf = tuple[str, ...]
"""A key below a stage: ("algorithm", "kl", "coef")."""


@dataclass(frozen=True, slots=True)
class Rule:
    """These keys of stages of this kind have no effect when `idle` says so, because of `causes`."""

    kind: str
    keys: tuple[str, ...]
    idle: Callable[[Any], bool]
    causes: tuple[str, ...]
    """The keys to look at; empty: the kind of stage itself."""
    because: str


_FINAL_KEYS = ("num_problems", "temperature", "top_p", "max_new_tokens", "final_k")
_MERGING = ("device", "dtype", "num_threads")
_SAMPLER_ENGINE = ("cache_tokens", "max_rows", "verifier_workers", "verifier_seconds")
_TASK_ENGINE = ("cache_tokens", "max_rows", "verifier_workers", "verifier_seconds", "max_logprob_gap")

RULES: tuple[Rule, ...] = (
    Rule(
        "rl",
        ("algorithm.kl.estimator", "algorithm.kl.level", "algorithm.kl.coef", "algorithm.kl.reference_every"),
        lambda s: s.algorithm.kl.place == "none",
        ("algorithm.kl.place",),
        "algorithm.kl.place is none",
    ),
    Rule(
        "rl",
        ("algorithm.ratio", "algorithm.clip_low", "algorithm.clip_high"),
        lambda s: s.algorithm.objective == "log_prob",
        ("algorithm.objective",),
        "the objective log_prob has no ratio",
    ),
    Rule(
        "rl",
        ("algorithm.clip_dual",),
        lambda s: s.algorithm.objective != "clipped_ratio",
        ("algorithm.objective",),
        "only the objective clipped_ratio has a dual clip",
    ),
    Rule(
        "rl",
        ("algorithm.importance_cap",),
        lambda s: s.algorithm.denominator == "sampler",
        ("algorithm.denominator",),
        "the denominator sampler leaves no gap to weight",
    ),
    Rule(
        "rl",
        ("algorithm.constant_length",),
        lambda s: s.algorithm.aggregate != "constant",
        ("algorithm.aggregate",),
        "only the aggregate constant divides by it",
    ),
    Rule(
        "rl",
        ("algorithm.refill_rounds", "algorithm.refill_short"),
        lambda s: s.algorithm.filter != "refill",
        ("algorithm.filter",),
        "the filter is not refill",
    ),
    Rule(
        "rl",
        ("algorithm.overlong_buffer",),
        lambda s: s.algorithm.truncated != "punish",
        ("algorithm.truncated",),
        "truncated is not punish",
    ),
    Rule(
        "rl",
        ("sampling.cut_repeats",),
        lambda s: s.sampling.segment_tokens is None,
        ("sampling.segment_tokens",),
        "without sampling.segment_tokens no completion is looked at before it ends",
    ),
    Rule(
        "rl",
        ("data.hard_frac",),
        lambda s: s.data.hard_after is None,
        ("data.hard_after",),
        "data.hard_after is not set",
    ),
    Rule(
        "rl",
        ("data.shuffle",),
        lambda s: s.data.curriculum == "prioritised",
        ("data.curriculum",),
        "a prioritised curriculum draws at random",
    ),
    Rule(
        "rl",
        ("evaluate.every", "evaluate.k"),
        lambda s: not s.evaluate.on,
        ("evaluate.on",),
        "evaluate.on names no benchmark",
    ),
    Rule(
        "rl",
        tuple(f"evaluate.{key}" for key in _FINAL_KEYS),
        lambda s: not s.evaluate.on and not s.evaluate.final_on,
        ("evaluate.on", "evaluate.final_on"),
        "evaluate.on and evaluate.final_on name no benchmark",
    ),
    Rule("rl", ("keep.best",), lambda s: not s.evaluate.on, ("evaluate.on",), "evaluate.on names no benchmark"),
    Rule(
        "rl",
        ("stop.patience",),
        lambda s: not (s.evaluate.on and s.evaluate.every),
        ("evaluate.on", "evaluate.every"),
        "there are no evaluations on the way (evaluate.on, evaluate.every)",
    ),
    Rule("rl", ("stop.min_gain",), lambda s: not s.stop.patience, ("stop.patience",), "stop.patience is 0"),
    Rule(
        "rl",
        ("monitor.truth", "monitor.drop", "monitor.action"),
        lambda s: s.monitor.reward is None,
        ("monitor.reward",),
        "monitor.reward names no reward",
    ),
    Rule(
        "rl",
        ("logging.rollout_groups",),
        lambda s: s.logging.rollouts != "groups",
        ("logging.rollouts",),
        "logging.rollouts is not groups",
    ),
    Rule(
        "rl",
        ("optimizer.end_frac",),
        lambda s: s.optimizer.schedule == "constant",
        ("optimizer.schedule",),
        "a constant schedule has no end",
    ),
    Rule(
        "pretrain",
        ("optimizer.end_frac",),
        lambda s: s.optimizer.schedule == "constant",
        ("optimizer.schedule",),
        "a constant schedule has no end",
    ),
    Rule("evaluate", ("top_p",), lambda s: s.temperature == 0, ("temperature",), "temperature 0 is greedy"),
    Rule("pretrain", tuple(f"engine.{key}" for key in _TASK_ENGINE), lambda s: True, (), "pretraining samples nothing"),
    Rule("pretrain", ("logging.rollouts", "logging.rollout_groups"), lambda s: True, (), "pretraining samples nothing"),
    Rule("sft", ("beta",), lambda s: s.term == "imitation", ("term",), "imitation has no beta"),
    Rule(
        "sft",
        ("evaluate.every", "evaluate.k", "evaluate.num_problems", "keep.best"),
        lambda s: not s.evaluate.on,
        ("evaluate.on",),
        "evaluate.on names no benchmark",
    ),
    Rule(
        "sft",
        (
            *(f"evaluate.{key}" for key in ("temperature", "top_p", "max_new_tokens", "final_k")),
            *(f"engine.{key}" for key in _SAMPLER_ENGINE),
        ),
        lambda s: not s.evaluate.on and not s.evaluate.final_on,
        ("evaluate.on", "evaluate.final_on"),
        "evaluate.on and evaluate.final_on name no benchmark",
    ),
    Rule(
        "sft",
        ("optimizer.end_frac",),
        lambda s: s.optimizer.schedule == "constant",
        ("optimizer.schedule",),
        "a constant schedule has no end",
    ),
    Rule(
        "sft",
        ("engine.max_logprob_gap", "logging.rollouts", "logging.rollout_groups"),
        lambda s: True,
        (),
        "fine-tuning samples nothing to learn from",
    ),
    Rule(
        "evaluate",
        ("engine.micro_batch_tokens", "engine.gradient_checkpointing", "engine.max_logprob_gap"),
        lambda s: True,
        (),
        "evaluation trains nothing",
    ),
    Rule(
        "merge",
        tuple(f"engine.{key}" for key in EngineSettings.model_fields if key not in _MERGING),
        lambda s: True,
        (),
        "merging neither samples nor trains",
    ),
    *(Rule(*each) for each in (*CRITIC_RULES, *DATA_RULES, *PREFERENCE_RULES)),
)


@dataclass(frozen=True, slots=True)
class Idle:
    """A key without effect, the keys that make it so, and the reason in words."""

    path: KeyPath
    causes: tuple[KeyPath, ...]
    because: str


def idle_keys(recipe: Recipe) -> Iterator[Idle]:
    """Every key of every stage that has no effect in this recipe."""
    for name, stage in recipe.stages.items():
        for rule in RULES:
            if rule.kind == stage.kind and rule.idle(stage):
                causes = tuple(("stages", name, *cause.split(".")) for cause in rule.causes)
                for key in rule.keys:
                    yield Idle(("stages", name, *key.split(".")), causes, rule.because)


def effective(recipe: Recipe) -> dict[str, Any]:
    """All keys with effect, defaults written out, as JSON values; `load` of its dump gives the same recipe."""
    tree = recipe.model_dump(mode="json")
    for idle in idle_keys(recipe):
        remove(tree, idle.path)
    return tree


def remove(tree: dict[str, Any], path: KeyPath) -> None:
    """Take one key out of a tree; where it is not there, nothing happens."""
    node: Any = tree
    for part in path[:-1]:
        if not isinstance(node, dict) or part not in node:
            return
        node = node[part]
    if isinstance(node, dict):
        node.pop(path[-1], None)


def stage_key(stage: Stage, inputs: Mapping[str, str]) -> str:
    """SHA-256 (hex) of the keys of `stage` that its result depends on, and of `inputs`.

    `inputs` names content by hash: data files, plugins, weights, the run's seed. Keys marked `execution` and keys
    without effect stay out, so changing them computes nothing again.
    """
    recipe = Recipe.model_construct(name="", stages={"stage": stage})
    idle = {idle.path[2:] for idle in idle_keys(recipe)}
    facts = {"settings": _results_only(stage, (), idle), "inputs": dict(sorted(inputs.items()))}
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _results_only(block: Block, prefix: Leaf, idle: set[KeyPath]) -> dict[str, Any]:
    kept: dict[str, Any] = {}
    plain = block.model_dump(mode="json")
    for name, field in type(block).model_fields.items():
        path = (*prefix, name)
        value = block.__dict__[name]
        if is_execution(field) or path in idle:
            continue
        if isinstance(value, Block):
            inner = _results_only(value, path, idle)
            if inner:
                kept[name] = inner
        else:
            kept[name] = plain[name]
    return kept
