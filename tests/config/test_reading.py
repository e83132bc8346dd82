import pytest

from aha.config.checks import contradictions
from aha.config.reading import inputs
from aha.config.recipe import Recipe

TASKS = {"tasks": ["lab:mixed", {"name": "lab:lists", "weight": 2}]}
STAGES = {
    "cold": {"kind": "collect", "way": "rewrite", "model": "lab", "writer": {"model": "teacher"}, "data": TASKS},
    "sft": {"kind": "sft", "model": "lab", "data": [{"name": "stage/cold", "weight": 2}, "file:a.jsonl"]},
    "prefer": {"kind": "preference", "model": "stage/sft", "judge": {"model": "scripted"}, "data": TASKS},
    "helpful": {"kind": "reward_model", "model": "stage/sft", "pairs": ["stage/prefer"]},
    "rl": {
        "kind": "rl",
        "model": "stage/sft",
        "data": TASKS,
        "rounds": 1,
        "rewards": [{"name": "helpful", "model": "stage/helpful"}],
    },
}


def recipe(**changes):
    stages = {name: stage | changes.get(name, {}) for name, stage in STAGES.items()}
    return Recipe.model_validate({"name": "r", "models": {"teacher": "http://localhost:1/v1#m"}, "stages": stages})


def test_every_marked_key_is_found_wherever_it_stands():
    found = {name: [(i.key, i.what, i.name) for i in inputs(stage)] for name, stage in recipe().stages.items()}
    assert found["cold"] == [
        ("model", "writer", "lab"),
        ("data.tasks.0", "tasks", "lab:mixed"),
        ("data.tasks.1", "tasks", "lab:lists"),
        ("writer.model", "writer", "teacher"),
    ]
    assert found["sft"][1:] == [("data.0", "examples", "stage/cold"), ("data.1", "examples", "file:a.jsonl")]
    assert ("rewards.0.model", "scorer", "stage/helpful") in found["rl"]


def test_a_recipe_whose_stages_fit_has_no_contradiction():
    assert list(contradictions(recipe())) == []


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"sft": {"data": ["stage/prefer"]}}, "data.0 = 'stage/prefer' is neither an earlier stage"),
        ({"sft": {"model": "stage/cold"}}, "model = 'stage/cold' makes examples, but model is read here"),
        ({"helpful": {"pairs": ["stage/cold"]}}, "pairs.0 = 'stage/cold' makes examples, but pairs is read here"),
        ({"prefer": {"question": "safe"}}, "pairs.0 = 'stage/prefer' makes labels, but pairs is read here"),
        ({"rl": {"rewards": [{"name": "x", "model": "stage/sft"}]}}, "makes model, but scorer is read here"),
        ({"sft": {"data": ["cold"]}}, "data.0 = 'cold' is neither an earlier stage that makes examples nor a file"),
        ({"prefer": {"judge": {"model": "scriptd"}}}, "model = 'scriptd' is neither under `models`"),
    ],
)
def test_a_name_that_nothing_fitting_stands_behind_is_refused(changes, problem):
    assert any(problem in found.problem for found in contradictions(recipe(**changes)))


def test_a_reward_model_is_shown_what_its_stage_trained_it_on() -> None:
    scorer = {"kind": "reward_model", "model": "base", "pairs": ["file:pairs.jsonl"], "sees": "summary"}

    def found(sees: str) -> list[str]:
        zero = {
            "kind": "rl", "model": "base", "rounds": 1, "data": {"tasks": ["lab:mixed"]},
            "rewards": [{"name": "accuracy"}, {"name": "helpful", "model": "stage/scorer", "sees": sees}],
        }  # fmt: skip
        stages = {"scorer": scorer, "zero": zero}
        return [each.problem for each in contradictions(Recipe.model_validate({"name": "x", "stages": stages}))]

    assert found("summary") == []
    assert found("response") == ["helpful shows stage/scorer the response, but that is trained on the summary"]
