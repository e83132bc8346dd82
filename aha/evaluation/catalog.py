"""What `aha list` names. Everything is imported by the list that needs it."""

from __future__ import annotations


def names(what: str) -> dict[str, str]:
    """Names of recipes, tasks, benchmarks, algorithms or rewards, with one line about each."""
    if what == "recipes":
        from aha.config.loading import recipe_descriptions

        return recipe_descriptions()
    if what == "algorithms":
        from aha.config.presets import SOURCES

        return SOURCES
    if what == "benchmarks":
        from aha.evaluation.benchmarks import benchmark_names

        return benchmark_names()
    if what == "rewards":
        from aha.rewards import BUILT_IN

        custom = {"path.py:function": "f(completions, **columns) -> list[float | None]"}
        return {name: (function.__doc__ or "").partition("\n")[0] for name, function in BUILT_IN.items()} | custom
    return _tasks()


def _tasks() -> dict[str, str]:
    from aha.lab.families import FAMILIES

    lab = {f"lab:{name}": (make.__doc__ or "").partition("\n")[0] for name, make in FAMILIES.items()}
    others = {
        "lab:mixed": "All of them in the shares of the corpus.",
        "knights": "Knights and knaves, 2 to 8 people, one solution each: knights?people=5&split=heldout.",
        "file:PATH": "Problems in JSONL or Parquet: {name: file:PATH, prompt: COLUMN, answer: COLUMN}.",
        "PATH.py:FUNCTION": "Your own task: docs/new_task.md.",
        "gsm8k, math500, ...": "A public benchmark: `aha list benchmarks` names them.",
    }
    try:
        from reasoning_gym.factory import DATASETS
    except ImportError:
        return lab | others | {"gym:NAME": "A dataset of reasoning-gym, once installed: pip install 'aha[gym]'."}
    return lab | others | {f"gym:{name}": "A dataset of reasoning-gym." for name in sorted(DATASETS)}
