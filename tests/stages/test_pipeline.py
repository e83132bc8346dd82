"""A whole run of a tiny random model: skipped where done, redone where changed, refused before time is spent."""

import json
import math
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from aha.config.loading import LoadedRecipe
from aha.config.recipe import Recipe
from aha.errors import ConfigError, DataError, MachineError
from aha.models.heads import load_reward_model, reward_config
from aha.models.save import named_weights, save_model
from aha.stages import session
from aha.stages.pipeline import run_recipe
from aha.text.chat import render_text
from tests.models.tiny import save_reference
from tests.resume.tiny_run import make_inputs, recipe


@pytest.fixture(autouse=True)
def _no_measuring(monkeypatch):
    monkeypatch.setattr(session, "measured_matrix_flops", lambda dtype: 4.2e11)


def run(made: Recipe, folder: Path, **options) -> list[str]:
    heard: list[str] = []
    run_recipe(LoadedRecipe(made, Path("tiny.yaml"), ()), folder, tell=heard.append, **options)
    return heard


def test_a_run_leaves_its_results_and_the_same_command_does_nothing_twice(tmp_path):
    model, problems = make_inputs(tmp_path)
    first = recipe(model, problems, rounds=1)
    assert "bfloat16 420" in run(first, tmp_path / "run")[0]
    zero = tmp_path / "run" / "stages" / "zero"
    result = json.loads((zero / "result.json").read_text())
    assert result["cost"]["rounds"] == 1
    assert list(result["scores"]) == [f"file:{problems}"]
    assert "# zero" in (zero / "model" / "README.md").read_text()
    assert (tmp_path / "run" / "environment.json").exists()

    from transformers import AutoModelForCausalLM

    AutoModelForCausalLM.from_pretrained(zero / "model")
    assert run(first, tmp_path / "run")[1:] == ["zero: done already.", "after: done already."]

    changed = recipe(model, problems, rounds=1)
    changed.stages["after"].k = 3
    heard = run(changed, tmp_path / "run")[1:]
    assert heard[0] == "zero: done already."
    assert "after runs again, because k changed" in heard[1]
    assert (tmp_path / "run" / "stages" / ".old" / "after-1" / "result.json").exists()

    again = run(changed, tmp_path / "run", from_stage="after")
    assert again[-1] == "after: evaluate."
    with session_lock(tmp_path / "run"), pytest.raises(MachineError, match="in use"):
        run(changed, tmp_path / "run")


def test_a_model_that_learned_in_the_frame_takes_it_along(tmp_path):
    from transformers import AutoTokenizer, GenerationConfig

    model, problems = make_inputs(tmp_path)
    data = {"tasks": [f"file:{problems}"], "template": "r1-zero", "verify_gold": 0}
    run(recipe(model, problems, rounds=1, data=data), tmp_path / "run", until="zero")
    found, messages = tmp_path / "run" / "stages" / "zero" / "model", [{"role": "user", "content": "2+2?"}]
    tokenizer = AutoTokenizer.from_pretrained(found)
    shown = tokenizer.apply_chat_template(messages, tokenize=False, add_generation_prompt=True)
    assert shown == render_text(messages, "r1-zero")
    drawn = GenerationConfig.from_pretrained(found)
    assert (drawn.do_sample, drawn.temperature, drawn.top_p) == (True, 0.6, 0.95)


def test_a_refusal_before_the_run_names_the_stage(tmp_path):
    model, problems = make_inputs(tmp_path)
    made = recipe(model, problems, rewards=[{"name": "accuracy"}, {"name": "format", "on": ["mth"]}])
    with pytest.raises(ConfigError, match=r"stage 'zero': rewards: format is for 'mth'") as caught:
        run(made, tmp_path / "run")
    assert caught.value.cure == "Did you mean 'math'?"


def session_lock(folder):
    from aha.runtime.run_directory import RunDirectory

    return RunDirectory(folder).lock()


def test_prompts_that_do_not_fit_are_refused_before_anything_is_trained(tmp_path):
    model, problems = make_inputs(tmp_path)
    long = recipe(model, problems, sampling={"num_problems": 2, "group_size": 3, "max_new_tokens": 300})
    with pytest.raises(DataError, match="the model has 256 positions"):
        run(long, tmp_path / "run")
    assert not (tmp_path / "run" / "stages" / "zero").exists()
    assert json.loads((tmp_path / "run" / "status.json").read_text())["state"] == "stopped"


def test_a_model_that_is_not_there_is_refused(tmp_path):
    _, problems = make_inputs(tmp_path)
    with pytest.raises(DataError, match="no model folder"):
        run(recipe(tmp_path / "nowhere", problems), tmp_path / "run")


def reward_folder(folder: Path, sees: str) -> Path:
    """A reward model of random weights."""
    save_reference(folder / "base")
    base = load_reward_model(folder / "base", torch.float32, head_seed=7)
    config = reward_config(base.config, base.tokenizer, sees)
    save_model(folder / "reward", named_weights(base.model), config, base.tokenizer)
    return folder / "reward"


