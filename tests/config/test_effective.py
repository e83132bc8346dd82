"""Keys with effect, and stage keys."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aha.config.effective import RULES, effective, stage_key
from aha.config.learners import CriticSettings
from aha.config.loading import LoadedRecipe, load_recipe
from aha.config.presets import PRESETS, SOURCES
from aha.config.recipe import Stage
from aha.config.schema import is_execution, leaves, stage_kinds
from aha.config.settings import RLStage
from aha.config.yaml_files import dump


def _zero(*overrides: str) -> Stage:
    return load_recipe("lab-zero", overrides).recipe.stages["zero"]


def _again(tmp_path: Path, tree: dict[str, Any]) -> Any:
    path = tmp_path / "recipe.yaml"
    path.write_text(dump(tree), encoding="utf-8")
    return load_recipe(str(path)).recipe


def _with_preset(preset: str) -> LoadedRecipe:
    """lab-zero at this point, with what it needs besides."""
    needs = ["zero.critic={}"] if PRESETS[preset]["baseline"] == "critic" else []
    needs += ["zero.token_reward={}"] if "weights" in PRESETS[preset] else []
    return load_recipe("lab-zero", [f"zero.preset={preset}", "zero.sampling.max_new_tokens=8000", *needs])


@pytest.mark.parametrize("preset", PRESETS)
def test_every_preset_loads_and_round_trips(preset: str, tmp_path: Path) -> None:
    recipe = _with_preset(preset).recipe
    assert _again(tmp_path, effective(recipe)) == recipe


@pytest.mark.parametrize("preset", PRESETS)
def test_presets_say_nothing_without_effect(preset: str) -> None:
    assert not _with_preset(preset).notices


def test_presets_and_their_sources() -> None:
    assert list(SOURCES) == list(PRESETS)


def test_presets_hold_the_papers_figures() -> None:
    paper = PRESETS["grpo-paper"]
    assert (paper["clip_low"], paper["clip_high"]) == (10, 10)
    assert paper["kl"] == {"place": "loss", "estimator": "k3", "level": "token", "coef": 0.001, "reference_every": 400}
    assert (PRESETS["dapo"]["clip_low"], PRESETS["dapo"]["clip_high"]) == (0.2, 0.28)
    assert (PRESETS["dapo"]["aggregate"], PRESETS["dapo"]["filter"]) == ("token_mean", "refill")
    assert (PRESETS["orz"]["gamma"], PRESETS["orz"]["gae_lambda"], PRESETS["ppo"]["gae_lambda"]) == (1, 1, 0.95)
    assert (PRESETS["dr-grpo"]["scale"], PRESETS["dr-grpo"]["aggregate"]) == ("none", "constant")


def test_kimi_is_mirror_descent() -> None:
    kimi = PRESETS["kimi"]
    assert (kimi["baseline"], kimi["scale"], kimi["objective"]) == ("group_mean", "none", "log_prob")
    assert (kimi["kl"]["estimator"], kimi["kl"]["level"], kimi["kl"]["reference_every"]) == ("k2", "sequence", "round")
    assert kimi["optimizer_reset"] == "round"


def test_the_kimi_recipe_holds_what_the_paper_states() -> None:
    stage = load_recipe("kimi", ["models.base=/m", "kimi.data.tasks=[file:a.jsonl]"]).recipe.stages["kimi"]
    assert isinstance(stage, RLStage)
    assert stage.sampling.max_new_tokens + 4096 == 131072
    assert stage.data.curriculum == "prioritised"
    assert stage.data.hard_after is not None
    assert stage.data.hard_after * stage.rounds == 24
    assert [reward.name for reward in stage.rewards] == ["accuracy", "relative_length"]
    assert (stage.algorithm.kl.reference_every, stage.algorithm.optimizer_reset) == ("round", "round")


def test_r1_zero_holds_the_papers_figures() -> None:
    recipe = load_recipe("r1-zero", ["models.base=/m", "zero.data.tasks=[file:a.jsonl]"]).recipe
    stage = recipe.stages["zero"]
    assert isinstance(stage, RLStage)
    sampling, algorithm = stage.sampling, stage.algorithm
    assert stage.optimizer.lr == 3e-6
    assert stage.rounds * algorithm.num_updates == 10400
    assert sampling.num_problems * sampling.group_size == 8192
    assert 8192 // algorithm.num_updates == 512 == 32 * sampling.group_size
    assert (sampling.temperature, sampling.max_new_tokens, sampling.length_stages) == (1, 32768, [(8200, 65536)])
    assert (algorithm.clip_low, algorithm.clip_high) == (10, 10)
    assert (algorithm.kl.coef, algorithm.kl.reference_every) == (0.001, 400)


def test_orz_holds_the_papers_figures() -> None:
    data = [f"{stage}.data.tasks=[file:a.jsonl]" for stage in ("orz", "annealing")]
    stages = load_recipe("orz", ["models.base=/m", *data]).recipe.stages
    for name, rounds in (("orz", 1100), ("annealing", 100)):
        stage = stages[name]
        assert isinstance(stage, RLStage)
        algorithm, sampling, critic = stage.algorithm, stage.sampling, stage.critic
        assert critic is not None
        assert (stage.rounds, algorithm.num_updates, critic.num_updates) == (rounds, 1, 12)
        assert (stage.optimizer.lr, critic.optimizer.lr, critic.head_range) == (1e-6, 5e-6, pytest.approx(5**0.5))
        assert (sampling.num_problems, sampling.group_size, sampling.max_new_tokens) == (128, 64, 8000)
        assert (algorithm.gamma, algorithm.gae_lambda, algorithm.clip_low, algorithm.clip_high) == (1, 1, 0.2, 0.2)
        assert (algorithm.kl.place, algorithm.entropy_coef, algorithm.scale) == ("none", 0, "batch_std")
        assert [reward.name for reward in stage.rewards] == ["accuracy"]
    first, last = stages["orz"].optimizer, stages["annealing"].optimizer  # type: ignore[union-attr]
    assert (first.betas, first.weight_decay, first.warmup, first.schedule) == ((0.9, 0.95), 0, 50, "constant")
    assert last.lr * last.end_frac == pytest.approx(3e-7)


def test_concise_holds_the_authors_figures_and_has_a_lambda_for_each_phase() -> None:
    data = [f"{stage}.data.tasks=[file:a.jsonl]" for stage in ("ability", "concise")]
    stages = load_recipe("concise", ["models.base=/m", *data]).recipe.stages
    first, stage = stages["ability"], stages["concise"]
    assert isinstance(first, RLStage)
    assert isinstance(stage, RLStage)
    assert (first.algorithm.gae_lambda, stage.algorithm.gae_lambda, stage.algorithm.gamma) == (1, 0.95, 1)
    assert stage.critic is not None
    assert (stage.optimizer.lr, stage.critic.optimizer.lr) == (5e-7, 9e-6)
    assert (stage.algorithm.clip_low, stage.critic.value_clip, stage.algorithm.kl.coef) == (0.2, 0.2, 0.01)
    sampling = stage.sampling
    assert (stage.rounds, sampling.num_problems, sampling.group_size) == (150, 8, 8)
    assert sampling.num_problems * sampling.group_size / stage.algorithm.num_updates == 8
    assert (sampling.temperature, sampling.top_p, sampling.max_new_tokens) == (0.6, 1, 20000)
    assert stage.algorithm.aggregate == "sequence_mean"
    assert stage.rewards[0].arguments == {"correct": 1, "wrong": -0.5, "missing": -1}


def test_effective_leaves_out_what_has_no_effect(tmp_path: Path) -> None:
    recipe = load_recipe("lab-zero").recipe
    tree = effective(recipe)
    algorithm = tree["stages"]["zero"]["algorithm"]
    assert algorithm["kl"] == {"place": "none"}
    assert "importance_cap" not in algorithm
    assert algorithm["clip_low"] == 0.2
    assert "max_logprob_gap" not in tree["stages"]["base"]["engine"]
    assert _again(tmp_path, tree) == recipe
    assert effective(_again(tmp_path, tree)) == tree


def test_rules_name_keys_that_exist() -> None:
    kinds = stage_kinds()
    for rule in RULES:
        known = {".".join(leaf) for leaf, _ in leaves(kinds[rule.kind])}
        assert {*rule.keys, *rule.causes} <= known


def test_stage_key_depends_on_results_and_inputs_only() -> None:
    inputs = {"seed": "0", "model": "abc"}
    key = stage_key(_zero(), inputs)
    assert key == stage_key(_zero(), dict(reversed(inputs.items())))
    for same in ("logging.checkpoint_every=3", "engine.device=cpu", "keep.last=5", "engine.max_logprob_gap=0.2"):
        assert stage_key(_zero(f"zero.{same}"), inputs) == key, same
    for other in ("optimizer.lr=1e-3", "rewards.1.weight=2", "engine.dtype=float32", "algorithm.clip_high=0.3"):
        assert stage_key(_zero(f"zero.{other}"), inputs) != key, other
    assert stage_key(_zero(), {**inputs, "model": "abd"}) != key


def test_stage_key_reads_keys_not_preset_names() -> None:
    plain = stage_key(_zero("zero.preset=dr-grpo", "zero.algorithm.scale=group_std"), {})
    assert plain == stage_key(_zero("zero.algorithm.aggregate=constant"), {})


def test_stage_key_ignores_keys_without_effect() -> None:
    stage, other = _zero(), _zero()
    assert isinstance(stage, RLStage)
    assert isinstance(other, RLStage)
    other.algorithm = other.algorithm.model_copy(update={"importance_cap": 9.0})
    assert stage_key(stage, {}) == stage_key(other, {})


def test_a_stage_without_critic_has_the_key_it_had_before_there_were_critics() -> None:
    stage = _zero()
    assert isinstance(stage, RLStage)
    assert "critic" not in effective(load_recipe("lab-zero").recipe)["stages"]["zero"]
    other = stage.model_copy(update={"critic": CriticSettings(num_updates=7)})
    assert stage_key(other, {}) == stage_key(stage, {})
    critic = ("zero.preset=ppo", "zero.critic.num_updates=2")
    assert stage_key(_zero(*critic), {}) != stage_key(_zero(*critic, "zero.critic.num_updates=3"), {})
    same = (*critic, "zero.critic.optimizer.skip_limit=9")
    assert stage_key(_zero(*critic), {}) == stage_key(_zero(*same), {})


def test_what_is_execution() -> None:
    execution = {".".join(leaf) for leaf, field in leaves(RLStage) if is_execution(field)}
    assert {"engine.device", "logging.checkpoint_every", "keep.last", "preset"} <= execution
    assert not {"engine.dtype", "engine.num_threads", "rounds", "sampling.temperature"} & execution
