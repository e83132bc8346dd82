"""Contradictions in the stages that make data, and which of their keys have no effect."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from aha.config.data_stages import CollectStage, GeneralStage, RejectionStage, Wording
from aha.config.reward_checks import BUDGET_KEYS, task_keys
from aha.config.yaml_files import KeyPath

Found = tuple[KeyPath, str, str]
"""Keys below the stage, the problem, the cure."""
Idle = tuple[str, tuple[str, ...], Callable[[Any], bool], tuple[str, ...], str]
"""The fields of effective.Rule."""

NEEDED = {"model": "who answers", "data": "the questions"}
GAPS = {"fewshot": ("question", "examples"), "direct": ("question",), "rewrite": ("question", "thought", "answer")}
"""What a wording of one's own must have room for."""
_ASKING = ("model", "data", "num_problems", "num_samples", "temperature", "top_p", "max_new_tokens", "num_parallel")
_DROPPING = tuple(f"filters.{key}" for key in ("correct", "max_tokens", "max_kept", "near_duplicate", "decontaminate"))
_LEARNING = ("engine.micro_batch_tokens", "engine.gradient_checkpointing", "engine.max_logprob_gap")
_CURRICULUM = ("data.curriculum", "data.hard_after", "data.hard_frac")


def _rules() -> Iterator[Idle]:
    for kind in ("collect", "rejection", "general", "preference"):
        yield kind, _LEARNING, lambda s: True, (), "the stage trains nothing"
    for kind in ("rejection", "preference"):
        yield kind, _CURRICULUM, lambda s: True, (), "only training has a curriculum"
    for kind in ("collect", "rejection", "preference"):
        yield kind, ("top_p",), lambda s: s.temperature == 0, ("temperature",), "temperature 0 is greedy"
    yield (
        "collect",
        (*_ASKING, "prompt", "summary", *_DROPPING),
        lambda s: s.way == "reviewed",
        ("way",),
        "people decided",
    )
    yield "collect", ("writer",), lambda s: s.way != "rewrite", ("way",), "only rewrite has a writer"
    yield "collect", ("num_examples", "example"), lambda s: s.way != "fewshot", ("way",), "the way is not fewshot"
    yield "collect", ("end",), lambda s: s.way in ("rewrite", "reviewed"), ("way",), "nothing is cut in this way"
    yield (
        "collect",
        ("examples",),
        lambda s: s.way in ("direct", "rewrite"),
        ("way",),
        "only fewshot and reviewed read examples",
    )
    yield (
        "general",
        ("prompt",),
        lambda s: not any(each.thought for each in s.files),
        ("files",),
        "no file asks for thoughts",
    )
    yield (
        "rejection",
        ("data.shuffle",),
        lambda s: s.num_problems is None,
        ("num_problems",),
        "each problem is taken once",
    )
    yield "rejection", ("budget",), lambda s: s.leaves == "pairs", ("leaves",), "answers of a pair differ in length"


DATA_RULES: tuple[Idle, ...] = tuple(_rules())


def data_contradictions(stage: CollectStage | GeneralStage | RejectionStage) -> Iterator[Found]:
    """What cannot be meant together in a stage that makes examples."""
    if isinstance(stage, CollectStage):
        return collect_contradictions(stage)
    return general_contradictions(stage) if isinstance(stage, GeneralStage) else rejection_contradictions(stage)


def collect_contradictions(stage: CollectStage) -> Iterator[Found]:
    """What is missing for the way, and wordings without their gaps."""
    if stage.way == "reviewed":
        if stage.examples is None:
            yield (
                ("examples",),
                "way = reviewed needs the file that `aha review` exported",
                "Write examples: file:PATH.",
            )
        return
    for key, what in NEEDED.items():
        if getattr(stage, key) is None:
            yield (key,), f"way = {stage.way} needs {key} ({what})", f"Add {key}."
    if stage.data is not None and (stage.data.curriculum != "fixed" or stage.data.hard_after is not None):
        yield ("data",), "only training has a curriculum", "Take curriculum and hard_after out."
    if stage.way == "rewrite" and stage.writer is None:
        yield ("writer",), "way = rewrite needs a writer", "Add writer: {model: …}."
    if stage.temperature == 0 and stage.num_samples > 1:
        problem = f"temperature = 0 draws the same answer {stage.num_samples} times"
        yield ("temperature",), problem, "Set it above 0, or num_samples to 1."
    yield from _gaps("prompt", stage.prompt, GAPS[stage.way])
    yield from _gaps("summary", stage.summary, ("answer",))
    yield from _gaps("example", stage.example, ("question", "thought"))
    if stage.way == "direct" and stage.prompt and any("{examples}" in text for text in _texts(stage.prompt)):
        yield ("prompt",), "way = direct has no {examples}", "Take the gap out, or set way: fewshot."


def general_contradictions(stage: GeneralStage) -> Iterator[Found]:
    """Thoughts that nobody would write."""
    if stage.writer is None and any(each.thought for each in stage.files):
        yield ("writer",), "a file asks for thoughts, and there is no writer", "Add writer, or set thought: false."
    yield from _gaps("prompt", stage.prompt, ("question", "answer"))


def rejection_contradictions(stage: RejectionStage) -> Iterator[Found]:
    """Samples that are all the same, questions with two budgets."""
    if stage.temperature == 0 and stage.num_samples > 1:
        problem = f"temperature = 0 draws the same answer {stage.num_samples} times"
        yield ("temperature",), problem, "Set it above 0; DeepSeek-R1 samples at 1.0. Or set num_samples to 1."
    if stage.budget is not None:
        for name, keys in map(task_keys, stage.data.tasks):
            if keys & set(BUDGET_KEYS):
                problem = f"the questions of {name} have a budget already, and `budget` writes a second one"
                yield ("budget",), problem, "Take budget out, or the task's own."


def _gaps(key: str, wording: Wording | None, names: tuple[str, ...]) -> Iterator[Found]:
    for text in _texts(wording):
        missing = [f"{{{name}}}" for name in names if f"{{{name}}}" not in text]
        if missing:
            yield (key,), f"{key} = {text[:60]!r} has no {' and no '.join(missing)}", "Put it where the text belongs."


def _texts(wording: Wording | None) -> list[str]:
    if wording is None:
        return []
    return [wording] if isinstance(wording, str) else list(wording.values())
