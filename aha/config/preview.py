"""What `--dry-run` shows: the keys with effect, the stages in order with what they read, and estimates."""

from __future__ import annotations

from typing import Any

from aha.config.effective import effective
from aha.config.loading import LoadedRecipe
from aha.config.plan import PROMPT_TOKENS, SAMPLING_SHARE, TRAINING_SHARE, StagePlan, as_json, find_model_config, plan
from aha.config.reading import inputs
from aha.config.yaml_files import dump

_COLUMNS = ("stage", "kind", "model", "parameters", "memory", "sampled tokens", "trained tokens", "time")


def as_tree(loaded: LoadedRecipe, matrix_flops: float | None) -> dict[str, Any]:
    """The dry run as JSON values."""
    plans = _plans(loaded, matrix_flops)
    return {"recipe": effective(loaded.recipe), "stages": as_json(plans), "notices": list(loaded.notices)}


def as_text(loaded: LoadedRecipe, matrix_flops: float | None) -> str:
    """The dry run for people."""
    rows = [_COLUMNS, *(_row(one) for one in _plans(loaded, matrix_flops))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
    rate = f"{matrix_flops / 1e9:,.0f} GFLOP/s" if matrix_flops else "a rate that is unknown"
    note = (
        f"At most: every completion runs to its limit, prompts of {PROMPT_TOKENS} tokens. Time: {rate}, of which "
        f"sampling uses {SAMPLING_SHARE:.0%} and training {TRAINING_SHARE:.0%}; grading and start-up are not in it."
    )
    return "\n".join([dump(effective(loaded.recipe)), _graph(loaded), "", *lines, "", note])


def _plans(loaded: LoadedRecipe, matrix_flops: float | None) -> list[StagePlan]:
    configs = {name: find_model_config(model) for name, model in loaded.recipe.models.items()}
    return plan(loaded.recipe, configs, matrix_flops)


def _graph(loaded: LoadedRecipe) -> str:
    """One line a stage: what it reads → what it leaves."""
    lines = []
    for name, stage in loaded.recipe.stages.items():
        sources = dict.fromkeys(each.name for each in inputs(stage) if each.what not in ("tasks", "benchmarks"))
        models = loaded.recipe.models
        read = [f"{source} ({models[source]})" if source in models else source for source in sources]
        origin = "the lab's corpus" if stage.kind == "pretrain" else "files"
        lines.append(f"{', '.join(read) or origin} → {name} [{stage.kind}] → {stage.makes}")
    return "\n".join(lines)


def _row(one: StagePlan) -> tuple[str, ...]:
    return (
        one.stage,
        one.kind,
        one.model,
        _count(one.num_parameters),
        "unknown" if one.memory_bytes is None else f"{one.memory_bytes / 2**30:,.1f} GiB",
        _count(one.sampled_tokens),
        _count(one.trained_tokens),
        "unknown" if one.seconds is None else _duration(one.seconds),
    )


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
