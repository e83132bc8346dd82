"""`gym:NAME`: any dataset of reasoning-gym; questions are made from seeds, and scored by the dataset in a worker."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cached_property
from typing import Any

from aha.errors import ConfigError, DataError
from aha.tasks.base import Split, check_split, gold_block, in_split, split_name
from aha.types import Json, Problem, VerifierSpec
from aha.verifiers.gym import import_gym, pack

HELDOUT_SEED = 1_000_000_000
"""Held-out questions come from seeds above this one, and from another part of the hashes of questions."""
MAX_TRIES = 100
"""Questions made for each one wanted before giving up on new ones."""
MATH = ("arithmetic", "algebra", "geometry", "probability", "gsm_symbolic")


class GymTask:
    """`size` different questions of one dataset, or as many as it has."""

    def __init__(
        self, dataset: str, config: Mapping[str, Json], size: int, seed: int, split: Split, verifier: VerifierSpec,
        instruction: str = "", containing: str = "",
    ) -> None:  # fmt: skip
        self.dataset, self.config, self.size, self.seed, self.split = dataset, dict(config), size, seed, split
        self.verifier, self.instruction, self.containing = verifier, instruction, containing
        self.name = f"gym:{dataset}" + ("" if split == "train" else f"?split={split}")

    def problems(self) -> Sequence[Problem]:
        """The questions of the split, without duplicates, in order of their seeds."""
        return self._problems

    def gold_response(self, problem: Problem) -> str | None:
        """A completion with the entry's answer or its example of one; None where the dataset keeps none."""
        entry = problem.metadata
        for answer in (entry["answer"], entry.get("example_answer"), entry.get("example_correct_answer")):
            if isinstance(answer, str) and answer:
                return gold_block(answer, problem.verifier)
        return None

    @cached_property
    def _problems(self) -> list[Problem]:
        first = self.seed + (HELDOUT_SEED if self.split == "heldout" else 0)
        made = make_dataset(self.dataset, self.size * MAX_TRIES, first, self.config)
        problems: dict[str, Problem] = {}
        for index in range(self.size * MAX_TRIES):
            entry = made[index]
            question = entry["question"]
            wanted = self.containing in question and in_split(question, self.split)
            if wanted and question not in problems:
                problems[question] = self._problem(entry, made.category, first + index)
            if len(problems) == self.size:
                break
        if not problems:
            raise DataError(f"Task {self.name} made no question for this split.", cure="Raise `size`.")
        return list(problems.values())

    def _problem(self, entry: dict[str, Any], category: str, seed: int) -> Problem:
        question = f"{entry['question']}\n{self.instruction}" if self.instruction else entry["question"]
        extra = {key: str(value) for key, value in entry["metadata"].items() if key.startswith("example_")}
        return Problem(
            id=f"{self.dataset}-{seed}",
            source=self.name,
            messages=[{"role": "user", "content": question}],
            reference={"dataset": self.dataset, "config": self.config, "entry": pack(entry)},
            verifier=self.verifier,
            domain="math" if category in MATH else "code" if category == "code" else "logic",
            metadata={"prompt": question, "answer": entry["answer"], **extra},
        )


def gym_task(rest: str, **arguments: Any) -> GymTask:
    """The task `gym:rest`. `rest` is a dataset, and may carry arguments: `chain_sum?split=heldout&max_terms=3`.

    Arguments: `size` (1000), `seed` (0), `split` (train), `extract` (auto), `instruction`, `containing` (only questions
    with this text); all others go to the dataset. Raises ConfigError for a dataset or an argument that does not exist,
    or a value that it refuses.
    """
    dataset, written = split_name(rest)
    config = {**written, **arguments}
    size, seed = config.pop("size", 1000), config.pop("seed", 0)
    split = check_split(config.pop("split", "train"))
    verifier = VerifierSpec("gym", {"extract": config.pop("extract", "auto")})
    instruction, containing = config.pop("instruction", ""), config.pop("containing", "")
    if not isinstance(size, int) or size < 1 or not isinstance(seed, int) or not 0 <= seed < HELDOUT_SEED:
        raise ConfigError(f"Task gym:{dataset}: `size` must be at least 1, and `seed` in [0, {HELDOUT_SEED}).")
    make_dataset(dataset, size, seed, config)
    return GymTask(dataset, config, size, seed, split, verifier, instruction, containing)


def make_dataset(name: str, size: int, seed: int, config: Mapping[str, Json]) -> Any:
    """A reasoning-gym dataset. Raises ConfigError for an unknown name or key and a refused value."""
    gym = import_gym()
    from reasoning_gym.factory import DATASETS

    if name not in DATASETS:
        close = difflib.get_close_matches(name, list(DATASETS), n=3)
        cure = f"Did you mean {' or '.join(close)}?" if close else "`aha list tasks` shows them."
        raise ConfigError(f"reasoning-gym has no dataset {name!r}.", cure=cure)
    known = [each.name for each in fields(DATASETS[name][1]) if each.name not in ("size", "seed")]
    for key in config:
        if key not in known:
            raise ConfigError(f"Task gym:{name}: unknown key {key!r}.", cure=f"Known: {', '.join(known)}.")
    try:
        return gym.create_dataset(name, size=size, seed=seed, **config)
    except (AssertionError, ValueError, TypeError) as error:
        raise ConfigError(f"Task gym:{name} refuses its arguments {dict(config)}: {error}") from error
