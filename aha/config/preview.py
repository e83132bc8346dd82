"""What `--dry-run` shows: the keys with effect, the graph with what is done and what will run, and estimates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from aha.config.amounts import BYTES_PER_TOKEN, PROMPT_TOKENS
from aha.config.effective import effective
from aha.config.loading import LoadedRecipe
from aha.config.plan import SAMPLING_SHARE, TRAINING_SHARE, StagePlan, as_json, find_model_config, plan
from aha.config.reading import inputs
from aha.config.yaml_files import dump

_COLUMNS = ("stage", "kind", "model", "parameters", "memory", "sampled", "asked", "trained", "time")
State = Literal["done", "goes on", "runs", "runs again", "may run", "unknown", "left out"]


@dataclass(frozen=True, slots=True)
class Standing:
    """What the same command without `--dry-run` would do with a stage, and why."""

    state: State
    why: str


@dataclass(frozen=True, slots=True)
class Outlook:
    """What a run directory says about a recipe."""

    stages: Mapping[str, Standing] = field(default_factory=dict)
    """By name; empty where there was nothing to compare with."""
    data_bytes: Mapping[str, int] = field(default_factory=dict)
    """Sizes of the data sets that stages made already, by `stage/NAME`."""

    def waits(self, name: str) -> bool:
        """Whether a stage is to do."""
        return name not in self.stages or self.stages[name].state not in ("done", "left out")


def as_tree(loaded: LoadedRecipe, matrix_flops: float | None, outlook: Outlook) -> dict[str, Any]:
    """The dry run as JSON values."""
    stages = as_json(_plans(loaded, matrix_flops, outlook))
    for stage in stages:
        standing = outlook.stages.get(stage["stage"])
        stage |= {"state": standing.state, "why": standing.why} if standing else {}
    return {"recipe": effective(loaded.recipe), "stages": stages, "notices": list(loaded.notices)}


def as_text(loaded: LoadedRecipe, matrix_flops: float | None, outlook: Outlook) -> str:
    """The dry run for people."""
    plans = [one for one in _plans(loaded, matrix_flops, outlook) if outlook.waits(one.stage)]
    rate = f"{matrix_flops / 1e9:,.0f} GFLOP/s" if matrix_flops else "a rate that is unknown"
    note = (
        f"Tokens that its model samples, that writers and judges are asked for, and that it trains on. At most: every "
        f"text runs to its limit, prompts of {PROMPT_TOKENS} tokens, {BYTES_PER_TOKEN} bytes of a data set a token. "
        f"Time: {rate}, of which sampling uses {SAMPLING_SHARE:.0%} and training {TRAINING_SHARE:.0%}; grading and "
        "start-up are not in it."
    )
    table = _aligned([_COLUMNS, *(_row(one) for one in plans)])
    return "\n".join([dump(effective(loaded.recipe)), *_graph(loaded, outlook), "", *table, "", _total(plans), note])


def _plans(loaded: LoadedRecipe, matrix_flops: float | None, outlook: Outlook) -> list[StagePlan]:
    configs = {name: find_model_config(model) for name, model in loaded.recipe.models.items()}
    return plan(loaded.recipe, configs, matrix_flops, outlook.data_bytes)


def _graph(loaded: LoadedRecipe, outlook: Outlook) -> list[str]:
    """One line a stage: what it reads → what it leaves, and what will be done about it."""
    rows: list[tuple[str, ...]] = []
    for name, stage in loaded.recipe.stages.items():
        sources = dict.fromkeys(each.name for each in inputs(stage) if each.what not in ("tasks", "benchmarks"))
        models = loaded.recipe.models
        read = [f"{source} ({models[source]})" if source in models else source for source in sources]
        origin = "the lab's corpus" if stage.kind == "pretrain" else "files"
        standing = outlook.stages.get(name)
        told = f"{standing.state}: {standing.why}" if standing and standing.why else standing.state if standing else ""
        rows.append((f"{', '.join(read) or origin} → {name} [{stage.kind}] → {stage.makes}", told))
    return _aligned(rows)


def _total(plans: list[StagePlan]) -> str:
    """All that will run, together."""
    if not plans:
        return "Nothing is to do."
    known = [one for one in plans if one.seconds is not None]
    unknown = f", and {len(plans) - len(known)} whose time is unknown" if len(known) < len(plans) else ""
    sums = {
        name: sum(number or 0 for number in numbers)
        for name, numbers in (
            ("sampled", [one.sampled_tokens for one in plans]),
            ("asked", [one.asked_tokens for one in plans]),
            ("trained", [one.trained_tokens for one in plans]),
        )
    }
    tokens = ", ".join(f"{_count(number)} {name}" for name, number in sums.items() if number)
    time = _duration(sum(one.seconds or 0 for one in known))
    return f"In all: {tokens or 'no'} tokens, where they are known; {time} in {len(known)} stages{unknown}."


def _row(one: StagePlan) -> tuple[str, ...]:
    return (
        one.stage,
        one.kind,
        one.model or "–",
        _count(one.num_parameters) if one.model else "–",
        "unknown" if one.memory_bytes is None else f"{one.memory_bytes / 2**30:,.1f} GiB",
        _count(one.sampled_tokens),
        _count(one.asked_tokens),
        _count(one.trained_tokens),
        "unknown" if one.seconds is None else _duration(one.seconds),
    )


def _aligned(rows: list[tuple[str, ...]]) -> list[str]:
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def _count(number: int | None) -> str:
    if number is None:
        return "unknown"
    for unit, name in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if number >= unit:
            return f"{number / unit:.3g} {name}"
    return str(number)


def _duration(seconds: float) -> str:
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:,.1f} h"
