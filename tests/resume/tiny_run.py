"""A run of a tiny random model on a file of sums, small enough to be killed again and again.

Run as a program it does the run in the given folder: `python -m tests.resume.tiny_run MODEL PROBLEMS RUN`.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aha.config.loading import LoadedRecipe
from aha.config.recipe import Recipe
from tests.models.tiny import save_reference

LETTERS = Path(__file__).with_name("letters.py")


def make_inputs(folder: Path) -> tuple[Path, Path]:
    """A model folder and a problem file."""
    model, problems = folder / "tiny", folder / "sums.jsonl"
    save_reference(model)
    rows = [{"prompt": f"{a}+{b}=", "answer": str(a + b)} for a in range(4) for b in range(3)]
    problems.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return model, problems


def recipe(
    model: Path, problems: Path, rounds: int = 4, engine: Mapping[str, object] | None = None, **changes: object
) -> Recipe:
    """Train the model and evaluate the result; `engine` and `changes` are other keys of its settings."""
    settings = {
        "device": "cpu",
        "dtype": "float32",
        "compile": False,
        "num_threads": 1,
        "verifier_workers": 1,
        "max_rows": 16,
        **(engine or {}),
    }
    task = f"file:{problems}"
    zero = {
        "kind": "rl", "model": "base", "rounds": rounds,
        "data": {"tasks": [task], "template": "plain", "verify_gold": 2},
        "rewards": [{"name": "accuracy"}, {"name": "format"}, {"name": f"{LETTERS}:letters"}],
        "sampling": {"num_problems": 2, "group_size": 3, "max_new_tokens": 8},
        "algorithm": {"num_updates": 2, "kl": {"place": "loss", "reference_every": 3}},
        "optimizer": {"lr": 1e-2},
        "engine": settings,
        "evaluate": {"on": [task], "every": 2, "k": 2, "num_problems": 2, "final_k": 2},
        "logging": {"checkpoint_every": 1},
    }  # fmt: skip
    again = {"kind": "evaluate", "model": "stage/zero", "on": [task], "k": 2, "num_problems": 3, "max_new_tokens": 8}
    stages = {"zero": zero | changes, "after": again | {"template": "plain", "engine": settings}}
    return Recipe.model_validate({"name": "tiny", "seed": 3, "models": {"base": str(model)}, "stages": stages})


def do(model: Path, problems: Path, run: Path, **changes: Any) -> None:
    """The run, from where its folder stands."""
    from aha.stages.pipeline import run_recipe

    run_recipe(LoadedRecipe(recipe(model, problems, **changes), Path("tiny.yaml"), ()), run)


if __name__ == "__main__":
    do(*(Path(argument) for argument in sys.argv[1:4]))