def with_a_reward_model(folder: Path, scorer: Path, sees: str) -> Recipe:
    """Sums by rule; from the second half on also requests that only form and the reward model grade."""
    model, problems = make_inputs(folder)
    (folder / "requests.jsonl").write_text("".join(f'{{"prompt": "say {i}"}}\n' for i in range(4)))
    requests = {"name": f"file:{folder / 'requests.jsonl'}", "verifier": "none", "domain": "general"}
    tasks = [{"name": f"file:{problems}", "weight": 1}, requests | {"weight": 1, "after": 0.5}]
    rewards = [
        {"name": "accuracy", "on": ["math"]},
        {"name": "format"},
        {"name": "helpful", "model": str(scorer), "sees": sees, "on": ["general"], "after": 0.5},
    ]
    data = {"tasks": tasks, "template": "plain", "verify_gold": 2}
    quick = {"evaluate": {"on": []}, "algorithm": {"num_updates": 1}, "logging": {"checkpoint_every": 9}}
    return recipe(model, problems, rounds=2, data=data, rewards=rewards, **quick)


def test_a_reward_model_grades_what_no_rule_decides(tmp_path):
    run(
        with_a_reward_model(tmp_path, reward_folder(tmp_path / "rm", "response"), "response"),
        tmp_path / "run",
        until="zero",
    )
    zero = tmp_path / "run" / "stages" / "zero"
    first, second = [json.loads(line) for line in (zero / "metrics.jsonl").read_text().splitlines()][1:]
    assert "reward/helpful" not in first
    assert second["reward/helpful"] != 0.0
    assert json.loads((zero / "result.json").read_text())["ended"] == "rounds"
    assert '"kind":"ended"' in (tmp_path / "run" / "events.jsonl").read_text().replace(" ", "")


def test_a_reward_model_is_not_shown_what_it_was_not_trained_on(tmp_path):
    made = with_a_reward_model(tmp_path, reward_folder(tmp_path / "rm", "summary"), "response")
    with pytest.raises(ConfigError, match="but it was trained on the summary"):
        run(made, tmp_path / "run")


CRITIC = {"algorithm": {"baseline": "critic", "scale": "batch_std"}, "critic": {"optimizer": {"lr": 1e-2}}}

LEARNED = {
    "algorithm": {"scale": "none", "weights": {"tokens": "learned"}},
    "token_reward": {"alone": 1, "optimizer": {"lr": 1e-2}},
}


def test_a_critic_needs_as_much_disk_again(tmp_path, monkeypatch):
    model, problems = make_inputs(tmp_path)
    asked = []
    monkeypatch.setattr(session, "check_disk", lambda folder, num_parameters, num: asked.append(num_parameters))
    for changes in ({}, CRITIC, LEARNED):
        run(recipe(model, problems, rounds=2, **changes), tmp_path / str(len(asked)), until="zero")
    assert asked[1] == asked[2] == 2 * asked[0]


def test_a_critic_doubles_what_is_trained_lies_in_the_checkpoints_and_may_start_as_a_reward_model(tmp_path):
    model, problems = make_inputs(tmp_path)
    reward = reward_folder(tmp_path / "rm", "response")
    base = load_reward_model(reward, "float32")
    num_policy = sum(weight.numel() for weight in base.model.parameters()) - base.model.config.width
    found = {}
    for name, changes in (
        ("grpo", {}),
        ("critic", CRITIC),
        ("reward", CRITIC | {"critic": {"model": str(reward), "optimizer": {"lr": 0}}}),
    ):
        run(recipe(model, problems, rounds=2, **changes), tmp_path / name)
        zero = tmp_path / name / "stages" / "zero"
        found[name] = json.loads((zero / "result.json").read_text())["cost"]["trained_parameters"]
        lines = [json.loads(line) for line in (zero / "metrics.jsonl").read_text().splitlines()]
        checkpoint = zero / "checkpoints" / "step-000002"
        if name == "grpo":
            assert not (checkpoint / "critic").exists()
            assert not [key for line in lines for key in line if key.startswith("value/")]
            continue
        assert {"value/loss", "value/lr", "value/grad_norm", "value/update_skipped"} <= lines[-1].keys()
        masters = load_file(checkpoint / "critic" / "masters.safetensors")
        same = all(torch.equal(masters[key], value) for key, value in base.model.named_parameters())
        assert same is (name == "reward")
    assert found == {"grpo": num_policy, "critic": 2 * num_policy + 32, "reward": 2 * num_policy + 32}


def test_a_token_reward_model_has_the_first_rounds_to_itself_and_lies_in_the_checkpoints(tmp_path):
    model, problems = make_inputs(tmp_path)
    run(recipe(model, problems, rounds=3, logging={"checkpoint_every": 1}, **LEARNED), tmp_path / "run")
    zero = tmp_path / "run" / "stages" / "zero"
    steps = sorted((zero / "checkpoints").iterdir())
    assert [step.name for step in steps] == ["step-000002", "step-000003"]
    result = json.loads((zero / "result.json").read_text())
    assert (result["cost"]["rounds"], result["cost"]["updates"]) == (3, 2)
    lines = [json.loads(line) for line in (zero / "metrics.jsonl").read_text().splitlines()]
    assert "loss" not in lines[1]
    assert lines[1]["token_reward/loss"] == pytest.approx(math.log(2))
    assert {"token_reward/lr", "token_reward/grad_norm", "loss"} <= lines[2].keys()
    heads = [load_file(step / "critic" / "masters.safetensors")["score.weight"] for step in steps]
    assert heads[0].any()
    assert not torch.equal(*heads)
