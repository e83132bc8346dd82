"""Every recipe in the package loads, explains itself, dry-runs and round-trips."""

from __future__ import annotations

from pathlib import Path

import pytest

from aha.config.effective import effective
from aha.config.loading import RECIPES, load_recipe, recipe_names
from aha.config.model_stages import SFTStage
from aha.config.preview import Outlook, as_text
from aha.config.reading import inputs
from aha.config.settings import DatasetSettings
from aha.config.yaml_files import dump
from aha.errors import ConfigError

OBJECTIVES = ("dr-grpo", "gspo", "cispo", "rloo", "reinforce-pp", "lora")
LEFT_TO_THE_USER = {
    "r1-zero": ["models.base=/models/base", "zero.data.tasks=[file:problems.jsonl]"],
    "gsm8k-zero": ["models.base=/models/base", "zero.data.tasks=[file:a.jsonl]", "zero.evaluate.on=[file:b.jsonl]"],
    "r1": [
        "models.base=/models/base",
        "models.writer=http://localhost:8000/v1#writer",
        "models.student=/models/student",
        "tasks.reasoning=[file:a.jsonl, file:b.jsonl]",
        "tasks.instructions=[file:f.jsonl]",
        "tasks.general=[file:c.jsonl]",
        "tasks.safety=[file:d.jsonl]",
        "general.files=[{name: file:e.jsonl}]",
        "instructions.files=[{name: file:g.jsonl}]",
    ],
    **{name: ["models.base=/models/base", "zero.data.tasks=[file:a.jsonl]"] for name in OBJECTIVES},
    "dapo": ["models.base=/models/base", "zero.data.tasks=[file:a.jsonl]", "zero.evaluate.on=[aime24]"],
    "oreal": ["models.start=/models/start", "oreal.data.tasks=[file:a.jsonl]", "oreal.evaluate.on=[math500]"],
    "logic-rl": ["models.base=/models/base"],
    "l1": ["models.base=/models/base", "tasks.problems=[file:a.jsonl]"],
    "open-rs": [
        "models.base=/models/base",
        "tasks.hard=[file:a.jsonl]",
        "tasks.easy=[file:b.jsonl]",
        "accuracy.evaluate.on=[file:c.jsonl]",
        "cosine.evaluate.on=[file:c.jsonl]",
    ],
    "rlhf": [
        "models.base=/models/base",
        "sft.data=[file:a.jsonl]",
        "helpful.pairs.0.name=file:b.jsonl",
        "ppo.data.tasks=[file:c.jsonl]",
    ],
    "orz": ["models.base=/models/base", "orz.data.tasks=[file:a.jsonl]", "annealing.data.tasks=[file:b.jsonl]"],
    "concise": ["models.base=/models/base", "ability.data.tasks=[file:a.jsonl]", "concise.data.tasks=[file:b.jsonl]"],
    "kimi": ["models.base=/models/base", "kimi.data.tasks=[file:problems.jsonl]"],
    "lab-language": ["mixed.data=[file:a.jsonl]"],
    **{
        f"distill-{student}": ["student.data=[file:a.jsonl]"]
        for student in ("qwen-1.5b", "qwen-7b", "qwen-14b", "qwen-32b", "llama-8b", "llama-70b")
    },
}
"""Overrides without which these recipes refuse to run."""


@pytest.mark.parametrize("name", recipe_names())
def test_recipe_loads_without_notice_and_round_trips(name: str, tmp_path: Path) -> None:
    loaded = load_recipe(name, LEFT_TO_THE_USER.get(name, []))
    assert loaded.recipe.name == name
    assert loaded.recipe.description
    assert not loaded.notices
    written = tmp_path / "recipe.yaml"
    written.write_text(dump(effective(loaded.recipe)), encoding="utf-8")
    again = load_recipe(str(written))
    assert again.recipe == loaded.recipe
    assert effective(again.recipe) == effective(loaded.recipe)


@pytest.mark.parametrize("name", recipe_names())
def test_recipe_dry_runs(name: str) -> None:
    loaded = load_recipe(name, LEFT_TO_THE_USER.get(name, []))
    text = as_text(loaded, 1e12, Outlook())
    for stage in loaded.recipe.stages:
        assert f"→ {stage} [" in text


@pytest.mark.parametrize("name", LEFT_TO_THE_USER)
def test_recipe_says_what_it_needs(name: str) -> None:
    with pytest.raises(ConfigError) as refused:
        load_recipe(name)
    for override in LEFT_TO_THE_USER[name]:
        key = override.partition("=")[0]
        assert f"'{key}' is left to you and has no value. Give it on the command line: {key}=…" in str(refused.value)


@pytest.mark.parametrize("name", recipe_names())
def test_recipe_opens_with_what_to_expect_and_explains_its_groups(name: str) -> None:
    lines = (RECIPES / f"{name}.yaml").read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("# ")
    assert sum(line.strip().startswith("#") for line in lines) >= 5


def test_the_ablation_of_r1_differs_from_its_second_fine_tuning_in_the_instruction_data_alone() -> None:
    stages = load_recipe("lab-r1").recipe.stages
    dev3, without = stages["dev3"], stages["no-instructions"]
    assert isinstance(dev3, SFTStage)
    assert isinstance(without, SFTStage)
    assert [entry for entry in dev3.data if entry not in without.data] == [DatasetSettings(name="stage/instructions")]
    assert without.evaluate.final_on == dev3.evaluate.final_on
    on_the_way = {"data": without.data, "evaluate": without.evaluate}
    assert dev3.model_copy(update=on_the_way) == without
    names = list(stages)
    assert names[names.index("dev3") + 1] == "no-instructions"
    assert not any(entry.source == "no-instructions" for stage in stages.values() for entry in inputs(stage))
